#include "cli/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OUTCOME(name) HIKYAKU__V1__OUTCOME__OUTCOME_##name
#define NOW_UNIX_MS INT64_C(1795569600000) /* 2026-11-25 01:20:00 UTC */

/* A campaign of fixed size whose counts a test sets. */
struct sample {
    Hikyaku__V1__Campaign campaign;
    Hikyaku__V1__OutcomeCount counts[6];
    Hikyaku__V1__OutcomeCount *count_list[6];
    Hikyaku__V1__GateCount gates[3];
    Hikyaku__V1__GateCount *gate_list[3];
    Hikyaku__V1__SiteCount site;
    Hikyaku__V1__SiteCount *site_list[1];
};

static char id[] = "7RJD8QK7M2N4P6Q8R0S2T4V6W8";
static char name[] = "春の\x1b[2J感謝祭";
static char pool[] = "mkt-a";
static char site_name[] = "google";

static void set_count(struct sample *sample, size_t place, Hikyaku__V1__Outcome outcome,
                      uint64_t count)
{
    hikyaku__v1__outcome_count__init(&sample->counts[place]);
    sample->counts[place].outcome = outcome;
    sample->counts[place].count = count;
    sample->count_list[place] = &sample->counts[place];
}

static void set_gate(struct sample *sample, size_t place, Hikyaku__V1__Gate gate, uint64_t count,
                     int64_t until_unix_ms)
{
    hikyaku__v1__gate_count__init(&sample->gates[place]);
    sample->gates[place].gate = gate;
    sample->gates[place].count = count;
    sample->gates[place].until_unix_ms = until_unix_ms;
    sample->gate_list[place] = &sample->gates[place];
}

static void make_sample(struct sample *sample)
{
    Hikyaku__V1__Campaign *campaign = &sample->campaign;
    hikyaku__v1__campaign__init(campaign);
    campaign->campaign_id = id;
    campaign->name = name;
    campaign->pool = pool;
    campaign->state = HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_RUNNING;
    campaign->lane = HIKYAKU__V1__LANE__LANE_BULK;
    campaign->content_class = HIKYAKU__V1__CONTENT_CLASS__CONTENT_CLASS_ADVERTISING;
    campaign->mode = HIKYAKU__V1__MODE__MODE_LIVE;
    campaign->accepted = 10000;
    campaign->duplicates = 20;
    campaign->rejected = 7;
    campaign->in_flight = 500;
    set_count(sample, 0, OUTCOME(PENDING), 5600);
    set_count(sample, 1, OUTCOME(DELIVERED), 4000);
    set_count(sample, 2, OUTCOME(DEFERRED), 200);
    set_count(sample, 3, OUTCOME(BOUNCED), 100);
    set_count(sample, 4, OUTCOME(UNCERTAIN), 100);
    set_count(sample, 5, OUTCOME(DUPLICATE), 20);
    campaign->outcomes = sample->count_list;
    campaign->n_outcomes = 6;
    set_gate(sample, 0, HIKYAKU__V1__GATE__GATE_NONE, 5100, 0);
    set_gate(sample, 1, HIKYAKU__V1__GATE__GATE_RETRY_DUE, 200, NOW_UNIX_MS + 90000);
    set_gate(sample, 2, HIKYAKU__V1__GATE__GATE_PATH_RATE, 300, 0);
    campaign->gates = sample->gate_list;
    campaign->n_gates = 3;
    hikyaku__v1__site_count__init(&sample->site);
    sample->site.site = site_name;
    sample->site.outcomes = sample->count_list;
    sample->site.n_outcomes = 6;
    sample->site_list[0] = &sample->site;
    campaign->sites = sample->site_list;
    campaign->n_sites = 1;
}

static void the_screen_tells_all_at_a_glance(void **state)
{
    (void)state;
    struct sample sample;
    struct progress progress = {0};
    struct buffer out = {0};
    make_sample(&sample);
    sample.counts[1].count = 3000;
    progress_take(&progress, &sample.campaign, 1000);
    sample.counts[1].count = 4000;
    progress_take(&progress, &sample.campaign, 3000);
    progress_append_screen(&progress, &sample.campaign, NOW_UNIX_MS, &out);
    buffer_append_byte(&out, '\0');
    assert_string_equal(
        out.data,
        "campaign 7RJD8QK7M2N4P6Q8R0S2T4V6W8 「春の?[2J感謝祭」  RUNNING  BULK/ADVERTISING  "
        "pool mkt-a\n"
        " 42 %  [########............]  4,200 / 10,000   500/s   ends about 01:20:11 (11 s)\n"
        " done   delivered 4,000  bounced 100  failed 0  uncertain 100\n"
        " open   in flight 500   deferred 200   held 500:\n"
        "        RETRY_DUE 200 until 01:21:30\n"
        "        PATH_RATE 300\n"
        " sites  google 4,000 delivered, 200 deferred\n");
    buffer_finish(&out);
}

