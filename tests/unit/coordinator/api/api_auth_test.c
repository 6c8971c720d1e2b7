#include "coordinator/api/api_auth.h"

#include "common/base/buffer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define KEY_A "abcdefghijklmnopqrstuvwxyz"
#define KEY_B "0123456789012345678901234"

static void keys_are_read_one_a_line(void **state)
{
    (void)state;
    struct api_auth auth = {.count = 0};
    assert_int_equal(api_auth_parse(TEXT("# shop\n" KEY_A "\r\n\n  " KEY_B "  \n"), &auth, NULL),
                     0);
    assert_int_equal(auth.count, 2);
    assert_true(api_auth_accepts(&auth, TEXT("Bearer " KEY_A)));
    assert_true(api_auth_accepts(&auth, TEXT("bearer " KEY_B)));
}

static void bad_files_are_refused_with_their_line(void **state)
{
    static const struct {
        const char *content;
        const char *part;
    } cases[] = {
        {"", "no key"},
        {"# nothing\n", "no key"},
        {KEY_A "\nshort\n", "line 2"},
        {"with space in the middle of it\n", "line 1"},
        {"\xe3\x81\x82" KEY_A, "line 1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct api_auth auth = {.count = 7};
        struct problem problem;
        assert_int_equal(api_auth_parse(text_of(cases[i].content), &auth, &problem), -EINVAL);
        assert_int_equal(auth.count, 7);
        assert_non_null(strstr(problem.message, cases[i].part));
        assert_string_equal(problem.rule, "bearer_key");
    }
}

static void too_many_keys_are_refused(void **state)
{
    (void)state;
    OWNED(buffer_finish) struct buffer content = {NULL, 0, 0};
    for (int i = 0; i <= API_AUTH_KEYS_MAX; i++) {
        buffer_printf(&content, KEY_A "%d\n", i);
    }
    struct api_auth auth = {.count = 0};
    assert_int_equal(api_auth_parse(buffer_text(&content), &auth, NULL), -EINVAL);
}

static void only_the_whole_key_is_accepted(void **state)
{
    static const char *const refused[] = {
        "",
        "Bearer",
        "Bearer ",
        "Basic " KEY_A,
        "Bearer " KEY_B,
        KEY_A,
        "Bearer " KEY_A "x",
        "Bearer " KEY_A " x",
        "Bearer abcdefghijklmnopqrstuvwxy",
    };
    (void)state;
    struct api_auth auth = {.count = 0};
    assert_int_equal(api_auth_parse(TEXT(KEY_A), &auth, NULL), 0);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_false(api_auth_accepts(&auth, text_of(refused[i])));
    }
    assert_false(api_auth_accepts(&(struct api_auth){.count = 0}, TEXT("Bearer " KEY_A)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_read_one_a_line),
        cmocka_unit_test(bad_files_are_refused_with_their_line),
        cmocka_unit_test(too_many_keys_are_refused),
        cmocka_unit_test(only_the_whole_key_is_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
