#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/common/mail/compose_data.h"

#include <errno.h>
#include <stdio.h>

/* What a case changes of a content that is good. */
struct change {
    const char *what;
    void (*apply)(struct compose_content *content);
    int error;
    const char *field;
    const char *rule;
};

static struct compose_texts variants[2];
static struct compose_attachment attachments[2];
static struct compose_header headers[2];
static struct compose_mailbox reply_to[1];

static void set_variant(struct compose_content *content, const char *lang, const char *subject,
                        const char *html)
{
    variants[content->variant_count++] =
        (struct compose_texts){text_of(lang), text_of(subject), TEXT(""), text_of(html)};
    content->variants = variants;
}

static void set_attachment(struct compose_content *content, const char *name, const char *media,
                           const char *id)
{
    attachments[content->attachment_count++] =
        (struct compose_attachment){text_of(name), text_of(media), text_of(id), TEXT("data")};
    content->attachments = attachments;
}

static void set_header(struct compose_content *content, const char *name, const char *value)
{
    headers[content->header_count++] = (struct compose_header){text_of(name), text_of(value)};
    content->headers = headers;
}

static void nothing(struct compose_content *content)
{
    (void)content;
}
static void no_from(struct compose_content *content)
{
    content->from.address = TEXT("");
}
static void utf8_from(struct compose_content *content)
{
    content->from.address = TEXT("\xc3\xa4@shop.example");
}
static void literal_from(struct compose_content *content)
{
    content->from.address = TEXT("a@[192.0.2.1]");
}
static void two_from(struct compose_content *content)
{
    content->from.address = TEXT("a@shop.example, b@shop.example");
}
static void line_end_in_from(struct compose_content *content)
{
    content->from.display_name = TEXT("Shop\r\nBcc: x@y.example");
}
static void bad_from_template(struct compose_content *content)
{
    content->from.display_name = TEXT("{{a");
}
static void nel_in_subject(struct compose_content *content)
{
    content->texts.subject = TEXT("a\xc2\x85"
                                  "b");
}
static void long_subject(struct compose_content *content)
{
    static char subject[999];
    memset(subject, 'a', sizeof subject);
    content->texts.subject = (struct text){subject, sizeof subject};
}
static void no_body(struct compose_content *content)
{
    content->texts.text = TEXT("");
}
static void partial_in_html(struct compose_content *content)
{
    content->texts.html = TEXT("\n{{> a}}");
}
static void bad_variant(struct compose_content *content)
{
    set_variant(content, "en", "", "{{#a}}");
}
static void bad_variant_subject(struct compose_content *content)
{
    set_variant(content, "en", "{{a", "");
}
static void bad_lang(struct compose_content *content)
{
    set_variant(content, "en_US", "x", "");
}
static void doubled_lang(struct compose_content *content)
{
    set_variant(content, "en", "x", "");
    set_variant(content, "EN", "x", "");
}
static void bad_defaults(struct compose_content *content)
{
    content->default_fields = TEXT("{\"a\":1,}");
}
static void bad_reply_to(struct compose_content *content)
{
    reply_to[0] = (struct compose_mailbox){TEXT("x"), TEXT("")};
    content->reply_to = reply_to;
    content->reply_to_count = 1;
}
static void our_header(struct compose_content *content)
{
    set_header(content, "Bcc", "x@y.example");
}
static void our_prefix(struct compose_content *content)
{
    set_header(content, "x-hikyaku-a", "x");
}
static void header_with_line_end(struct compose_content *content)
{
    set_header(content, "X-A", "ok");
    set_header(content, "X-B\r\nBcc", "x");
}
static void value_with_line_end(struct compose_content *content)
{
    set_header(content, "X-A", "a\nb");
}
static void doubled_header(struct compose_content *content)
{
    set_header(content, "X-A", "a");
    set_header(content, "x-a", "b");
}
static void bad_references(struct compose_content *content)
{
    set_header(content, "References", "<a@b>, <c@d>");
}
static void bad_importance(struct compose_content *content)
{
    set_header(content, "Importance",
               "h\xc3\xb6"
               "chst");
}
static void bad_media(struct compose_content *content)
{
    set_attachment(content, "a", "image/png\r\nX: y", "");
}
static void multipart_media(struct compose_content *content)
{
    set_attachment(content, "a", "Multipart/mixed", "");
}
static void message_media(struct compose_content *content)
{
    set_attachment(content, "a", "message/rfc822", "");
}
static void bad_media_parameter(struct compose_content *content)
{
    set_attachment(content, "a", "text/plain; charset=\"a", "");
}
static void path_as_file_name(struct compose_content *content)
{
    set_attachment(content, "../a", "", "");
}
static void line_end_in_file_name(struct compose_content *content)
{
    set_attachment(content, "ok", "", "");
    set_attachment(content, "a\r\nb", "", "");
}
static void bad_inline_id(struct compose_content *content)
{
    set_attachment(content, "a", "", "<logo>");
}
static void doubled_inline_id(struct compose_content *content)
{
    set_attachment(content, "a", "", "logo");
    set_attachment(content, "b", "", "logo");
}
static void small_limit(struct compose_content *content)
{
    set_attachment(content, "a", "", "");
    content->message_limit_bytes = 100;
}
static void bad_list_id(struct compose_content *content)
{
    content->list_id = TEXT("<news.example>");
}
static void short_sender_id(struct compose_content *content)
{
    content->feedback_id = TEXT("a:b:c:shop");
}
static void long_sender_id(struct compose_content *content)
{
    content->feedback_id = TEXT("a:b:c:sixteen-letters-");
}
static void five_parts(struct compose_content *content)
{
    content->feedback_id = TEXT("a:b:c:d:shop1");
}
static void space_in_feedback_id(struct compose_content *content)
{
    content->feedback_id = TEXT("a b:shop1");
}
static void everything_good(struct compose_content *content)
{
    set_variant(content, "ja-JP", "", "<p>x</p>");
    set_attachment(content, "\xe8\xab\x8b.pdf", "text/plain; charset=\"u tf\" ; a=b", "a.b@c");
    set_header(content, "References", "<a@b> <c@d>");
    set_header(content, "Auto-Submitted", "auto-generated");
    content->list_id = TEXT("news.shop.example");
    content->feedback_id = TEXT("::shop1");
    content->default_fields = TEXT("{\"a\":1}");
}

