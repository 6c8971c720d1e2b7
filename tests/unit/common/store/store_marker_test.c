#include "common/store/store_marker.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* cmocka wants these before it */
#include <cmocka.h>

static void test_marker(void **state)
{
    (void)state;
    char stored[49] = {1, [33 + 3] = 5, [37 + 3] = 2, [41 + 3] = 3, [45 + 3] = 1};
    struct store_marker marker;
    memset(stored + 1, 'd', 32);
    assert_int_equal(store_marker_read((struct text){stored, 49}, &marker), 0);
    assert_int_equal(marker.accepted, 5);
    assert_int_equal(marker.duplicates, 2);
    assert_int_equal(marker.rejected, 3);
    assert_int_equal(marker.batches, 1);
    assert_int_equal(marker.digest[31], 'd');
    assert_int_equal(store_marker_read((struct text){stored, 48}, &marker), -EPROTO);
    stored[33] = 1; /* 16 million rows */
    assert_int_equal(store_marker_read((struct text){stored, 49}, &marker), -EPROTO);
    stored[33] = 0;
    stored[0] = 2;
    assert_int_equal(store_marker_read((struct text){stored, 49}, &marker), -EPROTO);
    assert_int_equal(store_marker_read((struct text){NULL, 0}, &marker), -EPROTO);
}

static void test_messages_there_and_back(void **state)
{
    (void)state;
    static const char *const tokens[] = {
        "", "t", "0123456789012345678901234567890123456789012345678901234567890ab"};
    for (size_t i = 0; i < 3; i++) {
        struct store_message message = {.index = 70000 + (uint32_t)i};
        struct store_message read = {0};
        struct buffer packed = {0};
        memset(message.digest, 'd', sizeof(message.digest));
        memset(message.container, 'c', sizeof(message.container));
        strcpy(message.token, tokens[i]);
        store_marker_pack_message(&message, &packed);
        assert_int_equal(store_marker_read_message(buffer_text(&packed), &read), 0);
        assert_memory_equal(&read, &message, sizeof(read));
        buffer_finish(&packed);
    }
}

static void test_hostile_messages(void **state)
{
    (void)state;
    char stored[53 + 64] = {1};
    struct store_message read;
    memset(stored + 53, 'x', 64);
    assert_int_equal(store_marker_read_message((struct text){stored, 53 + 63}, &read), 0);
    assert_int_equal(store_marker_read_message((struct text){stored, 53 + 64}, &read), -EPROTO);
    assert_int_equal(store_marker_read_message((struct text){stored, 52}, &read), -EPROTO);
    assert_int_equal(store_marker_read_message((struct text){NULL, 0}, &read), -EPROTO);
    stored[60] = '\0';
    assert_int_equal(store_marker_read_message((struct text){stored, 53 + 20}, &read), -EPROTO);
    stored[0] = 9;
    assert_int_equal(store_marker_read_message((struct text){stored, 53}, &read), -EPROTO);
}

static void test_beats(void **state)
{
    (void)state;
    const struct text session = TEXT("00112233445566778899aabbccddeeff");
    const struct {
        struct text values[4];
        int result;
        bool is_taken;
    } cases[] = {
        {{session, TEXT("7"), TEXT("41"), TEXT("")}, 0, false},
        {{session, TEXT("7"), TEXT("0"), TEXT("t")}, 0, true},
        {{TEXT(""), TEXT("7"), TEXT(""), TEXT("")}, 0, false},
        {{TEXT("short"), TEXT("7"), TEXT("1"), TEXT("")}, -EPROTO, false},
        {{session, TEXT("-7"), TEXT("1"), TEXT("")}, -EPROTO, false},
        {{session, TEXT("7"), TEXT("99999999999999999999"), TEXT("")}, -EPROTO, false},
        {{TEXT("00112233\0"
               "5566778899aabbccddeefff"),
          TEXT("7"), TEXT("1"), TEXT("")},
         -EPROTO,
         false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lease_beat beat;
        assert_int_equal(store_marker_read_beat(cases[i].values, &beat), cases[i].result);
        if (cases[i].result == 0) {
            assert_int_equal(beat.epoch, 7);
            assert_int_equal(beat.is_taken, cases[i].is_taken);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_marker),
        cmocka_unit_test(test_messages_there_and_back),
        cmocka_unit_test(test_hostile_messages),
        cmocka_unit_test(test_beats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
