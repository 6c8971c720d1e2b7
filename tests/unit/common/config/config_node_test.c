#include "common/config/config_node.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void a_tree_knows_kinds_keys_and_places(void **state)
{
    (void)state;
    static const char yaml[] = "# a campaign\n"
                               "subject: 春の感謝祭\n"
                               "labels: {season: \"spring\", empty: }\n"
                               "text: |\n"
                               "  line one\n"
                               "  line two\n"
                               "lanes:\n"
                               "  - bulk\n"
                               "  - [a, b]\n";
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct config_errors errors = {0};
    struct config_node *root = NULL;
    assert_int_equal(config_node_parse(text_of(yaml), arena, &errors, &root), 0);
    assert_int_equal(root->kind, CONFIG_NODE_MAP);
    assert_int_equal(root->child_count, 4);

    const struct config_node *subject = config_node_find(root, TEXT("subject"));
    assert_string_equal(subject->scalar.data, "春の感謝祭");
    assert_int_equal(subject->place.line, 2);
    assert_int_equal(subject->place.column, 10);
    assert_int_equal(subject->key_place.column, 1);

    const struct config_node *labels = config_node_find(root, TEXT("labels"));
    assert_int_equal(labels->kind, CONFIG_NODE_MAP);
    assert_false(config_node_find(labels, TEXT("season"))->is_plain);
    assert_false(config_node_is_empty(config_node_find(labels, TEXT("season"))));
    assert_true(config_node_is_empty(config_node_find(labels, TEXT("empty"))));
    assert_null(config_node_find(labels, TEXT("other")));
    assert_null(config_node_find(subject, TEXT("other")));

    assert_string_equal(config_node_find(root, TEXT("text"))->scalar.data, "line one\nline two\n");

    const struct config_node *lanes = config_node_find(root, TEXT("lanes"));
    assert_int_equal(lanes->child_count, 2);
    assert_string_equal(lanes->children->scalar.data, "bulk");
    assert_int_equal(lanes->children->next->child_count, 2);
    assert_null(lanes->children->next->next);
    assert_int_equal(lanes->children->next->place.line, 9);
}

static void nothing_is_an_empty_map(void **state)
{
    (void)state;
    static const char *const texts[] = {"",      "\n\n", "# only a comment\n",
                                        "---\n", "{}",   "\xef\xbb\xbf"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        OWNED(arena_destroy) struct arena *arena = arena_create(0);
        struct config_errors errors = {0};
        struct config_node *root = NULL;
        assert_int_equal(config_node_parse(text_of(texts[i]), arena, &errors, &root), 0);
        assert_int_equal(root->kind, CONFIG_NODE_MAP);
        assert_int_equal(root->child_count, 0);
    }
}

static void mistakes_have_a_rule_and_a_place(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *rule;
        unsigned int line;
        unsigned int column;
    } cases[] = {
        {"a: &x 1\n", "anchor", 1, 4},
        {"a: &x {b: c}\n", "anchor", 1, 4},
        {"a: 1\nb: *x\n", "alias", 2, 4},
        {"a: !!str 1\n", "tag", 1, 4},
        {"a: !t [1]\n", "tag", 1, 4},
        {"a: 1\nb: 2\na: 3\n", "duplicate_key", 3, 1},
        {"a: {b: 1, b: 2}\n", "duplicate_key", 1, 11},
        {"- a\n- b\n", "map", 1, 1},
        {"word\n", "map", 1, 1},
        {"[a]: b\n", "key", 1, 1},
        {"? {a: b}\n: c\n", "key", 1, 3},
        {"a: \"\\0\"\n", "nul", 1, 4},
        {"a: 1\n--- \nb: 1\n", "document", 2, 1},
        {"%TAG ! tag:x,2026:\n---\na: 1\n", "document", 1, 1},
        {"a: [1\n", "yaml", 2, 1},
        {"a: 1\n b: 2\n", "yaml", 2, 3},
        {"a:\n\t- b\n", "yaml", 2, 1},
        {"{a: {a: {a: {a: {a: {a: {a: {a: {}}}}}}}}}", "depth", 1, 33},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWNED(arena_destroy) struct arena *arena = arena_create(0);
        struct config_errors errors = {0};
        struct config_node *root = NULL;
        assert_int_equal(config_node_parse(text_of(cases[i].yaml), arena, &errors, &root), -EINVAL);
        assert_null(root);
        assert_int_equal(errors.total, 1);
        assert_string_equal(errors.items[0].problem.rule, cases[i].rule);
        assert_int_equal(errors.items[0].place.line, cases[i].line);
        assert_int_equal(errors.items[0].place.column, cases[i].column);
    }
}

