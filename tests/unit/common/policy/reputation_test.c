#include "common/policy/reputation.h"

#include "common/mail/rows.h"
#include "common/policy/reply_class.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void attempts_are_counted_by_what_they_mean(void **state)
{
    static const struct {
        unsigned int outcome;
        unsigned int reply_class;
        uint64_t counts[REPUTATION_COUNTS];
    } cases[] = {
        {OUTCOME_DELIVERED, REPLY_CLASS_NONE, {1}},
        {OUTCOME_DEFERRED, REPLY_CLASS_GREYLISTED, {0, 1}},
        {OUTCOME_DEFERRED, REPLY_CLASS_RATE_LIMITED, {0, 1, 0, 0, 0, 1}},
        {OUTCOME_DEFERRED, REPLY_CLASS_REPUTATION, {0, 1, 0, 0, 1}},
        {OUTCOME_BOUNCED, REPLY_CLASS_BAD_MAILBOX, {0, 0, 1, 1}},
        {OUTCOME_BOUNCED, REPLY_CLASS_POLICY, {0, 0, 1, 0, 1}},
        {OUTCOME_COMPLAINED, REPLY_CLASS_NONE, {0, 0, 0, 0, 0, 0, 1}},
        {OUTCOME_EXPIRED, REPLY_CLASS_BAD_MAILBOX, {0}},
        {OUTCOME_PENDING, REPLY_CLASS_NONE, {0}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reputation reputation = {.counts = {0}};
        reputation_note(&reputation, cases[i].outcome, cases[i].reply_class);
        assert_memory_equal(reputation.counts, cases[i].counts, sizeof reputation.counts);
    }
}

/* J6 and G13 name what a part is of. */
static void shares_are_of_their_whole(void **state)
{
    (void)state;
    const struct reputation one = {.counts = {90, 100, 10, 5, 20, 40, 9}};
    assert_int_equal(reputation_permille(&one, REPUTATION_DELIVERED), 450);
    assert_int_equal(reputation_permille(&one, REPUTATION_DEFERRED), 500);
    assert_int_equal(reputation_permille(&one, REPUTATION_UNKNOWN), 50);
    assert_int_equal(reputation_permille(&one, REPUTATION_COMPLAINED), 100);
    const struct reputation none = {.counts = {0}};
    for (size_t i = 0; i < REPUTATION_COUNTS; i++) {
        assert_int_equal(reputation_permille(&none, (enum reputation_count)i), 0);
    }
}

/* Sums of what was written are what was counted, however it is cut into buckets. */
static void what_is_written_is_read(void **state)
{
    (void)state;
    srand(7);
    for (int round = 0; round < 200; round++) {
        struct reputation all = {.counts = {0}};
        struct reputation sum = {.counts = {0}};
        for (int bucket = 0; bucket < 5; bucket++) {
            struct reputation part = {.counts = {0}};
            for (int i = rand() % 30; i > 0; i--) {
                unsigned int outcome = (unsigned int)rand() % 13;
                unsigned int reply_class = (unsigned int)rand() % 23;
                reputation_note(&part, outcome, reply_class);
                reputation_note(&all, outcome, reply_class);
            }
            OWNED(buffer_finish) struct buffer text = {0};
            struct reputation read;
            reputation_append(&part, &text);
            assert_int_equal(reputation_read(buffer_text(&text), &read), 0);
            reputation_add(&sum, &read);
        }
        assert_memory_equal(&sum, &all, sizeof all);
    }
}

static void damage_is_refused(void **state)
{
    static const char *const cases[] = {"", "x", "1 2 3 4 5 6 7 8", "1  2", "-1", "1 4294967296"};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reputation read = {.counts = {7}};
        assert_int_equal(reputation_read(text_of(cases[i]), &read), -EPROTO);
        assert_int_equal(read.counts[0], 7);
    }
}

static void a_trend_needs_volume_and_difference(void **state)
{
    static const struct {
        uint64_t now[3];
        uint64_t before[3];
        enum reputation_trend expected;
    } cases[] = {
        {{49, 0, 0}, {1000, 0, 0}, REPUTATION_FEW},
        {{1000, 0, 0}, {40, 9, 0}, REPUTATION_FEW},
        {{1000, 0, 0}, {1000, 0, 0}, REPUTATION_STEADY},
        {{980, 20, 0}, {1000, 0, 0}, REPUTATION_WORSE},
        {{981, 19, 0}, {1000, 0, 0}, REPUTATION_STEADY},
        {{900, 50, 50}, {930, 70, 0}, REPUTATION_STEADY},
        {{800, 100, 100}, {900, 50, 50}, REPUTATION_WORSE},
        {{990, 10, 0}, {900, 100, 0}, REPUTATION_BETTER},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reputation now = {.counts = {0}};
        struct reputation before = {.counts = {0}};
        memcpy(now.counts, cases[i].now, sizeof cases[i].now);
        memcpy(before.counts, cases[i].before, sizeof cases[i].before);
        assert_int_equal(reputation_trend_of(&now, &before), cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attempts_are_counted_by_what_they_mean),
        cmocka_unit_test(shares_are_of_their_whole),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(damage_is_refused),
        cmocka_unit_test(a_trend_needs_volume_and_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
