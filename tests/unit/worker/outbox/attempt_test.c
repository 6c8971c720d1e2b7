#include "worker/outbox/attempt.h"

#include "common/mail/enhanced_code.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

static const struct {
    struct smtp_result result;
    enum failure_doubt doubt;
    uint8_t outcome;
    bool counts;
} cases[] = {
    {{.stage = SMTP_STAGE_DOT, .code = 250, .was_dot_written = true, .was_answered = true},
     FAILURE_HOLD,
     OUTCOME_DELIVERED,
     true},
    {{.stage = SMTP_STAGE_RCPT, .code = 550, .was_answered = true},
     FAILURE_HOLD,
     OUTCOME_BOUNCED,
     true},
    {{.stage = SMTP_STAGE_MAIL, .code = 451, .was_answered = true},
     FAILURE_HOLD,
     OUTCOME_DEFERRED,
     true},
    /* S2: a loss behind the dot is doubt; policy says what becomes of it. */
    {{.stage = SMTP_STAGE_DOT,
      .failure = SMTP_FAILURE_CLOSED,
      .was_dot_written = true,
      .was_answered = true},
     FAILURE_HOLD,
     OUTCOME_UNCERTAIN,
     true},
    {{.stage = SMTP_STAGE_DOT,
      .failure = SMTP_FAILURE_RESET,
      .was_dot_written = true,
      .was_answered = true},
     FAILURE_RESEND,
     OUTCOME_DEFERRED,
     true},
    {{.stage = SMTP_STAGE_BODY,
      .failure = SMTP_FAILURE_TIMEOUT,
      .was_dot_written = true,
      .was_answered = true},
     FAILURE_HOLD,
     OUTCOME_UNCERTAIN,
     true},
    /* Y6: the server closed before it looked at the message. */
    {{.stage = SMTP_STAGE_MAIL, .failure = SMTP_FAILURE_CLOSED},
     FAILURE_HOLD,
     OUTCOME_PENDING,
     false},
    {{.stage = SMTP_STAGE_DATA, .failure = SMTP_FAILURE_CLOSED, .was_answered = true},
     FAILURE_HOLD,
     OUTCOME_DEFERRED,
     true},
    {{.stage = SMTP_STAGE_BODY, .failure = SMTP_FAILURE_ABORTED, .was_answered = true},
     FAILURE_HOLD,
     OUTCOME_PENDING,
     false},
    {{.stage = SMTP_STAGE_CONNECT, .failure = SMTP_FAILURE_CONNECT_REFUSED},
     FAILURE_HOLD,
     OUTCOME_DEFERRED,
     true},
    {{.stage = SMTP_STAGE_MAIL, .failure = SMTP_FAILURE_MESSAGE_TOO_BIG},
     FAILURE_HOLD,
     OUTCOME_BOUNCED,
     true},
    {{.stage = SMTP_STAGE_BODY, .failure = SMTP_FAILURE_MALFORMED_MESSAGE, .was_answered = true},
     FAILURE_HOLD,
     OUTCOME_FAILED,
     true},
};

static void test_what_results_mean(void **state)
{
    (void)state;
    OWNED(classify_destroy) struct classify *rules = classify_create_builtin();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct failure_verdict verdict =
            attempt_judge(rules, &cases[i].result, TEXT(""), cases[i].doubt);
        struct outcome_report outcome = attempt_outcome(&verdict, &cases[i].result);
        assert_int_equal(outcome.state, cases[i].outcome);
        assert_int_equal(outcome.counts_attempt, cases[i].counts);
    }
}

static void test_what_routes_mean(void **state)
{
    static const struct {
        enum route_status status;
        uint8_t outcome;
        uint32_t enhanced;
    } routes[] = {
        {ROUTE_TEMPORARY, OUTCOME_DEFERRED, ENHANCED_CODE(4, 4, 3)},
        {ROUTE_NO_DOMAIN, OUTCOME_BOUNCED, ENHANCED_CODE(5, 1, 2)},
        {ROUTE_NULL_MX, OUTCOME_BOUNCED, ENHANCED_CODE(5, 1, 10)}, /* S11 */
    };
    (void)state;
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        struct failure_verdict verdict = attempt_judge_route(routes[i].status);
        struct outcome_report outcome = attempt_outcome(&verdict, NULL);
        assert_int_equal(outcome.state, routes[i].outcome);
        assert_int_equal(outcome.enhanced, routes[i].enhanced);
        assert_string_equal(outcome.stage, "dns");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_results_mean),
        cmocka_unit_test(test_what_routes_mean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
