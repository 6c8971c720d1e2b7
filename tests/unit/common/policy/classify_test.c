#include "common/policy/classify.h"

#include "common/mail/enhanced_code.h"
#include "common/policy/classify_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct sample {
    const char *provider;
    uint8_t stage;
    uint16_t smtp;
    const char *enhanced;
    uint8_t reply_class;
    uint8_t blame;
    bool is_temporary;
    bool suppresses;
};

#define AT(stage) REPLY_STAGE_##stage
#define MEANS(reply_class, blame) REPLY_CLASS_##reply_class, REPLY_BLAME_##blame

static struct classify_verdict judge(const struct sample *sample)
{
    size_t size = 0;
    struct classify_reply reply = {
        .provider = text_of(sample->provider),
        .stage = sample->stage,
        .smtp = sample->smtp,
        .enhanced = enhanced_code_read(text_of(sample->enhanced), &size),
        .text = TEXT("whatever"),
    };
    return classify_reply(&reply);
}

static void check(const struct sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct classify_verdict verdict = judge(&samples[i]);
        if (verdict.reply_class != samples[i].reply_class || verdict.blame != samples[i].blame ||
            verdict.is_temporary != samples[i].is_temporary ||
            verdict.suppresses != samples[i].suppresses) {
            fail_msg("%s %u %s at %s: got %s, %s by %s", samples[i].provider, samples[i].smtp,
                     samples[i].enhanced, reply_class_stage_name(samples[i].stage),
                     reply_class_name(verdict.reply_class), reply_class_blame_name(verdict.blame),
                     verdict.rule_id);
        }
    }
}

/* Standards, section 6: the registry and our default action. */
static void enhanced_codes_mean_what_the_registry_says(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"", AT(RCPT), 550, "5.1.1", MEANS(BAD_MAILBOX, RECIPIENT), false, true},
        {"", AT(DOT), 550, "5.1.1", MEANS(BAD_MAILBOX, RECIPIENT), false, true},
        {"", AT(RCPT), 552, "5.1.1", MEANS(BAD_MAILBOX, RECIPIENT), false, false},
        {"", AT(RCPT), 554, "5.1.1", MEANS(BAD_MAILBOX, RECIPIENT), false, false},
        {"", AT(MAIL), 550, "5.1.1", MEANS(BAD_MAILBOX, RECIPIENT), false, false},
        {"", AT(RCPT), 450, "4.1.1", MEANS(BAD_MAILBOX, RECIPIENT), true, false},
        {"", AT(RCPT), 550, "5.1.2", MEANS(BAD_DOMAIN, RECIPIENT), false, true},
        {"", AT(RCPT), 550, "5.1.4", MEANS(BAD_MAILBOX, RECIPIENT), false, false},
        {"", AT(MAIL), 553, "5.1.8", MEANS(SENDER_INVALID, DOMAIN), false, false},
        {"", AT(RCPT), 556, "5.1.10", MEANS(BAD_DOMAIN, RECIPIENT), false, true},
        {"", AT(RCPT), 550, "5.2.1", MEANS(INACTIVE, RECIPIENT), false, false},
        {"", AT(RCPT), 552, "5.2.2", MEANS(MAILBOX_FULL, RECIPIENT), false, false},
        {"", AT(RCPT), 452, "4.2.2", MEANS(MAILBOX_FULL, RECIPIENT), true, false},
        {"", AT(MAIL), 552, "5.3.4", MEANS(MESSAGE_TOO_LARGE, CONTENT), false, false},
        {"", AT(RCPT), 451, "4.4.3", MEANS(DNS, SITE), true, false},
        {"", AT(RCPT), 451, "4.4.5", MEANS(RATE_LIMITED, PATH), true, false},
        {"", AT(DOT), 554, "5.6.0", MEANS(MESSAGE_FORMAT, CONTENT), false, false},
        {"", AT(DOT), 550, "5.7.1", MEANS(POLICY, CONTENT), false, false},
        {"", AT(MAIL), 530, "5.7.0", MEANS(TLS, CONNECTION), false, false},
        {"", AT(RCPT), 550, "5.7.17", MEANS(BAD_MAILBOX, RECIPIENT), false, true},
        {"", AT(DOT), 550, "5.7.26", MEANS(AUTH_FAILURE, DOMAIN), false, false},
        {"", AT(CONNECT), 554, "5.7.25", MEANS(SENDER_INVALID, IP), false, false},
        {"", AT(DOT), 421, "4.7.28", MEANS(RATE_LIMITED, PATH), true, false},
    };
    check(samples, sizeof samples / sizeof *samples);
}

