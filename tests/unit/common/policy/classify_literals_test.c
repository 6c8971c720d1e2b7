#include "common/policy/classify_literals.h"

#include "common/base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* "a|b&c": clauses joined with '&', their words with '|'. */
static void show(const char *pattern, struct buffer *out)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct classify_literals literals;
    classify_literals_find(text_of(pattern), arena, &literals);
    for (size_t i = 0; i < literals.count; i++) {
        buffer_append_string(out, i > 0 ? "&" : "");
        for (size_t k = 0; k < literals.clauses[i].count; k++) {
            buffer_append_string(out, k > 0 ? "|" : "");
            buffer_append_text(out, literals.clauses[i].words[k]);
        }
    }
    buffer_append_byte(out, '\0');
}

static void what_a_pattern_needs(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        const char *needs;
    } cases[] = {
        {"user unknown", "user unknown"},
        {"users? unknown", "user& unknown"},
        {"abc+def", "abc&def"},
        {"abc*def", "def"},
        {"abcd{2}ef", "abcd"},
        {"abcd{0,2}efg", "abc&efg"},
        {"ab{,3}cdef", "cdef"},
        {"a{b}c", "a{b}c"},
        {"no .{0,40}such", "no &such"},
        {"foo|barr", "foo|barr"},
        {"foo|b", ""},
        {"(?:user|box) (?:unknown|not found)", "user|box&unknown|not found"},
        {"(?:ab|cd)efg", "efg"},
        {"(?:abc|def)?ghi", "ghi"},
        {"abc(?!def)ghi", "abc&ghi"},
        {"(?<!open )relay", "relay"},
        {"\\bspf\\b", "spf"},
        {"rp-00\\d", "rp-00"},
        {"a\\.b\\.c", "a.b.c"},
        {"[abc]def", "def"},
        {"[]abc]def", "def"},
        {"[^\\]]def", "def"},
        {"^abc$", "abc"},
        {"abc\\x41def", ""},
        {"abc\\Qdef|ghi", ""},
        {"(?i)abc", ""},
        {"(*UTF)abc", ""},
        {"(?:abc|x\\x41)|def", ""},
        {"ab", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        OWNED(buffer_finish) struct buffer needs = {.data = NULL};
        show(cases[i].pattern, &needs);
        assert_string_equal(needs.data, cases[i].needs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_pattern_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
