#include "common/config/config_change.h"

#include "courier_config.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char before_yaml[] =
    "name: a\nroads: [\"a:1\"]\nlabels: {a: b}\npools: [{name: p, addresses: [{ip: \"::1\"}]}]\n";

static void fill(struct text yaml, struct arena *arena, struct courier_config *ret_config)
{
    struct config_errors errors = {0};
    struct config_node *root = NULL;
    assert_int_equal(config_node_parse(yaml, arena, &errors, &root), 0);
    assert_int_equal(config_table_fill(&courier_table, root, NULL, arena, &errors, ret_config), 0);
}

static void changed_keys_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *after;
        const char *key; /* the one that changed; NULL: none */
        bool needs_restart;
    } cases[] = {
        {"{name: a, roads: [\"a:1\"], labels: {a: b}, pools: [{name: p, addresses: [{ip: "
         "\"::1\"}]}]}",
         NULL, false},
        {"{name: b, roads: [\"a:1\"], labels: {a: b}, pools: [{name: p, addresses: [{ip: "
         "\"::1\"}]}]}",
         "name", true},
        {"{name: a, roads: [\"a:2\"], labels: {a: b}, pools: [{name: p, addresses: [{ip: "
         "\"::1\"}]}]}",
         "roads", false},
        {"{name: a, roads: [\"a:1\"], labels: {a: c}, pools: [{name: p, addresses: [{ip: "
         "\"::1\"}]}]}",
         "labels", false},
        {"{name: a, roads: [\"a:1\"], labels: {a: b}, pools: [{name: p, addresses: [{ip: "
         "\"::2\"}]}]}",
         "pools", true},
        {"{name: a, roads: [\"a:1\"], labels: {a: b}, pools: []}", "pools", true},
        {"{name: a, roads: [\"a:1\"], labels: {a: b}, pools: [{name: p, addresses: [{ip: "
         "\"::1\"}]}], "
         "store: {room: 1MiB}}",
         "store.room", false},
        {"{name: a, roads: [\"a:1\"], labels: {a: b}, pools: [{name: p, addresses: [{ip: "
         "\"::1\"}]}], "
         "store: {key_file: /k}}",
         "store.key_file", true},
        {"{name: a, roads: [\"a:1\"], labels: {a: b}, pools: [{name: p, addresses: [{ip: "
         "\"::1\"}]}], "
         "polite: false}",
         "polite", false},
        {"{name: a, roads: [\"a:1\"], labels: {a: b}, pools: [{name: p, addresses: [{ip: "
         "\"::1\"}]}], "
         "mode: sandbox}",
         "mode", true},
        {"{name: a, roads: [\"a:1\"], labels: {a: b}, pools: [{name: p, addresses: [{ip: "
         "\"::1\"}]}], "
         "notes: x}",
         "notes", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWNED(arena_destroy) struct arena *arena = arena_create(0);
        struct courier_config before;
        struct courier_config after;
        struct config_changes changes;
        fill(text_of(before_yaml), arena, &before);
        fill(text_of(cases[i].after), arena, &after);
        config_change_find(&courier_table, &before, &after, &changes);
        assert_int_equal(changes.count, cases[i].key == NULL ? 0 : 1);
        assert_int_equal(changes.restart_count, cases[i].needs_restart ? 1 : 0);
        if (cases[i].key != NULL) {
            assert_string_equal(changes.keys[0]->path, cases[i].key);
        }
    }
}

static void what_needs_a_restart_is_refused_by_name(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    OWNED(buffer_finish) struct buffer shown = {0};
    struct courier_config before;
    struct courier_config after;
    struct config_changes changes;
    struct config_errors errors = {.file = "f"};
    fill(text_of(before_yaml), arena, &before);
    fill(TEXT("{name: b, polite: false}"), arena, &after);
    config_change_find(&courier_table, &before, &after, &changes);
    assert_int_equal(changes.count, 5);
    assert_int_equal(config_change_refuse(&changes, &errors), -EBUSY);
    config_error_render(&errors, &shown);
    buffer_append_byte(&shown, '\0');
    assert_string_equal(
        shown.data,
        "f: name: has changed, which needs a restart; the old values stay [restart]\n"
        "f: pools: has changed, which needs a restart; the old values stay [restart]\n");
    config_change_find(&courier_table, &before, &before, &changes);
    assert_int_equal(config_change_refuse(&changes, &errors), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changed_keys_are_found),
        cmocka_unit_test(what_needs_a_restart_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
