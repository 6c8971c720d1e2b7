#include "common/policy/classify.h"

#include "common/mail/enhanced_code.h"
#include "common/policy/classify_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* The built-in rules, for all tests. */
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
    return classify_reply(rules, &reply);
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
        {"", AT(MAIL), 550, "5.1.1", MEANS(SENDER_INVALID, DOMAIN), false, false},
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
        {"", AT(RCPT), 550, "", MEANS(BAD_MAILBOX, RECIPIENT), false, false},
        {"", AT(RCPT), 550, "5.0.0", MEANS(BAD_MAILBOX, RECIPIENT), false, false},
        {"", AT(RCPT), 553, "", MEANS(BAD_MAILBOX, RECIPIENT), false, false},
        {"", AT(RCPT), 554, "", MEANS(POLICY, RECIPIENT), false, false},
        {"", AT(MAIL), 550, "", MEANS(SENDER_INVALID, DOMAIN), false, false},
        {"", AT(MAIL), 553, "", MEANS(SENDER_INVALID, DOMAIN), false, false},
        {"", AT(QUIT), 550, "", MEANS(POLICY, CONNECTION), false, false},
        {"", AT(DOT), 550, "5.7.999", MEANS(POLICY, CONTENT), false, false},
        {"", AT(DOT), 552, "", MEANS(MESSAGE_TOO_LARGE, CONTENT), false, false},
        {"", AT(GREETING), 554, "", MEANS(REPUTATION, IP), false, false},
        {"", AT(CONNECT), 550, "5.7.1", MEANS(REPUTATION, IP), false, false},
        {"", AT(CONNECT), 550, "5.1.1", MEANS(REPUTATION, IP), false, false},
        {"", AT(CONNECT), 421, "4.2.1", MEANS(REMOTE_SYSTEM, PATH), true, false},
        {"", AT(DOT), 550, "5.6.99", MEANS(MESSAGE_FORMAT, CONTENT), false, false},
        {"", AT(CONNECT), 450, "4.4.62", MEANS(NETWORK, SITE), true, false},
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
            struct classify_verdict verdict = classify_reply(rules, &reply);
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

struct line {
    const char *provider;
    uint8_t stage;
    const char *reply;
    uint8_t reply_class;
    uint8_t blame;
    bool suppresses;
};

static void check_lines(const struct line *lines, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct classify_reply reply = {.provider = text_of(lines[i].provider),
                                       .stage = lines[i].stage};
        classify_line_read(text_of(lines[i].reply), &reply);
        struct classify_verdict verdict = classify_reply(rules, &reply);
        if (verdict.reply_class != lines[i].reply_class || verdict.blame != lines[i].blame ||
            verdict.suppresses != lines[i].suppresses) {
            fail_msg("%s: got %s, %s by %s", lines[i].reply, reply_class_name(verdict.reply_class),
                     reply_class_blame_name(verdict.blame), verdict.rule_id);
        }
    }
}

/* G16: rate limits say so, whatever is being counted; the mailbox's own is not the path's. */
static void google_says_which_quota(void **state)
{
    (void)state;
    static const struct line lines[] = {
        {"google", AT(DOT),
         "421 4.7.28 Gmail has detected an unusual rate of mail originating from your DKIM domain "
         "[example.com 35]. To protect our users from spam, mail has been temporarily rate "
         "limited.",
         MEANS(RATE_LIMITED, PATH), false},
        {"google", AT(DOT),
         "550 5.7.28 There is an unusual rate of unsolicited mail originating from your IP "
         "address.",
         MEANS(RATE_LIMITED, PATH), false},
        {"google", AT(RCPT),
         "450 4.2.1 The user you are trying to contact is receiving mail too quickly. Please "
         "resend "
         "your message at a later time.",
         MEANS(RATE_LIMITED, RECIPIENT), false},
        {"google", AT(DOT),
         "550 5.7.26 Your email has been blocked because the sender is unauthenticated.",
         MEANS(AUTH_FAILURE, DOMAIN), false},
        {"google", AT(RCPT),
         "550 5.1.1 The email account that you tried to reach does not exist. Please try "
         "double-checking the recipient's email address for typos or unnecessary spaces.",
         MEANS(BAD_MAILBOX, RECIPIENT), true},
    };
    check_lines(lines, sizeof lines / sizeof *lines);
}

