#include "cli/options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct option_spec own[] = {
    {"watch", NULL, "stay", .kind = OPTION_FLAG},
    {"to", "ADDRESS", "who", .kind = OPTION_TEXT},
    {"field", "K=V", "merge", .kind = OPTION_LIST},
    {"limit", "N", "most", .maximum = 50, .kind = OPTION_NUMBER},
    {"wait", "TIME", "how long", .kind = OPTION_DURATION},
    {.name = NULL},
};
static const struct option_spec common[] = {
    {"json", NULL, "for programs", .kind = OPTION_FLAG},
    {"help", NULL, "this help", .kind = OPTION_FLAG},
    {.name = NULL},
};
static const struct option_spec *const tables[OPTIONS_TABLES_MAX] = {own, NULL, common};

/* @param line  words parted by "|" */
static int parse(const char *line, char *copy, struct options **options, struct problem *problem)
{
    static char *words[16];
    int count = 0;
    for (char *word = strcpy(copy, line); word != NULL && *line != '\0';) {
        words[count++] = word;
        char *end = strchr(word, '|');
        if (end != NULL) {
            *end++ = '\0';
        }
        word = end;
    }
    return options_parse(tables, count, words, options, problem);
}

static void words_are_sorted_out(void **state)
{
    (void)state;
    char copy[256];
    struct options *options = NULL;
    struct problem problem = {0};
    const char *line = "a.yaml|--to|x@y.test|--watch|--field|a=1|--field=b=2|--limit=7|-|--to=z|"
                       "--wait|1h30m|--|--json";
    assert_int_equal(parse(line, copy, &options, &problem), 0);
    assert_true(options_flag(options, "watch"));
    assert_false(options_flag(options, "json"));
    assert_string_equal(options_text(options, "to"), "z");
    assert_string_equal(options_item(options, "field", 0), "a=1");
    assert_string_equal(options_item(options, "field", 1), "b=2");
    assert_null(options_item(options, "field", 2));
    assert_int_equal(options_number(options, "limit", 1), 7);
    assert_int_equal(options_duration_ms(options, "wait", 1), 5400000);
    assert_int_equal(options_positional_count(options), 3);
    assert_string_equal(options_positional(options, 0), "a.yaml");
    assert_string_equal(options_positional(options, 1), "-");
    assert_string_equal(options_positional(options, 2), "--json");
    assert_null(options_positional(options, 3));
    options_destroy(&options);
    assert_null(options);
}

static void absent_options_have_their_fallback(void **state)
{
    (void)state;
    char copy[256];
    struct options *options = NULL;
    assert_int_equal(parse("", copy, &options, NULL), 0);
    assert_null(options_text(options, "to"));
    assert_int_equal(options_number(options, "limit", 50), 50);
    assert_int_equal(options_duration_ms(options, "wait", 9), 9);
    options_destroy(&options);
    assert_int_equal(parse("-h", copy, &options, NULL), 0);
    assert_true(options_flag(options, "help"));
    options_destroy(&options);
}

static void mistakes_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *field;
        const char *message;
    } cases[] = {
        {"--wach", "--wach", "unknown option; did you mean --watch?"},
        {"--zzzzzz", "--zzzzzz", "unknown option"},
        {"--to", "--to", "needs a value: ADDRESS"},
        {"--watch=yes", "--watch=yes", "takes no value"},
        {"--limit|x", "--limit", "needs a number from 0 to 50"},
        {"--limit|51", "--limit", "needs a number from 0 to 50"},
        {"--limit=", "--limit=", "needs a number from 0 to 50"},
        {"--wait|5", "--wait", "needs a time such as 500ms, 10s, 5m or 1h30m"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char copy[256];
        struct options *options = NULL;
        struct problem problem = {0};
        assert_int_equal(parse(cases[i].line, copy, &options, &problem), -EINVAL);
        assert_null(options);
        assert_string_equal(problem.field, cases[i].field);
        assert_string_equal(problem.message, cases[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_sorted_out),
        cmocka_unit_test(absent_options_have_their_fallback),
        cmocka_unit_test(mistakes_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