/* Standards, section 6: the provider's own meaning overrides the registry. M1, M5. */
static void a_provider_may_mean_something_else(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"google", AT(DOT), 421, "4.7.27", MEANS(AUTH_FAILURE, DOMAIN), true, false},
        {"", AT(DOT), 421, "4.7.27", MEANS(SENDER_INVALID, DOMAIN), true, false},
        {"google", AT(CONNECT), 421, "4.7.23", MEANS(SENDER_INVALID, IP), true, false},
        {"", AT(DOT), 550, "5.7.23", MEANS(AUTH_FAILURE, DOMAIN), false, false},
        {"google", AT(RCPT), 450, "4.2.1", MEANS(RATE_LIMITED, RECIPIENT), true, false},
        {"google", AT(RCPT), 550, "5.2.1", MEANS(INACTIVE, RECIPIENT), false, false},
        {"google", AT(DOT), 550, "5.7.30", MEANS(AUTH_FAILURE, DOMAIN), false, false},
        {"microsoft", AT(DOT), 550, "5.7.515", MEANS(AUTH_FAILURE, DOMAIN), false, false},
        {"microsoft", AT(MAIL), 451, "4.7.650", MEANS(REPUTATION, IP), true, false},
    };
    check(samples, sizeof samples / sizeof *samples);
}

/* J9, J10: "unknown user" behind the message of a carrier's user is a filter, no dead address. */
static void carriers_filter_after_data(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"docomo", AT(DOT), 550, "", MEANS(FILTERED, RECIPIENT), false, false},
        {"docomo", AT(DOT), 550, "5.1.1", MEANS(FILTERED, RECIPIENT), false, false},
        {"docomo", AT(RCPT), 550, "5.2.0", MEANS(FILTERED, RECIPIENT), false, false},
        {"docomo", AT(RCPT), 550, "5.1.1", MEANS(BAD_MAILBOX, RECIPIENT), false, true},
        {"docomo", AT(DOT), 550, "5.7.26", MEANS(AUTH_FAILURE, DOMAIN), false, false},
        {"au", AT(DOT), 550, "", MEANS(FILTERED, RECIPIENT), false, false},
    };
    check(samples, sizeof samples / sizeof *samples);
}

static void reply_codes_speak_where_nothing_else_does(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"", AT(GREETING), 421, "", MEANS(REMOTE_SYSTEM, PATH), true, false},
        {"", AT(DOT), 421, "", MEANS(REMOTE_SYSTEM, CONNECTION), true, false},
        {"", AT(RCPT), 450, "", MEANS(OTHER, RECIPIENT), true, false},
        {"", AT(DOT), 451, "", MEANS(REMOTE_SYSTEM, SITE), true, false},
        {"", AT(RCPT), 452, "", MEANS(RATE_LIMITED, CONNECTION), true, false},
        {"", AT(MAIL), 503, "", MEANS(PROTOCOL, CONNECTION), false, false},
        {"", AT(GREETING), 521, "", MEANS(BAD_DOMAIN, SITE), false, false},
        {"", AT(RCPT), 550, "", MEANS(OTHER, RECIPIENT), false, false},
        {"", AT(RCPT), 550, "5.0.0", MEANS(OTHER, RECIPIENT), false, false},
        {"", AT(DOT), 550, "5.7.999", MEANS(POLICY, CONTENT), false, false},
        {"", AT(DOT), 552, "", MEANS(MESSAGE_TOO_LARGE, CONTENT), false, false},
        {"", AT(GREETING), 554, "", MEANS(POLICY, IP), false, false},
        {"", AT(DOT), 554, "", MEANS(POLICY, CONTENT), false, false},
        {"", AT(RCPT), 556, "", MEANS(BAD_DOMAIN, RECIPIENT), false, true},
    };
    check(samples, sizeof samples / sizeof *samples);
}

