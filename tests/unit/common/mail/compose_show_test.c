#include "common/mail/compose_show.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct fields_value *parse(const char *json, struct arena *arena)
{
    const struct fields_value *value = NULL;
    assert_int_equal(fields_parse(text_of(json), &fields_limits_recipient, arena, &value, NULL), 0);
    return value;
}

static struct compose_prepared *prepare(const char *text, const char *html)
{
    const struct compose_texts variants[] = {{.lang = TEXT("en"),
                                              .subject = TEXT("Hello {{name}}"),
                                              .text = TEXT("Dear {{name}}"),
                                              .html = TEXT("")}};
    struct compose_prepared *prepared = NULL;
    struct compose_content content = {
        .from = {.address = TEXT("news@shop.example")},
        .texts = {TEXT(""), TEXT("{{name}}様"), text_of(text), text_of(html)},
        .variants = variants,
        .variant_count = 1,
    };
    assert_int_equal(compose_prepare(&content, &prepared, NULL), 0);
    return prepared;
}

static void readers_see_their_variant(void **state)
{
    static const struct {
        const char *lang;
        const char *text;
        const char *html;
        const char *shown_subject;
        const char *shown_text;
        const char *shown_html;
    } cases[] = {
        {"", "{{name}}さん", "", "山&田様", "山&田さん", ""},
        {"ja", "", "<p>{{name}}<br>x</p>", "山&田様", "山&田\nx\n", "<p>山&amp;田<br>x</p>"},
        {"en-GB", "{{name}}さん", "", "Hello 山&田", "Dear 山&田", ""},
        {"", "static", "<b>static</b>", "山&田様", "static", "<b>static</b>"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWNED(arena_destroy) struct arena *arena = arena_create(0);
        OWNED(compose_scratch_destroy) struct compose_scratch *scratch = compose_scratch_create();
        OWNED(compose_destroy)
        struct compose_prepared *prepared = prepare(cases[i].text, cases[i].html);
        struct compose_recipient recipient = {
            .fields = parse("{\"name\":\"山&田\"}", arena),
            .lang = text_of(cases[i].lang),
        };
        struct compose_shown shown;
        assert_int_equal(compose_show(prepared, &recipient, scratch, &shown, NULL), 0);
        assert_true(text_equal(shown.subject, text_of(cases[i].shown_subject)));
        assert_true(text_equal(shown.text, text_of(cases[i].shown_text)));
        assert_true(text_equal(shown.html, text_of(cases[i].shown_html)));
    }
}

static void a_missing_field_is_told(void **state)
{
    (void)state;
    OWNED(compose_scratch_destroy) struct compose_scratch *scratch = compose_scratch_create();
    OWNED(compose_destroy) struct compose_prepared *prepared = prepare("{{name}}", "");
    struct compose_shown shown;
    struct problem problem;
    assert_int_equal(compose_show(prepared, &(struct compose_recipient){.lang = TEXT("")}, scratch,
                                  &shown, &problem),
                     -ENOENT);
    assert_string_equal(problem.rule, "missing_field");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_see_their_variant),
        cmocka_unit_test(a_missing_field_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
