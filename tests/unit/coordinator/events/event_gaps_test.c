#include "coordinator/events/event_gaps.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define TRUNCATED HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_EVENTS_TRUNCATED
#define RECOVERED HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_STORE_RECOVERED

struct gap_case {
    const char *name;
    struct store_event_place cursor;
    struct store_events_range range;
    size_t count;
    int type; /* of the first */
    uint64_t gone;
    struct store_event_place after;
};

static const struct gap_case cases[] = {
    {"the beginning", {0, 0}, {{5, 10}, {5, 90}, 81, 9, 1}, 0, 0, 0, {0, 0}},
    {"empty stream", {5, 10}, {{0, 0}, {0, 0}, 0, 0, 0}, 0, 0, 0, {5, 10}},
    {"all trimmed, all read", {5, 90}, {{5, 91}, {5, 90}, 0, 90, 0}, 0, 0, 0, {5, 90}},
    {"all trimmed unread", {5, 88}, {{5, 91}, {5, 90}, 0, 90, 0}, 1, TRUNCATED, 2, {5, 90}},
    {"nothing new", {5, 90}, {{5, 1}, {5, 90}, 90, 0, 1}, 0, 0, 0, {5, 90}},
    {"behind the last", {5, 40}, {{5, 1}, {5, 90}, 90, 0, 1}, 0, 0, 0, {5, 40}},
    {"trimmed just before", {5, 9}, {{5, 10}, {5, 90}, 81, 9, 1}, 0, 0, 0, {5, 9}},
    {"trimmed away", {5, 4}, {{5, 10}, {5, 90}, 81, 9, 1}, 1, TRUNCATED, 5, {5, 9}},
    {"another history", {5, 9000}, {{5, 1}, {6, 90}, 90, 0, 1}, 1, RECOVERED, 0, {5, 4904}},
    {"another history, young", {5, 9}, {{5, 1}, {6, 90}, 90, 0, 1}, 1, RECOVERED, 0, {5, 0}},
};

static void gaps_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct gap_case *one = &cases[i];
        OWNED(arena_destroy) struct arena *arena = arena_create(0);
        struct event_cursor cursor;
        struct store_events_range ranges[EVENT_CURSOR_PARTITIONS] = {0};
        Hikyaku__V1__Event *events[2 * EVENT_CURSOR_PARTITIONS];
        event_cursor_init(&cursor);
        cursor.places[3] = one->cursor;
        cursor.cut_partition = 3;
        cursor.cut_offset = 5;
        ranges[3] = one->range;
        size_t count = event_gaps_find(&cursor, ranges, arena, events);
        assert_int_equal(count, one->count);
        assert_int_equal(cursor.places[3].generation, one->after.generation);
        assert_int_equal(cursor.places[3].sequence, one->after.sequence);
        if (one->count > 0) {
            assert_int_equal(events[0]->type, one->type);
            assert_int_equal(events[0]->count, one->gone);
        }
        /* A cut entry is no longer the next one once the place has moved. */
        assert_int_equal(cursor.cut_partition, one->count > 0 ? EVENT_CURSOR_UNCUT : 3);
    }
}

/* The cursor comes forward through the older generation in as many reads as it takes: were it told
 * and moved back each time, it would never arrive. */
static void another_history_is_told_once(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct event_cursor cursor;
    struct store_events_range ranges[EVENT_CURSOR_PARTITIONS] = {0};
    Hikyaku__V1__Event *events[2 * EVENT_CURSOR_PARTITIONS];
    event_cursor_init(&cursor);
    cursor.places[3] = (struct store_event_place){5, 9000};
    ranges[3] = (struct store_events_range){{5, 1}, {6, 90}, 90, 0, 1};
    assert_int_equal(event_gaps_find(&cursor, ranges, arena, events), 1);
    cursor.places[3].sequence += 10; /* what one read took */
    OWNED(buffer_finish) struct buffer text = {NULL, 0, 0};
    event_cursor_append(&cursor, &text);
    assert_int_equal(event_cursor_parse(buffer_text(&text), &cursor), 0);
    assert_int_equal(event_gaps_find(&cursor, ranges, arena, events), 0);
    assert_int_equal(cursor.places[3].sequence, 9000 - EVENT_GAPS_REREAD + 10);
    ranges[3].last.generation = 7; /* yet another one */
    assert_int_equal(event_gaps_find(&cursor, ranges, arena, events), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_history_is_told_once),
        cmocka_unit_test(gaps_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