/* M1: a sender's configuration suppresses nobody. M5: each code drives its own knob. */
static void microsoft_says_which_knob(void **state)
{
    (void)state;
    static const struct line lines[] = {
        {"microsoft", AT(DOT),
         "550 5.7.515 Access denied, sending domain example.com doesn't meet the required "
         "authentication level.",
         MEANS(AUTH_FAILURE, DOMAIN), false},
        {"microsoft", AT(MAIL),
         "421 RP-001 (COL004-MC1F13) Unfortunately, some messages from 192.0.2.1 weren't sent.",
         MEANS(RATE_LIMITED, PATH), false},
        {"microsoft", AT(MAIL),
         "421 RP-002 (COL004-MC1F13) Unfortunately, some messages on this connection weren't sent.",
         MEANS(RATE_LIMITED, CONNECTION), false},
        {"microsoft", AT(GREETING), "421 RP-003 (COL004-MC1F13) The connection limit was exceeded.",
         MEANS(RATE_LIMITED, PATH), false},
        {"microsoft", AT(MAIL),
         "451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP "
         "reputation.",
         MEANS(REPUTATION, IP), false},
        {"microsoft", AT(MAIL),
         "550 SC-002 (BAY004-MC1F2) Unfortunately, messages from 192.0.2.1 weren't sent.",
         MEANS(REPUTATION, IP), false},
        {"microsoft", AT(MAIL), "550 DY-001 (BAY004-MC1F2) Unfortunately, messages weren't sent.",
         MEANS(REPUTATION, IP), false},
        {"microsoft", AT(RCPT),
         "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).",
         MEANS(BAD_MAILBOX, RECIPIENT), false},
    };
    check_lines(lines, sizeof lines / sizeof *lines);
}

/* J9: by stage. J10: by an address, or by a colon without one. J11: yahoo.co.jp. */
static void carriers_are_told_apart_by_stage_and_punctuation(void **state)
{
    (void)state;
    static const struct line lines[] = {
        {"docomo", AT(RCPT), "550 Unknown user user@docomo.ne.jp", MEANS(BAD_MAILBOX, RECIPIENT),
         true},
        {"docomo", AT(DOT), "550 Unknown user user@docomo.ne.jp", MEANS(FILTERED, RECIPIENT),
         false},
        {"docomo", AT(RCPT), "550 5.2.0 Mail rejected", MEANS(FILTERED, RECIPIENT), false},
        {"docomo", AT(RCPT), "552 too many recipients", MEANS(RATE_LIMITED, CONNECTION), false},
        {"docomo", AT(DOT), "552 too much mail data", MEANS(MAILBOX_FULL, RECIPIENT), false},
        {"au", AT(RCPT), "550 <user@ezweb.ne.jp>: User unknown", MEANS(BAD_MAILBOX, RECIPIENT),
         true},
        {"au", AT(RCPT), "550 : User unknown", MEANS(FILTERED, RECIPIENT), false},
        {"yahoo-jp", AT(MAIL), "421 [TSS04] Messages from 192.0.2.1 temporarily deferred",
         MEANS(REPUTATION, PATH), false},
        {"yahoo-jp", AT(MAIL), "553 VS98-IP0 Message not accepted", MEANS(REPUTATION, IP), false},
    };
    check_lines(lines, sizeof lines / sizeof *lines);
}

