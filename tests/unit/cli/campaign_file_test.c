#include "cli/campaign_file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int load(void *context, struct text path, struct arena *arena, struct text *ret_content,
                struct problem *problem)
{
    (void)context;
    (void)arena;
    if (text_equal(path, TEXT("body.txt"))) {
        *ret_content = TEXT("\xEF\xBB\xBF{{name}}様\n");
        return 0;
    }
    if (text_equal(path, TEXT("files/catalog.PDF"))) {
        *ret_content = TEXT("%PDF\0x");
        return 0;
    }
    if (text_equal(path, TEXT("cp932.txt"))) {
        *ret_content = TEXT("\x8E\x52");
        return 0;
    }
    problem_set(problem, "", "file", "%.*s: cannot be read: gone", TEXT_PRINT(path));
    return -ENOENT;
}

static const struct campaign_file_loader loader = {load, NULL};

static const char everything[] =
    "name: 春の感謝祭\n"
    "labels: {season: spring, team: '7'}\n"
    "lane: BULK\n"
    "content_class: advertising\n"
    "mode: MODE_SANDBOX\n"
    "pool: mkt-a\n"
    "from: 感謝祭事務局 <news@shop.test>\n"
    "reply_to: [help@shop.test, {address: x@shop.test}]\n"
    "return_path: {domain: b.shop.test, mode: FIXED}\n"
    "subject: '{{name}}様へ'\n"
    "text: file:body.txt\n"
    "html: |\n"
    "  <p>{{name}}</p>\n"
    "variants:\n"
    "  en: {subject: Hi, text: file:body.txt}\n"
    "default_fields: {name: お客様, n: 1.10, big: 12345678901234567890,\n"
    "  s: '1', t: true, e: ~, list: [1, two]}\n"
    "missing_field: EMPTY\n"
    "attachments:\n"
    "  - file:files/catalog.PDF\n"
    "  - {data: file:body.txt, file_name: a.bin, inline_id: logo}\n"
    "headers: [{name: X-Team, value: shop}]\n"
    "list_id: spring.shop.test\n"
    "unsubscribe: {mode: OWN_URL, url: 'https://shop.test/u'}\n"
    "feedback_id: [a, b]\n"
    "scheduled_at_unix_ms: 2026-11-28T09:00+09:00\n"
    "expires_after_s: 3d\n"
    "uncertain: {policy: HOLD, resolve_after_s: 86400}\n"
    "duplicates: DROP\n";

static void check_content(const Hikyaku__V1__Content *content)
{
    assert_string_equal(content->from->address, "news@shop.test");
    assert_string_equal(content->from->display_name, "感謝祭事務局");
    assert_int_equal(content->n_reply_to, 2);
    assert_string_equal(content->reply_to[0]->address, "help@shop.test");
    assert_string_equal(content->reply_to[1]->address, "x@shop.test");
    assert_int_equal(content->return_path->mode,
                     HIKYAKU__V1__RETURN_PATH_MODE__RETURN_PATH_MODE_FIXED);
    assert_string_equal(content->text, "{{name}}様\n");
    assert_string_equal(content->html, "<p>{{name}}</p>\n");
    assert_int_equal(content->n_variants, 1);
    assert_string_equal(content->variants[0]->key, "en");
    assert_string_equal(content->variants[0]->value->text, "{{name}}様\n");
    assert_string_equal(content->default_fields,
                        "{\"name\":\"お客様\",\"n\":1.10,\"big\":12345678901234567890,\"s\":\"1\","
                        "\"t\":true,\"e\":null,\"list\":[1,\"two\"]}");
    assert_int_equal(content->n_attachments, 2);
    assert_string_equal(content->attachments[0]->file_name, "catalog.PDF");
    assert_string_equal(content->attachments[0]->media_type, "application/pdf");
    assert_int_equal(content->attachments[0]->source_case, HIKYAKU__V1__ATTACHMENT__SOURCE_DATA);
    assert_int_equal(content->attachments[0]->data.len, 6);
    assert_string_equal(content->attachments[1]->file_name, "a.bin");
    assert_string_equal(content->attachments[1]->media_type, "text/plain");
    assert_string_equal(content->attachments[1]->inline_id, "logo");
    assert_string_equal(content->headers[0]->value, "shop");
    assert_int_equal(content->n_feedback_id, 2);
    assert_string_equal(content->feedback_id[1], "b");
}

