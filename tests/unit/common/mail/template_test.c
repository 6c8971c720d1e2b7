#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/mail/template.h"
#include "tests/unit/common/mail/mail_data.h"

#include <errno.h>
#include <string.h>

#define ROOM ((size_t)1024 * 1024)

static struct text member(const struct fields_value *object, const char *name)
{
    const struct fields_value *found = fields_find(object, text_of(name));
    assert_non_null(found);
    return found->text;
}

static bool is_right(const struct fields_value *test, struct arena *arena)
{
    const struct template *template = NULL;
    struct problem problem = {0};
    OWNED(buffer_finish) struct buffer out = {0};
    struct template_input input = {
        .fields = fields_find(test, TEXT("data")),
        .missing = TEMPLATE_MISSING_EMPTY,
        .limit_bytes = ROOM,
    };
    int error = template_parse(member(test, "template"), TEMPLATE_HTML, arena, &template, &problem);
    if (fields_find(test, TEXT("partials")) != NULL) { /* two about delimiters have them */
        return error == -EINVAL && strcmp(problem.rule, "template_partial") == 0;
    }
    error = error == 0 ? template_render(template, &input, &out, &problem) : error;
    if (error == 0 && text_equal(buffer_text(&out), member(test, "expected"))) {
        return true;
    }
    print_error("%.*s: got [%.*s] %s, want [%.*s]\n", TEXT_PRINT(member(test, "name")),
                TEXT_PRINT(buffer_text(&out)), problem.message,
                TEXT_PRINT(member(test, "expected")));
    return false;
}

static const struct fields_value *load_tests(const char *name, struct buffer *file,
                                             struct arena *arena)
{
    char file_name[64];
    (void)snprintf(file_name, sizeof file_name, "%s.json", name);
    data_file_load("mustache", file_name, file);
    const struct fields_value *tests =
        fields_find(mail_data_json(buffer_text(file), arena), TEXT("tests"));
    assert_non_null(tests);
    return tests;
}

static void core_cases_of_the_specification_pass(void **state)
{
    static const struct {
        const char *name;
        size_t tests;
    } modules[] = {{"comments", 12},
                   {"delimiters", 14},
                   {"interpolation", 42},
                   {"inverted", 22},
                   {"sections", 34}};
    size_t wrong = 0;
    (void)state;
    for (size_t i = 0; i < sizeof modules / sizeof modules[0]; i++) {
        OWNED(buffer_finish) struct buffer file = {0};
        OWNED(arena_destroy) struct arena *arena = arena_create(0);
        const struct fields_value *tests = load_tests(modules[i].name, &file, arena);
        assert_int_equal(tests->count, modules[i].tests);
        for (const struct fields_value *test = tests->first; test != NULL; test = test->next) {
            wrong += is_right(test, arena) ? 0 : 1;
        }
    }
    assert_int_equal(wrong, 0);
}

/* Partials belong to files, and we have none. */
static void partials_are_refused(void **state)
{
    OWNED(buffer_finish) struct buffer file = {0};
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    const struct fields_value *tests = load_tests("partials", &file, arena);
    (void)state;
    for (const struct fields_value *test = tests->first; test != NULL; test = test->next) {
        const struct template *template = NULL;
        struct problem problem = {0};
        assert_int_equal(
            template_parse(member(test, "template"), TEMPLATE_TEXT, arena, &template, &problem),
            -EINVAL);
        assert_string_equal(problem.rule, "template_partial");
    }
}

