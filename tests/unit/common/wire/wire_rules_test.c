/* Rules of recipients, messages and the other calls; those of CreateCampaign have their own file.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/wire/wire_rules.h"
#include "tests/unit/common/wire/requests.h"

#include <errno.h>

static void test_recipient(void **state)
{
    (void)state;
    static const struct {
        const char *address, *display_name, *ref, *lang, *field, *rule;
    } cases[] = {
        {"taro@example.jp", "山田", "r1", "ja", NULL, NULL},
        {"", "", "", "", "address", "required"},
        {"a@b.c\r\n", "", "", "", "address", "one_line"},
        {"a@b.c", "a\rb", "", "", "display_name", "one_line"},
        {"a@b.c", "", "me@home", "", "ref", "ref_syntax"},
        {"a@b.c", "", "", "j!", "lang", "language_tag"},
        {"a@b.c", "", "0123456789012345678901234567890123456789012345678901234567890123", "", NULL,
         NULL},
        {"a@b.c", "", "01234567890123456789012345678901234567890123456789012345678901234", "",
         "ref", "too_large"},
    };
    struct arena *arena = arena_create(0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct problem problem = {0};
        Hikyaku__V1__Recipient *recipient = requests_recipient(arena);
        recipient->address = requests_string(arena, cases[i].address);
        recipient->display_name = requests_string(arena, cases[i].display_name);
        recipient->ref = requests_string(arena, cases[i].ref);
        recipient->lang = requests_string(arena, cases[i].lang);
        int error = wire_rules_recipient(recipient, &wire_limits_default, &problem);
        assert_int_equal(error, cases[i].field == NULL ? 0 : -EINVAL);
        assert_string_equal(problem.field, cases[i].field == NULL ? "" : cases[i].field);
        assert_string_equal(problem.rule, cases[i].rule == NULL ? "" : cases[i].rule);
    }
    arena_destroy(&arena);
}

static void test_recipient_headers_and_fields(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    struct problem problem = {0};
    Hikyaku__V1__Recipient *recipient = requests_recipient(arena);
    recipient->headers = requests_headers(arena, "X-", 6);
    recipient->n_headers = 6;
    assert_int_equal(wire_rules_recipient(recipient, &wire_limits_default, &problem), -EINVAL);
    assert_string_equal(problem.field, "headers");
    recipient->n_headers = 5;
    assert_int_equal(wire_rules_recipient(recipient, &wire_limits_default, &problem), 0);
    recipient->headers[3] = requests_header(arena, "DKIM-Signature", "v=1");
    assert_int_equal(wire_rules_recipient(recipient, &wire_limits_default, &problem), -EINVAL);
    assert_string_equal(problem.field, "headers[3].name");
    recipient->n_headers = 0;
    recipient->fields = requests_repeat(arena, "x", 8193);
    assert_int_equal(wire_rules_recipient(recipient, &wire_limits_default, &problem), -EINVAL);
    assert_string_equal(problem.field, "fields");
    arena_destroy(&arena);
}

/* A bad recipient is skipped; an option that would be ignored refuses the call. */
static void test_add_recipients(void **state)
{
    (void)state;
    static struct problem_list problems;
    struct arena *arena = arena_create(0);
    Hikyaku__V1__AddRecipientsRequest *request =
        requests_new(arena, &hikyaku__v1__add_recipients_request__descriptor);
    request->campaign_id = requests_string(arena, "01ARZ3NDEKTSV4RRFFQ69G5FAW");
    request->recipients = arena_zero(arena, 2, sizeof(void *));
    request->recipients[0] = requests_recipient(arena);
    request->recipients[1] = requests_recipient(arena);
    request->recipients[1]->address = requests_string(arena, "");
    problems.count = problems.total = 0;
    assert_int_equal(wire_rules_check(&request->base, &wire_limits_default, &problems), -EINVAL);
    assert_string_equal(problems.items[0].field, "recipients");
    request->n_recipients = 2;
    problems.count = problems.total = 0;
    assert_int_equal(wire_rules_check(&request->base, &wire_limits_default, &problems), 0);
    request->recipients[1]->seed = 1;
    assert_int_equal(wire_rules_check(&request->base, &wire_limits_default, &problems), -EINVAL);
    assert_string_equal(problems.items[0].field, "recipients[1].seed");
    assert_string_equal(problems.items[0].rule, "not_yet");
    request->recipients[1]->seed = 0;
    request->chunk = 16384;
    request->campaign_id = requests_string(arena, "short");
    problems.count = problems.total = 0;
    assert_int_equal(wire_rules_check(&request->base, &wire_limits_default, &problems), -EINVAL);
    assert_string_equal(problems.items[0].rule, "campaign_id_syntax");
    assert_string_equal(problems.items[1].field, "chunk");
    arena_destroy(&arena);
}

