#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/common/mail/compose_data.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void a_message_is_exactly_these_bytes(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct compose_content content = compose_data_content(
        "Order {{n}}", "Hello {{name}},\nthank you for coming to our shop.\n", "");
    struct compose_recipient recipient = compose_data_recipient(
        arena, "hanako@example.jp", "{\"name\": \"\xe8\x8a\xb1\xe5\xad\x90\", \"n\": 1.10}");
    recipient.display_name = TEXT("Hanako Sato");
    char *message = compose_data_message(&content, &recipient, NULL);
    assert_string_equal(message, "Date: Tue, 24 Nov 2026 09:30:00 +0900\r\n"
                                 "Message-ID: <abc.1@shop.example>\r\n"
                                 "To: Hanako Sato <hanako@example.jp>\r\n"
                                 "From: Shop <news@shop.example>\r\n"
                                 "Subject: Order 1.10\r\n"
                                 "MIME-Version: 1.0\r\n"
                                 "Content-Type: text/plain; charset=utf-8\r\n"
                                 "Content-Transfer-Encoding: quoted-printable\r\n"
                                 "\r\n"
                                 "Hello =E8=8A=B1=E5=AD=90,\r\n"
                                 "thank you for coming to our shop.\r\n");
    free(message);
}

static void html_comes_with_a_text_made_from_it(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct compose_content content = compose_data_content(
        "Hi", "", "<p>Dear {{name}}</p><p><a href=\"https://a.example/\">Go</a></p>");
    struct compose_recipient recipient =
        compose_data_recipient(arena, "a@example.jp", "{\"name\": \"B & C\"}");
    char *message = compose_data_message(&content, &recipient, NULL);
    const char *body = strstr(message, "Content-Type: multipart/alternative");
    assert_non_null(body);
    assert_string_equal(body,
                        "Content-Type: multipart/alternative;\r\n"
                        " boundary=\"=_0123456789abcdef_1\"\r\n"
                        "\r\n"
                        "--=_0123456789abcdef_1\r\n"
                        "Content-Type: text/plain; charset=us-ascii\r\n"
                        "Content-Transfer-Encoding: 7bit\r\n"
                        "\r\n"
                        "Dear B & C\r\n"
                        "\r\n"
                        "Go <https://a.example/>\r\n"
                        "\r\n"
                        "--=_0123456789abcdef_1\r\n"
                        "Content-Type: text/html; charset=us-ascii\r\n"
                        "Content-Transfer-Encoding: 7bit\r\n"
                        "\r\n"
                        "<p>Dear B &amp; C</p><p><a href=\"https://a.example/\">Go</a></p>\r\n"
                        "\r\n"
                        "--=_0123456789abcdef_1--\r\n");
    free(message);
}

static const struct compose_attachment both_kinds[] = {
    {{"logo.png", 8}, {"image/png", 9}, {"logo", 4}, {"PNG", 3}},
    {{"b.pdf", 5}, {"application/pdf", 15}, {NULL, 0}, {"PDF", 3}},
};

/* The order of Content-Types tells the tree. */
static void append_tree(const char *message, struct buffer *out)
{
    const char *place = message;
    while ((place = strstr(place, "Content-Type: ")) != NULL) {
        place += strlen("Content-Type: ");
        buffer_append(out, place, strcspn(place, ";\r"));
        buffer_append_byte(out, ' ');
    }
    buffer_append_byte(out, '\0');
}

static void parts_nest_by_what_there_is(void **state)
{
    static const struct {
        const char *text;
        const char *html;
        size_t first; /* of both_kinds */
        size_t count;
        const char *tree;
    } cases[] = {
        {"t", "", 0, 0, "text/plain "},
        {"t", "h", 0, 0, "multipart/alternative text/plain text/html "},
        {"", "h", 0, 0, "multipart/alternative text/plain text/html "},
        {"t", "", 1, 1, "multipart/mixed text/plain application/pdf "},
        {"t", "h", 1, 1,
         "multipart/mixed multipart/alternative text/plain text/html "
         "application/pdf "},
        {"t", "h", 0, 1,
         "multipart/alternative text/plain multipart/related text/html "
         "image/png "},
        {"t", "h", 0, 2,
         "multipart/mixed multipart/alternative text/plain multipart/related "
         "text/html image/png application/pdf "},
        {"t", "", 0, 2, "multipart/mixed text/plain application/pdf image/png "},
        {"t", "", 0, 1, "multipart/mixed text/plain image/png "},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWNED(arena_destroy) struct arena *arena = arena_create(0);
        OWNED(buffer_finish) struct buffer tree = {0};
        struct compose_content content = compose_data_content("s", cases[i].text, cases[i].html);
        struct compose_recipient recipient = compose_data_recipient(arena, "a@example.jp", "{}");
        content.attachments = both_kinds + cases[i].first;
        content.attachment_count = cases[i].count;
        char *message = compose_data_message(&content, &recipient, NULL);
        append_tree(message, &tree);
        assert_string_equal(tree.data, cases[i].tree);
        free(message);
    }
}

