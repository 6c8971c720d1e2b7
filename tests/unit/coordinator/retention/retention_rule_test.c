#include "coordinator/retention/retention_rule.h"

#include "hikyaku/v1/api.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants these before it */
#include <cmocka.h>

#define STATE(name) HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_##name
#define NOW ((int64_t)1000000)

static const struct retention_times times = {.events_ms = 300,
                                             .event_bytes = 64,
                                             .rows_ms = 1000,
                                             .content_ms = 2000,
                                             .drafts_ms = 700,
                                             .archive_ms = 100,
                                             .life_ms = 5000};

static void steps_come_one_by_one(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct store_campaign campaign;
        bool has_archive;
        enum retention_step expected;
    } cases[] = {
        {"a young draft",
         {.state = STATE(DRAFT), .buckets = 16, .created_unix_ms = NOW - 699},
         true,
         RETENTION_NOTHING},
        {"an old draft",
         {.state = STATE(DRAFT), .buckets = 16, .created_unix_ms = NOW - 700},
         true,
         RETENTION_CANCEL},
        {"submitted: buckets go",
         {.state = STATE(SCHEDULED), .buckets = 16},
         true,
         RETENTION_DROP_DUPLICATES},
        {"under way", {.state = STATE(RUNNING), .buckets = 16, .shed = 1}, true, RETENTION_NOTHING},
        {"without buckets", {.state = STATE(RUNNING)}, true, RETENTION_NOTHING},
        {"just ended",
         {.state = STATE(COMPLETED), .ended_unix_ms = NOW, .shed = 1},
         true,
         RETENTION_DROP_ANSWERS},
        {"of a clock ahead of ours",
         {.state = STATE(COMPLETED), .ended_unix_ms = NOW + 5000, .shed = 2},
         true,
         RETENTION_NOTHING},
        {"not yet archived",
         {.state = STATE(CANCELLED), .ended_unix_ms = NOW - 99, .shed = 2},
         true,
         RETENTION_NOTHING},
        {"to be archived",
         {.state = STATE(CANCELLED), .ended_unix_ms = NOW - 100, .shed = 2},
         true,
         RETENTION_ARCHIVE},
        {"rows wait for the archive",
         {.state = STATE(COMPLETED), .ended_unix_ms = NOW - 9000, .shed = 2},
         true,
         RETENTION_ARCHIVE},
        {"no archive: rows stay as long",
         {.state = STATE(COMPLETED), .ended_unix_ms = NOW - 999, .shed = 2},
         false,
         RETENTION_NOTHING},
        {"no archive: rows go",
         {.state = STATE(COMPLETED), .ended_unix_ms = NOW - 1000, .shed = 2},
         false,
         RETENTION_DROP_ROWS},
        {"archived: rows go",
         {.state = STATE(COMPLETED), .ended_unix_ms = NOW - 1000, .shed = 3},
         true,
         RETENTION_DROP_ROWS},
        {"content stays longer",
         {.state = STATE(COMPLETED), .ended_unix_ms = NOW - 1999, .shed = 4},
         true,
         RETENTION_NOTHING},
        {"content goes",
         {.state = STATE(COMPLETED), .ended_unix_ms = NOW - 2000, .shed = 4},
         true,
         RETENTION_DROP_CONTENT},
        {"rows gone before there was an archive",
         {.state = STATE(COMPLETED), .ended_unix_ms = NOW - 2000, .shed = 4},
         false,
         RETENTION_DROP_CONTENT},
        {"a stub",
         {.state = STATE(COMPLETED), .ended_unix_ms = 1, .shed = 5},
         true,
         RETENTION_NOTHING},
        {"an ended campaign with open batches is damaged: leave it",
         {.state = STATE(COMPLETED), .ended_unix_ms = 1, .batches_open = 1},
         true,
         RETENTION_NOTHING},
        {"a state of a later version", {.state = 99, .ended_unix_ms = 1}, true, RETENTION_NOTHING},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum retention_step step =
            retention_rule_next(&cases[i].campaign, &times, cases[i].has_archive, NOW);
        if (step != cases[i].expected) {
            fail_msg("%s: %d", cases[i].name, (int)step);
        }
    }
}

static void streams_have_room_for_their_recipients(void **state)
{
    (void)state;
    struct store_campaign campaign = {.state = STATE(RUNNING)};
    assert_true(retention_rule_has_events(&campaign, &times, NOW));
    campaign = (struct store_campaign){.state = STATE(COMPLETED), .ended_unix_ms = NOW - 299};
    assert_true(retention_rule_has_events(&campaign, &times, NOW));
    assert_false(retention_rule_has_events(&campaign, &times, NOW + 1));
    assert_int_equal(retention_rule_stream_bytes(&times, 10), 16 * 1024 * 1024);
    assert_int_equal(retention_rule_stream_bytes(&times, 10000000), 640000000);
}

static void rounds_follow_the_shortest_time(void **state)
{
    (void)state;
    struct retention_times own = {.events_ms = 259200000,
                                  .rows_ms = 259200000,
                                  .content_ms = 259200000,
                                  .drafts_ms = 259200000,
                                  .archive_ms = 259200000};
    assert_int_equal(retention_rule_round_ms(&own), 60000);
    own.drafts_ms = 100000;
    assert_int_equal(retention_rule_round_ms(&own), 10000);
    own.archive_ms = 0;
    assert_int_equal(retention_rule_round_ms(&own), 1000);
}

static void months_end(void **state)
{
    (void)state;
    static const struct {
        uint32_t month;
        int64_t first_unix_ms;
        int64_t end_unix_ms;
    } cases[] = {
        {197001, 0, INT64_C(2678400000)},
        {202402, INT64_C(1706745600000), INT64_C(1709251200000)}, /* 29 days */
        {202612, INT64_C(1796083200000), INT64_C(1798761600000)},
    };
    struct store_retention_count range;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t over = cases[i].end_unix_ms + 7000; /* life and content */
        assert_false(retention_rule_month_is_over(cases[i].month, &times, over - 1, &range));
        assert_true(retention_rule_month_is_over(cases[i].month, &times, over, &range));
        assert_int_equal(range.from_unix_ms, cases[i].first_unix_ms);
        assert_int_equal(range.to_unix_ms, cases[i].end_unix_ms - 1);
    }
    assert_false(retention_rule_month_is_over(202613, &times, INT64_MAX, &range));
    assert_false(retention_rule_month_is_over(0, &times, INT64_MAX, &range));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_come_one_by_one),
        cmocka_unit_test(streams_have_room_for_their_recipients),
        cmocka_unit_test(rounds_follow_the_shortest_time),
        cmocka_unit_test(months_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