static const struct change changes[] = {
    {"nothing", nothing, 0, "", ""},
    {"everything good", everything_good, 0, "", ""},
    {"no From", no_from, -EINVAL, "from.address", "address_empty"},
    {"From in UTF-8", utf8_from, -EINVAL, "from.address", "address_utf8"},
    {"From at an IP address", literal_from, -EINVAL, "from.address", "address_literal"},
    {"two addresses in From (G9)", two_from, -EINVAL, "from.address", "address_domain_syntax"},
    {"line end in the name", line_end_in_from, -EINVAL, "from.display_name", "S15"},
    {"name's template", bad_from_template, -EINVAL, "from.display_name", "template_syntax"},
    {"NEL in the subject", nel_in_subject, -EINVAL, "subject", "S15"},
    {"long subject", long_subject, -EMSGSIZE, "subject", "S14"},
    {"no body", no_body, -EINVAL, "text", "required"},
    {"partial", partial_in_html, -EINVAL, "html", "template_partial"},
    {"variant's template", bad_variant, -EINVAL, "variants.en.html", "template_syntax"},
    {"variant's subject", bad_variant_subject, -EINVAL, "variants.en.subject", "template_syntax"},
    {"language", bad_lang, -EINVAL, "variants", "language"},
    {"language twice", doubled_lang, -EINVAL, "variants", "doubled"},
    {"default fields", bad_defaults, -EINVAL, "default_fields", "fields_syntax"},
    {"Reply-To", bad_reply_to, -EINVAL, "reply_to[0].address", "address_no_at"},
    {"our header", our_header, -EINVAL, "headers[0].name", "header_not_allowed"},
    {"our prefix", our_prefix, -EINVAL, "headers[0].name", "header_not_allowed"},
    {"line end in a name", header_with_line_end, -EINVAL, "headers[1].name", "header_name"},
    {"line end in a value", value_with_line_end, -EINVAL, "headers[0].value", "S15"},
    {"header twice (S14)", doubled_header, -EINVAL, "headers[1].name", "doubled"},
    {"References", bad_references, -EINVAL, "headers[0].value", "header_value"},
    {"Importance", bad_importance, -EINVAL, "headers[0].value", "header_value"},
    {"media type", bad_media, -EINVAL, "attachments[0].media_type", "media_type"},
    {"multipart", multipart_media, -EINVAL, "attachments[0].media_type", "media_type"},
    {"message", message_media, -EINVAL, "attachments[0].media_type", "media_type"},
    {"media parameter", bad_media_parameter, -EINVAL, "attachments[0].media_type", "media_type"},
    {"path", path_as_file_name, -EINVAL, "attachments[0].file_name", "file_name"},
    {"line end in a file name", line_end_in_file_name, -EINVAL, "attachments[1].file_name", "S15"},
    {"inline id", bad_inline_id, -EINVAL, "attachments[0].inline_id", "inline_id"},
    {"inline id twice", doubled_inline_id, -EINVAL, "attachments[1].inline_id", "doubled"},
    {"message too large", small_limit, -EMSGSIZE, "attachments", "message_size"},
    {"List-Id", bad_list_id, -EINVAL, "list_id", "list_id"},
    {"short SenderId", short_sender_id, -EINVAL, "feedback_id", "G18"},
    {"long SenderId", long_sender_id, -EINVAL, "feedback_id", "G18"},
    {"too many parts", five_parts, -EINVAL, "feedback_id", "G18"},
    {"space in Feedback-ID", space_in_feedback_id, -EINVAL, "feedback_id", "G18"},
};

