#include "common/security/otp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const unsigned char secret[OTP_SECRET_BYTES] = "12345678901234567890";

/* RFC 6238, appendix B; the last six of its eight digits. */
static void codes_are_those_of_the_standard(void **state)
{
    static const struct {
        int64_t unix_s;
        const char *code;
    } cases[] = {{59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
                 {1234567890, "005924"}, {2000000000, "279037"}, {INT64_C(20000000000), "353130"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t step = 0;
        assert_int_equal(otp_find_step(secret, text_of(cases[i].code), cases[i].unix_s, &step), 0);
        assert_int_equal(step, cases[i].unix_s / OTP_STEP_S);
    }
}

static void clocks_may_differ_by_a_step(void **state)
{
    (void)state;
    static const int64_t of = 1234567890 / OTP_STEP_S; /* the step of 005924 */
    for (int64_t ahead = -3; ahead <= 3; ahead++) {
        uint64_t step = 7;
        int64_t now_unix_s = (of + ahead) * OTP_STEP_S;
        bool is_near = ahead >= -1 && ahead <= 1;
        assert_int_equal(otp_find_step(secret, TEXT("005924"), now_unix_s, &step),
                         is_near ? 0 : -EACCES);
        assert_int_equal(step, is_near ? of : 7);
    }
}

static void what_is_no_code_is_none(void **state)
{
    static const char *const codes[] = {"", "0", "00592", "0059240", "5924", "00592x", "000000"};
    (void)state;
    uint64_t step = 0;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        assert_int_equal(otp_find_step(secret, text_of(codes[i]), 1234567890, &step), -EACCES);
    }
    assert_int_equal(otp_find_step(secret, TEXT("755224"), 0, &step), 0); /* RFC 4226, D: count 0 */
    assert_int_equal(otp_find_step(secret, TEXT("005924"), -5, &step), -EACCES);
}

static void authenticators_are_told_by_a_uri(void **state)
{
    (void)state;
    OWNED(buffer_finish) struct buffer out = {0};
    otp_append_uri(TEXT("Hikyaku prod"), TEXT("yama&da"), secret, &out);
    buffer_append_byte(&out, '\0');
    assert_string_equal(out.data, "otpauth://totp/Hikyaku%20prod:yama%26da?secret="
                                  "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Hikyaku%20prod"
                                  "&algorithm=SHA1&digits=6&period=30");
    unsigned char made[OTP_SECRET_BYTES] = {0};
    unsigned char other[OTP_SECRET_BYTES] = {0};
    assert_int_equal(otp_make_secret(made), 0);
    assert_int_equal(otp_make_secret(other), 0);
    assert_memory_not_equal(made, other, sizeof made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_those_of_the_standard),
        cmocka_unit_test(clocks_may_differ_by_a_step),
        cmocka_unit_test(what_is_no_code_is_none),
        cmocka_unit_test(authenticators_are_told_by_a_uri),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
