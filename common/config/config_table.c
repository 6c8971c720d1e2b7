#include "common/config/config_table.h"

#include "common/base/table.h"
#include "common/config/config_member.h"
#include "common/config/config_suggest.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* One struct being filled: the whole configuration, or one record in a list. */
struct record {
    const struct config_table *table;
    const struct config_node *node;
    const char *path; /* of the record: "" or "pools[2]" */
    char *data;
    uint64_t seen[CONFIG_KEYS_MAX / 64]; /* bits by the key's position */
};

struct walk {
    const struct config_options *options;
    struct arena *arena;
    struct config_errors *errors;
};

static void fill(const struct walk *walk, struct record *record);

static struct config_member_context at(const struct walk *walk, const struct record *record,
                                       const char *path)
{
    const char *joint = record->path[0] == '\0' ? "" : ".";
    return (struct config_member_context){
        .options = walk->options,
        .arena = walk->arena,
        .errors = walk->errors,
        .path = arena_printf(walk->arena, "%s%s%s", record->path, joint, path)};
}

static const struct config_key *find_key(const struct config_table *table, const char *path)
{
    for (size_t i = 0; i < table->key_count; i++) {
        if (strcmp(table->keys[i].path, path) == 0) {
            return &table->keys[i];
        }
    }
    return NULL;
}

/* The part of `path` behind "prefix.", or NULL when it does not lie there. */
static const char *below(const char *path, const char *prefix)
{
    size_t size = strlen(prefix);
    if (size == 0) {
        return path;
    }
    return strncmp(path, prefix, size) == 0 && path[size] == '.' ? path + size + 1 : NULL;
}

static bool is_section(const struct config_table *table, const char *path)
{
    for (size_t i = 0; i < table->key_count; i++) {
        if (below(table->keys[i].path, path) != NULL) {
            return true;
        }
    }
    return false;
}

/* The same last word elsewhere: the key is right and stands in the wrong map. */
static const char *find_elsewhere(const struct config_table *table, struct text word)
{
    for (size_t i = 0; i < table->key_count; i++) {
        const char *last = strrchr(table->keys[i].path, '.');
        if (text_equal(text_of(last == NULL ? table->keys[i].path : last + 1), word)) {
            return table->keys[i].path;
        }
    }
    return NULL;
}

static void refuse_unknown(const struct walk *walk, const struct record *record,
                           const struct config_node *entry, const char *prefix)
{
    const char *joint = prefix[0] == '\0' ? "" : ".";
    struct config_member_context here = at(
        walk, record, arena_printf(walk->arena, "%s%s%.*s", prefix, joint, TEXT_PRINT(entry->key)));
    struct config_suggest suggest = config_suggest_start(entry->key);
    for (size_t i = 0; i < record->table->key_count; i++) {
        const char *rest = below(record->table->keys[i].path, prefix);
        if (rest != NULL) {
            config_suggest_offer(&suggest, (struct text){rest, strcspn(rest, ".")});
        }
    }
    const char *elsewhere = find_elsewhere(record->table, entry->key);
    if (suggest.best.data != NULL) {
        config_error_add(walk->errors, entry->key_place, here.path, "unknown_key",
                         "unknown key; did you mean \"%.*s\"?", TEXT_PRINT(suggest.best));
    } else if (elsewhere != NULL) {
        config_error_add(walk->errors, entry->key_place, here.path, "unknown_key",
                         "unknown key here; did you mean \"%s\"?", elsewhere);
    } else {
        config_error_add(walk->errors, entry->key_place, here.path, "unknown_key", "unknown key");
    }
}

/* Two records of a list must not have the same value under their table's unique key. */
static void check_unique(const struct walk *walk, const char *path,
                         const struct config_table *table, const struct config_list *list,
                         const struct config_node *node)
{
    const struct config_key *key = find_key(table, table->unique_key);
    assert(key != NULL && key->kind == CONFIG_STRING);
    OWNED(table_destroy) struct table *known = table_create();
    size_t index = 0;
    for (const struct config_node *item = node->children; item != NULL; item = item->next) {
        const char *record = (const char *)list->items + index * table->size;
        const void *member = record + key->offset;
        char *value = *(char *const *)member;
        if (value != NULL && table_put(known, text_of(value), value) != NULL) {
            const struct config_node *entry = config_node_find(item, text_of(key->path));
            config_error_add(walk->errors, entry == NULL ? item->place : entry->place,
                             arena_printf(walk->arena, "%s[%zu].%s", path, index, key->path),
                             "unique", "another %s is already called \"%s\"", table->name, value);
        }
        index++;
    }
}

static void set_records(const struct walk *walk, const struct config_member_context *here,
                        const struct config_key *key, const struct config_node *node, void *member)
{
    const struct config_table *table = key->record;
    if (node->kind != CONFIG_NODE_LIST) {
        config_error_add(walk->errors, node->place, here->path, "kind",
                         "must be a list, not %s; each item is a %s", config_node_kind_name(node),
                         table->name);
        return;
    }
    config_member_check_count(here, key, node);
    struct config_list list = {.items =
                                   arena_zero(walk->arena, node->child_count + 1, table->size)};
    for (const struct config_node *item = node->children; item != NULL; item = item->next) {
        struct record record = {
            .table = table,
            .node = item,
            .path = arena_printf(walk->arena, "%s[%zu]", here->path, list.count),
            .data = (char *)list.items + list.count * table->size,
        };
        fill(walk, &record);
        list.count++;
    }
    if (table->unique_key != NULL) {
        check_unique(walk, here->path, table, &list, node);
    }
    memcpy(member, &list, sizeof list);
}