static const char *subject_in(const struct compose_content *content,
                              const struct compose_recipient *recipient, const char *lang)
{
    struct compose_recipient other = *recipient;
    other.lang = text_of(lang);
    char *message = compose_data_message(content, &other, NULL);
    const char *subject = compose_data_field(message, "Subject");
    free(message);
    return subject;
}

/* RFC 4647, 3.4. */
static void languages_fall_back_to_shorter_tags_and_the_default(void **state)
{
    static const struct compose_texts variants[] = {
        {{"ja", 2}, {"ja", 2}, {"t", 1}, {NULL, 0}},
        {{"zh-Hant", 7}, {"hant", 4}, {"t", 1}, {NULL, 0}},
        {{"en-GB", 5}, {"gb", 2}, {"t", 1}, {NULL, 0}},
    };
    static const char *const cases[][2] = {
        {"ja-JP", "ja"},        {"JA", "ja"},        {"ja-x-kansai", "ja"},
        {"zh-Hant-TW", "hant"}, {"zh-hant", "hant"}, {"zh-Hans-CN", "default"},
        {"zh", "default"},      {"en-GB-oed", "gb"}, {"en", "default"},
        {"", "default"},        {"jav", "default"},  {"-", "default"},
        {"x", "default"},
    };
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct compose_content content = compose_data_content("default", "t", "");
    struct compose_recipient recipient = compose_data_recipient(arena, "a@example.jp", "{}");
    (void)state;
    content.variants = variants;
    content.variant_count = 3;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(subject_in(&content, &recipient, cases[i][0]), cases[i][1]);
    }
}

static size_t count_of(const char *message, const char *what)
{
    size_t count = 0;
    for (const char *place = message; (place = strstr(place, what)) != NULL; place++) {
        count++;
    }
    return count;
}

/* U1, U8, G18, S14: each field once, in the form its rule asks for. */
static void every_field_stands_once(void **state)
{
    static const struct compose_mailbox replies[] = {{{"{{r}}", 5}, {"Re, ply", 7}},
                                                     {{"{{none}}", 8}, {NULL, 0}},
                                                     {{"c@d.example", 11}, {NULL, 0}}};
    static const struct compose_header own[] = {{{"X-A", 3}, {"{{r}}", 5}},
                                                {{"X-B", 3}, {"content", 7}},
                                                {{"In-Reply-To", 11}, {"{{none}}", 8}}};
    static const struct compose_header theirs[] = {{{"x-b", 3}, {"theirs", 6}},
                                                   {{"X-C", 3}, {"new", 3}}};
    static const char *const wanted[][2] = {
        {"From", "Shop <news@shop.example>"},
        {"Reply-To", "\"Re, ply\" <r@x.example>, c@d.example"},
        {"To", "=?UTF-8?B?5aSq6YOO?= <a@example.jp>"},
        {"Subject", "s"},
        {"Date", "Tue, 24 Nov 2026 09:30:00 +0900"},
        {"Message-ID", "<abc.1@shop.example>"},
        {"MIME-Version", "1.0"},
        {"List-Id", "<news.shop.example>"},
        {"Feedback-ID", "a:b:c:shop1"},
        {"List-Unsubscribe", "<https://u.shop.example/u?t=1>, <mailto:stop%25@shop.example>"},
        {"List-Unsubscribe-Post", "List-Unsubscribe=One-Click"},
        {"X-A", "r@x.example"},
        {"X-B", "theirs"},
        {"X-C", "new"},
    };
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct compose_content content = compose_data_content("s", "t", "");
    struct compose_recipient recipient =
        compose_data_recipient(arena, "a@example.jp", "{\"r\":\"r@x.example\"}");
    (void)state;
    content.reply_to = replies;
    content.reply_to_count = 3;
    content.headers = own;
    content.header_count = 3;
    content.missing = TEMPLATE_MISSING_EMPTY;
    content.list_id = TEXT("news.shop.example");
    content.feedback_id = TEXT("a:b:c:shop1");
    recipient.display_name = TEXT("\xe5\xa4\xaa\xe9\x83\x8e");
    recipient.headers = theirs;
    recipient.header_count = 2;
    recipient.unsubscribe_url = TEXT("https://u.shop.example/u?t=1");
    recipient.unsubscribe_mailto = TEXT("stop%@shop.example");
    char *message = compose_data_message(&content, &recipient, NULL);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        char line[64];
        (void)snprintf(line, sizeof line, "\r\n%s: ", wanted[i][0]);
        const char *value = compose_data_field(message, wanted[i][0]);
        assert_non_null(value);
        assert_string_equal(value, wanted[i][1]);
        assert_true(count_of(message, line) == 1 || strcmp(wanted[i][0], "Date") == 0 ||
                    strcmp(wanted[i][0], "X-B") == 0);
    }
    assert_null(compose_data_field(message, "In-Reply-To"));
    assert_int_equal(count_of(message, "content"), 0);
    free(message);
}

