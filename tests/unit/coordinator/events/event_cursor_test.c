#include "coordinator/events/event_cursor.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void a_cursor_survives_its_text(void **state)
{
    (void)state;
    struct event_cursor cursor;
    event_cursor_init(&cursor);
    for (size_t i = 0; i < EVENT_CURSOR_PARTITIONS; i++) {
        cursor.places[i].generation = 1795000000 + i;
        cursor.places[i].sequence = i * i * i * 1000003;
        cursor.told[i] = UINT64_MAX - i;
    }
    cursor.places[63].sequence = UINT64_MAX;
    cursor.cut_partition = 17;
    cursor.cut_offset = 499;
    OWNED(buffer_finish) struct buffer text = {NULL, 0, 0};
    event_cursor_append(&cursor, &text);
    assert_true(text.size < 4096); /* the bound of ReadEventsRequest.cursor */
    struct event_cursor again;
    assert_int_equal(event_cursor_parse(buffer_text(&text), &again), 0);
    for (size_t i = 0; i < EVENT_CURSOR_PARTITIONS; i++) {
        assert_int_equal(again.places[i].generation, cursor.places[i].generation);
        assert_int_equal(again.places[i].sequence, cursor.places[i].sequence);
        assert_int_equal(again.told[i], cursor.told[i]);
    }
    assert_int_equal(again.cut_partition, 17);
    assert_int_equal(again.cut_offset, 499);
}

/* The first cursor anybody gets: frozen, so that a reader's stored cursor stays good. */
static void format_1_is_frozen(void **state)
{
    (void)state;
    struct event_cursor cursor;
    event_cursor_init(&cursor);
    cursor.places[0].generation = 1;
    cursor.places[0].sequence = 300;
    OWNED(buffer_finish) struct buffer text = {NULL, 0, 0};
    event_cursor_append(&cursor, &text);
    assert_true(text_starts_with(buffer_text(&text), TEXT("Af8AAAGsAgAAAAAA")));
}

static void damage_is_found(void **state)
{
    (void)state;
    struct event_cursor cursor;
    event_cursor_init(&cursor);
    OWNED(buffer_finish) struct buffer text = {NULL, 0, 0};
    event_cursor_append(&cursor, &text);
    for (size_t i = 0; i < text.size; i++) {
        char kept = text.data[i];
        text.data[i] = kept == 'B' ? 'C' : 'B';
        struct event_cursor again;
        int error = event_cursor_parse(buffer_text(&text), &again);
        /* The last digit has spare bits. */
        assert_true(error == -EINVAL || i == text.size - 1);
        text.data[i] = kept;
    }
    static const char *const nonsense[] = {"x", "latest", "AA", "!!!!", "Af8AAA=="};
    for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++) {
        struct event_cursor again;
        assert_int_equal(event_cursor_parse(text_of(nonsense[i]), &again), -EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cursor_survives_its_text),
        cmocka_unit_test(format_1_is_frozen),
        cmocka_unit_test(damage_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