/* S4: 552 to RCPT is treated as 452. */
static void too_many_recipients_is_temporary(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"", AT(RCPT), 552, "", MEANS(MAILBOX_FULL, RECIPIENT), true, false},
        {"", AT(RCPT), 552, "5.5.3", MEANS(RATE_LIMITED, CONNECTION), true, false},
        {"", AT(RCPT), 452, "4.5.3", MEANS(RATE_LIMITED, CONNECTION), true, false},
    };
    check(samples, sizeof samples / sizeof *samples);
}

/* S6: judged by the first digit. E9: the reply code's digit wins over the enhanced code's. */
static void the_first_digit_of_the_reply_code_decides(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"", AT(RCPT), 421, "5.7.32", MEANS(REMOTE_SYSTEM, CONNECTION), true, false},
        {"", AT(RCPT), 450, "5.1.1", MEANS(BAD_MAILBOX, RECIPIENT), true, false},
        {"", AT(RCPT), 550, "4.1.1", MEANS(BAD_MAILBOX, RECIPIENT), false, true},
        {"", AT(RCPT), 499, "", MEANS(OTHER, RECIPIENT), true, false},
        {"", AT(DOT), 599, "", MEANS(OTHER, CONTENT), false, false},
        {"", AT(DOT), 250, "2.0.0", MEANS(NONE, NONE), false, false},
    };
    check(samples, sizeof samples / sizeof *samples);
}

/* Standards, section 6: an unknown 5xx never suppresses on first sight. */
static void nothing_but_a_known_recipient_code_suppresses(void **state)
{
    (void)state;
    static const char *const providers[] = {"", "docomo"};
    size_t suppressions = 0;
    for (uint32_t i = 0; i < 30U * REPLY_STAGE_LIMIT * 2; i++) {
        struct classify_reply reply = {
            .provider = text_of(providers[i % 2]),
            .stage = (uint8_t)(i / 2 % REPLY_STAGE_LIMIT),
            .smtp = (uint16_t)(530 + i / 2 / REPLY_STAGE_LIMIT),
        };
        for (uint32_t code = 0; code < 9 * 34; code++) {
            uint32_t detail = code % 34;
            reply.enhanced = code == 0 ? 0 : ENHANCED_CODE(5, code / 34, detail);
            struct classify_verdict verdict = classify_reply(&reply);
            if (!verdict.suppresses) {
                continue;
            }
            suppressions++;
            bool is_known = reply.smtp == 556 || strncmp(verdict.rule_id, "iana-1.", 7) == 0 ||
                            strcmp(verdict.rule_id, "iana-7.17") == 0 ||
                            strcmp(verdict.rule_id, "iana-7.18") == 0;
            assert_true(is_known);
            assert_true(reply.smtp == 550 || reply.smtp == 551 || reply.smtp == 553 ||
                        reply.smtp == 556);
            assert_true(reply.stage >= REPLY_STAGE_RCPT && reply.stage <= REPLY_STAGE_DOT);
        }
    }
    assert_true(suppressions > 0);
}

static void the_last_rule_fits_all_and_ids_differ(void **state)
{
    (void)state;
    const struct classify_rule *last = &classify_rules[classify_rules_count - 1];
    assert_null(last->provider);
    assert_int_equal(last->stages + last->digit + last->smtp, 0);
    assert_int_equal(last->subject, CLASSIFY_RULES_ANY);
    for (size_t i = 0; i < classify_rules_count; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(classify_rules[i].id, classify_rules[j].id);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enhanced_codes_mean_what_the_registry_says),
        cmocka_unit_test(a_provider_may_mean_something_else),
        cmocka_unit_test(carriers_filter_after_data),
        cmocka_unit_test(reply_codes_speak_where_nothing_else_does),
        cmocka_unit_test(too_many_recipients_is_temporary),
        cmocka_unit_test(the_first_digit_of_the_reply_code_decides),
        cmocka_unit_test(nothing_but_a_known_recipient_code_suppresses),
        cmocka_unit_test(the_last_rule_fits_all_and_ids_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
