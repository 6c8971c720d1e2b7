#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/common/mail/mail_data.h"

#include <errno.h>
#include <string.h>

static const struct {
    const char *json;
    const char *canonical; /* NULL: refused */
    const char *rule;
} cases[] = {
    {"", "{}", ""},
    {" {\t}\r\n", "{}", ""},
    {"{\"b\":1,\"a\":2}", "{\"a\":2,\"b\":1}", ""},
    {"{ \"a\" : [ 1 , \"x\" , null , true , false ] }", "{\"a\":[1,\"x\",null,true,false]}", ""},
    /* Numbers keep their digits. */
    {"{\"a\":1.10,\"b\":12345678901234567890,\"c\":-0.0e+07}",
     "{\"a\":1.10,\"b\":12345678901234567890,\"c\":-0.0e+07}", ""},
    /* Strings. */
    {"{\"a\":\"\\u0041\\n\\/\\\"\\\\\\u001f\"}", "{\"a\":\"A\\n/\\\"\\\\\\u001f\"}", ""},
    {"{\"\\u0061\":\"\\ud83d\\ude00\"}", "{\"a\":\"\xf0\x9f\x98\x80\"}", ""},
    {"{\"a\":\"\\u00e9\\u6771\"}", "{\"a\":\"\xc3\xa9\xe6\x9d\xb1\"}", ""},
    {"{\"x\":{\"b\":{\"d\":1},\"a\":2}}", "{\"x\":{\"a\":2,\"b\":{\"d\":1}}}", ""},
    /* Depth 4, counted with the outermost. */
    {"{\"a\":[[[]]]}", "{\"a\":[[[]]]}", ""},
    {"{\"a\":[[[[]]]]}", NULL, "fields_depth"},
    {"[]", NULL, "fields_object"},
    {"1", NULL, "fields_object"},
    {"null", NULL, "fields_object"},
    {"{", NULL, "fields_syntax"},
    {"{\"a\"}", NULL, "fields_syntax"},
    {"{\"a\":}", NULL, "fields_syntax"},
    {"{\"a\":1,}", NULL, "fields_syntax"},
    {"{a:1}", NULL, "fields_syntax"},
    {"{'a':1}", NULL, "fields_syntax"},
    {"{\"a\":1}{}", NULL, "fields_syntax"},
    {"{\"a\":01}", NULL, "fields_syntax"},
    {"{\"a\":+1}", NULL, "fields_syntax"},
    {"{\"a\":.5}", NULL, "fields_syntax"},
    {"{\"a\":1.}", NULL, "fields_syntax"},
    {"{\"a\":1e}", NULL, "fields_syntax"},
    {"{\"a\":-}", NULL, "fields_syntax"},
    {"{\"a\":NaN}", NULL, "fields_syntax"},
    {"{\"a\":tru}", NULL, "fields_syntax"},
    {"{\"a\":truex}", NULL, "fields_syntax"},
    {"{\"a\":\"x}", NULL, "fields_syntax"},
    {"{\"a\":\"x\n\"}", NULL, "fields_syntax"},
    {"{\"a\":\"\\n\t\"}", NULL, "fields_syntax"},
    {"{\"a\":\"\\x\"}", NULL, "fields_syntax"},
    {"{\"a\":\"\\u12g4\"}", NULL, "fields_syntax"},
    {"{\"a\":\"\\\"}", NULL, "fields_syntax"},
    {"{\"a\":\"\\u0000\"}", NULL, "fields_nul"},
    {"{\"a\":\"\\ud800\"}", NULL, "fields_utf8"},
    {"{\"a\":\"\\ud800\\u0041\"}", NULL, "fields_utf8"},
    {"{\"a\":\"\\udc00\"}", NULL, "fields_utf8"},
    {"{\"a\":\"\xff\"}", NULL, "fields_utf8"},
    {"{\"a\":1,\"\\u0061\":2}", NULL, "fields_duplicate"},
    {"{\"o\":{\"a\":1,\"a\":1}}", NULL, "fields_duplicate"},
    {"{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1,\"k\":1,"
     "\"l\":1,\"m\":1,\"a\":1}",
     NULL, "fields_duplicate"},
};

static void each_document_is_read_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWNED(arena_destroy) struct arena *arena = arena_create(0);
        OWNED(buffer_finish) struct buffer out = {0};
        const struct fields_value *value = NULL;
        struct problem problem = {0};
        print_message("%s\n", cases[i].json);
        int error =
            fields_parse(text_of(cases[i].json), &fields_limits_recipient, arena, &value, &problem);
        if (cases[i].canonical == NULL) {
            bool is_depth = strcmp(cases[i].rule, "fields_depth") == 0;
            assert_int_equal(error, is_depth ? -EMSGSIZE : -EINVAL);
            assert_string_equal(problem.rule, cases[i].rule);
            assert_memory_equal(problem.message, "offset ", 7);
            assert_null(value);
            continue;
        }
        assert_int_equal(error, 0);
        fields_append_canonical(&out, value, NULL, 0);
        assert_true(text_equal(buffer_text(&out), text_of(cases[i].canonical)));
    }
}