static void bytes_that_are_not_utf8_are_refused(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct config_errors errors = {0};
    struct config_node *root = NULL;
    assert_int_equal(config_node_parse(TEXT("a: \x83\x65\n"), arena, &errors, &root), -EINVAL);
    assert_string_equal(errors.items[0].problem.rule, "yaml");
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    OWNED(buffer_finish) struct buffer large = {0};
    struct config_errors errors = {0};
    struct config_node *root = NULL;
    buffer_append_string(&large, "a: [");
    while (large.size < CONFIG_FILE_BYTES_MAX / 2) {
        buffer_append_string(&large, "1,");
    }
    buffer_append_string(&large, "]\n");
    assert_int_equal(config_node_parse(buffer_text(&large), arena, &errors, &root), -EINVAL);
    assert_string_equal(errors.items[0].problem.rule, "nodes");

    while (large.size <= CONFIG_FILE_BYTES_MAX) {
        buffer_append_string(&large, "# comment\n");
    }
    assert_int_equal(config_node_parse(buffer_text(&large), arena, &errors, &root), -EMSGSIZE);
    assert_string_equal(errors.items[1].problem.rule, "size");
}

static void every_duplicate_is_told_and_twenty_are_kept(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    OWNED(buffer_finish) struct buffer yaml = {0};
    OWNED(buffer_finish) struct buffer shown = {0};
    struct config_errors errors = {.file = "x.yaml"};
    struct config_node *root = NULL;
    for (int i = 0; i < 31; i++) {
        buffer_append_string(&yaml, "a: 1\n");
    }
    assert_int_equal(config_node_parse(buffer_text(&yaml), arena, &errors, &root), -EINVAL);
    assert_int_equal(errors.count, CONFIG_ERRORS_MAX);
    assert_int_equal(errors.total, 30);
    config_error_render(&errors, &shown);
    OWNED(buffer_finish) struct buffer owner = {.data = buffer_take(&shown)};
    static const char first[] = "x.yaml:2:1: \"a\" was already given in line 1 [duplicate_key]\n";
    assert_memory_equal(owner.data, first, sizeof first - 1);
    assert_non_null(strstr(owner.data, "\nx.yaml: and 10 more\n"));
}

static void a_file_is_read_or_the_reason_told(void **state)
{
    (void)state;
    char path[] = "/tmp/config_node_test.XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, "a: 1\n", 5), 5);
    assert_int_equal(close(file), 0);
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct config_errors errors = {0};
    struct config_node *root = NULL;
    assert_int_equal(config_node_read(path, arena, &errors, &root), 0);
    assert_string_equal(config_node_find(root, TEXT("a"))->scalar.data, "1");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(config_node_read(path, arena, &errors, &root), -ENOENT);
    assert_string_equal(errors.items[0].problem.message,
                        "cannot be read: No such file or directory");
    assert_int_equal(config_node_read("/", arena, &errors, &root), -EISDIR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_knows_kinds_keys_and_places),
        cmocka_unit_test(nothing_is_an_empty_map),
        cmocka_unit_test(mistakes_have_a_rule_and_a_place),
        cmocka_unit_test(bytes_that_are_not_utf8_are_refused),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(every_duplicate_is_told_and_twenty_are_kept),
        cmocka_unit_test(a_file_is_read_or_the_reason_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
