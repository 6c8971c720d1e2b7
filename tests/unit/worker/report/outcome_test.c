#include "worker/report/outcome.h"

#include "common/mail/enhanced_code.h"
#include "common/policy/reply_class.h"
#include "common/wire/wire_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

static const struct outcome_time at = {
    .now_unix_ms = INT64_C(1764000000123), .expires_unix_s = 1764086400, .random = 5};

static void test_delivered(void **state)
{
    (void)state;
    struct row before = {.state = OUTCOME_DEFERRED,
                         .flags = ROW_MARKED | ROW_POSSIBLE_DUPLICATE,
                         .attempts = 2,
                         .gate = GATE_RETRY_DUE,
                         .seq = 3,
                         .due = 1763999990};
    struct outcome_report outcome = {.state = OUTCOME_DELIVERED,
                                     .smtp = 250,
                                     .enhanced = ENHANCED_CODE(2, 0, 0),
                                     .counts_attempt = true};
    struct row row;
    assert_true(outcome_apply(&outcome, &before, &at, &row));
    assert_int_equal(row.state, OUTCOME_DELIVERED);
    assert_int_equal(row.flags,
                     ROW_POSSIBLE_DUPLICATE); /* the mark is gone, the doubt stays told */
    assert_int_equal(row.attempts, 3);
    assert_int_equal(row.seq, 4);
    assert_int_equal(row.due, 0);
    assert_int_equal(row.gate, GATE_NONE);
    assert_int_equal(row.smtp, 250);
}

static void test_untouched_may_wait(void **state)
{
    (void)state;
    struct row before = {.state = OUTCOME_DEFERRED, .attempts = 1, .seq = 2, .due = 7};
    struct outcome_report outcome = outcome_untouched(GATE_QUARANTINED);
    struct row row;
    assert_false(outcome_apply(&outcome, &before, &at, &row));
    assert_int_equal(row.due, 7);
    outcome.delay_s = 600;
    assert_false(outcome_apply(&outcome, &before, &at, &row));
    assert_int_equal(row.due, at.now_unix_ms / 1000 + 600);
    assert_int_equal(row.gate, GATE_QUARANTINED);
    assert_int_equal(row.state, OUTCOME_DEFERRED);
    assert_int_equal(row.attempts, 1);
    assert_int_equal(row.seq, 2);
}

static void test_deferred_has_its_time(void **state)
{
    (void)state;
    static const struct {
        bool is_transactional;
        uint8_t reply_class;
        uint32_t least_s;
        uint32_t most_s;
    } cases[] = {{false, REPLY_CLASS_OTHER, 270, 400},
                 {true, REPLY_CLASS_OTHER, 27, 70},
                 {false, REPLY_CLASS_MAILBOX_FULL, 6480, 8700}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct outcome_time time = at;
        time.is_transactional = cases[i].is_transactional;
        struct outcome_report outcome = {
            .state = OUTCOME_DEFERRED, .reply_class = cases[i].reply_class, .counts_attempt = true};
        struct row row;
        assert_true(outcome_apply(&outcome, &(struct row){.state = OUTCOME_PENDING}, &time, &row));
        uint32_t now_s = (uint32_t)(at.now_unix_ms / 1000);
        assert_in_range(row.due, now_s + cases[i].least_s, now_s + cases[i].most_s);
        assert_int_equal(row.gate, GATE_RETRY_DUE);
        assert_int_equal(row.attempts, 1);
    }
}

/* I7: what goes back untouched says what held it, and counts nothing. */
static void test_untouched_has_a_gate_and_no_event(void **state)
{
    (void)state;
    struct row before = {
        .state = OUTCOME_DEFERRED, .flags = ROW_MARKED, .attempts = 1, .seq = 1, .due = 9};
    struct outcome_report outcome = outcome_untouched(GATE_NO_SENDING_IP);
    struct row row;
    assert_false(outcome_apply(&outcome, &before, &at, &row));
    assert_int_equal(row.state, OUTCOME_DEFERRED);
    assert_int_equal(row.flags, 0);
    assert_int_equal(row.attempts, 1);
    assert_int_equal(row.seq, 1);
    assert_int_equal(row.due, 9);
    assert_int_equal(row.gate, GATE_NO_SENDING_IP);
}

static void test_details_hold_no_address(void **state)
{
    (void)state;
    struct buffer details = {0};
    struct outcome_report outcome = {.state = OUTCOME_BOUNCED,
                                     .stage = "rcpt",
                                     .site = "mx.test",
                                     .sending_ip = "192.0.2.1",
                                     .reply = TEXT("<anna@example.net>: unknown"),
                                     .queued_ms = UINT64_MAX,
                                     .smtp_ms = 12};
    static const unsigned char hash[16] = {7};
    const struct outcome_person person = {17, TEXT("example.net"), hash};
    outcome_append_detail(&outcome, &person, at.now_unix_ms, &details);
    struct arena *arena = arena_create(0);
    Hikyaku__V1__StoredEventDetails *read = NULL;
    assert_int_equal(wire_store_read_event_details(buffer_text(&details), arena, &read), 0);
    assert_int_equal(read->n_details, 1);
    const Hikyaku__V1__StoredEventDetail *detail = read->details[0];
    assert_int_equal(detail->position, 17);
    assert_int_equal(detail->occurred_unix_ms, at.now_unix_ms);
    assert_string_equal(detail->recipient_domain, "example.net");
    assert_string_equal(detail->reply_text, "<<address>>: unknown");
    assert_string_equal(detail->site, "mx.test");
    assert_string_equal(detail->mx_host, "");
    assert_int_equal(detail->queued_ms, UINT32_MAX);
    assert_int_equal(detail->smtp_ms, 12);
    arena_destroy(&arena);
    buffer_finish(&details);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delivered),
        cmocka_unit_test(test_untouched_may_wait),
        cmocka_unit_test(test_deferred_has_its_time),
        cmocka_unit_test(test_untouched_has_a_gate_and_no_event),
        cmocka_unit_test(test_details_hold_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