/* A NUL byte in the text is no JSON; the text is sized. */
static void a_nul_byte_is_refused(void **state)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    const struct fields_value *value = NULL;
    struct problem problem;
    (void)state;
    assert_int_equal(
        fields_parse(TEXT("{\"a\":\"x\0y\"}"), &fields_limits_recipient, arena, &value, &problem),
        -EINVAL);
    assert_int_equal(
        fields_parse(TEXT("{\"a\":1\0}"), &fields_limits_recipient, arena, &value, &problem),
        -EINVAL);
}

static struct text many_members(size_t count, struct arena *arena)
{
    const char *json = "{";
    for (size_t i = count; i > 0; i--) {
        json = arena_printf(arena, "%s%s\"k%03zu\":%zu", json, i == count ? "" : ",", i, i);
    }
    return text_of(arena_printf(arena, "%s}", json));
}

/* Few members are walked, many are sorted: both find all, both keep their order. */
static void members_are_found_in_small_and_large_objects(void **state)
{
    static const size_t counts[] = {1, 12, 13, 200};
    (void)state;
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        OWNED(arena_destroy) struct arena *arena = arena_create(0);
        const struct fields_value *value = mail_data_json(many_members(counts[c], arena), arena);
        assert_int_equal(value->count, counts[c]);
        assert_int_equal(value->sorted != NULL, counts[c] > 12);
        for (size_t i = 1; i <= counts[c]; i++) {
            struct text name = text_of(arena_printf(arena, "k%03zu", i));
            const struct fields_value *found = fields_find(value, name);
            assert_non_null(found);
            assert_true(text_equal(found->text, text_of(arena_printf(arena, "%zu", i))));
        }
        assert_null(fields_find(value, TEXT("k")));
        assert_null(fields_find(value, TEXT("k999")));
        assert_null(fields_find(value->first, TEXT("k")));
    }
}

static void what_is_not_named_is_left_out_and_found(void **state)
{
    static const struct text names[] = {{"a", 1}, {"b", 1}, {"z", 1}};
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    OWNED(buffer_finish) struct buffer out = {0};
    const struct fields_value *value =
        mail_data_json(TEXT("{\"z\":{\"y\":1},\"c\":2,\"a\":3}"), arena);
    (void)state;
    fields_append_canonical(&out, value, names, 3);
    assert_true(text_equal(buffer_text(&out), TEXT("{\"a\":3,\"z\":{\"y\":1}}")));
    const struct fields_value *extra = fields_find_extra(value, names, 3);
    assert_non_null(extra);
    assert_true(text_equal(extra->name, TEXT("c")));
    assert_null(fields_find_extra(&fields_none, names, 3));
    buffer_clear(&out);
    fields_append_canonical(&out, value, names, 0);
    assert_true(text_equal(buffer_text(&out), TEXT("{}")));
}

static void sizes_are_bounded_before_anything_is_read(void **state)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    const struct fields_value *value = NULL;
    struct fields_limits limits = {.size_bytes = 7, .depth = 4};
    struct problem problem;
    (void)state;
    assert_int_equal(fields_parse(TEXT("{\"a\":1}"), &limits, arena, &value, &problem), 0);
    assert_int_equal(fields_parse(TEXT("{\"a\":12}"), &limits, arena, &value, &problem), -EMSGSIZE);
    assert_string_equal(problem.rule, "fields_size");
    assert_int_equal(fields_limits_recipient.size_bytes, 8192);
    assert_int_equal(fields_limits_default.size_bytes, 65536);
    /* Values beyond the bound of a document. */
    OWNED(buffer_finish) struct buffer json = {0};
    buffer_append_byte(&json, '[');
    for (size_t i = 0; i < FIELDS_VALUES_MAX; i++) {
        buffer_append_string(&json, "1,");
    }
    buffer_append_string(&json, "1]");
    limits = (struct fields_limits){.size_bytes = 1 << 20, .depth = 2, .allows_any = true};
    assert_int_equal(fields_parse(buffer_text(&json), &limits, arena, &value, &problem), -EMSGSIZE);
    assert_string_equal(problem.rule, "fields_size");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_document_is_read_or_refused),
        cmocka_unit_test(a_nul_byte_is_refused),
        cmocka_unit_test(members_are_found_in_small_and_large_objects),
        cmocka_unit_test(what_is_not_named_is_left_out_and_found),
        cmocka_unit_test(sizes_are_bounded_before_anything_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
