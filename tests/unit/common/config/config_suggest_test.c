#include "common/config/config_suggest.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void edits_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        const char *b;
        unsigned int distance;
    } cases[] = {
        {"", "", 0},        {"", "abc", 3},           {"pool", "pool", 0}, {"pool", "pools", 1},
        {"pool", "pol", 1}, {"pool", "bool", 1},      {"poll", "lpol", 2}, {"listen", "lsiten", 1},
        {"ab", "ba", 1},    {"kitten", "sitting", 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text a = text_of(cases[i].a);
        struct text b = text_of(cases[i].b);
        assert_int_equal(config_suggest_distance(a, b), cases[i].distance);
        assert_int_equal(config_suggest_distance(b, a), cases[i].distance);
    }
    char large[64] = {0};
    assert_int_equal(config_suggest_distance((struct text){large, 64}, TEXT("a")), 255);
}

static void the_nearest_is_suggested_if_near_enough(void **state)
{
    (void)state;
    static const char *const candidates[] = {"listen", "log", "store", "stores", "name"};
    static const struct {
        const char *word;
        const char *best; /* NULL: none */
    } cases[] = {{"lisen", "listen"}, {"sotre", "store"},       {"storess", "stores"},
                 {"nam", "name"},     {"lag", "log"},           {"webhooks", NULL},
                 {"x", NULL},         {"listener_of_all", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct config_suggest suggest = config_suggest_start(text_of(cases[i].word));
        for (size_t j = 0; j < sizeof candidates / sizeof candidates[0]; j++) {
            config_suggest_offer(&suggest, text_of(candidates[j]));
        }
        assert_true(text_equal(suggest.best, text_of(cases[i].best)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edits_are_counted),
        cmocka_unit_test(the_nearest_is_suggested_if_near_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
