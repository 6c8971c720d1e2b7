#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/policy/suppression_record.h"
#include "coordinator/suppression/suppression_bounces.h"

#include <string.h>

static Hikyaku__V1__StoredEventDetail detail_of(unsigned char *hash, size_t size, char *rule)
{
    Hikyaku__V1__StoredEventDetail detail = HIKYAKU__V1__STORED_EVENT_DETAIL__INIT;
    detail.suppressed = (ProtobufCBinaryData){size, hash};
    detail.rule_id = rule;
    detail.occurred_unix_ms = INT64_C(1795000000123);
    return detail;
}

/* Only what the worker marked comes on the list, with its time and the rule that judged it. */
static void marked_bounces_are_taken(void **state)
{
    (void)state;
    unsigned char hashes[3][16] = {{1}, {2}, {3}};
    char rule[] = "mailbox-unknown";
    Hikyaku__V1__StoredEventDetail given[] = {
        detail_of(hashes[0], 16, rule), detail_of(NULL, 0, rule), detail_of(hashes[1], 15, rule),
        detail_of(hashes[2], 16, rule)};
    Hikyaku__V1__StoredEventDetail *list[] = {&given[0], &given[1], &given[2], &given[3]};
    Hikyaku__V1__StoredEventDetails details = HIKYAKU__V1__STORED_EVENT_DETAILS__INIT;
    details.details = list;
    details.n_details = 4;
    struct buffer records = {0};
    struct store_suppression bounces[STORE_SUPPRESSIONS_MAX];
    assert_int_equal(suppression_bounces_find(&details, &records, bounces), 2);
    assert_memory_equal(bounces[0].hash, hashes[0], 16);
    assert_memory_equal(bounces[1].hash, hashes[2], 16);
    for (size_t i = 0; i < 2; i++) {
        struct text rest = bounces[i].record;
        struct suppression_record record;
        assert_int_equal(suppression_record_next(&rest, &record), 0);
        assert_int_equal(rest.size, 0);
        assert_int_equal(record.reason, SUPPRESSION_HARD_BOUNCE);
        assert_int_equal(record.source, SUPPRESSION_BY_REPLY);
        assert_int_equal(record.at_unix_s, 1795000000);
        assert_true(text_equal(record.actor, text_of(rule)));
    }
    buffer_finish(&records);
}

static void entries_with_bounces_are_told_apart(void **state)
{
    (void)state;
    struct store_row_change changes[] = {{0, {.state = OUTCOME_DELIVERED}},
                                         {1, {.state = OUTCOME_BOUNCED}}};
    struct store_event_entry entry = {
        .kind = STORE_EVENT_ROWS, .changes = changes, .count = 2, .sealed_details = TEXT("sealed")};
    assert_true(suppression_bounces_has(&entry));
    entry.count = 1;
    assert_false(suppression_bounces_has(&entry));
    entry.count = 2;
    entry.sealed_details = TEXT("");
    assert_false(suppression_bounces_has(&entry));
    entry = (struct store_event_entry){.kind = STORE_EVENT_STATE};
    assert_false(suppression_bounces_has(&entry));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(marked_bounces_are_taken),
        cmocka_unit_test(entries_with_bounces_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
