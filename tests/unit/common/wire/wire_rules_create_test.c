/* Each rule of API.md, broken once: a valid request, one change, the field and rule refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/wire/wire_rules.h"
#include "tests/unit/common/wire/requests.h"

#include <errno.h>

typedef void change_create_fn(struct arena *arena, Hikyaku__V1__CreateCampaignRequest *request);

#define CHANGE(name)                                              \
    static void name(struct arena *arena __attribute__((unused)), \
                     Hikyaku__V1__CreateCampaignRequest *request)

CHANGE(nothing)
{
    (void)request;
}
CHANGE(no_key)
{
    request->idempotency_key = requests_string(arena, "");
}
CHANGE(key_with_space)
{
    request->idempotency_key = requests_string(arena, "a b");
}
CHANGE(key_129)
{
    request->idempotency_key = requests_repeat(arena, "k", 129);
}
CHANGE(name_201)
{
    request->name = requests_repeat(arena, "名", 201);
}
CHANGE(name_200)
{
    request->name = requests_repeat(arena, "名", 200);
}
CHANGE(name_with_line_end)
{
    request->name = requests_string(arena, "a\nb");
}
CHANGE(name_decomposed)
{
    request->name = requests_string(arena, "か\xe3\x82\x99"); /* KA and a voiced sound mark */
}
CHANGE(label_like_address)
{
    static const char *const pairs[] = {"team", "taro@example.jp"};
    request->labels = requests_labels(arena, pairs, 1);
    request->n_labels = 1;
}
CHANGE(label_with_at)
{
    static const char *const pairs[] = {"price", "3 @ 100"};
    request->labels = requests_labels(arena, pairs, 1);
    request->n_labels = 1;
}
CHANGE(labels_doubled)
{
    static const char *const pairs[] = {"a", "1", "b", "2", "a", "3"};
    request->labels = requests_labels(arena, pairs, 3);
    request->n_labels = 3;
}
CHANGE(eleven_labels)
{
    static const char *const pairs[] = {"a", "",  "b", "",  "c", "",  "d", "",  "e", "",  "f",
                                        "",  "g", "",  "h", "",  "i", "",  "j", "",  "k", ""};
    request->labels = requests_labels(arena, pairs, 11);
    request->n_labels = 11;
}
CHANGE(no_class)
{
    request->content_class = 0;
}
CHANGE(advertising_transactional)
{
    request->content_class = HIKYAKU__V1__CONTENT_CLASS__CONTENT_CLASS_ADVERTISING;
    request->lane = HIKYAKU__V1__LANE__LANE_TRANSACTIONAL;
    request->content->unsubscribe = requests_new(arena, &hikyaku__v1__unsubscribe__descriptor);
    request->content->unsubscribe->mode = HIKYAKU__V1__UNSUBSCRIBE_MODE__UNSUBSCRIBE_MODE_OWN_URL;
    request->content->unsubscribe->url = requests_string(arena, "https://example.jp/u");
}
CHANGE(advertising_without_unsubscribe)
{
    (void)arena;
    request->content_class = HIKYAKU__V1__CONTENT_CLASS__CONTENT_CLASS_ADVERTISING;
}
CHANGE(advertising_bulk)
{
    advertising_transactional(arena, request);
    request->lane = HIKYAKU__V1__LANE__LANE_BULK;
}
CHANGE(no_content)
{
    request->content = NULL;
}
CHANGE(no_from)
{
    request->content->from = NULL;
}
CHANGE(gmail_from)
{
    request->content->from->address = requests_string(arena, "me@GMail.com");
}
CHANGE(googlemail_from)
{
    request->content->from->address = requests_string(arena, "me@googlemail.com");
}
CHANGE(from_with_line_end)
{
    request->content->from->address = requests_string(arena, "me@example.jp\r\nBcc: x@y.z");
}
CHANGE(display_name_129)
{
    request->content->from->display_name = requests_repeat(arena, "名", 129);
}
CHANGE(four_reply_to)
{
    request->content->reply_to = arena_zero(arena, 4, sizeof(void *));
    for (size_t i = 0; i < 4; i++) {
        request->content->reply_to[i] = requests_mailbox(arena, "r@gmail.com");
    }
    request->content->n_reply_to = 4;
}
CHANGE(reply_to_gmail)
{
    four_reply_to(arena, request);
    request->content->n_reply_to = 3;
}
CHANGE(subject_with_line_end)
{
    request->content->subject = requests_string(arena, "a\r\nBcc: x@y.z");
}
CHANGE(subject_with_line_separator)
{
    request->content->subject = requests_string(arena, "a\xe2\x80\xa8z");
}
CHANGE(no_subject)
{
    request->content->subject = requests_string(arena, "");
}
CHANGE(no_body)
{
    request->content->text = requests_string(arena, "");
}
CHANGE(html_only)
{
    no_body(arena, request);
    request->content->html = requests_string(arena, "<p>x</p>");
}
CHANGE(text_too_large)
{
    request->content->text = requests_repeat(arena, "x", 1024 * 1024 + 1);
}
CHANGE(return_path_syntax)
{
    request->content->return_path = requests_new(arena, &hikyaku__v1__return_path__descriptor);
    request->content->return_path->domain = requests_string(arena, "b@example.jp");
}
static void add_variant(struct arena *arena, Hikyaku__V1__CreateCampaignRequest *request,
                        const char *tag, const char *text)
{
    Hikyaku__V1__Content__VariantsEntry *entry =
        requests_new(arena, &hikyaku__v1__content__variants_entry__descriptor);
    entry->key = requests_string(arena, tag);
    entry->value = requests_new(arena, &hikyaku__v1__variant__descriptor);
    entry->value->text = requests_string(arena, text);
    request->content->variants = arena_zero(arena, 1, sizeof(void *));
    request->content->variants[0] = entry;
    request->content->n_variants = 1;
}
CHANGE(variant)
{
    add_variant(arena, request, "zh-Hant-TW", "x");
}
CHANGE(variant_tag)
{
    add_variant(arena, request, "english_", "x");
}
CHANGE(variant_empty)
{
    add_variant(arena, request, "en", "");
}
static Hikyaku__V1__Attachment *
attach(struct arena *arena, Hikyaku__V1__CreateCampaignRequest *request, size_t size, size_t count)
{
    request->content->attachments = arena_zero(arena, count, sizeof(void *));
    request->content->n_attachments = count;
    Hikyaku__V1__Attachment *attachment = requests_attachment(arena, size);
    for (size_t i = 0; i < count; i++) {
        request->content->attachments[i] = attachment;
    }
    return attachment;
}
CHANGE(attachment)
{
    (void)attach(arena, request, 1024 * 1024, 1);
}
CHANGE(attachment_too_large)
{
    (void)attach(arena, request, 1024 * 1024 + 1, 1);
}
CHANGE(attachments_21)
{
    (void)attach(arena, request, 1, 21);
}
CHANGE(message_too_large)
{
    (void)attach(arena, request, 1024 * 1024, 8); /* 8 MiB in base64 are 10.9 MiB */
}
CHANGE(attachment_without_source)
{
    attach(arena, request, 1, 1)->source_case = HIKYAKU__V1__ATTACHMENT__SOURCE__NOT_SET;
}
CHANGE(attachment_blob)
{
    attach(arena, request, 32, 1)->source_case = HIKYAKU__V1__ATTACHMENT__SOURCE_BLOB_SHA256;
}
CHANGE(attachment_path)
{
    attach(arena, request, 1, 1)->file_name = requests_string(arena, "../a.pdf");
}
CHANGE(attachment_multipart)
{
    attach(arena, request, 1, 1)->media_type = requests_string(arena, "Multipart/mixed");
}
CHANGE(attachment_media)
{
    attach(arena, request, 1, 1)->media_type = requests_string(arena, "pdf");
}
static void add_header(struct arena *arena, Hikyaku__V1__CreateCampaignRequest *request,
                       const char *name, const char *value)
{
    request->content->headers = arena_zero(arena, 2, sizeof(void *));
    request->content->headers[0] = requests_header(arena, name, value);
    request->content->headers[1] = requests_header(arena, "x-campaign", "1");
    request->content->n_headers = 2;
}
CHANGE(header_x)
{
    add_header(arena, request, "X-Shop", "{{id}}");
}
CHANGE(header_references)
{
    add_header(arena, request, "references", "<a@b.c>");
}
CHANGE(header_ours)
{
    add_header(arena, request, "Feedback-ID", "a:b:c:d");
}
CHANGE(header_bcc)
{
    add_header(arena, request, "Bcc", "x@y.z");
}
CHANGE(header_internal)
{
    add_header(arena, request, "X-Hikyaku-Campaign", "1");
}
CHANGE(header_twice)
{
    add_header(arena, request, "X-Campaign", "2");
}
CHANGE(header_injection)
{
    add_header(arena, request, "X-Shop", "1\r\nBcc: x@y.z");
}
CHANGE(header_name_colon)
{
    add_header(arena, request, "X-Shop:", "1");
}
CHANGE(headers_21)
{
    request->content->headers = requests_headers(arena, "X-", 21);
    request->content->n_headers = 21;
}
CHANGE(headers_large)
{
    request->content->headers = requests_headers(arena, "X-", 10);
    request->content->n_headers = 10;
    for (size_t i = 0; i < 10; i++) {
        request->content->headers[i]->value = requests_repeat(arena, "v", 900);
    }
}
CHANGE(list_id)
{
    request->content->list_id = requests_string(arena, "news.example.co.jp");
}
CHANGE(list_id_brackets)
{
    request->content->list_id = requests_string(arena, "<news.example.jp>");
}
static void feedback(struct arena *arena, Hikyaku__V1__CreateCampaignRequest *request,
                     const char *part, size_t count)
{
    request->content->feedback_id = arena_zero(arena, count, sizeof(void *));
    request->content->n_feedback_id = count;
    for (size_t i = 0; i < count; i++) {
        request->content->feedback_id[i] = requests_string(arena, part);
    }
}
CHANGE(feedback_4)
{
    feedback(arena, request, "a", 4);
}
CHANGE(feedback_colon)
{
    feedback(arena, request, "a:b", 1);
}
CHANGE(feedback_empty)
{
    feedback(arena, request, "", 1);
}
CHANGE(expires_59)
{
    request->expires_after_s = 59;
}
CHANGE(expires_60)
{
    request->expires_after_s = 60;
}
CHANGE(expires_432001)
{
    request->expires_after_s = 432001;
}
CHANGE(scheduled_negative)
{
    request->scheduled_at_unix_ms = -1;
}
CHANGE(rows_too_many)
{
    request->estimated_rows = 16384U * 4096U + 1;
}
CHANGE(purpose)
{
    request->purpose = requests_string(arena, "newsletter");
}
CHANGE(rate)
{
    request->max_per_minute = 100;
}
static void add_window(struct arena *arena, Hikyaku__V1__CreateCampaignRequest *request)
{
    Hikyaku__V1__Window *window = requests_new(arena, &hikyaku__v1__window__descriptor);
    window->from = requests_string(arena, "09:00");
    window->to = requests_string(arena, "21:00");
    window->zone = requests_string(arena, "Asia/Tokyo");
    request->windows = arena_zero(arena, 15, sizeof(void *));
    request->windows[0] = window;
    request->n_windows = 1;
}
CHANGE(window)
{
    add_window(arena, request);
}
CHANGE(window_without_zone)
{
    add_window(arena, request);
    request->windows[0]->zone = requests_string(arena, "");
}
CHANGE(windows_too_many)
{
    add_window(arena, request);
    for (size_t i = 1; i < 15; i++) {
        request->windows[i] = request->windows[0];
    }
    request->n_windows = 15;
}
CHANGE(tls_required)
{
    request->tls = HIKYAKU__V1__TLS_POLICY__TLS_POLICY_REQUIRED;
}
CHANGE(tls_opportunistic)
{
    request->tls = HIKYAKU__V1__TLS_POLICY__TLS_POLICY_OPPORTUNISTIC;
}
CHANGE(resolve_as_bounced)
{
    request->uncertain = requests_new(arena, &hikyaku__v1__uncertain__descriptor);
    request->uncertain->resolve_as = HIKYAKU__V1__RESOLVE_AS__RESOLVE_AS_BOUNCED;
}
CHANGE(resolve_after_a_month)
{
    request->uncertain = requests_new(arena, &hikyaku__v1__uncertain__descriptor);
    request->uncertain->resolve_after_s = 30 * 86400 + 1;
}
CHANGE(resolve_defaults)
{
    request->uncertain = requests_new(arena, &hikyaku__v1__uncertain__descriptor);
    request->uncertain->policy = HIKYAKU__V1__UNCERTAIN_POLICY__UNCERTAIN_POLICY_RESEND;
    request->uncertain->resolve_after_s = 86400;
    request->uncertain->resolve_as = HIKYAKU__V1__RESOLVE_AS__RESOLVE_AS_ASSUME_DELIVERED;
}
CHANGE(empty_canary)
{
    request->canary = requests_new(arena, &hikyaku__v1__canary__descriptor);
}
CHANGE(canary)
{
    empty_canary(arena, request);
    request->canary->count = request->canary->wait_s = 60;
}
CHANGE(canary_without_wait)
{
    canary(arena, request);
    request->canary->wait_s = 0;
}
CHANGE(canary_without_count)
{
    canary(arena, request);
    request->canary->count = 0;
}
CHANGE(canary_too_large)
{
    canary(arena, request);
    request->canary->count = 1001;
}
CHANGE(pool_syntax)
{
    request->pool = requests_string(arena, "a pool");
}