/* A mailto may stand alone; only the https form has List-Unsubscribe-Post (U1). */
static void unsubscribing_by_mail_alone_has_no_post(void **state)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct compose_content content = compose_data_content("", "t", "");
    struct compose_recipient recipient = compose_data_recipient(arena, "a@example.jp", "{}");
    (void)state;
    recipient.unsubscribe_mailto = TEXT("mailto:a@b.example?subject=stop");
    char *message = compose_data_message(&content, &recipient, NULL);
    assert_string_equal(compose_data_field(message, "List-Unsubscribe"),
                        "<mailto:a@b.example?subject=stop>");
    assert_null(compose_data_field(message, "List-Unsubscribe-Post"));
    assert_null(compose_data_field(message, "Subject"));
    free(message);
}

/* G11: texts show the link of the header, escaped where HTML asks for it, whatever the fields say.
 */
static void texts_show_the_link_to_unsubscribe(void **state)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct compose_content content =
        compose_data_content("", "stop: {{unsubscribe_url}}\n",
                             "<a href=\"{{unsubscribe_url}}\">{{#l}}{{unsubscribe_url}}{{/l}}</a>");
    struct compose_recipient recipient = compose_data_recipient(
        arena, "a@example.jp", "{\"unsubscribe_url\":\"https://evil.example\",\"l\":[1]}");
    (void)state;
    recipient.unsubscribe_url = TEXT("https://u.example/1&2");
    char *message = compose_data_message(&content, &recipient, NULL);
    assert_non_null(strstr(message, "stop: https://u.example/1&2\r\n"));
    assert_non_null(strstr(message, "<a href=\"https://u.example/1&amp;2\">"
                                    "https://u.example/1&amp;2</a>"));
    assert_string_equal(compose_data_field(message, "List-Unsubscribe"), "<https://u.example/1&2>");
    free(message);
    /* Without one it is a field like others. */
    recipient.unsubscribe_url = TEXT("");
    message = compose_data_message(&content, &recipient, NULL);
    assert_non_null(strstr(message, "stop: https://evil.example\r\n"));
    assert_null(compose_data_field(message, "List-Unsubscribe"));
    free(message);
}

#define FORTY "0123456789012345678901234567890123456789"
#define URL_OF_901                                                                               \
    "https://u.example/" FORTY FORTY FORTY FORTY FORTY FORTY FORTY FORTY FORTY FORTY FORTY FORTY \
        FORTY FORTY FORTY FORTY FORTY FORTY FORTY FORTY FORTY FORTY "abc"

