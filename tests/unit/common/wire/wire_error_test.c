#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/wire/wire_error.h"

#include <stdlib.h>
#include <string.h>

static void check(const struct wire_error *error, const char *want)
{
    struct buffer out = {0};
    wire_error_append_json(error, &out);
    char *got = buffer_take(&out);
    assert_string_equal(got, want);
    free(got);
}

static void test_codes(void **state)
{
    (void)state;
    assert_string_equal(wire_error_word(WIRE_CODE_CONFLICT), "already_exists");
    assert_int_equal(wire_error_http_status(WIRE_CODE_CONFLICT), 409);
    assert_int_equal(wire_error_http_status(WIRE_CODE_RESOURCE_EXHAUSTED), 429);
    assert_int_equal(wire_error_http_status(WIRE_CODE_FAILED_PRECONDITION), 400);
}

static void test_plain(void **state)
{
    (void)state;
    check(&(struct wire_error){.code = WIRE_CODE_UNAVAILABLE, .message = "the store is away"},
          "{\"code\":\"unavailable\",\"message\":\"the store is away\"}");
}

/* The value: field 1 "name", rule 2 "required", message 3 "must not be empty", without padding. */
static void test_details(void **state)
{
    (void)state;
    struct problem problem = {0};
    problem_set(&problem, "name", "required", "must not be empty");
    struct wire_error error = {
        .code = WIRE_CODE_INVALID_ARGUMENT, .problems = &problem, .problem_count = 1};
    check(&error, "{\"code\":\"invalid_argument\",\"message\":\"name must not be empty\","
                  "\"details\":[{\"type\":\"hikyaku.v1.Problem\","
                  "\"value\":\"CgRuYW1lEghyZXF1aXJlZBoRbXVzdCBub3QgYmUgZW1wdHk\","
                  "\"debug\":{\"field\":\"name\",\"rule\":\"required\","
                  "\"message\":\"must not be empty\"}}]}");
    error.retry_after_ms = 250;
    struct buffer out = {0};
    wire_error_append_json(&error, &out);
    char *got = buffer_take(&out);
    assert_non_null(strstr(got, "\"retryAfterMs\":250"));
    free(got);
}

static void test_escapes(void **state)
{
    (void)state;
    check(&(struct wire_error){.code = WIRE_CODE_INTERNAL, .message = "a\"b\\c\nd\x01 日本"},
          "{\"code\":\"internal\",\"message\":\"a\\\"b\\\\c\\u000ad\\u0001 日本\"}");
}

/* A message cut inside a character loses the half of it, so that the object stays valid UTF-8. */
static void test_cut_character(void **state)
{
    (void)state;
    struct problem problem = {0};
    problem_set(&problem, "f", "r", "ab\xe6\x97");
    struct wire_error error = {
        .code = WIRE_CODE_INVALID_ARGUMENT, .problems = &problem, .problem_count = 1};
    struct buffer out = {0};
    wire_error_append_json(&error, &out);
    assert_true(text_is_utf8(buffer_text(&out)));
    char *got = buffer_take(&out);
    assert_non_null(strstr(got, "\"message\":\"ab\""));
    free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes),         cmocka_unit_test(test_plain),
        cmocka_unit_test(test_details),       cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_cut_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