/* S14, S15, G9, G18 and what the protocol allows. */
static void each_mistake_is_told_with_field_and_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct compose_content content = compose_data_content("Hello", "text", "");
        struct compose_prepared *prepared = NULL;
        struct problem problem = {0};
        print_message("%s\n", changes[i].what);
        changes[i].apply(&content);
        assert_int_equal(compose_prepare(&content, &prepared, &problem), changes[i].error);
        assert_string_equal(problem.field, changes[i].field);
        assert_string_equal(problem.rule, changes[i].rule);
        assert_int_equal(prepared == NULL, changes[i].error != 0);
        compose_destroy(&prepared);
    }
}

static void names_of_all_templates_are_joined(void **state)
{
    static const struct compose_mailbox replies[] = {{{"{{r}}@x.example", 15}, {"{{a}}", 5}}};
    static const struct compose_header own[] = {{{"X-A", 3}, {"{{h}}", 5}}};
    static const char *const wanted[] = {"a", "f", "h", "r", "s", "t", "v"};
    struct compose_content content = compose_data_content("{{s}}", "{{#t}}{{a.b}}{{/t}}", "");
    struct compose_prepared *prepared = NULL;
    size_t count = 0;
    (void)state;
    content.from.display_name = TEXT("{{f}}");
    content.reply_to = replies;
    content.reply_to_count = 1;
    content.headers = own;
    content.header_count = 1;
    set_variant(&content, "ja", "", "{{v}}");
    assert_int_equal(compose_prepare(&content, &prepared, NULL), 0);
    const struct text *names = compose_names(prepared, &count);
    assert_int_equal(count, 7);
    for (size_t i = 0; i < count; i++) {
        assert_true(text_equal(names[i], text_of(wanted[i])));
    }
    assert_true(compose_is_personal(prepared));
    compose_destroy(&prepared);
}

static void what_takes_nothing_from_the_recipient_is_not_personal(void **state)
{
    struct compose_content content =
        compose_data_content("Hello", "Hello {{! nobody }} there", "<p>x</p>");
    struct compose_prepared *prepared = NULL;
    size_t count = 1;
    (void)state;
    content.from.address = TEXT("News@Shop.Example");
    assert_int_equal(compose_prepare(&content, &prepared, NULL), 0);
    assert_false(compose_is_personal(prepared));
    (void)compose_names(prepared, &count);
    assert_int_equal(count, 0);
    assert_true(text_equal(compose_from_domain(prepared), TEXT("shop.example")));
    compose_destroy(&prepared);
    assert_null(prepared);
    compose_destroy(&prepared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mistake_is_told_with_field_and_rule),
        cmocka_unit_test(names_of_all_templates_are_joined),
        cmocka_unit_test(what_takes_nothing_from_the_recipient_is_not_personal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
