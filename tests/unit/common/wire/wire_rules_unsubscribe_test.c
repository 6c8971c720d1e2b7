/* How a campaign says that it can be unsubscribed from: each combination, and what of it is
 * refused. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/wire/wire_rules.h"
#include "tests/unit/common/wire/requests.h"

#include <errno.h>

#define NOTHING HIKYAKU__V1__UNSUBSCRIBE_MODE__UNSUBSCRIBE_MODE_UNSPECIFIED
#define NONE HIKYAKU__V1__UNSUBSCRIBE_MODE__UNSUBSCRIBE_MODE_NONE
#define OWN_URL HIKYAKU__V1__UNSUBSCRIBE_MODE__UNSUBSCRIBE_MODE_OWN_URL
#define HIKYAKU_PAGE HIKYAKU__V1__UNSUBSCRIBE_MODE__UNSUBSCRIBE_MODE_HIKYAKU
#define URL_FIELD "content.unsubscribe.url"

/* U1, U3, G11, L3. */
static const struct {
    Hikyaku__V1__UnsubscribeMode mode;
    const char *url;
    const char *mailto;
    bool is_advertising;
    bool is_served;    /* by us: unsubscribe.url is configured */
    const char *field; /* NULL: passes */
    const char *rule;
} cases[] = {
    {OWN_URL, "http://example.jp/u", "", false, false, URL_FIELD, "https_url"},
    {OWN_URL, "https://example.jp@evil.test/u", "", false, false, URL_FIELD, "https_url"},
    {OWN_URL, "https://example.jp/u#x", "", false, false, URL_FIELD, "https_url"},
    {OWN_URL, "https://example.jp:8443/u?list=7", "", true, false, NULL, NULL},
    {OWN_URL, "https://example.jp/u", "leave@example.jp", true, true, NULL, NULL},
    {OWN_URL, "", "", false, false, URL_FIELD, "required"},
    {NOTHING, "https://example.jp/u", "", false, false, URL_FIELD, "excluded"},
    {NONE, "", "leave@example.jp", false, false, "content.unsubscribe.mailto", "excluded"},
    {HIKYAKU_PAGE, "", "", false, false, "content.unsubscribe.mode", "unsubscribe_url"},
    {HIKYAKU_PAGE, "", "", true, true, NULL, NULL},
    {HIKYAKU_PAGE, "", "leave@example.jp", false, true, NULL, NULL},
    {HIKYAKU_PAGE, "https://example.jp/u", "", false, true, URL_FIELD, "excluded"},
    {NOTHING, "", "", true, false, "content.unsubscribe", "G11"},
    {NOTHING, "", "", true, true, NULL, NULL},
    {NONE, "", "", true, true, "content.unsubscribe", "G11"},
    {NONE, "", "", false, true, NULL, NULL},
};

static void each_combination_is_judged(void **state)
{
    (void)state;
    static struct problem_list problems;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWNED(arena_destroy) struct arena *arena = arena_create(0);
        struct wire_limits limits = wire_limits_default;
        Hikyaku__V1__CreateCampaignRequest *request = requests_create(arena);
        Hikyaku__V1__Unsubscribe *unsubscribe =
            requests_new(arena, &hikyaku__v1__unsubscribe__descriptor);
        limits.serves_unsubscribe = cases[i].is_served;
        unsubscribe->mode = cases[i].mode;
        unsubscribe->url = requests_string(arena, cases[i].url);
        unsubscribe->mailto = requests_string(arena, cases[i].mailto);
        request->content->unsubscribe = unsubscribe;
        if (cases[i].is_advertising) {
            request->content_class = HIKYAKU__V1__CONTENT_CLASS__CONTENT_CLASS_ADVERTISING;
        }
        problems.count = problems.total = 0;
        int error = wire_rules_check(&request->base, &limits, &problems);
        if ((error == 0) != (cases[i].field == NULL)) {
            fail_msg("case %zu: %d", i, error);
        }
        if (cases[i].field != NULL) {
            assert_string_equal(problems.items[0].field, cases[i].field);
            assert_string_equal(problems.items[0].rule, cases[i].rule);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_combination_is_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