static void set_key(const struct walk *walk, struct record *record, const struct config_key *key,
                    const struct config_node *node)
{
    struct config_member_context here = at(walk, record, key->path);
    size_t position = (size_t)(key - record->table->keys);
    record->seen[position / 64] |= UINT64_C(1) << position % 64;
    if (key->kind == CONFIG_RECORDS) {
        set_records(walk, &here, key, node, record->data + key->offset);
    } else {
        config_member_set(&here, key, node, record->data + key->offset);
    }
}

/* Go through the entries of the map at `prefix` inside the record; sections are maps below it. Its
 * depth is bounded by CONFIG_DEPTH_MAX. */
static void fill_map(const struct walk *walk, struct record *record, const struct config_node *map,
                     const char *prefix)
{
    for (const struct config_node *entry = map->children; entry != NULL; entry = entry->next) {
        const char *joint = prefix[0] == '\0' ? "" : ".";
        const char *path =
            arena_printf(walk->arena, "%s%s%.*s", prefix, joint, TEXT_PRINT(entry->key));
        const struct config_key *key = find_key(record->table, path);
        /* A key with a dot in it ("store.url: x") is not a map with an entry. */
        bool is_one_word = text_find(entry->key, '.') == entry->key.size && entry->key.size > 0;
        if (is_one_word && key != NULL) {
            set_key(walk, record, key, entry);
        } else if (!is_one_word || !is_section(record->table, path)) {
            refuse_unknown(walk, record, entry, prefix);
        } else if (entry->kind == CONFIG_NODE_MAP) {
            fill_map(walk, record, entry, path);
        } else if (!config_node_is_empty(entry)) {
            struct config_member_context here = at(walk, record, path);
            config_error_add(walk->errors, entry->place, here.path, "kind",
                             "must be a map of keys, not %s", config_node_kind_name(entry));
        }
    }
}

static void fill_absent(const struct walk *walk, const struct record *record)
{
    for (size_t i = 0; i < record->table->key_count; i++) {
        const struct config_key *key = &record->table->keys[i];
        if ((record->seen[i / 64] >> i % 64 & 1) != 0) {
            continue;
        }
        struct config_member_context here = at(walk, record, key->path);
        if (key->is_required) {
            config_error_add(walk->errors, record->node->place, here.path, "required",
                             "is missing%s%s", key->example == NULL ? "" : ", for example ",
                             key->example == NULL ? "" : key->example);
        } else {
            config_member_set_default(&here, key, record->data + key->offset);
        }
    }
}

/* Where the value of a key path stands, as far as the file has it. */
static const struct config_node *find_node(const struct config_node *node, const char *path)
{
    struct text rest = text_of(path);
    struct text word;
    while (text_next_part(&rest, '.', &word)) {
        const struct config_node *entry = config_node_find(node, word);
        if (entry == NULL) {
            break;
        }
        node = entry;
    }
    return node;
}

static void check_record(const struct walk *walk, const struct record *record)
{
    struct problem problem = {0};
    if (record->table->check == NULL || record->table->check(record->data, &problem) == 0) {
        return;
    }
    const struct config_node *node = find_node(record->node, problem.field);
    if (record->path[0] != '\0') {
        problem_prefix(&problem, record->path);
    }
    config_error_add_problem(walk->errors, node->place, &problem);
}

static void fill(const struct walk *walk, struct record *record)
{
    assert(record->table->key_count <= CONFIG_KEYS_MAX);
    size_t errors_before = walk->errors->total;
    if (record->node->kind != CONFIG_NODE_MAP) {
        config_error_add(walk->errors, record->node->place, record->path, "kind",
                         "must be a map of keys, not %s", config_node_kind_name(record->node));
        return;
    }
    fill_map(walk, record, record->node, "");
    fill_absent(walk, record);
    /* Rules between keys make sense only when each key is right. */
    if (walk->errors->total == errors_before) {
        check_record(walk, record);
    }
}

int config_table_fill(const struct config_table *table, const struct config_node *root,
                      const struct config_options *options, struct arena *arena,
                      struct config_errors *errors, void *ret_config)
{
    static const struct config_options none = {0};
    struct walk walk = {options == NULL ? &none : options, arena, errors};
    struct record record = {.table = table, .node = root, .path = "", .data = ret_config};
    size_t errors_before = errors->total;
    memset(ret_config, 0, table->size);
    fill(&walk, &record);
    return errors->total == errors_before ? 0 : -EINVAL;
}

int config_table_read(const struct config_request *request, struct arena *arena,
                      struct config_errors *errors, void *ret_config)
{
    struct config_node *root = NULL;
    errors->file = request->file;
    int refused = config_node_read(request->file, arena, errors, &root);
    if (refused != 0) {
        return refused;
    }
    const char *slash = strrchr(request->file, '/');
    const char *folder = NULL;
    if (slash != NULL) {
        folder = arena_copy(arena, request->file,
                            slash == request->file ? 1 : (size_t)(slash - request->file));
    }
    struct config_options options = {.folder = folder, .check_secret = request->check_secret};
    return config_table_fill(request->table, root, &options, arena, errors, ret_config);
}