static void test_send_messages(void **state)
{
    (void)state;
    static struct problem_list problems;
    struct arena *arena = arena_create(0);
    struct problem problem = {0};
    Hikyaku__V1__SendMessagesRequest *request = requests_send(arena);
    problems.count = problems.total = 0;
    assert_int_equal(wire_rules_check(&request->base, &wire_limits_default, &problems), 0);
    /* The message may bring what the shared content lacks. */
    request->content->subject = requests_string(arena, "");
    request->content->text = requests_string(arena, "");
    assert_int_equal(wire_rules_check(&request->base, &wire_limits_default, &problems), 0);
    request->content_class = HIKYAKU__V1__CONTENT_CLASS__CONTENT_CLASS_ADVERTISING;
    assert_int_equal(wire_rules_check(&request->base, &wire_limits_default, &problems), -EINVAL);
    assert_string_equal(problems.items[0].field, "lane");
    request->content_class = HIKYAKU__V1__CONTENT_CLASS__CONTENT_CLASS_NOTICE;
    request->expires_after_s = 29;
    request->n_messages = 0;
    problems.count = problems.total = 0;
    assert_int_equal(wire_rules_check(&request->base, &wire_limits_default, &problems), -EINVAL);
    assert_string_equal(problems.items[0].field, "messages");
    assert_string_equal(problems.items[1].field, "expires_after_s");
    Hikyaku__V1__MessageItem *item = requests_item(arena);
    assert_int_equal(wire_rules_message(item, &wire_limits_default, &problem), 0);
    item->message_key = requests_string(arena, "");
    assert_int_equal(wire_rules_message(item, &wire_limits_default, &problem), -EINVAL);
    assert_string_equal(problem.field, "message_key");
    arena_destroy(&arena);
}

static void test_other_calls(void **state)
{
    (void)state;
    static struct problem_list problems;
    problems.count = problems.total = 0;
    Hikyaku__V1__ReadEventsRequest read = HIKYAKU__V1__READ_EVENTS_REQUEST__INIT;
    assert_int_equal(wire_rules_check(&read.base, &wire_limits_default, &problems), 0);
    read.max_events = 5001;
    read.wait_ms = 30001;
    read.with_address = 1;
    assert_int_equal(wire_rules_check(&read.base, &wire_limits_default, &problems), -EINVAL);
    assert_int_equal(problems.count, 3);

    problems.count = problems.total = 0;
    Hikyaku__V1__PreviewMessageRequest preview = HIKYAKU__V1__PREVIEW_MESSAGE_REQUEST__INIT;
    assert_int_equal(wire_rules_check(&preview.base, &wire_limits_default, &problems), -EINVAL);
    assert_string_equal(problems.items[0].field, "recipient");
    assert_string_equal(problems.items[1].field, "campaign_id");

    problems.count = problems.total = 0;
    Hikyaku__V1__FindRecipientsRequest find = HIKYAKU__V1__FIND_RECIPIENTS_REQUEST__INIT;
    find.limit = 101;
    assert_int_equal(wire_rules_check(&find.base, &wire_limits_default, &problems), -EINVAL);
    assert_string_equal(problems.items[0].field, "limit");
    assert_string_equal(problems.items[1].field, "ref");

    problems.count = problems.total = 0;
    Hikyaku__V1__ListUncertainRequest list = HIKYAKU__V1__LIST_UNCERTAIN_REQUEST__INIT;
    assert_int_equal(wire_rules_check(&list.base, &wire_limits_default, &problems), 0);
    list.page_size = 1001;
    assert_int_equal(wire_rules_check(&list.base, &wire_limits_default, &problems), -EINVAL);
    assert_string_equal(problems.items[0].field, "page_size");

    problems.count = problems.total = 0;
    Hikyaku__V1__GetFleetRequest fleet = HIKYAKU__V1__GET_FLEET_REQUEST__INIT;
    assert_int_equal(wire_rules_check(&fleet.base, &wire_limits_default, &problems), 0);
}

