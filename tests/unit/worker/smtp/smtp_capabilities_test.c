/* What EHLO offers (RFC 5321, 4.1.1.1; 1870; 2920; 3207; 6152; 6531; E10: 9422). */
#include "worker/smtp/smtp_capabilities.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct {
    const char *reply;
    struct smtp_capabilities expected;
} cases[] = {
    {"", {0}},
    {"mx.test", {0}},
    {"PIPELINING", {0}}, /* the first line is a name, whatever it says */
    {"mx.test\nPIPELINING\n8BITMIME", {.has_pipelining = true, .has_8bitmime = true}},
    {"mx.test\n starttls \nsmtputf8", {.has_starttls = true, .has_smtputf8 = true}},
    {"mx\nENHANCEDSTATUSCODES\nCHUNKING", {.has_enhanced = true, .has_chunking = true}},
    {"mx\nPIPELINING2\nXPIPELINING", {0}},
    {"mx\nPIPELINING with words", {.has_pipelining = true}},
    {"mx\nSIZE", {.has_size = true}},
    {"mx\nSIZE 0", {.has_size = true}},
    {"mx\nSIZE 52428800", {.has_size = true, .size_bytes = 52428800}},
    {"mx\nsize   1000 ", {.has_size = true, .size_bytes = 1000}},
    {"mx\nSIZE -5", {.has_size = true}},
    {"mx\nSIZE 99999999999999999999999", {.has_size = true}},
    {"mx\nSIZE 1\nSIZE 2", {.has_size = true, .size_bytes = 2}},
    {"mx\nLIMITS MAILMAX=20 RCPTMAX=100", {.mail_max = 20}},
    {"mx\nLIMITS RCPTMAX=100 mailmax=3", {.mail_max = 3}},
    {"mx\nLIMITS MAILMAX=x", {0}},
    {"mx\nLIMITS MAILMAX=9999999999", {0}},
    {"mx\n\n \nSIZE 5\n", {.has_size = true, .size_bytes = 5}},
};

static void reads_keywords(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct smtp_capabilities got = {.has_chunking = true, .size_bytes = 7};
        const struct smtp_capabilities *expected = &cases[i].expected;
        smtp_capabilities_parse(text_of(cases[i].reply), &got);
        assert_int_equal(got.has_pipelining, expected->has_pipelining);
        assert_int_equal(got.has_8bitmime, expected->has_8bitmime);
        assert_int_equal(got.has_size, expected->has_size);
        assert_int_equal(got.has_starttls, expected->has_starttls);
        assert_int_equal(got.has_smtputf8, expected->has_smtputf8);
        assert_int_equal(got.has_enhanced, expected->has_enhanced);
        assert_int_equal(got.has_chunking, expected->has_chunking);
        assert_int_equal(got.mail_max, expected->mail_max);
        assert_int_equal(got.size_bytes, expected->size_bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads_keywords)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