/* What one recipient brings that must not get into a header (S15), or is missing. */
static const struct {
    const char *what;
    const char *fields;
    struct text display_name;
    struct text message_id;
    struct text url;
    struct text mailto;
    struct compose_header headers[2];
    int error;
    const char *field;
    const char *rule;
} refusals[] = {
    {"good", "{\"a\":\"b\"}", .error = 0, .field = "", .rule = ""},
    {"missing", "{}", .error = -ENOENT, .field = "fields.a", .rule = "missing_field"},
    {"a list", "{\"a\":[1]}", .error = -EINVAL, .field = "fields.a", .rule = "field_type"},
    {"CR LF in a field", "{\"a\":\"x\\r\\nBcc: y@z.example\"}", .error = -EINVAL,
     .field = "subject", .rule = "S15"},
    {"LF in a field", "{\"a\":\"x\\ny\"}", .error = -EINVAL, .field = "subject", .rule = "S15"},
    {"NEL in a field", "{\"a\":\"x\\u0085y\"}", .error = -EINVAL, .field = "subject",
     .rule = "S15"},
    {"coded line end is text", "{\"a\":\"=0D=0A\"}", .error = 0, .field = "", .rule = ""},
    {"U+2028 is encoded", "{\"a\":\"x\\u2028y\"}", .error = 0, .field = "", .rule = ""},
    {"name", "{\"a\":\"b\"}", .display_name = {"a\r\nb", 4}, .error = -EINVAL,
     .field = "display_name", .rule = "S15"},
    {"name with NUL", "{\"a\":\"b\"}", .display_name = {"a\0b", 3}, .error = -EINVAL,
     .field = "display_name", .rule = "S15"},
    {"message id", "{\"a\":\"b\"}", .message_id = {"a@b>\r\nX: <c@d", 13}, .error = -EINVAL,
     .field = "message_id", .rule = "message_id"},
    {"URL with a line end", "{\"a\":\"b\"}", .url = {"https://x\r\nBcc: y", 17}, .error = -EINVAL,
     .field = "unsubscribe_url", .rule = "S15"},
    {"URL with a bracket", "{\"a\":\"b\"}", .url = {"https://x>,<y", 13}, .error = -EINVAL,
     .field = "unsubscribe_url", .rule = "S15"},
    {"URL without TLS", "{\"a\":\"b\"}", .url = {"http://x.example", 16}, .error = -EINVAL,
     .field = "unsubscribe_url", .rule = "U1"},
    {"long URL", "{\"a\":\"b\"}", .url = {URL_OF_901, sizeof URL_OF_901 - 1}, .error = -EMSGSIZE,
     .field = "unsubscribe_url", .rule = "S14"},
    {"mailto with a space", "{\"a\":\"b\"}", .mailto = {"a @b", 4}, .error = -EINVAL,
     .field = "unsubscribe_mailto", .rule = "S15"},
    {"our header", "{\"a\":\"b\"}", .headers = {{{"Subject", 7}, {"x", 1}}}, .error = -EINVAL,
     .field = "headers[0].name", .rule = "header_not_allowed"},
    {"name of a header", "{\"a\":\"b\"}", .headers = {{{"X-A\r\nBcc", 8}, {"x", 1}}},
     .error = -EINVAL, .field = "headers[0].name", .rule = "header_name"},
    {"value of a header", "{\"a\":\"b\"}",
     .headers = {{{"X-A", 3}, {"x", 1}}, {{"X-B", 3}, {"a\rb", 3}}}, .error = -EINVAL,
     .field = "headers[1].value", .rule = "S15"},
    {"header twice", "{\"a\":\"b\"}", .headers = {{{"X-A", 3}, {"x", 1}}, {{"x-a", 3}, {"y", 1}}},
     .error = -EINVAL, .field = "headers[1].name", .rule = "doubled"},
};

