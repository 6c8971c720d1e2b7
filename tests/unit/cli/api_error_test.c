#include "cli/api_error.h"

#include "common/wire/wire_error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void what_the_server_writes_is_read(void **state)
{
    (void)state;
    struct problem problems[2] = {0};
    problem_set(&problems[0], "content.from.address", "G8", "must not be a gmail.com address");
    problem_set(&problems[1], "recipients[17].ref", "ref", "must not hold \"@\"");
    struct wire_error error = {
        .code = WIRE_CODE_INVALID_ARGUMENT,
        .problems = problems,
        .problem_count = 2,
        .retry_after_ms = 1500,
    };
    struct buffer body = {0};
    struct buffer out = {0};
    wire_error_append_json(&error, &body);
    struct api_error *read = calloc(1, sizeof *read);
    assert_non_null(read);
    api_error_parse(400, buffer_text(&body), read);
    assert_int_equal(read->http_status, 400);
    assert_string_equal(read->code, "invalid_argument");
    assert_int_equal(read->problems.count, 2);
    assert_string_equal(read->problems.items[0].field, "content.from.address");
    assert_string_equal(read->problems.items[0].rule, "G8");
    assert_string_equal(read->problems.items[1].message, "must not hold \"@\"");
    assert_int_equal(read->retry_after_ms, 1500);
    api_error_append(read, &out);
    buffer_append_byte(&out, '\0');
    assert_string_equal(out.data, "the server refused (invalid_argument)\n"
                                  "  content.from.address: must not be a gmail.com address [G8]\n"
                                  "  recipients[17].ref: must not hold \"@\" [ref]\n");
    buffer_clear(&out);
    api_error_append_json(read, &out);
    buffer_append_byte(&out, '\0');
    assert_non_null(strstr(out.data, "\"problems\":[{\"field\":\"content.from.address\""));
    assert_non_null(strstr(out.data, "must not hold \\\"@\\\""));
    buffer_finish(&out);
    buffer_finish(&body);
    free(read);
}

static void whatever_comes_is_an_error(void **state)
{
    (void)state;
    const struct {
        unsigned int status;
        struct text body;
        const char *code;
        size_t problems;
    } cases[] = {
        {503, TEXT("{\"code\":\"unavailable\",\"message\":\"store away\"}"), "unavailable", 0},
        {502, TEXT("<html>Bad gateway</html>"), "unavailable", 0},
        {404, TEXT(""), "unimplemented", 0},
        {500, TEXT("{\"code\":7}"), "unknown", 0},
        {400, TEXT("[1]"), "internal", 0},
        {400, TEXT("{\"code\":\"x\",\"code\":\"y\"}"), "internal", 0},
        {400, TEXT("{\"code\":\"not_found\",\"details\":\"none\"}"), "not_found", 0},
        {400, TEXT("{\"code\":\"a\",\"details\":[1,{},{\"debug\":7},{\"debug\":{}}]}"), "a", 1},
        {400, TEXT("{\"code\":\"a\",\"details\":[{\"debug\":{\"retryAfterMs\":-5}}]}"), "a", 1},
        {401, TEXT("\xff\xfe"), "unauthenticated", 0},
    };
    struct api_error *error = calloc(1, sizeof *error);
    assert_non_null(error);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer out = {0};
        api_error_parse(cases[i].status, cases[i].body, error);
        assert_string_equal(error->code, cases[i].code);
        assert_int_equal(error->problems.count, cases[i].problems);
        assert_int_equal(error->retry_after_ms, 0);
        api_error_append(error, &out);
        assert_true(out.size > 3);
        buffer_finish(&out);
    }
    free(error);
}

static void long_texts_are_cut_at_a_character(void **state)
{
    (void)state;
    struct buffer body = {0};
    buffer_append_string(&body, "{\"code\":\"internal\",\"message\":\"x");
    for (int i = 0; i < 600; i++) {
        buffer_append_string(&body, "山");
    }
    buffer_append_string(&body, "\"}");
    struct api_error *error = calloc(1, sizeof *error);
    assert_non_null(error);
    api_error_parse(500, buffer_text(&body), error);
    assert_true(text_is_utf8(text_of(error->message)));
    assert_int_equal(strlen(error->message), 511);
    buffer_finish(&body);
    free(error);
}

static void more_problems_than_kept_are_counted(void **state)
{
    (void)state;
    struct buffer body = {0};
    struct buffer out = {0};
    buffer_append_string(&body, "{\"code\":\"invalid_argument\",\"details\":[{\"debug\":{}}");
    for (int i = 0; i < 104; i++) {
        buffer_append_string(&body, ",{\"debug\":{\"field\":\"f\"}}");
    }
    buffer_append_string(&body, "]}");
    struct api_error *error = calloc(1, sizeof *error);
    assert_non_null(error);
    api_error_parse(400, buffer_text(&body), error);
    assert_int_equal(error->problems.count, PROBLEM_LIST_MAX);
    api_error_append(error, &out);
    buffer_append_byte(&out, '\0');
    assert_non_null(strstr(out.data, "  ... and 5 more\n"));
    buffer_finish(&body);
    buffer_finish(&out);
    free(error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_server_writes_is_read),
        cmocka_unit_test(whatever_comes_is_an_error),
        cmocka_unit_test(long_texts_are_cut_at_a_character),
        cmocka_unit_test(more_problems_than_kept_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
