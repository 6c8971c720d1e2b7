#include "common/policy/failure_policy.h"

#include "common/mail/enhanced_code.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define AT(stage) REPLY_STAGE_##stage

static struct classify *rules;

static int load_rules(void **state)
{
    (void)state;
    rules = classify_create_builtin();
    return 0;
}

static int drop_rules(void **state)
{
    (void)state;
    classify_destroy(&rules);
    return 0;
}

static struct failure_verdict said(uint8_t stage, uint16_t smtp, uint32_t enhanced)
{
    struct failure_attempt attempt = {
        .kind = FAILURE_REPLY,
        .reply = {.stage = stage, .smtp = smtp, .enhanced = enhanced},
    };
    return failure_policy_judge(rules, &attempt);
}

static struct failure_verdict broke(enum failure_kind kind, uint8_t stage, enum failure_doubt doubt)
{
    struct failure_attempt attempt = {.kind = kind, .doubt = doubt, .reply = {.stage = stage}};
    return failure_policy_judge(rules, &attempt);
}

static void a_positive_reply_to_the_dot_delivers(void **state)
{
    (void)state;
    struct failure_verdict verdict = said(AT(DOT), 250, ENHANCED_CODE(2, 0, 0));
    assert_int_equal(verdict.outcome, OUTCOME_DELIVERED);
    assert_int_equal(verdict.gate, GATE_NONE);
    assert_int_equal(verdict.smtp, 250);
    assert_int_equal(verdict.enhanced, ENHANCED_CODE(2, 0, 0));
    assert_true(verdict.counts_attempt);
    assert_int_equal(verdict.hold, FAILURE_HOLD_NOTHING);
}

/* S2, FORMATS: a reply that is lost after the dot is doubt, whatever broke. */
static void no_reply_to_the_dot_is_doubt(void **state)
{
    (void)state;
    static const enum failure_kind kinds[] = {FAILURE_TIMEOUT, FAILURE_LOST, FAILURE_GARBAGE,
                                              FAILURE_TLS_HANDSHAKE, FAILURE_STOPPED};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct failure_verdict held = broke(kinds[i], AT(DOT), FAILURE_HOLD);
        assert_int_equal(held.outcome, OUTCOME_UNCERTAIN);
        assert_int_equal(held.gate, GATE_NONE);
        assert_true(held.counts_attempt);
        assert_false(held.tries_next_host);
        struct failure_verdict resent = broke(kinds[i], AT(DOT), FAILURE_RESEND);
        assert_int_equal(resent.outcome, OUTCOME_DEFERRED);
        assert_int_equal(resent.gate, GATE_RETRY_DUE);
        assert_true(resent.counts_attempt);
        assert_true(resent.possible_duplicate);
        assert_false(resent.tries_next_host);
        assert_int_equal(resent.enhanced, ENHANCED_CODE(4, 4, 2));
    }
}

static void a_wrong_reply_to_the_dot_is_doubt_as_well(void **state)
{
    (void)state;
    struct failure_attempt attempt = {
        .kind = FAILURE_REPLY,
        .doubt = FAILURE_HOLD,
        .reply = {.stage = AT(DOT), .smtp = 354},
    };
    assert_int_equal(failure_policy_judge(rules, &attempt).outcome, OUTCOME_UNCERTAIN);
    attempt.reply.stage = AT(DATA);
    attempt.reply.smtp = 250;
    struct failure_verdict verdict = failure_policy_judge(rules, &attempt);
    assert_int_equal(verdict.outcome, OUTCOME_DEFERRED);
    assert_int_equal(verdict.reply_class, REPLY_CLASS_PROTOCOL);
    assert_int_equal(verdict.hold, FAILURE_HOLD_CONNECTION);
}

/* A negative reply to the dot is an answer: no doubt, in HOLD neither. */
static void a_negative_reply_to_the_dot_is_no_doubt(void **state)
{
    (void)state;
    struct failure_verdict later = said(AT(DOT), 451, ENHANCED_CODE(4, 3, 0));
    assert_int_equal(later.outcome, OUTCOME_DEFERRED);
    assert_false(later.possible_duplicate);
    assert_int_equal(said(AT(DOT), 421, 0).outcome, OUTCOME_DEFERRED);
    assert_int_equal(said(AT(DOT), 554, 0).outcome, OUTCOME_BOUNCED);
}

