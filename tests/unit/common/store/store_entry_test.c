#include "common/store/store_entry.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* cmocka wants these before it */
#include <cmocka.h>

#define CAMPAIGN "0123456789abcdef"
/* Position 3, DELIVERED, seq 1; then position 499, DEFERRED. */
#define ROW_A "\0\3\2\0\1\0\0\0\0\0\0\0\0\1\0\0\0\0"
#define ROW_B "\1\xf3\3\0\1\0\20\0\0\0\0\0\0\1\0\0\0\7"
#define ROW_BAD_POSITION "\1\xf4\3\0\1\0\20\0\0\0\0\0\0\1\0\0\0\7"
#define ROW_BAD_STATE "\0\3\15\0\1\0\0\0\0\0\0\0\0\1\0\0\0\0"

static struct store_row_change changes[STORE_ENTRY_CHANGES_MAX];

static int read_entry(const char *kind, struct text campaign, struct text rows,
                      struct store_event_entry *entry)
{
    const struct text fields[] = {TEXT("v"),   text_of(kind), TEXT("c"), campaign,
                                  TEXT("b"),   TEXT("65537"), TEXT("e"), TEXT("1795295457551234"),
                                  TEXT("f"),   TEXT("2"),     TEXT("t"), TEXT("1795295457551"),
                                  TEXT("r"),   rows,          TEXT("d"), TEXT("details"),
                                  TEXT("n"),   TEXT("4"),     TEXT("s"), TEXT("7"),
                                  TEXT("why"), TEXT("done")};
    return store_entry_read(fields, sizeof(fields) / sizeof(fields[0]), changes, entry);
}

static void test_rows(void **state)
{
    (void)state;
    struct store_event_entry entry = {.partition = 9, .place = {1, 2}};
    assert_int_equal(read_entry("1r", TEXT(CAMPAIGN), TEXT(ROW_A ROW_B), &entry), 0);
    assert_int_equal(entry.partition, 9);
    assert_int_equal(entry.place.sequence, 2);
    assert_int_equal(entry.kind, STORE_EVENT_ROWS);
    assert_int_equal(entry.name.number, 65537);
    assert_true(entry.epoch == UINT64_C(1795295457551234));
    assert_int_equal(entry.number, 2);
    assert_int_equal(entry.count, 2);
    assert_int_equal(entry.changes[0].row.state, OUTCOME_DELIVERED);
    assert_int_equal(entry.changes[1].position, 499);
    assert_int_equal(entry.changes[1].row.due, 7);
    assert_true(text_equal(entry.sealed_details, TEXT("details")));
}

static void test_state(void **state)
{
    (void)state;
    struct store_event_entry entry = {0};
    assert_int_equal(read_entry("1s", TEXT(CAMPAIGN), TEXT(""), &entry), 0);
    assert_int_equal(entry.kind, STORE_EVENT_STATE);
    assert_int_equal(entry.state, 7);
    assert_int_equal(entry.number, 4);
    assert_true(text_equal(entry.reason, TEXT("done")));
}

static void test_decision(void **state)
{
    (void)state;
    struct store_event_entry entry = {.partition = STORE_EVENT_FLEET};
    assert_int_equal(read_entry("1p", TEXT(""), TEXT(""), &entry), 0);
    assert_int_equal(entry.kind, STORE_EVENT_DECISION);
    assert_true(text_equal(entry.decision, TEXT("details")));
    assert_int_equal(entry.partition, STORE_EVENT_FLEET);
    const struct text empty[] = {TEXT("v"), TEXT("1p"), TEXT("t"), TEXT("1"), TEXT("d"), TEXT("")};
    assert_int_equal(store_entry_read(empty, 6, changes, &entry), -EPROTO);
}

static void test_hostile_entries(void **state)
{
    (void)state;
    struct store_event_entry entry = {.number = 77};
    assert_int_equal(read_entry("2r", TEXT(CAMPAIGN), TEXT(ROW_A), &entry), -EPROTO);
    assert_int_equal(read_entry("1r", TEXT("short"), TEXT(ROW_A), &entry), -EPROTO);
    assert_int_equal(read_entry("1r", TEXT(CAMPAIGN), TEXT("odd size"), &entry), -EPROTO);
    assert_int_equal(read_entry("1r", TEXT(CAMPAIGN), TEXT(ROW_BAD_POSITION), &entry), -EPROTO);
    assert_int_equal(read_entry("1r", TEXT(CAMPAIGN), TEXT(ROW_BAD_STATE), &entry), -EPROTO);
    static char many[18 * 501];
    assert_int_equal(read_entry("1r", TEXT(CAMPAIGN), (struct text){many, sizeof(many)}, &entry),
                     -EPROTO);
    assert_int_equal(store_entry_read(NULL, 0, changes, &entry), -EPROTO);
    assert_int_equal(entry.number, 77);
}

static void test_unsubscribed(void **state)
{
    (void)state;
    struct text fields[] = {TEXT("v"),   TEXT("1u"),    TEXT("c"), TEXT(CAMPAIGN),
                            TEXT("b"),   TEXT("65537"), TEXT("p"), TEXT("7"),
                            TEXT("i"),   TEXT("4103"),  TEXT("t"), TEXT("1795295457551"),
                            TEXT("why"), TEXT("page")};
    size_t count = sizeof fields / sizeof fields[0];
    struct store_event_entry entry = {0};
    assert_int_equal(store_entry_read(fields, count, changes, &entry), 0);
    assert_int_equal(entry.kind, STORE_EVENT_UNSUBSCRIBED);
    assert_int_equal(entry.name.number, 65537);
    assert_int_equal(entry.position, 7);
    assert_int_equal(entry.index, 4103);
    assert_true(text_equal(entry.reason, TEXT("page")));
    fields[7] = TEXT("65536"); /* the position */
    assert_int_equal(store_entry_read(fields, count, changes, &entry), -EPROTO);
}

static void test_places(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int result;
    } cases[] = {{"1795295457-12", 0}, {"0-0", 0},
                 {"", -EPROTO},        {"12", -EPROTO},
                 {"12-", -EPROTO},     {"-12", -EPROTO},
                 {"1-2-3", -EPROTO},   {"1-99999999999999999999", -EPROTO}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct store_event_place place = {0};
        assert_int_equal(store_entry_read_place(text_of(cases[i].text), &place), cases[i].result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),     cmocka_unit_test(test_state),
        cmocka_unit_test(test_decision), cmocka_unit_test(test_hostile_entries),
        cmocka_unit_test(test_places),   cmocka_unit_test(test_unsubscribed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
