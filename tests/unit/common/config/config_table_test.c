#include "courier_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int fill(const char *yaml, const struct config_options *options, struct arena *arena,
                struct config_errors *errors, struct courier_config *ret_config)
{
    struct config_node *root = NULL;
    int refused = config_node_parse(text_of(yaml), arena, errors, &root);
    assert_int_equal(refused, 0);
    return config_table_fill(&courier_table, root, options, arena, errors, ret_config);
}

static void every_kind_fills_its_member(void **state)
{
    (void)state;
    static const char yaml[] = "name: c-0\n"
                               "store: {folder: data, key_file: keys/a, room: 64KiB}\n"
                               "polite: false\n"
                               "crew:\n"
                               "  runners: 12\n"
                               "  wait: 1m30s\n"
                               "mode: sandbox\n"
                               "roads: [\"127.0.0.1:8460\", \"unix:/run/x\"]\n"
                               "scopes: [send]\n"
                               "labels: {season: spring, kind: \"\"}\n"
                               "pools:\n"
                               "  - name: mkt\n"
                               "    addresses:\n"
                               "      - ip: 203.0.113.7\n"
                               "        ehlo: m7.shop.test\n"
                               "        weight: 3\n"
                               "      - {ip: \"2001:db8::7\"}\n"
                               "  - {name: tx, addresses: [{ip: 203.0.113.7}]}\n"
                               "notes: [a, {b: c}]\n";
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct config_errors errors = {0};
    struct courier_config config;
    struct config_options options = {.folder = "/etc/courier"};
    assert_int_equal(fill(yaml, &options, arena, &errors, &config), 0);
    assert_string_equal(config.name, "c-0");
    assert_string_equal(config.store_folder, "/etc/courier/data");
    assert_string_equal(config.store_key_file, "/etc/courier/keys/a");
    assert_int_equal(config.store_room_bytes, 65536);
    assert_false(config.is_polite);
    assert_int_equal(config.runners, 12);
    assert_int_equal(config.wait_ms, 90000);
    assert_int_equal(config.mode, COURIER_SANDBOX);
    assert_int_equal(config.roads.count, 2);
    assert_string_equal(config.roads.items[1], "unix:/run/x");
    assert_string_equal(config.scopes.items[0], "send");
    assert_int_equal(config.labels.count, 2);
    assert_string_equal(config.labels.pairs[0].key, "season");
    assert_string_equal(config.labels.pairs[0].value, "spring");
    assert_string_equal(config.labels.pairs[1].value, "");
    assert_int_equal(config.pools.count, 2);
    const struct courier_pool *pools = config.pools.items;
    assert_string_equal(pools[1].name, "tx");
    assert_int_equal(pools[0].addresses.count, 2);
    const struct courier_address *addresses = pools[0].addresses.items;
    assert_string_equal(addresses[0].ehlo, "m7.shop.test");
    assert_int_equal(addresses[0].weight, 3);
    assert_string_equal(addresses[1].ip, "2001:db8::7");
    assert_null(addresses[1].ehlo);
    assert_int_equal(addresses[1].weight, 1);
    assert_int_equal(config.notes->child_count, 2);
}

static void absent_keys_get_their_defaults(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct config_errors errors = {0};
    struct courier_config config;
    assert_int_equal(fill("name: a\ncrew:\n", NULL, arena, &errors, &config), 0);
    assert_string_equal(config.store_folder, "/var/lib/courier");
    assert_null(config.store_key_file);
    assert_int_equal(config.store_room_bytes, 8 << 20);
    assert_true(config.is_polite);
    assert_int_equal(config.runners, 4);
    assert_int_equal(config.wait_ms, 10000);
    assert_int_equal(config.mode, COURIER_LIVE);
    assert_int_equal(config.roads.count + config.labels.count + config.pools.count, 0);
    assert_null(config.notes);
}

