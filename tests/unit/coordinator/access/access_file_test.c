#include "coordinator/access/access_file.h"

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
    struct access_file file = {.count = 0};
    assert_int_equal(access_file_parse(TEXT("# shop\n" KEY_A "\r\n\n  " KEY_B "  \n"), &file, NULL),
                     0);
    assert_int_equal(file.count, 2);
    assert_true(access_file_has(&file, TEXT(KEY_A)));
    assert_true(access_file_has(&file, TEXT(KEY_B)));
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
        struct access_file file = {.count = 7};
        struct problem problem;
        assert_int_equal(access_file_parse(text_of(cases[i].content), &file, &problem), -EINVAL);
        assert_int_equal(file.count, 7);
        assert_non_null(strstr(problem.message, cases[i].part));
        assert_string_equal(problem.rule, "bearer_key");
    }
}

static void too_many_keys_are_refused(void **state)
{
    (void)state;
    OWNED(buffer_finish) struct buffer content = {NULL, 0, 0};
    for (int i = 0; i <= ACCESS_FILE_KEYS_MAX; i++) {
        buffer_printf(&content, KEY_A "%d\n", i);
    }
    struct access_file file = {.count = 0};
    assert_int_equal(access_file_parse(buffer_text(&content), &file, NULL), -EINVAL);
}

static void only_the_whole_key_is_accepted(void **state)
{
    static const char *const refused[] = {"", KEY_B, KEY_A "x", "x" KEY_A,
                                          "abcdefghijklmnopqrstuvwxy"};
    (void)state;
    struct access_file file = {.count = 0};
    assert_int_equal(access_file_parse(TEXT(KEY_A), &file, NULL), 0);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_false(access_file_has(&file, text_of(refused[i])));
    }
    assert_false(access_file_has(&(struct access_file){.count = 0}, TEXT(KEY_A)));
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
