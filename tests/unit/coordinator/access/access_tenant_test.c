#include "coordinator/access/access_tenant.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void set(struct tenants *tenants, struct tenant_config *list, size_t count)
{
    static const struct config_strings none = {NULL, 0};
    const struct config_list configs = {list, count};
    const struct wire_limits limits = {.chunk_bytes = 1};
    tenants_set(tenants,
                &(struct tenants_settings){.list = &configs,
                                           .pools = &none,
                                           .from_domains = &none,
                                           .defaults = {"", ""},
                                           .feedback_sender_id = "",
                                           .limits = &limits},
                NULL);
}

static void an_only_tenant_runs_its_cluster(void **state)
{
    (void)state;
    struct tenants *tenants = tenants_create();
    set(tenants, NULL, 0);
    assert_true(access_tenant_is_there(tenants, "default"));
    assert_false(access_tenant_is_there(tenants, "shop"));
    assert_int_equal(access_tenant_scopes(tenants, "default"), ACCESS_ALL);
    assert_true(access_tenant_sees_all(tenants, "default"));
    tenants_destroy(&tenants);
}

static void of_several_none_does(void **state)
{
    (void)state;
    static char shop[] = "shop";
    static char bank[] = "bank";
    struct tenant_config list[] = {{.name = shop}, {.name = bank, .is_disabled = true}};
    struct tenants *tenants = tenants_create();
    set(tenants, list, 2);
    assert_true(access_tenant_is_there(tenants, "shop"));
    assert_false(access_tenant_is_there(tenants, "bank"));
    assert_true(access_tenant_is_there(tenants, "*"));
    uint32_t own = access_tenant_scopes(tenants, "shop");
    assert_int_equal(own & ACCESS_TENANT_FOR_ALL,
                     ACCESS_BIT(ACCESS_ACCESS_ADMIN) | ACCESS_BIT(ACCESS_AUDIT_READ));
    assert_true((own & ACCESS_BIT(ACCESS_CAMPAIGN_WRITE)) != 0);
    assert_false(access_tenant_sees_all(tenants, "shop"));
    tenants_destroy(&tenants);
}

static void who_runs_it_for_all_sees_no_mail(void **state)
{
    static const enum access_scope mail[] = {
        ACCESS_CAMPAIGN_WRITE,   ACCESS_CAMPAIGN_SUBMIT,  ACCESS_CAMPAIGN_TEST,
        ACCESS_CAMPAIGN_APPROVE, ACCESS_CAMPAIGN_CONTROL, ACCESS_MESSAGE_SEND,
        ACCESS_EVENT_READ,       ACCESS_RECIPIENT_VIEW,   ACCESS_SUPPRESSION_WRITE,
        ACCESS_PERSON_EXPORT,    ACCESS_PERSON_ERASE};
    (void)state;
    struct tenants *tenants = tenants_create();
    set(tenants, NULL, 0);
    uint32_t scopes = access_tenant_scopes(tenants, "*");
    for (size_t i = 0; i < sizeof mail / sizeof mail[0]; i++) {
        assert_int_equal(scopes & ACCESS_BIT(mail[i]), 0);
    }
    assert_true((scopes & ACCESS_BIT(ACCESS_FLEET_OPERATE)) != 0);
    assert_true(access_tenant_sees_all(tenants, "*"));
    tenants_destroy(&tenants);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_only_tenant_runs_its_cluster),
        cmocka_unit_test(of_several_none_does),
        cmocka_unit_test(who_runs_it_for_all_sees_no_mail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