static void check_refusal(size_t i)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    OWNED(compose_scratch_destroy) struct compose_scratch *scratch = compose_scratch_create();
    OWNED(compose_finish) struct composed message = {0};
    OWNED(compose_destroy) struct compose_prepared *prepared = NULL;
    struct compose_content content = compose_data_content("Re {{a}}", "{{a}}", "");
    struct compose_recipient recipient =
        compose_data_recipient(arena, "a@example.jp", refusals[i].fields);
    struct problem problem = {0};
    print_message("%s\n", refusals[i].what);
    recipient.display_name = refusals[i].display_name;
    recipient.unsubscribe_url = refusals[i].url;
    recipient.unsubscribe_mailto = refusals[i].mailto;
    recipient.headers = refusals[i].headers;
    recipient.header_count = (refusals[i].headers[0].name.size > 0 ? 1U : 0U) +
                             (refusals[i].headers[1].name.size > 0 ? 1U : 0U);
    bool has_id = refusals[i].message_id.size > 0;
    recipient.message_id = has_id ? refusals[i].message_id : recipient.message_id;
    assert_int_equal(compose_prepare(&content, &prepared, NULL), 0);
    assert_int_equal(compose_message(prepared, &recipient, scratch, &message, &problem),
                     refusals[i].error);
    assert_string_equal(problem.field, refusals[i].field);
    assert_string_equal(problem.rule, refusals[i].rule);
    assert_int_equal(message.count > 0, refusals[i].error == 0);
    /* Intake comes to the same, but for what only the moment of sending knows. */
    memset(&problem, 0, sizeof problem);
    assert_int_equal(compose_check(prepared, &recipient, scratch, &problem),
                     has_id ? 0 : refusals[i].error);
    assert_string_equal(problem.rule, has_id ? "" : refusals[i].rule);
}

static void nothing_is_injected_into_a_header(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        check_refusal(i);
    }
}

static void a_rendered_reply_address_must_be_one(void **state)
{
    static const struct compose_mailbox reply = {{"{{r}}", 5}, {"{{d}}", 5}};
    static const struct {
        const char *fields;
        int error;
        const char *field;
    } cases[] = {
        {"{\"r\":\"a@b.example\",\"d\":\"x\"}", 0, ""},
        {"{\"r\":\"a@b.example, c@d.example\",\"d\":\"x\"}", -EINVAL, "reply_to[0].address"},
        {"{\"r\":\"a@b.example>\\r\\nX: <\",\"d\":\"x\"}", -EINVAL, "reply_to[0].address"},
        {"{\"r\":\"a@b.example\",\"d\":\"x\\n\"}", -EINVAL, "reply_to[0].display_name"},
        {"{\"r\":\"\",\"d\":\"x\\n\"}", 0, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWNED(arena_destroy) struct arena *arena = arena_create(0);
        struct compose_content content = compose_data_content("s", "t", "");
        struct compose_recipient recipient =
            compose_data_recipient(arena, "a@example.jp", cases[i].fields);
        struct problem problem = {0};
        content.reply_to = &reply;
        content.reply_to_count = 1;
        char *message = compose_data_message(&content, &recipient, &problem);
        assert_int_equal(message != NULL, cases[i].error == 0);
        assert_string_equal(problem.field, cases[i].field);
        free(message);
    }
}

/* The bytes of an attachment are encoded once and never copied; buffers are used again. */
static void attachments_are_borrowed_and_buffers_kept(void **state)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    OWNED(compose_scratch_destroy) struct compose_scratch *scratch = compose_scratch_create();
    OWNED(compose_finish) struct composed first = {0};
    OWNED(compose_finish) struct composed second = {0};
    OWNED(compose_destroy) struct compose_prepared *prepared = NULL;
    OWNED(compose_destroy) struct compose_prepared *other = NULL;
    struct compose_content content = compose_data_content("s", "Hello {{a}}", "<p>same</p>");
    struct compose_recipient recipient =
        compose_data_recipient(arena, "a@example.jp", "{\"a\":\"b\"}");
    (void)state;
    content.attachments = both_kinds;
    content.attachment_count = 2;
    assert_int_equal(compose_prepare(&content, &prepared, NULL), 0);
    content.attachments = NULL;
    content.attachment_count = 0;
    content.attachments_of = prepared;
    assert_int_equal(compose_prepare(&content, &other, NULL), 0);
    assert_int_equal(compose_message(prepared, &recipient, scratch, &first, NULL), 0);
    assert_int_equal(compose_message(other, &recipient, scratch, &second, NULL), 0);
    assert_int_equal(first.count, second.count);
    size_t borrowed = 0;
    for (size_t i = 0; i < first.count; i++) {
        assert_true(text_equal(first.parts[i], second.parts[i]));
        borrowed += first.parts[i].data == second.parts[i].data ? 1 : 0;
    }
    assert_int_equal(borrowed, 2);
    const char *bytes = first.bytes.data;
    const struct text *parts = first.parts;
    for (uint64_t seed = 0; seed < 100; seed++) {
        recipient.boundary_seed = seed;
        assert_int_equal(compose_message(prepared, &recipient, scratch, &first, NULL), 0);
        assert_ptr_equal(first.bytes.data, bytes);
        assert_ptr_equal(first.parts, parts);
    }
}