/* Either some recipients or all, and as what. */
static void test_resolve_uncertain(void **state)
{
    (void)state;
    static struct problem_list problems;
    static char id[] = "7RJD8QK7M2N4P6Q8R0S2T4V6W8";
    uint32_t indexes[1001] = {0, 16384U * 4096U - 1};
    static const struct {
        size_t count;
        bool all;
        int as;
        const char *field;
    } cases[] = {
        {2, false, 2, NULL},     {0, true, 1, NULL},  {0, false, 3, "indexes"},
        {2, true, 3, "indexes"}, {2, false, 0, "as"}, {1001, false, 2, "indexes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Hikyaku__V1__ResolveUncertainRequest request = HIKYAKU__V1__RESOLVE_UNCERTAIN_REQUEST__INIT;
        request.campaign_id = id;
        request.indexes = indexes;
        request.n_indexes = cases[i].count;
        request.all = cases[i].all;
        request.as = (Hikyaku__V1__ResolveAs)cases[i].as;
        problems.count = problems.total = 0;
        int error = wire_rules_check(&request.base, &wire_limits_default, &problems);
        assert_int_equal(error, cases[i].field == NULL ? 0 : -EINVAL);
        if (cases[i].field != NULL) {
            assert_string_equal(problems.items[0].field, cases[i].field);
        }
    }
}

/* A draft to preview needs no key and no name. */
static void test_preview_of_a_draft(void **state)
{
    (void)state;
    static struct problem_list problems;
    struct arena *arena = arena_create(0);
    Hikyaku__V1__PreviewMessageRequest preview = HIKYAKU__V1__PREVIEW_MESSAGE_REQUEST__INIT;
    preview.source_case = HIKYAKU__V1__PREVIEW_MESSAGE_REQUEST__SOURCE_DRAFT;
    preview.draft = requests_create(arena);
    preview.draft->idempotency_key = requests_string(arena, "");
    preview.draft->name = requests_string(arena, "");
    preview.recipient = requests_recipient(arena);
    problems.count = problems.total = 0;
    assert_int_equal(wire_rules_check(&preview.base, &wire_limits_default, &problems), 0);
    preview.draft->content->from->address = requests_string(arena, "me@gmail.com");
    assert_int_equal(wire_rules_check(&preview.base, &wire_limits_default, &problems), -EINVAL);
    assert_string_equal(problems.items[0].field, "draft.content.from.address");
    arena_destroy(&arena);
}

static void test_schedule(void **state)
{
    (void)state;
    const int64_t now = INT64_C(1800000000000);
    const int64_t day = 86400000;
    assert_int_equal(wire_rules_schedule(0, now, 90, NULL), 0);
    assert_int_equal(wire_rules_schedule(now, now, 90, NULL), 0);
    assert_int_equal(wire_rules_schedule(now - 1, now, 90, NULL), -EINVAL);
    assert_int_equal(wire_rules_schedule(now + 90 * day, now, 90, NULL), 0);
    assert_int_equal(wire_rules_schedule(now + 90 * day + 1, now, 90, NULL), -EINVAL);
    assert_int_equal(wire_rules_schedule(INT64_MAX, now, 90, NULL), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recipient),      cmocka_unit_test(test_recipient_headers_and_fields),
        cmocka_unit_test(test_add_recipients), cmocka_unit_test(test_send_messages),
        cmocka_unit_test(test_other_calls),    cmocka_unit_test(test_preview_of_a_draft),
        cmocka_unit_test(test_schedule),       cmocka_unit_test(test_resolve_uncertain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