/* M2, Y7: a 5xx is never tried again. S4: but 552 to RCPT is. S6: by the first digit. */
static void every_5xx_about_a_message_is_final(void **state)
{
    (void)state;
    for (uint16_t smtp = 400; smtp < 600; smtp++) {
        for (uint8_t stage = AT(MAIL); stage <= AT(DOT); stage++) {
            bool is_later = smtp < 500 || (smtp == 552 && stage == AT(RCPT));
            struct failure_verdict verdict = said(stage, smtp, 0);
            assert_int_equal(verdict.outcome, is_later ? OUTCOME_DEFERRED : OUTCOME_BOUNCED);
            assert_int_equal(verdict.gate, is_later ? GATE_RETRY_DUE : GATE_NONE);
            assert_int_equal(verdict.smtp, smtp);
            assert_true(verdict.counts_attempt);
            assert_false(verdict.tries_next_host);
            assert_false(verdict.possible_duplicate);
        }
    }
}

/* Until MAIL it is about us: nobody is bounced for that. RFC 7504: 521, 556 are about the host. */
static void a_refusal_before_mail_tries_another_host_then_later(void **state)
{
    (void)state;
    static const uint16_t codes[] = {421, 450, 500, 550, 554};
    static const uint8_t stages[] = {AT(CONNECT), AT(GREETING), AT(EHLO), AT(STARTTLS)};
    for (size_t i = 0; i < sizeof codes / sizeof *codes * 4; i++) {
        struct failure_verdict verdict = said(stages[i % 4], codes[i / 4], 0);
        assert_int_equal(verdict.outcome, OUTCOME_DEFERRED);
        assert_true(verdict.tries_next_host);
        assert_true(verdict.hold >= FAILURE_HOLD_HOST);
        assert_false(verdict.suppresses);
    }
    struct failure_verdict refused = said(AT(GREETING), 521, 0);
    assert_int_equal(refused.outcome, OUTCOME_BOUNCED);
    assert_true(refused.tries_next_host);
    assert_false(refused.suppresses);
}

static void what_is_blamed_is_left_alone(void **state)
{
    (void)state;
    assert_int_equal(said(AT(RCPT), 550, ENHANCED_CODE(5, 1, 1)).hold, FAILURE_HOLD_NOTHING);
    assert_int_equal(said(AT(DOT), 550, ENHANCED_CODE(5, 7, 1)).hold, FAILURE_HOLD_NOTHING);
    assert_int_equal(said(AT(RCPT), 421, 0).hold, FAILURE_HOLD_CONNECTION);
    assert_int_equal(said(AT(RCPT), 421, ENHANCED_CODE(4, 1, 1)).hold, FAILURE_HOLD_CONNECTION);
    assert_int_equal(said(AT(RCPT), 503, 0).hold, FAILURE_HOLD_CONNECTION);
    assert_int_equal(said(AT(DOT), 421, ENHANCED_CODE(4, 7, 28)).hold, FAILURE_HOLD_PATH);
    assert_int_equal(said(AT(MAIL), 550, ENHANCED_CODE(5, 7, 25)).hold, FAILURE_HOLD_PATH);
    assert_int_equal(said(AT(EHLO), 550, ENHANCED_CODE(5, 5, 1)).hold, FAILURE_HOLD_HOST);
}

static void only_a_dead_address_is_suppressed(void **state)
{
    (void)state;
    assert_true(said(AT(RCPT), 550, ENHANCED_CODE(5, 1, 1)).suppresses);
    assert_false(said(AT(RCPT), 550, 0).suppresses);
    assert_false(said(AT(RCPT), 450, ENHANCED_CODE(4, 1, 1)).suppresses);
}

