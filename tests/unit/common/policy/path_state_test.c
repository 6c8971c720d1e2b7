#include "common/policy/path_state.h"

#include "common/mail/rows.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct path_profile profile = {.name = "test",
                                            .rate_first = 10,
                                            .connections_first = 6,
                                            .connections_most = 8,
                                            .messages_per_connection = 50};
static const struct path_state_now before = {7000000, 1800000000};
/* Another worker, whose clock began at another time, 100 s later. */
static const struct path_state_now later = {2000, 1800000100};

static struct path_control learnt(void)
{
    struct path_control control;
    path_control_init(&control, &profile, before.ms);
    control.rate.ceiling = 25;
    control.rate.rate = 24;
    control.rate.phase = PATH_RATE_HOLDING;
    control.window.learnt = 4;
    control.window.learnt_ms = before.ms - 3600000;
    control.window.messages = 7;
    control.window.is_messages_learnt = true;
    return control;
}

static struct path_control carried(const struct path_control *control, bool is_from_crash)
{
    unsigned char bytes[PATH_STATE_BYTES_MAX];
    size_t size = path_state_write(control, &before, bytes);
    struct path_control other;
    path_control_init(&other, &profile, later.ms);
    assert_int_equal(
        path_state_read(&other, (struct text){(const char *)bytes, size}, is_from_crash, &later),
        0);
    return other;
}

static void what_was_learnt_is_carried_on(void **state)
{
    (void)state;
    struct path_control control = learnt();
    struct path_control other = carried(&control, false);
    assert_true(other.rate.ceiling == 25);
    assert_true(other.rate.rate > 23 && other.rate.rate <= 24.25);
    assert_int_equal(other.window.messages, 7);
    assert_int_equal(path_window_limit(&other.window, later.ms), 4);
    assert_int_equal(path_control_may_send(&other, later.ms).gate, GATE_NONE);
}

static void an_ip_from_a_crash_starts_at_half(void **state)
{
    (void)state;
    struct path_control control = learnt();
    struct path_control other = carried(&control, true);
    assert_int_equal(path_window_limit(&other.window, later.ms), 2);
    assert_int_equal(path_window_limit(&other.window, later.ms + 60000), 4);
    assert_true(other.rate.rate == 12);
}

/* A suspension outlives the worker, and so does how often it came. */
static void a_pause_is_carried_on(void **state)
{
    (void)state;
    struct path_control control;
    struct path_decisions decisions = {.count = 0};
    path_control_init(&control, &profile, before.ms);
    path_control_suspend(&control, 600000, PATH_SCOPE_PATH, "google: 4.7.28", before.ms,
                         &decisions);
    struct path_control other = carried(&control, false);
    assert_int_equal(path_control_may_send(&other, later.ms).gate, GATE_SITE_SUSPENDED);
    uint64_t wait_ms = path_control_may_send(&other, later.ms).wait_ms;
    assert_true(wait_ms >= 500000 && wait_ms <= 501000);
    assert_string_equal(other.suspension.rule, "google: 4.7.28");
    assert_int_equal(other.suspension.times, 1);
}

/* What was guessed and tried is not tried again, open or paused, whatever the rule's name. */
static void lengths_of_pauses_are_carried_on(void **state)
{
    (void)state;
    struct path_control control;
    path_control_init(&control, &profile, before.ms);
    control.suspension.enough_ms = 61500;
    control.suspension.short_ms = 40700;
    struct path_control other = carried(&control, false);
    assert_int_equal(other.suspension.enough_ms, 62000);
    assert_int_equal(other.suspension.short_ms, 40000);
    assert_int_equal(other.suspension.state, PATH_SUSPENSION_OPEN);
    char rule[PATH_SUSPENSION_RULE_BYTES];
    memset(rule, 'r', sizeof rule - 1);
    rule[sizeof rule - 1] = '\0';
    struct path_decisions decisions = {.count = 0};
    path_control_suspend(&control, 600000, PATH_SCOPE_PATH, rule, before.ms, &decisions);
    other = carried(&control, false);
    assert_int_equal(other.suspension.enough_ms, 62000);
    assert_int_equal(other.suspension.state, PATH_SUSPENSION_CLOSED);
    assert_memory_equal(other.suspension.rule, rule, 54); /* cut */
    control.suspension.enough_ms = UINT64_MAX / 2;
    other = carried(&control, false);
    assert_int_equal(other.suspension.enough_ms, 3600000);
}

static void a_usual_path_is_not_stored(void **state)
{
    (void)state;
    unsigned char bytes[PATH_STATE_BYTES_MAX];
    struct path_control control;
    path_control_init(&control, &profile, before.ms);
    assert_int_equal(path_state_write(&control, &before, bytes), 0);
}

static void what_the_path_learnt_itself_stays(void **state)
{
    (void)state;
    unsigned char bytes[PATH_STATE_BYTES_MAX];
    struct path_control control = learnt();
    size_t size = path_state_write(&control, &before, bytes);
    struct path_control other;
    path_control_init(&other, &profile, later.ms);
    other.rate.ceiling = 3;
    assert_int_equal(
        path_state_read(&other, (struct text){(const char *)bytes, size}, false, &later), 0);
    assert_true(other.rate.ceiling == 3);
}

static void other_bytes_are_refused(void **state)
{
    (void)state;
    unsigned char bytes[PATH_STATE_BYTES_MAX];
    struct path_control control = learnt();
    size_t size = path_state_write(&control, &before, bytes);
    struct path_control other;
    path_control_init(&other, &profile, later.ms);
    for (size_t cut = 0; cut < size; cut++) {
        assert_int_equal(
            path_state_read(&other, (struct text){(const char *)bytes, cut}, false, &later),
            -EINVAL);
    }
    bytes[0] = 2;
    assert_int_equal(
        path_state_read(&other, (struct text){(const char *)bytes, size}, false, &later), -EINVAL);
    assert_true(other.rate.ceiling == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_learnt_is_carried_on),
        cmocka_unit_test(an_ip_from_a_crash_starts_at_half),
        cmocka_unit_test(a_pause_is_carried_on),
        cmocka_unit_test(lengths_of_pauses_are_carried_on),
        cmocka_unit_test(a_usual_path_is_not_stored),
        cmocka_unit_test(what_the_path_learnt_itself_stays),
        cmocka_unit_test(other_bytes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
