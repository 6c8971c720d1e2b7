#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/wire/wire_effective.h"
#include "common/wire/wire_rules.h"
#include "tests/unit/common/wire/requests.h"

static const struct wire_effective_tenant tenant = {"news-pool", "bounce.example.co.jp"};

static void test_bulk_campaign(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    const Hikyaku__V1__CreateCampaignRequest *got =
        wire_effective_campaign(requests_create(arena), &wire_limits_default, &tenant, arena);
    assert_int_equal(got->lane, HIKYAKU__V1__LANE__LANE_BULK);
    assert_int_equal(got->mode, HIKYAKU__V1__MODE__MODE_LIVE);
    assert_int_equal(got->estimated_rows, 10000);
    assert_int_equal(got->expires_after_s, 259200);
    assert_string_equal(got->pool, "news-pool");
    assert_int_equal(got->uncertain->policy, HIKYAKU__V1__UNCERTAIN_POLICY__UNCERTAIN_POLICY_HOLD);
    assert_int_equal(got->uncertain->resolve_after_s, 86400);
    assert_int_equal(got->duplicates, HIKYAKU__V1__DUPLICATES__DUPLICATES_DROP);
    assert_int_equal(got->duplicate_key, HIKYAKU__V1__DUPLICATE_KEY__DUPLICATE_KEY_ADDRESS);
    assert_int_equal(got->tls, HIKYAKU__V1__TLS_POLICY__TLS_POLICY_OPPORTUNISTIC);
    assert_int_equal(got->content->missing_field, HIKYAKU__V1__MISSING_FIELD__MISSING_FIELD_ERROR);
    assert_int_equal(got->content->extra_field, HIKYAKU__V1__EXTRA_FIELD__EXTRA_FIELD_DROP);
    assert_string_equal(got->content->default_fields, "{}");
    assert_string_equal(got->content->return_path->domain, "bounce.example.co.jp");
    assert_int_equal(got->content->return_path->mode,
                     HIKYAKU__V1__RETURN_PATH_MODE__RETURN_PATH_MODE_VERP);
    assert_int_equal(got->content->unsubscribe->mode,
                     HIKYAKU__V1__UNSUBSCRIBE_MODE__UNSUBSCRIBE_MODE_NONE);
    arena_destroy(&arena);
}

static void test_what_was_given_stays(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    Hikyaku__V1__CreateCampaignRequest *request = requests_create(arena);
    request->lane = HIKYAKU__V1__LANE__LANE_TRANSACTIONAL;
    request->pool = requests_string(arena, "mine");
    request->duplicates = HIKYAKU__V1__DUPLICATES__DUPLICATES_REFUSE;
    const Hikyaku__V1__CreateCampaignRequest *got =
        wire_effective_campaign(request, &wire_limits_default, &tenant, arena);
    assert_string_equal(got->pool, "mine");
    assert_int_equal(got->expires_after_s, 14400);
    assert_int_equal(got->uncertain->policy,
                     HIKYAKU__V1__UNCERTAIN_POLICY__UNCERTAIN_POLICY_RESEND);
    assert_int_equal(got->duplicates, HIKYAKU__V1__DUPLICATES__DUPLICATES_REFUSE);
    assert_null(request->uncertain); /* the request is not touched */
    assert_null(request->content->return_path);
    arena_destroy(&arena);
}

/* G11: where we serve the page, ADVERTISING has it unless the caller has one. */
static void test_advertising_is_given_a_page(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    struct wire_limits limits = wire_limits_default;
    Hikyaku__V1__CreateCampaignRequest *request = requests_create(arena);
    limits.serves_unsubscribe = true;
    const Hikyaku__V1__CreateCampaignRequest *got =
        wire_effective_campaign(request, &limits, &tenant, arena);
    assert_int_equal(got->content->unsubscribe->mode,
                     HIKYAKU__V1__UNSUBSCRIBE_MODE__UNSUBSCRIBE_MODE_NONE); /* a NOTICE */
    request->content_class = HIKYAKU__V1__CONTENT_CLASS__CONTENT_CLASS_ADVERTISING;
    got = wire_effective_campaign(request, &limits, &tenant, arena);
    assert_int_equal(got->content->unsubscribe->mode,
                     HIKYAKU__V1__UNSUBSCRIBE_MODE__UNSUBSCRIBE_MODE_HIKYAKU);
    request->content->unsubscribe = requests_new(arena, &hikyaku__v1__unsubscribe__descriptor);
    request->content->unsubscribe->mode = HIKYAKU__V1__UNSUBSCRIBE_MODE__UNSUBSCRIBE_MODE_OWN_URL;
    got = wire_effective_campaign(request, &limits, &tenant, arena);
    assert_int_equal(got->content->unsubscribe->mode,
                     HIKYAKU__V1__UNSUBSCRIBE_MODE__UNSUBSCRIBE_MODE_OWN_URL);
    arena_destroy(&arena);
}

/* What we answer is what a caller may send: resolved settings keep every rule. */
static void test_resolved_settings_keep_the_rules(void **state)
{
    (void)state;
    static struct problem_list problems;
    struct arena *arena = arena_create(0);
    const Hikyaku__V1__CreateCampaignRequest *got =
        wire_effective_campaign(requests_create(arena), &wire_limits_default, &tenant, arena);
    problems.count = problems.total = 0;
    assert_int_equal(wire_rules_check(&got->base, &wire_limits_default, &problems), 0);
    arena_destroy(&arena);
}

static void test_messages(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    Hikyaku__V1__SendMessagesRequest *request = requests_send(arena);
    request->expires_after_s = 600;
    Hikyaku__V1__Mailbox *other = requests_mailbox(arena, "shop@other.example.jp");
    const Hikyaku__V1__CreateCampaignRequest *got =
        wire_effective_messages(request, &wire_limits_default, &tenant, other, arena);
    assert_int_equal(got->lane, HIKYAKU__V1__LANE__LANE_TRANSACTIONAL);
    assert_int_equal(got->duplicates, HIKYAKU__V1__DUPLICATES__DUPLICATES_KEEP);
    assert_int_equal(got->expires_after_s, 86400); /* the call's own stands in its batch */
    assert_string_equal(got->content->from->address, "shop@other.example.jp");
    assert_string_equal(request->content->from->address, "news@example.co.jp");
    arena_destroy(&arena);
}

static void test_attachments_lose_their_bytes_in_answers(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    Hikyaku__V1__CreateCampaignRequest *request = requests_create(arena);
    request->content->attachments = arena_zero(arena, 1, sizeof(void *));
    request->content->attachments[0] = requests_attachment(arena, 100);
    request->content->n_attachments = 1;
    const Hikyaku__V1__CreateCampaignRequest *got = wire_effective_without_data(request, arena);
    assert_int_equal(got->content->attachments[0]->data.len, 0);
    assert_string_equal(got->content->attachments[0]->file_name, "請求書.pdf");
    assert_int_equal(request->content->attachments[0]->data.len, 100);
    arena_destroy(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bulk_campaign),
        cmocka_unit_test(test_what_was_given_stays),
        cmocka_unit_test(test_advertising_is_given_a_page),
        cmocka_unit_test(test_resolved_settings_keep_the_rules),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_attachments_lose_their_bytes_in_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