/* S9, S10, S11, E5, E7, T7, S7. */
static void each_failure_has_its_verdict(void **state)
{
    (void)state;
    static const struct {
        enum failure_kind kind;
        uint8_t stage;
        uint8_t outcome;
        uint8_t gate;
        uint16_t smtp;
        uint32_t enhanced;
        bool counts_attempt;
        bool tries_next_host;
        enum failure_hold hold;
    } cases[] = {
        {FAILURE_REFUSED, AT(CONNECT), OUTCOME_DEFERRED, GATE_RETRY_DUE, 0, ENHANCED_CODE(4, 4, 1),
         true, true, FAILURE_HOLD_HOST},
        {FAILURE_UNREACHABLE, AT(CONNECT), OUTCOME_DEFERRED, GATE_RETRY_DUE, 0,
         ENHANCED_CODE(4, 4, 1), true, true, FAILURE_HOLD_HOST},
        {FAILURE_TIMEOUT, AT(CONNECT), OUTCOME_DEFERRED, GATE_RETRY_DUE, 0, ENHANCED_CODE(4, 4, 2),
         true, true, FAILURE_HOLD_HOST},
        {FAILURE_LOST, AT(GREETING), OUTCOME_DEFERRED, GATE_RETRY_DUE, 0, ENHANCED_CODE(4, 4, 2),
         true, true, FAILURE_HOLD_HOST},
        {FAILURE_LOST, AT(DATA), OUTCOME_DEFERRED, GATE_RETRY_DUE, 0, ENHANCED_CODE(4, 4, 2), true,
         false, FAILURE_HOLD_CONNECTION},
        {FAILURE_TIMEOUT, AT(RCPT), OUTCOME_DEFERRED, GATE_RETRY_DUE, 0, ENHANCED_CODE(4, 4, 2),
         true, false, FAILURE_HOLD_CONNECTION},
        {FAILURE_GARBAGE, AT(MAIL), OUTCOME_DEFERRED, GATE_RETRY_DUE, 0, ENHANCED_CODE(4, 5, 0),
         true, false, FAILURE_HOLD_CONNECTION},
        {FAILURE_TLS_HANDSHAKE, AT(STARTTLS), OUTCOME_DEFERRED, GATE_RETRY_DUE, 0,
         ENHANCED_CODE(4, 7, 5), true, true, FAILURE_HOLD_HOST},
        {FAILURE_TLS_POLICY, AT(STARTTLS), OUTCOME_DEFERRED, GATE_TLS_POLICY, 0,
         ENHANCED_CODE(4, 7, 10), true, true, FAILURE_HOLD_HOST},
        {FAILURE_DNS_TEMPORARY, AT(DNS), OUTCOME_DEFERRED, GATE_DNS_FAILURE, 0,
         ENHANCED_CODE(4, 4, 3), true, false, FAILURE_HOLD_NOTHING},
        {FAILURE_DNS_PERMANENT, AT(DNS), OUTCOME_BOUNCED, GATE_NONE, 0, ENHANCED_CODE(5, 1, 2),
         true, false, FAILURE_HOLD_NOTHING},
        {FAILURE_NULL_MX, AT(DNS), OUTCOME_BOUNCED, GATE_NONE, 556, ENHANCED_CODE(5, 1, 10), true,
         false, FAILURE_HOLD_NOTHING},
        {FAILURE_SIZE, AT(MAIL), OUTCOME_BOUNCED, GATE_NONE, 0, ENHANCED_CODE(5, 3, 4), true, false,
         FAILURE_HOLD_NOTHING},
        {FAILURE_SMTPUTF8, AT(EHLO), OUTCOME_BOUNCED, GATE_NONE, 0, ENHANCED_CODE(5, 6, 7), true,
         true, FAILURE_HOLD_NOTHING},
        {FAILURE_MALFORMED, AT(DATA), OUTCOME_FAILED, GATE_NONE, 0, ENHANCED_CODE(5, 6, 0), true,
         false, FAILURE_HOLD_CONNECTION},
        {FAILURE_SITE_SUSPENDED, AT(NONE), OUTCOME_PENDING, GATE_SITE_SUSPENDED, 0, 0, false, false,
         FAILURE_HOLD_NOTHING},
        {FAILURE_STOPPED, AT(DATA), OUTCOME_PENDING, GATE_NONE, 0, 0, false, false,
         FAILURE_HOLD_CONNECTION},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (enum failure_doubt doubt = FAILURE_HOLD; doubt <= FAILURE_RESEND; doubt++) {
            struct failure_verdict verdict = broke(cases[i].kind, cases[i].stage, doubt);
            assert_int_equal(verdict.outcome, cases[i].outcome);
            assert_int_equal(verdict.gate, cases[i].gate);
            assert_int_equal(verdict.smtp, cases[i].smtp);
            assert_int_equal(verdict.enhanced, cases[i].enhanced);
            assert_int_equal(verdict.counts_attempt, cases[i].counts_attempt);
            assert_int_equal(verdict.tries_next_host, cases[i].tries_next_host);
            assert_int_equal(verdict.hold, cases[i].hold);
            assert_false(verdict.possible_duplicate);
            assert_non_null(verdict.rule_id);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_positive_reply_to_the_dot_delivers),
        cmocka_unit_test(no_reply_to_the_dot_is_doubt),
        cmocka_unit_test(a_wrong_reply_to_the_dot_is_doubt_as_well),
        cmocka_unit_test(a_negative_reply_to_the_dot_is_no_doubt),
        cmocka_unit_test(every_5xx_about_a_message_is_final),
        cmocka_unit_test(a_refusal_before_mail_tries_another_host_then_later),
        cmocka_unit_test(what_is_blamed_is_left_alone),
        cmocka_unit_test(only_a_dead_address_is_suppressed),
        cmocka_unit_test(each_failure_has_its_verdict),
    };
    return cmocka_run_group_tests(tests, load_rules, drop_rules);
}