static const struct {
    const char *source;
    enum template_kind kind;
    const char *fields;
    const char *defaults;
    const char *wanted; /* NULL: `rule` */
    const char *rule;
    const char *field;
} cases[] = {
    /* Numbers as written. */
    {"{{n}} {{m}}", TEMPLATE_TEXT, "{\"n\":1.10,\"m\":12345678901234567890}", "{}",
     "1.10 12345678901234567890", "", ""},
    {"{{t}}{{f}}[{{z}}]", TEMPLATE_TEXT, "{\"t\":true,\"f\":false,\"z\":null}", "{}", "truefalse[]",
     "", ""},
    /* Kinds. */
    {"{{v}}{{{v}}}{{&v}}", TEMPLATE_TEXT, "{\"v\":\"<&>\"}", "{}", "<&><&><&>", "", ""},
    {"{{v}}{{{v}}}{{&v}}", TEMPLATE_HTML, "{\"v\":\"<'\\\"\"}", "{}", "&lt;&#39;&quot;<'\"<'\"", "",
     ""},
    {" {{#a}} x {{/a}} ", TEMPLATE_HEADER, "{\"a\":1}", "{}", "  x  ", "", ""},
    /* Where names are looked up: section, fields, defaults; a dotted name by its first part. */
    {"{{a}}{{b}}", TEMPLATE_TEXT, "{\"a\":1}", "{\"a\":2,\"b\":3}", "13", "", ""},
    {"{{#o}}{{a}}{{b}}{{c}}{{/o}}", TEMPLATE_TEXT, "{\"o\":{\"a\":1},\"b\":2}", "{\"c\":3}", "123",
     "", ""},
    {"{{o.x}}", TEMPLATE_TEXT, "{\"o\":{}}", "{\"o\":{\"x\":1}}", NULL, "missing_field", "o.x"},
    {"{{#l}}{{.}},{{/l}}", TEMPLATE_TEXT, "{\"l\":[1,\"b\",3]}", "{}", "1,b,3,", "", ""},
    {"{{#l}}{{n}}{{#m}}({{n}}){{/m}}{{/l}}", TEMPLATE_TEXT,
     "{\"l\":[{\"n\":1,\"m\":[{\"n\":2},{}]},{\"n\":3}]}", "{}", "1(2)(1)3", "", ""},
    /* What is nothing: a missing section is false and never an error. */
    {"{{#a}}x{{/a}}{{^a}}y{{/a}}", TEMPLATE_TEXT, "{}", "{}", "y", "", ""},
    {"{{#a}}x{{/a}}{{^a}}y{{/a}}", TEMPLATE_TEXT, "{\"a\":\"\"}", "{}", "y", "", ""},
    {"{{#a}}x{{/a}}{{^a}}y{{/a}}", TEMPLATE_TEXT, "{\"a\":0.0e7}", "{}", "y", "", ""},
    {"{{#a}}x{{/a}}{{^a}}y{{/a}}", TEMPLATE_TEXT, "{\"a\":\"0\"}", "{}", "x", "", ""},
    {"{{#a}}x{{/a}}{{^a}}y{{/a}}", TEMPLATE_TEXT, "{\"a\":[]}", "{}", "y", "", ""},
    {"{{#a}}x{{/a}}{{^a}}y{{/a}}", TEMPLATE_TEXT, "{\"a\":{}}", "{}", "x", "", ""},
    {"{{#a}}x{{/a}}", TEMPLATE_TEXT, "{\"a\":null}", "{\"a\":1}", "", "", ""},
    /* Mistakes of data. */
    {"{{a}}", TEMPLATE_TEXT, "{}", "{}", NULL, "missing_field", "a"},
    {"{{a}}", TEMPLATE_TEXT, "{\"a\":{}}", "{}", NULL, "field_type", "a"},
    {"{{a}}", TEMPLATE_TEXT, "{\"a\":[1]}", "{}", NULL, "field_type", "a"},
    {"{{.}}", TEMPLATE_TEXT, "{}", "{}", NULL, "field_type", "."},
};

static void check_case(size_t i, struct arena *arena)
{
    const struct template *template = NULL;
    struct problem problem = {0};
    OWNED(buffer_finish) struct buffer out = {0};
    struct template_input input = {
        .fields = mail_data_json(text_of(cases[i].fields), arena),
        .defaults = mail_data_json(text_of(cases[i].defaults), arena),
        .missing = TEMPLATE_MISSING_ERROR,
        .limit_bytes = ROOM,
    };
    print_message("%s\n", cases[i].source);
    assert_int_equal(
        template_parse(text_of(cases[i].source), cases[i].kind, arena, &template, NULL), 0);
    int error = template_render(template, &input, &out, &problem);
    /* Checking alone comes to the same. */
    assert_int_equal(template_render(template, &input, NULL, NULL), error);
    if (cases[i].wanted == NULL) {
        assert_true(error == -EINVAL || error == -ENOENT);
        assert_int_equal(error == -ENOENT, strcmp(cases[i].rule, "missing_field") == 0);
        assert_string_equal(problem.rule, cases[i].rule);
        assert_string_equal(problem.field, cases[i].field);
        return;
    }
    assert_int_equal(error, 0);
    assert_true(text_equal(buffer_text(&out), text_of(cases[i].wanted)));
}

static void what_the_specification_leaves_open_is_settled(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWNED(arena_destroy) struct arena *arena = arena_create(0);
        check_case(i, arena);
    }
}

static const struct {
    const char *source;
    enum template_kind kind;
    const char *rule;
    const char *place;
} mistakes[] = {
    {"a\nbc{{d", TEMPLATE_TEXT, "template_syntax", "line 2, column 3: "},
    {"{{}}", TEMPLATE_TEXT, "template_syntax", "line 1, column 1: "},
    {"{{a..b}}", TEMPLATE_TEXT, "template_syntax", "line 1, column 1: "},
    {"{{#a}}", TEMPLATE_TEXT, "template_syntax", "line 1, column 1: "},
    {"\n {{/a}}", TEMPLATE_TEXT, "template_syntax", "line 2, column 2: "},
    {"{{#a}}{{/b}}", TEMPLATE_TEXT, "template_syntax", "line 1, column 7: "},
    {"{{#if a}}{{/if a}}", TEMPLATE_TEXT, "template_syntax", "line 1, column 1: "},
    {"{{{a}}", TEMPLATE_TEXT, "template_syntax", "line 1, column 1: "},
    {"{{=a=}}", TEMPLATE_TEXT, "template_syntax", "line 1, column 1: "},
    {"x {{> a}}", TEMPLATE_TEXT, "template_partial", "line 1, column 3: "},
    {"{{$ a}}{{/ a}}", TEMPLATE_TEXT, "template_partial", "line 1, column 1: "},
    {"a\tb", TEMPLATE_HEADER, "S15", "line 1, column 2: "},
    {"a\r\nBcc: b", TEMPLATE_HEADER, "S15", "line 1, column 2: "},
    {"a\xff", TEMPLATE_TEXT, "utf8", ""},
};