/* Before RCPT nobody spoke of a recipient: the connection, or our sender, is meant. */
static void what_is_said_early_is_about_us(void **state)
{
    (void)state;
    static const struct line lines[] = {
        {"", AT(GREETING), "554 User unknown", MEANS(BAD_MAILBOX, PATH), false},
        {"", AT(EHLO), "550 5.7.1 Spam is not welcome", MEANS(SPAM_CONTENT, PATH), false},
        {"", AT(GREETING), "521 host does not accept mail", MEANS(BAD_DOMAIN, PATH), false},
        {"", AT(MAIL), "550 5.1.0 User unknown", MEANS(SENDER_INVALID, DOMAIN), false},
        {"", AT(MAIL), "552 5.2.2 Over quota", MEANS(MAILBOX_FULL, DOMAIN), false},
        {"", AT(RCPT), "550 5.1.0 User unknown", MEANS(BAD_MAILBOX, RECIPIENT), true},
    };
    check_lines(lines, sizeof lines / sizeof *lines);
}

/* What no rule knows, and what speaks of us, leaves every address alone, at every stage. */
static void an_unknown_text_never_suppresses(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "550 Nope",
        "550 5.0.0 Transaction failed",
        "553 5.3.0 Sorry",
        "550 5.7.1 <user-unknown@example.org>: please call us",
        "550 Sender address rejected: User unknown in virtual mailbox table",
        "550 5.1.8 <no-such-user@example.org>: Sender address rejected: Domain not found",
        "550 5.7.1 Client host rejected: cannot find your hostname, [192.0.2.1]",
        "550 Too many invalid recipients",
        "550 5.7.1 Service unavailable; client [192.0.2.1] blocked using zen.spamhaus.org",
        "550 5.2.2 Mailbox full",
        "550 5.2.1 This account has been disabled",
        "550 Invalid HELO name",
        "550 5.7.26 The MAIL FROM domain has an SPF record with a hard fail policy",
        "554 5.1.1 Nope",
        "550 5.7.1 Username and Password not accepted",
        "550 Requested action not taken: mailbox unavailable",
        "550 Invalid recipient",
        "550 Address rejected",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (uint8_t stage = 0; stage < REPLY_STAGE_LIMIT; stage++) {
            struct classify_reply reply = {.provider = TEXT(""), .stage = stage};
            classify_line_read(text_of(texts[i]), &reply);
            struct classify_verdict verdict = classify_reply(rules, &reply);
            if (verdict.suppresses) {
                fail_msg("%s suppresses by %s", texts[i], verdict.rule_id);
            }
        }
    }
}

static void a_reload_replaces_the_rules(void **state)
{
    (void)state;
    static const char yaml[] = "format: 1\n"
                               "rules:\n"
                               "  - id: everything\n"
                               "    class: policy\n"
                               "    blame: tenant\n"
                               "    examples: 550 No\n";
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct config_errors errors = {.file = "new.yaml"};
    struct config_node *root = NULL;
    struct classify *mine = classify_create_builtin();
    struct classify *fresh = NULL;
    assert_int_equal(config_node_parse(text_of(yaml), arena, &errors, &root), 0);
    assert_int_equal(classify_create(root, &errors, &fresh), 0);
    classify_replace(mine, &fresh);
    assert_null(fresh);
    assert_int_equal(classify_rule_count(mine), 1);
    struct classify_reply reply = {.stage = AT(RCPT), .smtp = 550, .text = TEXT("User unknown")};
    struct classify_verdict verdict = classify_reply(mine, &reply);
    assert_string_equal(verdict.rule_id, "everything");
    assert_int_equal(verdict.blame, REPLY_BLAME_TENANT);
    classify_destroy(&mine);
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
        cmocka_unit_test(google_says_which_quota),
        cmocka_unit_test(microsoft_says_which_knob),
        cmocka_unit_test(carriers_are_told_apart_by_stage_and_punctuation),
        cmocka_unit_test(what_is_said_early_is_about_us),
        cmocka_unit_test(an_unknown_text_never_suppresses),
        cmocka_unit_test(a_reload_replaces_the_rules),
    };
    return cmocka_run_group_tests(tests, load_rules, drop_rules);
}