static void mistakes_name_place_key_and_rule(void **state)
{
    (void)state;
    static const struct {
        const char *yaml; /* behind "name: a\n", so lines start at 2 */
        const char *shown;
    } cases[] = {
        {"nmae: b\n", "f:2:1: nmae: unknown key; did you mean \"name\"? [unknown_key]\n"},
        {"stroe: {room: 1MiB}\n",
         "f:2:1: stroe: unknown key; did you mean \"store\"? [unknown_key]\n"},
        {"store: {rom: 1MiB}\n",
         "f:2:9: store.rom: unknown key; did you mean \"room\"? [unknown_key]\n"},
        {"runners: 3\n",
         "f:2:1: runners: unknown key here; did you mean \"crew.runners\"? [unknown_key]\n"},
        {"webhooks: {}\n", "f:2:1: webhooks: unknown key [unknown_key]\n"},
        {"crew.runners: 3\n", "f:2:1: crew.runners: unknown key [unknown_key]\n"},
        {"\"\": 3\n", "f:2:1: unknown key [unknown_key]\n"},
        {"crew: 3\n", "f:2:7: crew: must be a map of keys, not a text [kind]\n"},
        {"crew: {runners: }\n", "f:2:17: crew.runners: has no value [empty]\n"},
        {"crew: {runners: 65}\n", "f:2:17: crew.runners: must be 1 to 64 [range]\n"},
        {"crew: {runners: 0}\n", "f:2:17: crew.runners: must be 1 to 64 [range]\n"},
        {"crew: {runners: 4.5}\n",
         "f:2:17: crew.runners: must be a whole number without sign [integer]\n"},
        {"crew: {runners: [4]}\n", "f:2:17: crew.runners: must be one value, not a list [kind]\n"},
        {"crew: {runners: 9}\n",
         "f:2:17: crew.runners: must be at most 8 in mode live [runners_live]\n"},
        {"crew: {wait: 10}\n", "f:2:14: crew.wait: must be a time with its unit: 500ms, 10s, 5m, "
                               "1h30m, 7d [duration]\n"},
        {"crew: {wait: 2h}\n", "f:2:14: crew.wait: must be at most 1h [range]\n"},
        {"store: {room: 1B}\n", "f:2:15: store.room: must be 1KiB to 1GiB [range]\n"},
        {"store: {room: 64K}\n", "f:2:15: store.room: must be a size with its unit: 512B, 64KiB, "
                                 "8MiB, 1GiB [size]\n"},
        {"polite: yes\n", "f:2:9: polite: must be true or false [boolean]\n"},
        {"mode: real\n", "f:2:7: mode: must be one of live, sandbox [choice]\n"},
        {"scopes: [read, admin]\n", "f:2:16: scopes[1]: must be one of read, send [choice]\n"},
        {"roads: a\n", "f:2:8: roads: must be a list, not a text [kind]\n"},
        {"roads: [\"a:1\", \"a\"]\n", "f:2:16: roads[1]: must be HOST:PORT, ADDRESS:PORT, "
                                      "[IPV6]:PORT or unix:PATH [endpoint]\n"},
        {"roads: [\"a:1\", \"a:2\", \"a:3\", \"a:4\"]\n",
         "f:2:8: roads: must be at most 3 entries [range]\n"},
        {"labels: [a]\n", "f:2:9: labels: must be a map of texts, not a list [kind]\n"},
        {"labels: {a: [b]}\n", "f:2:13: labels.a: must be one value, not a list [kind]\n"},
        {"pools: {name: a}\n",
         "f:2:8: pools: must be a list, not a map; each item is a pool [kind]\n"},
        {"pools: [a]\n", "f:2:9: pools[0]: must be a map of keys, not a text [kind]\n"},
        {"pools:\n- addresses: [{ip: \"::1\"}]\n", "f:3:3: pools[0].name: is missing [required]\n"},
        {"pools:\n- {name: a, addresses: []}\n",
         "f:3:24: pools[0].addresses: must be at least 1 entries [range]\n"},
        {"pools:\n- name: a\n  addresses:\n  - {weight: 1}\n",
         "f:5:5: pools[0].addresses[0].ip: is missing, for example 203.0.113.7 [required]\n"},
        {"pools:\n- {name: a, addresses: [{ip: 1.2.3}]}\n",
         "f:3:30: pools[0].addresses[0].ip: must be an IPv4 or IPv6 address [ip_address]\n"},
        {"pools:\n- {name: a}\n- {name: b}\n- {name: a}\n",
         "f:5:10: pools[2].name: another pool is already called \"a\" [unique]\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWNED(arena_destroy) struct arena *arena = arena_create(0);
        OWNED(buffer_finish) struct buffer shown = {0};
        struct config_errors errors = {.file = "f"};
        struct courier_config config;
        const char *yaml = arena_printf(arena, "name: a\n%s", cases[i].yaml);
        assert_int_equal(fill(yaml, NULL, arena, &errors, &config), -EINVAL);
        config_error_render(&errors, &shown);
        buffer_append_byte(&shown, '\0');
        assert_string_equal(shown.data, cases[i].shown);
    }
}

static void all_mistakes_of_a_file_are_told_at_once(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct config_errors errors = {0};
    struct courier_config config;
    assert_int_equal(
        fill("mode: x\npolite: 1\ncrew: {wait: 1}\nnope: 1\n", NULL, arena, &errors, &config),
        -EINVAL);
    static const char *const rules[] = {"choice", "boolean", "duration", "unknown_key", "required"};
    assert_int_equal(errors.total, sizeof rules / sizeof rules[0]);
    for (size_t i = 0; i < errors.total; i++) {
        assert_string_equal(errors.items[i].problem.rule, rules[i]);
    }
    assert_int_equal(errors.items[4].place.line, 1);
}

static void a_text_too_long_is_refused(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct config_errors errors = {0};
    struct courier_config config;
    assert_int_equal(fill("name: abcdefghijk\n", NULL, arena, &errors, &config), -EINVAL);
    assert_string_equal(errors.items[0].problem.message, "must be at most 10 bytes long");
}

static int refuse_secret(const char *path, struct problem *problem)
{
    problem_set(problem, "elsewhere", "key_file_mode", "%s is readable by others", path);
    return -EACCES;
}

static void a_secrets_file_is_checked_by_the_callers_rule(void **state)
{
    (void)state;
    char path[] = "/tmp/config_table_test.XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    static const char yaml[] = "name: a\nstore: {key_file: k}\n";
    assert_int_equal(write(file, yaml, sizeof yaml - 1), sizeof yaml - 1);
    assert_int_equal(close(file), 0);
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct config_errors errors = {0};
    struct courier_config config;
    struct config_request request = {.table = &courier_table, .file = path};
    assert_int_equal(config_table_read(&request, arena, &errors, &config), 0);
    assert_string_equal(config.store_key_file, "/tmp/k");
    request.check_secret = refuse_secret;
    assert_int_equal(config_table_read(&request, arena, &errors, &config), -EINVAL);
    assert_string_equal(errors.items[0].problem.field, "store.key_file");
    assert_string_equal(errors.items[0].problem.rule, "key_file_mode");
    assert_string_equal(errors.items[0].problem.message, "/tmp/k is readable by others");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(config_table_read(&request, arena, &errors, &config), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_fills_its_member),
        cmocka_unit_test(absent_keys_get_their_defaults),
        cmocka_unit_test(mistakes_name_place_key_and_rule),
        cmocka_unit_test(all_mistakes_of_a_file_are_told_at_once),
        cmocka_unit_test(a_text_too_long_is_refused),
        cmocka_unit_test(a_secrets_file_is_checked_by_the_callers_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