static const struct {
    change_create_fn *change;
    const char *field; /* NULL: passes */
    const char *rule;
} creates[] = {
    {nothing, NULL, NULL},
    {no_key, "idempotency_key", "required"},
    {key_with_space, "idempotency_key", "key_syntax"},
    {key_129, "idempotency_key", "too_large"},
    {name_201, "name", "too_large"},
    {name_200, NULL, NULL},
    {name_with_line_end, "name", "name_syntax"},
    {name_decomposed, "name", "name_syntax"},
    {label_like_address, "labels[0].value", "label_syntax"},
    {label_with_at, NULL, NULL},
    {labels_doubled, "labels", "doubled"},
    {eleven_labels, "labels", "too_many"},
    {no_class, "content_class", "required"},
    {advertising_transactional, "lane", "L7"},
    {advertising_without_unsubscribe, "content.unsubscribe", "G11"},
    {advertising_bulk, NULL, NULL},
    {no_content, "content", "required"},
    {no_from, "content.from", "required"},
    {gmail_from, "content.from.address", "G8"},
    {googlemail_from, "content.from.address", "G8"},
    {from_with_line_end, "content.from.address", "one_line"},
    {display_name_129, "content.from.display_name", "too_large"},
    {four_reply_to, "content.reply_to", "too_many"},
    {reply_to_gmail, NULL, NULL},
    {subject_with_line_end, "content.subject", "one_line"},
    {subject_with_line_separator, "content.subject", "one_line"},
    {no_subject, "content.subject", "required"},
    {no_body, "content.text", "required"},
    {html_only, NULL, NULL},
    {text_too_large, "content.text", "too_large"},
    {return_path_syntax, "content.return_path.domain", "domain_syntax"},
    {variant, NULL, NULL},
    {variant_tag, "content.variants[0].key", "language_tag"},
    {variant_empty, "content.variants[0].value.text", "required"},
    {attachment, NULL, NULL},
    {attachment_too_large, "content.attachments[0].data", "too_large"},
    {attachments_21, "content.attachments", "too_many"},
    {message_too_large, "content.attachments", "too_large"},
    {attachment_without_source, "content.attachments[0].data", "required"},
    {attachment_blob, "content.attachments[0].blob_sha256", "not_yet"},
    {attachment_path, "content.attachments[0].file_name", "file_name"},
    {attachment_multipart, "content.attachments[0].media_type", "media_type"},
    {attachment_media, "content.attachments[0].media_type", "media_type"},
    {header_x, NULL, NULL},
    {header_references, NULL, NULL},
    {header_ours, "content.headers[0].name", "header_not_allowed"},
    {header_bcc, "content.headers[0].name", "header_not_allowed"},
    {header_internal, "content.headers[0].name", "header_not_allowed"},
    {header_twice, "content.headers[1].name", "doubled"},
    {header_injection, "content.headers[0].value", "one_line"},
    {header_name_colon, "content.headers[0].name", "header_name"},
    {headers_21, "content.headers", "too_many"},
    {headers_large, "content.headers", "too_large"},
    {list_id, NULL, NULL},
    {list_id_brackets, "content.list_id", "list_id_syntax"},
    {feedback_4, "content.feedback_id", "too_many"},
    {feedback_colon, "content.feedback_id[0]", "feedback_id_syntax"},
    {feedback_empty, "content.feedback_id[0]", "required"},
    {expires_59, "expires_after_s", "out_of_range"},
    {expires_60, NULL, NULL},
    {expires_432001, "expires_after_s", "out_of_range"},
    {scheduled_negative, "scheduled_at_unix_ms", "out_of_range"},
    {rows_too_many, "estimated_rows", "out_of_range"},
    {purpose, "purpose", "not_yet"},
    {rate, NULL, NULL},
    {window, NULL, NULL},
    {window_without_zone, "windows[0].zone", "required"},
    {windows_too_many, "windows", "too_many"},
    {tls_required, "tls", "not_yet"},
    {tls_opportunistic, NULL, NULL},
    {resolve_as_bounced, NULL, NULL},
    {resolve_after_a_month, "uncertain.resolve_after_s", "out_of_range"},
    {resolve_defaults, NULL, NULL},
    {empty_canary, NULL, NULL},
    {canary, NULL, NULL},
    {canary_without_wait, "canary.wait_s", "required"},
    {canary_without_count, "canary.count", "required"},
    {canary_too_large, "canary.count", "out_of_range"},
    {pool_syntax, "pool", "key_syntax"},
};

