#include "coordinator/tenants/tenants.h"

#include "hikyaku/v1/api.pb-c.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A cluster's configuration, and what its file says of tenants. */
struct file {
    struct config_list tenants;
};
static const struct config_key keys[] = {
    {"tenants", CONFIG_RECORDS, offsetof(struct file, tenants), .record = &tenant_config_table,
     .maximum = TENANT_CONFIG_MAX, .doc = ""},
};
static const struct config_table table = CONFIG_TABLE(struct file, keys, .name = "t", .doc = "");

static char pool_mkt[] = "mkt";
static char pool_tx[] = "tx";
static char domain_shop[] = "shop.test";
static char domain_bank[] = "bank.test";
static char *pool_list[] = {pool_mkt, pool_tx};
static char *domain_list[] = {domain_shop, domain_bank};
static const struct config_strings pools = {pool_list, 2};
static const struct config_strings domains = {domain_list, 2};

static int read(const char *yaml, struct arena *arena, struct config_list *ret_list)
{
    struct config_errors errors = {.file = "t"};
    struct config_node *root = NULL;
    struct file file = {.tenants = {NULL, 0}};
    int error = config_node_parse(text_of(yaml), arena, &errors, &root);
    if (error == 0) {
        error = config_table_fill(&table, root, NULL, arena, &errors, &file);
    }
    *ret_list = file.tenants;
    return error;
}

static void take(struct tenants *tenants, const char *yaml)
{
    struct arena *arena = arena_create(0);
    struct config_list list;
    struct problem problem;
    assert_int_equal(read(yaml, arena, &list), 0);
    assert_int_equal(tenant_config_check(&list, &pools, &domains, &problem), 0);
    const struct wire_limits limits = {.default_mode = HIKYAKU__V1__MODE__MODE_LIVE,
                                       .chunk_bytes = 7};
    const struct tenants_settings settings = {
        .list = &list,
        .pools = &pools,
        .from_domains = &domains,
        .defaults = {.pool = "mkt", .return_path_domain = "bounce.test"},
        .feedback_sender_id = "cluster1",
        .limits = &limits};
    tenants_set(tenants, &settings, &arena);
    assert_null(arena);
}

static const struct tenant *find(const struct tenants *tenants, const char *name)
{
    return tenants_find(tenants, text_of(name));
}

static void without_a_list_there_is_one_with_everything(void **state)
{
    (void)state;
    struct tenants *tenants = tenants_create();
    take(tenants, "tenants: []\n");
    const struct tenant *tenant = find(tenants, "default");
    assert_non_null(tenant);
    assert_ptr_equal(tenant, tenants_first(tenants));
    assert_false(tenants_are_several(tenants));
    assert_string_equal(tenant->from_domains[1], "bank.test");
    assert_string_equal(tenant->defaults.pool, "mkt");
    assert_string_equal(tenant->defaults.return_path_domain, "bounce.test");
    assert_string_equal(tenant->feedback_sender_id, "cluster1");
    assert_int_equal(tenant->limits.chunk_bytes, 7);
    assert_false(tenant->is_disabled || tenant->config->is_disabled);
    assert_null(tenants_at(tenants, 1));
    const struct tenant *nobody = tenants_obtain(tenants, TEXT("*"));
    assert_true(nobody->is_disabled);
    assert_null(nobody->pools[0]);
    assert_null(nobody->from_domains[0]);
    tenants_destroy(&tenants);
    assert_null(tenants);
}