/* A retry repeats itself; another seed changes the boundaries and nothing else. */
static void the_same_input_gives_the_same_bytes(void **state)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct compose_content content = compose_data_content("{{a}}", "{{a}}", "<p>{{a}}</p>");
    struct compose_recipient recipient =
        compose_data_recipient(arena, "a@example.jp", "{\"a\":\"\xe3\x81\x82\"}");
    (void)state;
    char *one = compose_data_message(&content, &recipient, NULL);
    char *two = compose_data_message(&content, &recipient, NULL);
    assert_string_equal(one, two);
    recipient.boundary_seed++;
    char *three = compose_data_message(&content, &recipient, NULL);
    assert_string_not_equal(one, three);
    assert_int_equal(strlen(one), strlen(three));
    free(one);
    free(two);
    free(three);
}

static void utf8_addresses_ask_for_smtputf8(void **state)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    OWNED(compose_scratch_destroy) struct compose_scratch *scratch = compose_scratch_create();
    OWNED(compose_finish) struct composed message = {0};
    OWNED(compose_destroy) struct compose_prepared *prepared = NULL;
    struct compose_content content = compose_data_content("s", "t", "");
    struct compose_recipient recipient =
        compose_data_recipient(arena, "\xe5\xa4\xaa@\xe6\x97\xa5\xe6\x9c\xac.jp", "{}");
    (void)state;
    assert_int_equal(compose_prepare(&content, &prepared, NULL), 0);
    assert_int_equal(compose_message(prepared, &recipient, scratch, &message, NULL), 0);
    assert_true(message.needs_smtputf8);
    OWNED(buffer_finish) struct buffer flat = {0};
    compose_flatten(&message, &flat);
    buffer_append_byte(&flat, '\0');
    assert_non_null(strstr(flat.data, "To: \xe5\xa4\xaa@xn--wgv71a.jp\r\n"));
    recipient = compose_data_recipient(arena, "a@\xe6\x97\xa5\xe6\x9c\xac.jp", "{}");
    assert_int_equal(compose_message(prepared, &recipient, scratch, &message, NULL), 0);
    assert_false(message.needs_smtputf8);
}

static void large_messages_are_refused(void **state)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct compose_content content =
        compose_data_content("s", "{{#l}}{{#l}}{{#l}}12345678901234567890{{/l}}{{/l}}{{/l}}", "");
    struct compose_recipient recipient =
        compose_data_recipient(arena, "a@example.jp", "{\"l\":[1,1,1,1,1,1,1,1,1,1]}");
    struct problem problem = {0};
    (void)state;
    content.message_limit_bytes = 30000;
    char *message = compose_data_message(&content, &recipient, &problem);
    assert_non_null(message);
    free(message);
    content.message_limit_bytes = 20400;
    assert_null(compose_data_message(&content, &recipient, &problem));
    assert_string_equal(problem.rule, "message_size");
    content.message_limit_bytes = 19999;
    assert_null(compose_data_message(&content, &recipient, &problem));
    assert_string_equal(problem.rule, "template_output");
    assert_string_equal(problem.field, "text");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_exactly_these_bytes),
        cmocka_unit_test(html_comes_with_a_text_made_from_it),
        cmocka_unit_test(parts_nest_by_what_there_is),
        cmocka_unit_test(languages_fall_back_to_shorter_tags_and_the_default),
        cmocka_unit_test(every_field_stands_once),
        cmocka_unit_test(unsubscribing_by_mail_alone_has_no_post),
        cmocka_unit_test(texts_show_the_link_to_unsubscribe),
        cmocka_unit_test(nothing_is_injected_into_a_header),
        cmocka_unit_test(a_rendered_reply_address_must_be_one),
        cmocka_unit_test(attachments_are_borrowed_and_buffers_kept),
        cmocka_unit_test(the_same_input_gives_the_same_bytes),
        cmocka_unit_test(utf8_addresses_ask_for_smtputf8),
        cmocka_unit_test(large_messages_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
