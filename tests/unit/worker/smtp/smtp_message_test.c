/* E5, E6, E7, S3, S15: what a message needs of its server, and its two commands. */
#include "worker/smtp/smtp_message.h"

#include "common/mail/enhanced_code.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    struct smtp_message message;
    struct smtp_capabilities offered;
    enum smtp_failure failure;
    uint32_t enhanced;
    const char *mail;
} cases[] = {
    {{.sender = {"a@b", 3}}, {0}, SMTP_FAILURE_NONE, 0, "MAIL FROM:<a@b>\r\n"},
    {{.size_bytes = 9}, {0}, SMTP_FAILURE_NONE, 0, "MAIL FROM:<>\r\n"},
    {{.size_bytes = 9}, {.has_size = true}, SMTP_FAILURE_NONE, 0, "MAIL FROM:<> SIZE=9\r\n"},
    {{.size_bytes = 9}, {.size_bytes = 9}, SMTP_FAILURE_NONE, 0, "MAIL FROM:<>\r\n"},
    {{.size_bytes = 10},
     {.has_size = true, .size_bytes = 9},
     SMTP_FAILURE_MESSAGE_TOO_BIG,
     ENHANCED_CODE(5, 3, 4),
     NULL},
    {{.is_8bit = true}, {0}, SMTP_FAILURE_NO_8BITMIME, ENHANCED_CODE(5, 6, 3), NULL},
    {{.is_8bit = true},
     {.has_8bitmime = true},
     SMTP_FAILURE_NONE,
     0,
     "MAIL FROM:<> BODY=8BITMIME\r\n"},
    {{.needs_smtputf8 = true},
     {.has_8bitmime = true},
     SMTP_FAILURE_NO_SMTPUTF8,
     ENHANCED_CODE(5, 6, 7),
     NULL},
    {{.needs_smtputf8 = true},
     {.has_smtputf8 = true},
     SMTP_FAILURE_NO_SMTPUTF8,
     ENHANCED_CODE(5, 6, 7),
     NULL},
    {{.needs_smtputf8 = true, .size_bytes = 5},
     {.has_smtputf8 = true, .has_8bitmime = true, .has_size = true},
     SMTP_FAILURE_NONE,
     0,
     "MAIL FROM:<> SIZE=5 BODY=8BITMIME SMTPUTF8\r\n"},
};

static void uses_only_what_is_offered(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWNED(buffer_finish) struct buffer out = {0};
        struct smtp_message message = cases[i].message;
        uint32_t enhanced = 0;
        message.recipient = TEXT("x@y.test");
        assert_int_equal(smtp_message_check(&message, &cases[i].offered, &enhanced),
                         cases[i].failure);
        assert_int_equal(enhanced, cases[i].enhanced);
        if (cases[i].mail != NULL) {
            smtp_message_append_mail(&message, &cases[i].offered, &out);
            assert_true(text_equal(buffer_text(&out), text_of(cases[i].mail)));
        }
    }
}

static void speaks_through_no_address(void **state)
{
    (void)state;
    static char long_path[255];
    memset(long_path, 'a', sizeof long_path);
    const struct {
        struct text path;
        bool is_good;
    } paths[] = {
        {TEXT("\"a b>\"@y.test"), true},   {TEXT("\xe3\x81\x82@y.test"), true},
        {{long_path, 254}, true},          {{long_path, 255}, false},
        {TEXT("a@y.test\r\nDATA"), false}, {TEXT("a@y.test\n"), false},
        {TEXT("a\0@y.test"), false},       {TEXT("a\x7f@y.test"), false},
    };
    const struct smtp_capabilities offered = {0};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        uint32_t enhanced = 0;
        struct smtp_message as_recipient = {.sender = TEXT("a@b"), .recipient = paths[i].path};
        struct smtp_message as_sender = {.sender = paths[i].path, .recipient = TEXT("a@b")};
        enum smtp_failure expected =
            paths[i].is_good ? SMTP_FAILURE_NONE : SMTP_FAILURE_MALFORMED_MESSAGE;
        assert_int_equal(smtp_message_check(&as_recipient, &offered, &enhanced), expected);
        assert_int_equal(smtp_message_check(&as_sender, &offered, &enhanced), expected);
        assert_int_equal(enhanced, paths[i].is_good ? 0 : ENHANCED_CODE(5, 1, 3));
    }
    struct smtp_message to_nobody = {.sender = TEXT("a@b")};
    uint32_t enhanced = 0;
    assert_int_equal(smtp_message_check(&to_nobody, &offered, &enhanced),
                     SMTP_FAILURE_MALFORMED_MESSAGE);
}

static void names_one_recipient(void **state)
{
    (void)state;
    OWNED(buffer_finish) struct buffer out = {0};
    struct smtp_message message = {.recipient = TEXT("x@y.test")};
    smtp_message_append_rcpt(&message, &out);
    assert_true(text_equal(buffer_text(&out), TEXT("RCPT TO:<x@y.test>\r\n")));
}

static void tells_delivered_from_doubt(void **state)
{
    (void)state;
    struct smtp_result result = {.stage = SMTP_STAGE_DOT, .code = 250, .was_dot_written = true};
    assert_true(smtp_result_is_delivered(&result));
    assert_false(smtp_result_is_in_doubt(&result));
    result.code = 450;
    assert_false(smtp_result_is_delivered(&result));
    assert_false(smtp_result_is_in_doubt(&result));
    result.failure = SMTP_FAILURE_TIMEOUT;
    assert_true(smtp_result_is_in_doubt(&result));
    assert_string_equal(smtp_result_failure_name(result.failure), "timeout");
    assert_string_equal(smtp_result_stage_name(result.stage), "dot");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uses_only_what_is_offered),
        cmocka_unit_test(speaks_through_no_address),
        cmocka_unit_test(names_one_recipient),
        cmocka_unit_test(tells_delivered_from_doubt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