static void each_has_its_own_and_else_the_clusters(void **state)
{
    (void)state;
    struct tenants *tenants = tenants_create();
    take(tenants,
         "tenants:\n"
         "  - {name: shop, from_domains: [shop.test], pools: [tx], default_mode: sandbox,\n"
         "     feedback_sender_id: shop12345}\n"
         "  - {name: bank, return_path_domain: r.bank.test, disabled: true}\n");
    const struct tenant *shop = find(tenants, "shop");
    const struct tenant *bank = find(tenants, "bank");
    assert_true(tenants_are_several(tenants));
    assert_ptr_equal(tenants_first(tenants), shop);
    assert_string_equal(shop->pools[0], "tx");
    assert_null(shop->pools[1]);
    assert_string_equal(shop->from_domains[0], "shop.test");
    assert_null(shop->from_domains[1]);
    assert_string_equal(shop->defaults.pool, ""); /* the cluster's is not among its own */
    assert_string_equal(shop->feedback_sender_id, "shop12345");
    assert_int_equal(shop->limits.default_mode, HIKYAKU__V1__MODE__MODE_SANDBOX);
    /* Nobody sends with a domain of nobody's. */
    assert_null(bank->from_domains[0]);
    assert_string_equal(bank->pools[1], "tx");
    assert_string_equal(bank->defaults.return_path_domain, "r.bank.test");
    assert_int_equal(bank->limits.default_mode, HIKYAKU__V1__MODE__MODE_LIVE);
    assert_true(bank->is_disabled);
    assert_null(find(tenants, "default"));
    tenants_destroy(&tenants);
}

static void who_is_taken_away_stays_and_may_nothing(void **state)
{
    (void)state;
    struct tenants *tenants = tenants_create();
    take(tenants, "tenants: [{name: shop}, {name: bank}]\n");
    take(tenants, "tenants: [{name: bank}]\n");
    const struct tenant *shop = find(tenants, "shop");
    assert_true(shop->is_disabled);
    assert_null(shop->pools[0]);
    assert_false(tenants_are_several(tenants));
    assert_string_equal(find(tenants, "bank")->from_domains[0], "shop.test");
    take(tenants, "tenants: [{name: bank}, {name: shop}]\n");
    assert_false(find(tenants, "shop")->is_disabled);
    assert_ptr_equal(tenants_at(tenants, 1), find(tenants, "shop"));
    assert_null(tenants_at(tenants, 2));
    tenants_destroy(&tenants);
}

static void rules_between_tenants(void **state)
{
    static const struct {
        const char *yaml;
        const char *field;
        const char *rule;
    } cases[] = {
        {"tenants: [{name: a, pools: [other]}]\n", "tenants[0].pools[0]", "unknown"},
        {"tenants: [{name: a, from_domains: [x.test]}]\n", "tenants[0].from_domains[0]", "unknown"},
        {"tenants: [{name: a, pools: [tx], default_pool: mkt}]\n", "tenants[0].default_pool",
         "unknown_pool"},
        {"tenants: [{name: a, from_domains: [shop.test]}, {name: b, from_domains: [shop.test]}]\n",
         "tenants[1].from_domains", "shared_domain"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena *arena = arena_create(0);
        struct config_list list;
        struct problem problem = {.message = ""};
        assert_int_equal(read(cases[i].yaml, arena, &list), 0);
        assert_int_equal(tenant_config_check(&list, &pools, &domains, &problem), -EINVAL);
        assert_string_equal(problem.field, cases[i].field);
        assert_string_equal(problem.rule, cases[i].rule);
        arena_destroy(&arena);
    }
    static const char *const bad[] = {
        "tenants: [{name: a}, {name: a}]\n",  "tenants: [{name: '*'}]\n",
        "tenants: [{pools: [tx]}]\n",         "tenants: [{name: a, feedback_sender_id: abc}]\n",
        "tenants: [{name: a, mode: live}]\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct arena *arena = arena_create(0);
        struct config_list list;
        assert_int_equal(read(bad[i], arena, &list), -EINVAL);
        arena_destroy(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_list_there_is_one_with_everything),
        cmocka_unit_test(each_has_its_own_and_else_the_clusters),
        cmocka_unit_test(who_is_taken_away_stays_and_may_nothing),
        cmocka_unit_test(rules_between_tenants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
