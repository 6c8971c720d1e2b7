#include "common/mail/rows.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Stored: these bytes may never change. */
static void a_row_has_its_bytes(void **state)
{
    (void)state;
    static const unsigned char want[ROWS_SIZE] = {3,    2,    7,    12,   16, 1, 0x01, 0xc3,
                                                  0x40, 0x1c, 0x1c, 0x2a, 1,  2, 3,    4};
    struct row row = {
        .state = OUTCOME_DEFERRED,
        .flags = ROW_POSSIBLE_DUPLICATE,
        .attempts = 7,
        .reply_class = 12,
        .gate = GATE_RETRY_DUE,
        .deaths = 1,
        .smtp = 451,
        .enhanced = 0x401c1c,
        .seq = 42,
        .due = 0x01020304,
    };
    unsigned char bytes[ROWS_SIZE];
    struct row back;
    rows_encode(&row, bytes);
    assert_memory_equal(bytes, want, sizeof want);
    rows_decode(bytes, &back);
    rows_encode(&back, bytes);
    assert_memory_equal(bytes, want, sizeof want);
    assert_int_equal(back.due, row.due);
    assert_int_equal(back.enhanced, row.enhanced);
}

static void outcomes_are_final_open_or_in_doubt(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t number;
        bool is_final;
        bool is_open;
    } cases[] = {
        {"PENDING", 1, false, true},       {"DELIVERED", 2, true, false},
        {"DEFERRED", 3, false, true},      {"BOUNCED", 4, true, false},
        {"EXPIRED", 5, true, false},       {"SUPPRESSED", 6, true, false},
        {"CANCELLED", 7, true, false},     {"FAILED", 8, true, false},
        {"DUPLICATE", 9, true, false},     {"UNCERTAIN", 10, false, false},
        {"LATE_BOUNCED", 11, true, false}, {"COMPLAINED", 12, true, false},
    };
    assert_int_equal(sizeof cases / sizeof *cases, OUTCOME_LIMIT - 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t number = 0;
        assert_int_equal(rows_parse_outcome(text_of(cases[i].name), &number), 0);
        assert_int_equal(number, cases[i].number);
        assert_string_equal(rows_outcome_name(number), cases[i].name);
        assert_int_equal(rows_is_final(number), cases[i].is_final);
        assert_int_equal(rows_is_open(number), cases[i].is_open);
    }
}

/* A damaged row, or one of a newer version. */
static void unknown_numbers_are_told_apart(void **state)
{
    (void)state;
    static const uint8_t numbers[] = {0, OUTCOME_LIMIT, 255};
    uint8_t number = 99;
    for (size_t i = 0; i < sizeof numbers; i++) {
        assert_string_equal(rows_outcome_name(numbers[i]), "UNKNOWN");
        assert_false(rows_is_final(numbers[i]));
        assert_false(rows_is_open(numbers[i]));
    }
    assert_string_equal(rows_gate_name(GATE_LIMIT), "UNKNOWN");
    assert_string_equal(rows_gate_name(GATE_CLOCK_DOUBT), "CLOCK_DOUBT");
    assert_int_equal(rows_parse_outcome(TEXT("UNKNOWN"), &number), -EINVAL);
    assert_int_equal(rows_parse_outcome(TEXT(""), &number), -EINVAL);
    assert_int_equal(number, 99);
}

/* Scripts count bytes of a string from 1. */
static void lua_gets_the_same_table(void **state)
{
    (void)state;
    OWNED(buffer_finish) struct buffer lua = {0};
    rows_append_lua(&lua);
    buffer_append_byte(&lua, '\0');
    static const char *const lines[] = {
        "local ROW_SIZE = 16\n",          "local ROW_state = 1\n", "local ROW_gate = 5\n",
        "local ROW_enhanced = 9\n",       "local ROW_due = 13\n",  "local DEFERRED = 3\n",
        "local POSSIBLE_DUPLICATE = 2\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (strstr(lua.data, lines[i]) == NULL) {
            fail_msg("%s is not in:\n%s", lines[i], lua.data);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_has_its_bytes),
        cmocka_unit_test(outcomes_are_final_open_or_in_doubt),
        cmocka_unit_test(unknown_numbers_are_told_apart),
        cmocka_unit_test(lua_gets_the_same_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
