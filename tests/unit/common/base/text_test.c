#include "common/base/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct text nothing = {NULL, 0};

static void texts_compare_by_bytes(void **state)
{
    (void)state;
    assert_true(text_equal(nothing, TEXT("")));
    assert_true(text_equal(TEXT("a\0b"), TEXT("a\0b")));
    assert_false(text_equal(TEXT("a\0b"), TEXT("a\0c")));
    assert_false(text_equal(TEXT("a"), TEXT("A")));
    assert_true(text_equal_nocase(TEXT("MX.Example"), TEXT("mx.eXAMPLE")));
    assert_false(text_equal_nocase(TEXT("\xc3\x84"), TEXT("\xc3\xa4"))); /* ASCII folds, no more */
    assert_false(text_equal_nocase(TEXT("a\0b"), TEXT("a\0c")));
    assert_false(text_equal_nocase(TEXT("["), TEXT("{")));
    assert_true(text_starts_with(TEXT("abc"), TEXT("ab")));
    assert_true(text_starts_with(TEXT("abc"), nothing));
    assert_false(text_starts_with(TEXT("ab"), TEXT("abc")));
    assert_true(text_starts_with_nocase(TEXT("ABC"), TEXT("ab")));
    assert_true(text_ends_with_nocase(TEXT("shop.TEST"), TEXT(".test")));
    assert_false(text_ends_with_nocase(TEXT("test"), TEXT(".test")));
    assert_true(text_ends_with_nocase(nothing, nothing));
}

static void texts_have_an_order(void **state)
{
    (void)state;
    static const char *const ordered[] = {"", "a", "ab", "b", "\x80"};
    for (size_t i = 0; i < sizeof ordered / sizeof ordered[0]; i++) {
        for (size_t j = 0; j < sizeof ordered / sizeof ordered[0]; j++) {
            int order = text_compare(text_of(ordered[i]), text_of(ordered[j]));
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
}

static void parts_are_found_and_cut(void **state)
{
    (void)state;
    assert_int_equal(text_find(TEXT("a.b"), '.'), 1);
    assert_int_equal(text_find(TEXT("ab"), '.'), 2);
    assert_int_equal(text_find(nothing, '.'), 0);
    assert_true(text_has_any(TEXT("a\nb"), TEXT("\r\n")));
    assert_true(text_has_any(TEXT("a\0b"), (struct text){"\0", 1}));
    assert_false(text_has_any(TEXT("ab"), TEXT("\r\n")));
    assert_true(text_equal(text_trim(TEXT(" \t a b \r\n")), TEXT("a b")));
    assert_int_equal(text_trim(TEXT(" \t ")).size, 0);
    assert_true(text_equal(text_skip(TEXT("abc"), 1), TEXT("bc")));
    assert_int_equal(text_skip(TEXT("abc"), 3).size, 0);
    assert_int_equal(text_skip(TEXT("abc"), 99).size, 0);
    assert_int_equal(text_skip(nothing, 1).size, 0);
}

static void a_list_is_taken_apart(void **state)
{
    (void)state;
    static const char *const parts[] = {"a", "", "bc", ""};
    struct text rest = TEXT("a,,bc,");
    struct text part;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        assert_true(text_next_part(&rest, ',', &part));
        assert_true(text_equal(part, text_of(parts[i])));
    }
    assert_false(text_next_part(&rest, ',', &part));
    rest = TEXT("");
    assert_true(text_next_part(&rest, ',', &part));
    assert_int_equal(part.size, 0);
    assert_false(text_next_part(&rest, ',', &part));
}

static void numbers_are_digits_only(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t maximum;
        int result;
        uint64_t value;
    } cases[] = {
        {"0", 0, 0, 0},
        {"007", 7, 0, 7},
        {"65535", 65535, 0, 65535},
        {"65536", 65535, -ERANGE, 0},
        {"18446744073709551615", UINT64_MAX, 0, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, -ERANGE, 0},
        {"99999999999999999999999", UINT64_MAX, -ERANGE, 0},
        {"", 9, -EINVAL, 0},
        {"-1", 9, -EINVAL, 0},
        {"+1", 9, -EINVAL, 0},
        {" 1", 9, -EINVAL, 0},
        {"1a", 9, -EINVAL, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t value = 77;
        assert_int_equal(text_to_u64(text_of(cases[i].text), cases[i].maximum, &value),
                         cases[i].result);
        assert_true(value == (cases[i].result == 0 ? cases[i].value : 77));
    }
}

/* The boundaries of RFC 3629, 4. */
static void utf8_is_well_formed_or_not(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "a",
                                       "\x7f",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "山田"};
    static const char *const bad[] = {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc2",
                                      "\xc2\x20",
                                      "\xe0\x9f\xbf",
                                      "\xe0\xa0",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xe3\x81\x20",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf0\x90\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "a\xfe"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(text_is_utf8(text_of(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(text_is_utf8(text_of(bad[i])));
    }
    assert_true(text_is_ascii(TEXT("a\x7f")));
    assert_false(text_is_ascii(TEXT("a\x80")));
    assert_int_equal(text_utf8_length(TEXT("山田 a")), 4);
}

static void copies_end_with_a_nul(void **state)
{
    (void)state;
    char *copy = text_to_string((struct text){"abcd", 3});
    assert_string_equal(copy, "abc");
    free(copy);
    copy = text_to_string(nothing);
    assert_string_equal(copy, "");
    free(copy);
    char mixed[] = "AZaz[@\xc3\x84";
    text_lower_ascii(mixed, sizeof mixed - 1);
    assert_string_equal(mixed, "azaz[@\xc3\x84");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_compare_by_bytes),  cmocka_unit_test(texts_have_an_order),
        cmocka_unit_test(parts_are_found_and_cut), cmocka_unit_test(a_list_is_taken_apart),
        cmocka_unit_test(numbers_are_digits_only), cmocka_unit_test(utf8_is_well_formed_or_not),
        cmocka_unit_test(copies_end_with_a_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
