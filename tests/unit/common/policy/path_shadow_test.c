/* A controller in shadow hears what became of the messages it would have sent, and what differs
 * from the path's own is told once. */
#include "common/policy/path_shadow.h"

#include "common/mail/enhanced_code.h"
#include "common/mail/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct path_profile in_use = {
    .name = "in use",
    .rate_first = 10,
    .connections_first = 4,
    .connections_most = 8,
    .messages_per_connection = 50,
    .unknown_permille = 100,
};

static const struct path_profile tried = {
    .name = "tried",
    .rate_first = 10,
    .connections_first = 4,
    .connections_most = 8,
    .messages_per_connection = 50,
    .unknown_permille = 100,
    .reactions = {{.rule = "stop",
                   .action = PATH_ACTION_SUSPEND,
                   .enhanced = ENHANCED_CODE(4, 7, 28),
                   .hits = 1,
                   .pause_s = 600,
                   .pause_most_s = 2400}},
    .reaction_count = 1,
};

struct trial {
    struct path_control fact;
    struct path_shadow shadow;
    struct path_shadow_differences differences;
    uint64_t now_ms;
};

static void begin(struct trial *trial, const struct path_profile *profile)
{
    const struct path_bound none = {0};
    *trial = (struct trial){.now_ms = 5000};
    path_control_init(&trial->fact, &in_use, trial->now_ms);
    path_shadow_init(&trial->shadow, &trial->fact, &none, profile, trial->now_ms);
}

static void feed(struct trial *trial, const struct path_event *event)
{
    struct path_decisions own = {.count = 0};
    struct path_decisions fact = {.count = 0};
    path_shadow_feed(&trial->shadow, &trial->fact, event, trial->now_ms, &own);
    path_control_feed(&trial->fact, event, trial->now_ms, &fact);
    path_shadow_compare(&trial->shadow, &fact, &own, &trial->differences);
}

static void answer(struct trial *trial, uint16_t smtp, uint32_t enhanced)
{
    const struct path_event started = {.kind = PATH_EVENT_STARTED};
    const struct path_event answered = {
        .kind = PATH_EVENT_ANSWERED,
        .reply = {smtp < 400 ? REPLY_CLASS_NONE : REPLY_CLASS_GREYLISTED, REPLY_BLAME_NONE,
                  REPLY_STAGE_MAIL, smtp, enhanced, "said"},
        .took_ms = 100,
        .messages = 3};
    feed(trial, &started);
    feed(trial, &answered);
}

static void pass(struct trial *trial, uint64_t ms)
{
    struct path_decisions own = {.count = 0};
    struct path_decisions fact = {.count = 0};
    trial->now_ms += ms;
    path_shadow_tick(&trial->shadow, trial->now_ms, &own);
    path_control_tick(&trial->fact, trial->now_ms, &fact);
    path_shadow_compare(&trial->shadow, &fact, &own, &trial->differences);
}

/* With the same profile the two never part, whatever comes. */
static void the_same_profile_differs_in_nothing(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, NULL);
    for (unsigned int i = 0; i < 500; i++) {
        answer(&trial, i % 7 == 3 ? 450 : 250, i % 7 == 3 ? ENHANCED_CODE(4, 7, 28) : 0);
        assert_int_equal(trial.differences.count, 0);
        pass(&trial, 97);
        assert_int_equal(trial.differences.count, 0);
    }
    assert_memory_equal(&trial.shadow.control, &trial.fact, sizeof trial.fact);
    assert_int_equal(trial.shadow.messages, 500);
    assert_int_equal(trial.shadow.held, 0);
}

static void a_pause_that_only_the_tried_profile_makes_is_told_and_not_done(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, &tried);
    answer(&trial, 450, ENHANCED_CODE(4, 7, 28));
    const struct path_decision *pause = NULL;
    for (size_t i = 0; i < trial.differences.count; i++) {
        const struct path_shadow_difference *difference = &trial.differences.items[i];
        assert_true(difference->is_own);
        if (difference->decision.kind == PATH_DECISION_SUSPENDED) {
            pause = &difference->decision;
        }
    }
    assert_non_null(pause);
    assert_int_equal(pause->after, 600);
    assert_string_equal(pause->rule, "stop");
    assert_int_equal(trial.shadow.own.pauses, 1);
    assert_int_equal(trial.shadow.own.paused_s, 600);
    assert_int_equal(trial.shadow.fact.pauses, 0);
    assert_int_equal(trial.fact.suspension.state, PATH_SUSPENSION_OPEN);
}

/* What the path does in the pause is counted as what would have waited, and teaches it nothing. */
static void messages_of_its_pause_are_held_and_not_heard(void **state)
{
    (void)state;
    struct trial trial;
    begin(&trial, &tried);
    answer(&trial, 450, ENHANCED_CODE(4, 7, 28));
    for (unsigned int i = 0; i < 20; i++) {
        pass(&trial, 200);
        answer(&trial, 450, ENHANCED_CODE(4, 7, 28));
    }
    assert_int_equal(trial.shadow.messages, 21);
    assert_int_equal(trial.shadow.held, 20);
    assert_int_equal(trial.shadow.own.pauses, 1);
    assert_int_equal(trial.shadow.outside, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_profile_differs_in_nothing),
        cmocka_unit_test(a_pause_that_only_the_tried_profile_makes_is_told_and_not_done),
        cmocka_unit_test(messages_of_its_pause_are_held_and_not_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
