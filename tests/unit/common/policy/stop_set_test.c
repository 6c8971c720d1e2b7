#include "common/policy/stop_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define NOW INT64_C(1800000000000)

static const struct stop_time now = {.now_unix_ms = NOW};

static const struct stop_question letter = {
    .tenant = {"shop", 4},
    .pool = {"mkt-a", 5},
    .from_domain = {"shop.example", 12},
    .site = {"docomo", 6},
    .domain = {"docomo.ne.jp", 12},
    .ip = {"203.0.113.7", 11},
};

struct stop_case {
    const char *name;
    enum stop_kind kind;
    const char *target;
    bool holds;
};

static const struct stop_case cases[] = {
    {"everything", STOP_ALL, "", true},
    {"its tenant", STOP_TENANT, "shop", true},
    {"another tenant", STOP_TENANT, "other", false},
    {"its pool", STOP_POOL, "mkt-a", true},
    {"a pool of the tenant's name", STOP_POOL, "shop", false},
    {"its From domain", STOP_FROM_DOMAIN, "SHOP.example", true},
    {"a domain below it", STOP_FROM_DOMAIN, "mail.shop.example", false},
    {"its site by the provider's key", STOP_SITE, "docomo", true},
    {"its site by the recipient's domain", STOP_SITE, "docomo.ne.jp", true},
    {"another site", STOP_SITE, "google", false},
    {"its IP", STOP_IP, "203.0.113.7", true},
    {"an IP that begins alike", STOP_IP, "203.0.113.70", false},
    {"a kind of a later version", (enum stop_kind)77, "something", true},
    {"a pool without name", STOP_POOL, "", true},
};

static void test_kinds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWNED(stop_set_destroy) struct stop_set *set = stop_set_create();
        stop_set_add(set, &(struct stop){.kind = cases[i].kind,
                                         .target = cases[i].target,
                                         .reason = "why",
                                         .author = "suzuki"});
        bool holds = stop_set_find(set, &letter, &now) != NULL;
        if (holds != cases[i].holds) {
            fail_msg("%s: %d", cases[i].name, (int)holds);
        }
    }
}

/* What is not known of a letter matches nothing. */
static void test_unknown_parts(void **state)
{
    (void)state;
    const struct stop_question nothing = {.tenant = {NULL, 0}};
    OWNED(stop_set_destroy) struct stop_set *set = stop_set_create();
    assert_null(stop_set_find(set, &letter, &now));
    for (int kind = STOP_TENANT; kind < STOP_KIND_LIMIT; kind++) {
        stop_set_add(
            set, &(struct stop){
                     .kind = (enum stop_kind)kind, .target = "shop", .reason = "", .author = ""});
    }
    assert_null(stop_set_find(set, &nothing, &now));
    assert_non_null(stop_set_find(set, &letter, &now));
}

/* I10: a stop ends by itself, but not by a clock in doubt. */
static void test_until(void **state)
{
    (void)state;
    OWNED(stop_set_destroy) struct stop_set *set = stop_set_create();
    struct stop stop = {.kind = STOP_POOL,
                        .target = "mkt-a",
                        .until_unix_ms = NOW + 1000,
                        .reason = "maintenance",
                        .author = "suzuki"};
    stop_set_add(set, &stop);
    const struct stop_time end = {.now_unix_ms = NOW + 1000};
    const struct stop_time doubt = {.now_unix_ms = NOW + 100000, .is_doubted = true};
    assert_string_equal(stop_set_find(set, &letter, &now)->reason, "maintenance");
    assert_null(stop_set_find(set, &letter, &end));
    assert_non_null(stop_set_find(set, &letter, &doubt));
    stop.until_unix_ms = 0; /* a later stop of the same kind and target replaces the first */
    stop_set_add(set, &stop);
    assert_int_equal(stop_set_count(set), 1);
    assert_non_null(stop_set_find(set, &letter, &end));
    stop_set_clear(set);
    assert_int_equal(stop_set_count(set), 0);
    assert_null(stop_set_find(set, &letter, &now));
}

/* Several planned ones of one target, besides one that holds at once. */
static void test_planned(void **state)
{
    (void)state;
    OWNED(stop_set_destroy) struct stop_set *set = stop_set_create();
    struct stop stop = {.kind = STOP_TENANT, .target = "shop", .author = "suzuki"};
    stop.from_unix_ms = NOW + 1000;
    stop.until_unix_ms = NOW + 2000;
    stop.reason = "new year";
    stop_set_add(set, &stop);
    stop.from_unix_ms = NOW + 5000;
    stop.until_unix_ms = NOW + 6000;
    stop.reason = "release";
    stop_set_add(set, &stop);
    static const struct {
        int64_t after_ms;
        const char *reason;
        bool is_doubted;
    } moments[] = {
        {0, NULL, false},          {999, NULL, true}, /* a doubted clock begins nothing early */
        {1000, "new year", false}, {1999, "new year", false},
        {2000, NULL, false},       {2000, "new year", true}, /* I10: nor does it end anything */
        {5500, "release", false},  {6000, NULL, false},
    };
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        const struct stop_time time = {NOW + moments[i].after_ms, moments[i].is_doubted};
        const struct stop *found = stop_set_find(set, &letter, &time);
        const char *reason = found == NULL ? NULL : found->reason;
        assert_true((reason == NULL) == (moments[i].reason == NULL));
        if (reason != NULL) {
            assert_string_equal(reason, moments[i].reason);
        }
    }
    stop.reason = "another"; /* of the same beginning: it replaces that one */
    stop_set_add(set, &stop);
    stop.from_unix_ms = 0;
    stop.until_unix_ms = 0;
    stop.reason = "at once";
    stop_set_add(set, &stop);
    assert_int_equal(stop_set_count(set), 3);
    assert_string_equal(stop_set_find(set, &letter, &now)->reason, "at once");
}

/* Beyond the bound everything stops: none is forgotten in silence. */
static void test_bound(void **state)
{
    (void)state;
    OWNED(stop_set_destroy) struct stop_set *set = stop_set_create();
    for (int i = 0; i < STOP_SET_MAX + 5; i++) {
        char target[16];
        (void)snprintf(target, sizeof target, "pool-%d", i);
        stop_set_add(
            set, &(struct stop){.kind = STOP_POOL, .target = target, .reason = "", .author = ""});
        assert_true((stop_set_find(set, &letter, &now) != NULL) == (i >= STOP_SET_MAX));
    }
    assert_int_equal(stop_set_count(set), STOP_SET_MAX);
    assert_int_equal(stop_set_at(set, STOP_SET_MAX - 1)->kind, STOP_ALL);
    assert_string_equal(stop_set_kind_name(STOP_FROM_DOMAIN), "from-domain");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds), cmocka_unit_test(test_unknown_parts),
        cmocka_unit_test(test_until), cmocka_unit_test(test_planned),
        cmocka_unit_test(test_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