static void every_field_is_read(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    struct config_errors errors = {.file = "c.yaml"};
    struct campaign_file file;
    int refused = campaign_file_parse(text_of(everything), &loader, arena, &errors, &file);
    assert_int_equal(errors.total, 0);
    assert_int_equal(refused, 0);
    const Hikyaku__V1__CreateCampaignRequest *request = file.request;
    assert_string_equal(request->name, "春の感謝祭");
    assert_int_equal(request->n_labels, 2);
    assert_string_equal(request->labels[1]->key, "team");
    assert_string_equal(request->labels[1]->value, "7");
    assert_int_equal(request->lane, HIKYAKU__V1__LANE__LANE_BULK);
    assert_int_equal(request->content_class, HIKYAKU__V1__CONTENT_CLASS__CONTENT_CLASS_ADVERTISING);
    assert_int_equal(request->mode, HIKYAKU__V1__MODE__MODE_SANDBOX);
    assert_int_equal(request->scheduled_at_unix_ms, INT64_C(1795824000000));
    assert_int_equal(request->expires_after_s, 259200);
    assert_int_equal(request->uncertain->policy,
                     HIKYAKU__V1__UNCERTAIN_POLICY__UNCERTAIN_POLICY_HOLD);
    assert_int_equal(request->uncertain->resolve_after_s, 86400);
    check_content(request->content);
    /* It is a whole protobuf message. */
    assert_true(hikyaku__v1__create_campaign_request__get_packed_size(request) > 300);
    arena_destroy(&arena);
}

static void each_mistake_has_line_column_and_rule(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        unsigned int line;
        unsigned int column;
        const char *field;
        const char *rule;
        const char *part; /* of the message */
    } cases[] = {
        {"name: x\npoool: a\n", 2, 1, "poool", "unknown_key", "did you mean pool?"},
        {"name: x\nfrom: {adress: a@b.test}\n", 2, 8, "from.adress", "unknown_key", "address"},
        {"zzz: 1\n", 1, 1, "zzz", "unknown_key", "is no key here"},
        {"content: {subject: x}\n", 1, 1, "content", "unknown_key", "at the top"},
        {"lane: FAST\n", 1, 7, "lane", "choice", "BULK, TRANSACTIONAL"},
        {"lane: UNSPECIFIED\n", 1, 7, "lane", "choice", "BULK"},
        {"expires_after_s: soon\n", 1, 18, "expires_after_s", "duration", "3d"},
        {"expires_after_s: 500ms\n", 1, 18, "expires_after_s", "duration", "seconds"},
        {"expires_after_s: 99999999999\n", 1, 18, "expires_after_s", "range", "large"},
        {"estimated_rows: -1\n", 1, 17, "estimated_rows", "number", "number"},
        {"scheduled_at_unix_ms: tomorrow\n", 1, 23, "scheduled_at_unix_ms", "time", "offset"},
        {"scheduled_at_unix_ms: 2026-02-30T00:00Z\n", 1, 23, "scheduled_at_unix_ms", "time", ""},
        {"text: file:none.txt\n", 1, 7, "text", "file", "none.txt: cannot be read"},
        {"text: file:cp932.txt\n", 1, 7, "text", "utf8", "UTF-8"},
        {"variants:\n  en: {text: file:no}\n", 2, 14, "variants.en.text", "file", "no:"},
        {"variants: {en: hello}\n", 1, 16, "variants.en", "map", "not a text"},
        {"attachments: [file:gone]\n", 1, 15, "attachments[0]", "file", "gone"},
        {"attachments: [{data: xyz}]\n", 1, 22, "attachments[0].data", "file", "file:PATH"},
        {"attachments: file:body.txt\n", 1, 14, "attachments", "list", "must be a list"},
        {"attachments: [{blob_sha256: 12}]\n", 1, 29, "attachments[0].blob_sha256", "hex", "64"},
        {"labels: [a]\n", 1, 9, "labels", "map", "must be a map"},
        {"labels: {a: [b]}\n", 1, 13, "labels.a", "text", "not a list"},
        {"subject:\n", 1, 9, "subject", "empty", "leave the line out"},
        {"from: Shop <news@shop.test\n", 1, 7, "from", "mailbox", "Name <ADDRESS>"},
        {"from: ''\n", 1, 7, "from", "mailbox", "ADDRESS"},
        {"default_fields: [a]\n", 1, 17, "default_fields", "map", "must be a map"},
        {"name: x\nname: y\n", 2, 1, "", "duplicate_key", "line 1"},
        {"name: [\n", 2, 1, "", "yaml", ""},
        {"- a\n", 1, 1, "", "map", "must be a map"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena *arena = arena_create(0);
        struct config_errors errors = {.file = "c.yaml"};
        struct campaign_file file;
        assert_int_equal(
            campaign_file_parse(text_of(cases[i].yaml), &loader, arena, &errors, &file), -EINVAL);
        assert_int_equal(errors.total, 1);
        assert_string_equal(errors.items[0].problem.rule, cases[i].rule);
        assert_string_equal(errors.items[0].problem.field, cases[i].field);
        assert_int_equal(errors.items[0].place.line, cases[i].line);
        assert_int_equal(errors.items[0].place.column, cases[i].column);
        assert_non_null(strstr(errors.items[0].problem.message, cases[i].part));
        arena_destroy(&arena);
    }
}

