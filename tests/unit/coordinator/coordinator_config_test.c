#include "coordinator/coordinator_config.h"

#include "common/config/config_reference.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LEAST                                                               \
    "name: c-0\ncluster: test\nbus: {key_file: b.key, allow_file: allow}\n" \
    "keys: {directory: keys}\npools: [mkt, tx]\nfrom_domains: [shop.test]\n"
#define API "api: {bearer_key_file: api.key}\n"

static int fill(const char *yaml, struct arena *arena, struct config_errors *errors,
                struct coordinator_config *ret_config)
{
    struct config_node *root = NULL;
    assert_int_equal(config_node_parse(text_of(yaml), arena, errors, &root), 0);
    return config_table_fill(&coordinator_config_table, root, NULL, arena, errors, ret_config);
}

static void the_least_file_has_all_defaults(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct config_errors errors = {.file = "f"};
    struct coordinator_config config;
    assert_int_equal(fill(LEAST API, arena, &errors, &config), 0);
    assert_string_equal(config.api.listen, "127.0.0.1:8460");
    assert_string_equal(config.metrics_listen, "127.0.0.1:8461");
    assert_string_equal(config.bus.listen, "127.0.0.1:8462");
    assert_string_equal(config.service.store.prefix, "hk");
    assert_null(config.fallback.pool);
}

/* The limits of the file and of the protocol's border are two lists: their defaults are one. */
static void default_limits_are_those_of_the_wire(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct config_errors errors = {.file = "f"};
    struct coordinator_config config;
    struct wire_limits limits;
    assert_int_equal(fill(LEAST API, arena, &errors, &config), 0);
    coordinator_config_limits(&config, &limits);
    assert_memory_equal(&limits, &wire_limits_default,
                        offsetof(struct wire_limits, serves_unsubscribe));
    assert_int_equal(limits.serves_unsubscribe, wire_limits_default.serves_unsubscribe);
}

static void mistakes_between_keys_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *field;
        const char *rule;
    } cases[] = {
        {LEAST, "api.bearer_key_file", "required"},
        {LEAST "api: {bearer_key_file: k, listen: \"0.0.0.0:8460\"}\n", "api.listen",
         "api_plain_tcp"},
        {LEAST "api: {bearer_key_file: k, listen: \"[2001:db8::1]:8460\"}\n", "api.listen",
         "api_plain_tcp"},
        {LEAST "api: {bearer_key_file: k, listen: \"\"}\n", "api.listen", "api_nowhere"},
        {LEAST "api: {bearer_key_file: k, certificate_file: c}\n", "api.certificate_file",
         "api_tls"},
        {LEAST API "unsubscribe: {listen: \"0.0.0.0:8463\"}\n", "unsubscribe.listen",
         "unsubscribe_plain_tcp"},
        {LEAST API "unsubscribe: {certificate_file: c}\n", "unsubscribe.certificate_file",
         "unsubscribe_tls"},
        {LEAST API "unsubscribe: {url: \"http://a.example\"}\n", "unsubscribe.url", "https_url"},
        {LEAST API "default: {pool: other}\n", "default.pool", "unknown_pool"},
        {LEAST API "default: {feedback_sender_id: \"a:b:c\"}\n", "default.feedback_sender_id",
         "G18"},
        {LEAST API "durability: always\n", "durability", "choice"},
        {LEAST API "retention: {rows: 31d}\n", "retention.content", "retention_order"},
        {LEAST API "retention: {content: 1h, rows: 1h}\n", "retention.content", "retention_order"},
        {LEAST API "retention: {drafts: 10ms}\n", "retention.drafts", "range"},
        {LEAST API "pool: [a]\n", "pool", "unknown_key"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWNED(arena_destroy) struct arena *arena = arena_create(0);
        struct config_errors errors = {.file = "f"};
        struct coordinator_config config;
        assert_int_equal(fill(cases[i].yaml, arena, &errors, &config), -EINVAL);
        assert_string_equal(errors.items[0].problem.field, cases[i].field);
        assert_string_equal(errors.items[0].problem.rule, cases[i].rule);
    }
}

static void what_is_safe_is_let_through(void **state)
{
    (void)state;
    static const char *const cases[] = {
        LEAST "api: {bearer_key_file: k, listen: \"[::1]:0\"}\n",
        LEAST "api: {bearer_key_file: k, listen: \"localhost:8460\"}\n",
        LEAST "api: {bearer_key_file: k, listen: \"\", socket: api.sock}\n",
        LEAST "api: {bearer_key_file: k, listen: \"0.0.0.0:1\", certificate_file: c, "
              "key_file: k}\n",
        LEAST API "default: {pool: tx, feedback_sender_id: shop-01}\n",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWNED(arena_destroy) struct arena *arena = arena_create(0);
        struct config_errors errors = {.file = "f"};
        struct coordinator_config config;
        if (fill(cases[i], arena, &errors, &config) != 0) {
            fail_msg("%zu: %s", i, errors.items[0].problem.message);
        }
    }
}

static void the_reference_names_every_key(void **state)
{
    (void)state;
    struct buffer page = {.data = NULL};
    config_reference_markdown(&coordinator_config_table, &page);
    char *text = buffer_take(&page);
    for (size_t i = 0; i < coordinator_config_table.key_count; i++) {
        assert_non_null(strstr(text, coordinator_config_table.keys[i].path));
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_file_has_all_defaults),
        cmocka_unit_test(default_limits_are_those_of_the_wire),
        cmocka_unit_test(mistakes_between_keys_are_named),
        cmocka_unit_test(what_is_safe_is_let_through),
        cmocka_unit_test(the_reference_names_every_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