/* What waits for its next try moves at no rate: no end is told for it. */
static void retries_have_no_end_at_this_rate(void **state)
{
    static const struct {
        uint64_t retries;
        bool is_told;
    } cases[] = {{0, true}, {2900, true}, {2901, false}, {5800, false}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sample sample;
        struct progress progress = {0};
        struct buffer out = {0};
        make_sample(&sample); /* 5,800 are open */
        set_gate(&sample, 1, HIKYAKU__V1__GATE__GATE_RETRY_DUE, cases[i].retries, 0);
        sample.counts[1].count = 3000;
        progress_take(&progress, &sample.campaign, 1000);
        sample.counts[1].count = 4000;
        progress_take(&progress, &sample.campaign, 3000);
        progress_append_line(&progress, &sample.campaign, NOW_UNIX_MS, &out);
        buffer_append_byte(&out, '\0');
        assert_int_equal(strstr(out.data, "ends about") != NULL, cases[i].is_told);
        buffer_finish(&out);
    }
}

static void one_line_says_the_same(void **state)
{
    (void)state;
    struct sample sample;
    struct progress progress = {0};
    struct buffer out = {0};
    make_sample(&sample);
    progress_take(&progress, &sample.campaign, 1000);
    progress_append_line(&progress, &sample.campaign, NOW_UNIX_MS, &out);
    buffer_append_byte(&out, '\0');
    assert_string_equal(out.data,
                        "01:20:00  RUNNING  42 %  4,200 / 10,000  0/s  delivered 4,000 bounced 100 "
                        "failed 0 uncertain 100 deferred 200  RETRY_DUE 200 until 01:21:30  "
                        "PATH_RATE 300\n");
    buffer_finish(&out);
}

static void the_rate_is_of_the_last_samples(void **state)
{
    (void)state;
    struct sample sample;
    struct progress progress = {0};
    make_sample(&sample);
    assert_true(progress_rate(&progress) == 0);
    for (uint64_t i = 0; i < 40; i++) { /* 10/s at first, then 100/s */
        sample.counts[1].count = i < 20 ? i * 10 : 200 + (i - 20) * 100;
        progress_take(&progress, &sample.campaign, 5000 + i * 1000);
    }
    assert_true(progress_rate(&progress) > 99.9 && progress_rate(&progress) < 100.1);
    sample.counts[1].count = 0; /* fewer than before: no rate below zero */
    progress_take(&progress, &sample.campaign, 60000);
    assert_true(progress_rate(&progress) == 0);
    /* Two looks in the same millisecond. */
    progress = (struct progress){0};
    progress_take(&progress, &sample.campaign, 1);
    sample.counts[1].count = 5;
    progress_take(&progress, &sample.campaign, 1);
    assert_true(progress_rate(&progress) == 0);
}

static void the_table_adds_up(void **state)
{
    (void)state;
    struct sample sample;
    struct buffer out = {0};
    make_sample(&sample);
    progress_append_outcomes(&sample.campaign, NOW_UNIX_MS, &out);
    buffer_append_byte(&out, '\0');
    assert_string_equal(out.data, "OUTCOME     RECIPIENTS    SHARE\n"
                                  "delivered        4,000   40.0 %\n"
                                  "bounced            100    1.0 %\n"
                                  "failed               0    0.0 %\n"
                                  "uncertain          100    1.0 %\n"
                                  "deferred           200    2.0 %\n"
                                  "pending          5,600   56.0 %\n"
                                  "accepted        10,000  100.0 %\n"
                                  "duplicates          20\n"
                                  "rejected             7\n"
                                  "held   RETRY_DUE 200 until 01:21:30\n"
                                  "held   PATH_RATE 300\n");
    buffer_finish(&out);
}

static void an_empty_campaign_is_shown_too(void **state)
{
    (void)state;
    Hikyaku__V1__Campaign campaign;
    struct progress progress = {0};
    struct buffer out = {0};
    hikyaku__v1__campaign__init(&campaign);
    campaign.state = (Hikyaku__V1__CampaignState)77; /* of a newer server */
    progress_take(&progress, &campaign, 1);
    progress_append_screen(&progress, &campaign, NOW_UNIX_MS, &out);
    assert_non_null(strstr(out.data, "  0 %  [....................]  0 / 0"));
    assert_false(progress_is_over(&campaign));
    campaign.state = HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_COMPLETED;
    assert_true(progress_is_over(&campaign));
    buffer_finish(&out);
}

static int use_utc(void **state)
{
    (void)state;
    return setenv("TZ", "UTC", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_screen_tells_all_at_a_glance),
        cmocka_unit_test(retries_have_no_end_at_this_rate),
        cmocka_unit_test(one_line_says_the_same),
        cmocka_unit_test(the_rate_is_of_the_last_samples),
        cmocka_unit_test(the_table_adds_up),
        cmocka_unit_test(an_empty_campaign_is_shown_too),
    };
    return cmocka_run_group_tests(tests, use_utc, NULL);
}