static void the_servers_words_find_their_lines(void **state)
{
    (void)state;
    static const char yaml[] = "name: x\nfrom: {address: a@gmail.com}\nvariants:\n  en: {text: a}\n"
                               "  de:\n    text: b\nattachments:\n  - {data: file:body.txt}\n";
    static const struct {
        const char *field;
        unsigned int line; /* 0: not in the file */
        unsigned int column;
    } cases[] = {
        {"content.from.address", 2, 8},
        {"name", 1, 1},
        {"content.from", 2, 1},
        {"content.variants[1].value.text", 5, 3},
        {"content.variants[0]", 4, 3},
        {"content.attachments[0].file_name", 8, 5},
        {"content.subject", 0, 0},
        {"", 0, 0},
        {"[", 0, 0},
        {"content.", 0, 0},
    };
    struct arena *arena = arena_create(0);
    struct config_errors errors = {0};
    struct campaign_file file;
    assert_int_equal(campaign_file_parse(text_of(yaml), &loader, arena, &errors, &file), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct config_place place = {0};
        bool is_found = campaign_file_place(&file, text_of(cases[i].field), &place);
        assert_int_equal(is_found, cases[i].line != 0);
        assert_int_equal(place.line, cases[i].line);
        assert_int_equal(place.column, cases[i].column);
    }
    arena_destroy(&arena);
}

static void mailboxes_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *address; /* NULL: refused */
        const char *name;
    } cases[] = {
        {"a@b.test", "a@b.test", ""},
        {" a@b.test ", "a@b.test", ""},
        {"Shop <a@b.test>", "a@b.test", "Shop"},
        {"\"Shop, Inc\" <a@b.test>", "a@b.test", "Shop, Inc"},
        {"<a@b.test>", "a@b.test", ""},
        {"感謝祭 事務局<a@b.test>", "a@b.test", "感謝祭 事務局"},
        {"a@b.test>", NULL, NULL},
        {"", NULL, NULL},
        {"<>", NULL, NULL},
        {"Shop <a@b.test> x", NULL, NULL},
        {"<", NULL, NULL},
        {"a b@c.test", NULL, NULL},
    };
    struct arena *arena = arena_create(0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Hikyaku__V1__Mailbox mailbox;
        hikyaku__v1__mailbox__init(&mailbox);
        int refused = campaign_file_mailbox(text_of(cases[i].text), arena, &mailbox);
        assert_int_equal(refused, cases[i].address == NULL ? -EINVAL : 0);
        if (refused == 0) {
            assert_string_equal(mailbox.address, cases[i].address);
            assert_string_equal(mailbox.display_name, cases[i].name);
        }
    }
    arena_destroy(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_read),
        cmocka_unit_test(each_mistake_has_line_column_and_rule),
        cmocka_unit_test(the_servers_words_find_their_lines),
        cmocka_unit_test(mailboxes_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
