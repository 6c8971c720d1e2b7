#include "common/config/config_change.h"

#include <errno.h>
#include <string.h>

static bool is_same_record(const struct config_table *table, const char *a, const char *b);

static bool is_same_string(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_same_strings(const struct config_strings *a, const struct config_strings *b)
{
    bool is_same = a->count == b->count;
    for (size_t i = 0; is_same && i < a->count; i++) {
        is_same = is_same_string(a->items[i], b->items[i]);
    }
    return is_same;
}

static bool is_same_map(const struct config_map *a, const struct config_map *b)
{
    bool is_same = a->count == b->count;
    for (size_t i = 0; is_same && i < a->count; i++) {
        is_same = is_same_string(a->pairs[i].key, b->pairs[i].key) &&
                  is_same_string(a->pairs[i].value, b->pairs[i].value);
    }
    return is_same;
}

static bool is_same_list(const struct config_table *table, const struct config_list *a,
                         const struct config_list *b)
{
    bool is_same = a->count == b->count;
    for (size_t i = 0; is_same && i < a->count; i++) {
        is_same = is_same_record(table, (const char *)a->items + i * table->size,
                                 (const char *)b->items + i * table->size);
    }
    return is_same;
}

static bool is_same_value(const struct config_key *key, const char *a, const char *b)
{
    const void *left = a + key->offset;
    const void *right = b + key->offset;
    switch (key->kind) {
    case CONFIG_STRING:
    case CONFIG_PATH:
    case CONFIG_SECRET_FILE:
        return is_same_string(*(char *const *)left, *(char *const *)right);
    case CONFIG_BOOLEAN:
        return *(const bool *)left == *(const bool *)right;
    case CONFIG_INTEGER:
    case CONFIG_DURATION:
    case CONFIG_SIZE:
        return *(const uint64_t *)left == *(const uint64_t *)right;
    case CONFIG_ENUM:
        return memcmp(left, right, sizeof(int)) == 0;
    case CONFIG_STRINGS:
        return is_same_strings(left, right);
    case CONFIG_MAP:
        return is_same_map(left, right);
    case CONFIG_RECORDS:
        return is_same_list(key->record, left, right);
    case CONFIG_RAW:
        return (*(const void *const *)left == NULL) == (*(const void *const *)right == NULL);
    }
    return true;
}

static bool is_same_record(const struct config_table *table, const char *a, const char *b)
{
    bool is_same = true;
    for (size_t i = 0; is_same && i < table->key_count; i++) {
        is_same = is_same_value(&table->keys[i], a, b);
    }
    return is_same;
}

void config_change_find(const struct config_table *table, const void *before, const void *after,
                        struct config_changes *ret_changes)
{
    *ret_changes = (struct config_changes){0};
    for (size_t i = 0; i < table->key_count; i++) {
        const struct config_key *key = &table->keys[i];
        if (!is_same_value(key, before, after)) {
            ret_changes->keys[ret_changes->count++] = key;
            ret_changes->restart_count += key->is_reloadable ? 0 : 1;
        }
    }
}

int config_change_refuse(const struct config_changes *changes, struct config_errors *errors)
{
    for (size_t i = 0; i < changes->count; i++) {
        if (!changes->keys[i]->is_reloadable) {
            config_error_add(errors, (struct config_place){0}, changes->keys[i]->path, "restart",
                             "has changed, which needs a restart; the old values stay");
        }
    }
    return changes->restart_count == 0 ? 0 : -EBUSY;
}