static void mistakes_are_told_with_their_place(void **state)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        const struct template *template = NULL;
        struct problem problem = {0};
        print_message("%s\n", mistakes[i].source);
        assert_int_equal(template_parse(text_of(mistakes[i].source), mistakes[i].kind, arena,
                                        &template, &problem),
                         -EINVAL);
        assert_string_equal(problem.rule, mistakes[i].rule);
        assert_memory_equal(problem.message, mistakes[i].place, strlen(mistakes[i].place));
        assert_null(template);
    }
}

static int parse_repeated(const char *unit, size_t times, struct arena *arena,
                          struct problem *problem)
{
    OWNED(buffer_finish) struct buffer source = {0};
    const struct template *template = NULL;
    for (size_t i = 0; i < times; i++) {
        buffer_append_string(&source, unit);
    }
    return template_parse(buffer_text(&source), TEMPLATE_TEXT, arena, &template, problem);
}

static void size_tags_and_depth_are_bounded(void **state)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct problem problem;
    (void)state;
    assert_int_equal(parse_repeated("x", TEMPLATE_BYTES_MAX, arena, NULL), 0);
    assert_int_equal(parse_repeated("x", TEMPLATE_BYTES_MAX + 1, arena, &problem), -EINVAL);
    assert_string_equal(problem.rule, "template_limit");
    assert_int_equal(parse_repeated("{{a}}", TEMPLATE_TAGS_MAX, arena, NULL), 0);
    assert_int_equal(parse_repeated("{{a}}", TEMPLATE_TAGS_MAX + 1, arena, &problem), -EINVAL);
    assert_string_equal(problem.rule, "template_limit");
    assert_int_equal(parse_repeated("{{#a}}", TEMPLATE_DEPTH_MAX + 1, arena, &problem), -EINVAL);
    assert_string_equal(problem.rule, "template_limit");
}

static void output_and_work_are_bounded(void **state)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    const struct template *template = NULL;
    struct problem problem;
    struct template_input input = {
        .fields = mail_data_json(TEXT("{\"l\":[1,1,1,1,1,1,1,1,1,1]}"), arena), .limit_bytes = 9};
    OWNED(buffer_finish) struct buffer out = {0};
    (void)state;
    assert_int_equal(template_parse(TEXT("{{#l}}x{{/l}}"), TEMPLATE_TEXT, arena, &template, NULL),
                     0);
    assert_int_equal(template_render(template, &input, &out, &problem), -EMSGSIZE);
    assert_string_equal(problem.rule, "template_output");
    assert_true(out.size <= 9);
    input.limit_bytes = 10;
    assert_int_equal(template_render(template, &input, NULL, NULL), 0);
    /* Ten to the eighth steps without output. */
    assert_int_equal(
        template_parse(TEXT("{{#l}}{{#l}}{{#l}}{{#l}}{{#l}}{{#l}}{{#l}}{{#l}}{{/l}}{{/l}}{{/l}}"
                            "{{/l}}{{/l}}{{/l}}{{/l}}{{/l}}"),
                       TEMPLATE_TEXT, arena, &template, NULL),
        0);
    assert_int_equal(template_render(template, &input, NULL, &problem), -EMSGSIZE);
}

static void names_are_the_first_parts_sorted(void **state)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    const struct template *template = NULL;
    size_t count = 0;
    struct text constant;
    (void)state;
    assert_int_equal(template_parse(TEXT("{{z}}{{#b.c}}{{a}}{{.}}{{/b.c}}{{z.y}}{{! no }}"),
                                    TEMPLATE_TEXT, arena, &template, NULL),
                     0);
    const struct text *names = template_names(template, &count);
    assert_int_equal(count, 3);
    assert_true(text_equal(names[0], TEXT("a")));
    assert_true(text_equal(names[1], TEXT("b")));
    assert_true(text_equal(names[2], TEXT("z")));
    assert_false(template_is_static(template, &constant));
    assert_int_equal(template_parse(TEXT("plain"), TEMPLATE_TEXT, arena, &template, NULL), 0);
    assert_true(template_is_static(template, &constant));
    assert_true(text_equal(constant, TEXT("plain")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(core_cases_of_the_specification_pass),
        cmocka_unit_test(partials_are_refused),
        cmocka_unit_test(what_the_specification_leaves_open_is_settled),
        cmocka_unit_test(mistakes_are_told_with_their_place),
        cmocka_unit_test(size_tags_and_depth_are_bounded),
        cmocka_unit_test(output_and_work_are_bounded),
        cmocka_unit_test(names_are_the_first_parts_sorted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
