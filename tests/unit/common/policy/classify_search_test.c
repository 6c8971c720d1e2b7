#include "common/policy/classify_search.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void on_word(void *context, uint32_t tag)
{
    uint64_t *seen = context;
    *seen |= (uint64_t)1 << tag;
}

static bool holds(struct text text, struct text word)
{
    for (size_t i = 0; i + word.size <= text.size; i++) {
        if (memcmp(text.data + i, word.data, word.size) == 0) {
            return true;
        }
    }
    return false;
}

/* Words within words, with common beginnings and ends; every text of six letters. */
static void finds_what_is_there_and_nothing_else(void **state)
{
    (void)state;
    static const char *const words[] = {"a",   "ab", "bab", "abab", "bc",
                                        "bca", "c",  "caa", "aaa",  "ab"};
    enum { WORDS = sizeof words / sizeof *words, LETTERS = 6 };
    struct classify_search *search = classify_search_create();
    for (uint32_t i = 0; i < WORDS; i++) {
        assert_int_equal(classify_search_add(search, text_of(words[i]), i), 0);
    }
    classify_search_finish(search);
    for (unsigned int number = 0; number < 4096; number++) {
        char letters[LETTERS];
        unsigned int rest = number;
        for (size_t i = 0; i < LETTERS; i++, rest /= 4) {
            letters[i] = "abc-"[rest % 4];
        }
        struct text text = {letters, LETTERS};
        uint64_t seen = 0;
        classify_search_run(search, text, on_word, &seen);
        for (uint32_t i = 0; i < WORDS; i++) {
            assert_int_equal(seen >> i & 1U, holds(text, text_of(words[i])));
        }
    }
    classify_search_destroy(&search);
    assert_null(search);
    classify_search_destroy(&search);
}

static void too_many_words_are_refused(void **state)
{
    (void)state;
    struct classify_search *search = classify_search_create();
    int error = 0;
    for (unsigned int i = 0; i < 100000 && error == 0; i++) {
        char word[16];
        (void)snprintf(word, sizeof word, "%06u", i * 7919U % 1000000U);
        error = classify_search_add(search, text_of(word), 0);
    }
    assert_int_equal(error, -EMSGSIZE);
    classify_search_destroy(&search);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_is_there_and_nothing_else),
        cmocka_unit_test(too_many_words_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