static void test_create_campaign(void **state)
{
    (void)state;
    static struct problem_list problems;
    for (size_t i = 0; i < sizeof creates / sizeof creates[0]; i++) {
        struct arena *arena = arena_create(0);
        Hikyaku__V1__CreateCampaignRequest *request = requests_create(arena);
        creates[i].change(arena, request);
        problems.count = problems.total = 0;
        int error = wire_rules_check(&request->base, &wire_limits_default, &problems);
        if (creates[i].field == NULL && error != 0) {
            fail_msg("case %zu: %s %s", i, problems.items[0].field, problems.items[0].rule);
        }
        if (creates[i].field != NULL) {
            assert_int_equal(error, -EINVAL);
            assert_string_equal(problems.items[0].field, creates[i].field);
            assert_string_equal(problems.items[0].rule, creates[i].rule);
        }
        arena_destroy(&arena);
    }
}

static void test_problems_are_collected(void **state)
{
    (void)state;
    static struct problem_list problems;
    struct arena *arena = arena_create(0);
    Hikyaku__V1__CreateCampaignRequest *request = requests_create(arena);
    no_key(arena, request);
    gmail_from(arena, request);
    no_subject(arena, request);
    purpose(arena, request);
    problems.count = problems.total = 0;
    assert_int_equal(wire_rules_check(&request->base, &wire_limits_default, &problems), -EINVAL);
    assert_int_equal(problems.count, 4);
    arena_destroy(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create_campaign),
        cmocka_unit_test(test_problems_are_collected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
