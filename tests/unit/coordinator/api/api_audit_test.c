#include "coordinator/api/api_audit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_target(const ProtobufCMessage *request, const char *expected)
{
    struct arena *arena = arena_create(0);
    assert_true(text_equal(api_audit_target(request, arena), text_of(expected)));
    arena_destroy(&arena);
}

static void requests_name_what_they_are_about(void **state)
{
    (void)state;
    Hikyaku__V1__SubmitCampaignRequest submit = HIKYAKU__V1__SUBMIT_CAMPAIGN_REQUEST__INIT;
    char campaign[] = "7RJD8QK7M2N4P6Q8R0S2T4V6W8";
    submit.campaign_id = campaign;
    assert_target(&submit.base, "campaign_id=7RJD8QK7M2N4P6Q8R0S2T4V6W8");
    Hikyaku__V1__CreateKeyRequest create = HIKYAKU__V1__CREATE_KEY_REQUEST__INIT;
    Hikyaku__V1__ApiKey key = HIKYAKU__V1__API_KEY__INIT;
    char principal[] = "yamada";
    char idempotency[] = "k-1";
    key.principal = principal;
    create.key = &key;
    create.idempotency_key = idempotency;
    assert_target(&create.base, "idempotency_key=k-1 principal=yamada");
    assert_target(NULL, "");
}

/* I8: what may be personal is not in it. */
static void nobody_is_named_by_what_he_is_found_by(void **state)
{
    (void)state;
    Hikyaku__V1__FindRecipientsRequest find = HIKYAKU__V1__FIND_RECIPIENTS_REQUEST__INIT;
    char ref[] = "cust-4471";
    find.by_case = HIKYAKU__V1__FIND_RECIPIENTS_REQUEST__BY_REF;
    find.ref = ref;
    assert_target(&find.base, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_name_what_they_are_about),
        cmocka_unit_test(nobody_is_named_by_what_he_is_found_by),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
