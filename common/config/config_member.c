#include "common/config/config_member.h"

#include "common/config/config_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void show_number(enum config_kind kind, uint64_t number, char text[CONFIG_VALUE_TEXT_BYTES])
{
    if (kind == CONFIG_DURATION) {
        config_value_show_duration(number, text);
    } else if (kind == CONFIG_SIZE) {
        config_value_show_size(number, text);
    } else {
        (void)snprintf(text, CONFIG_VALUE_TEXT_BYTES, "%" PRIu64, number);
    }
}

void config_member_show_range(const struct config_key *key, char *ret_text, size_t size)
{
    char minimum[CONFIG_VALUE_TEXT_BYTES];
    char maximum[CONFIG_VALUE_TEXT_BYTES];
    show_number(key->kind, key->minimum, minimum);
    show_number(key->kind, key->maximum, maximum);
    if (key->minimum > 0 && key->maximum > 0) {
        (void)snprintf(ret_text, size, "%s to %s", minimum, maximum);
    } else if (key->minimum > 0) {
        (void)snprintf(ret_text, size, "at least %s", minimum);
    } else if (key->maximum > 0) {
        (void)snprintf(ret_text, size, "at most %s", maximum);
    } else {
        ret_text[0] = '\0';
    }
}

static bool is_in_range(const struct config_key *key, uint64_t number)
{
    return number >= key->minimum && (key->maximum == 0 || number <= key->maximum);
}

static void refuse(const struct config_member_context *context, struct config_place place,
                   const char *rule, const char *message)
{
    config_error_add(context->errors, place, context->path, rule, "%s", message);
}

static void refuse_range(const struct config_member_context *context, const struct config_key *key,
                         struct config_place place, const char *unit)
{
    char range[2 * CONFIG_VALUE_TEXT_BYTES + 16];
    config_member_show_range(key, range, sizeof range);
    config_error_add(context->errors, place, context->path, "range", "must be %s%s", range, unit);
}

void config_member_check_count(const struct config_member_context *context,
                               const struct config_key *key, const struct config_node *node)
{
    if (!is_in_range(key, node->child_count)) {
        refuse_range(context, key, node->place, " entries");
    }
}

/* What the three kinds of numbers differ in. */
static const struct {
    int (*parse)(struct text text, uint64_t *ret_value);
    const char *rule;
    const char *message;
} numbers[] = {
    [CONFIG_INTEGER] = {config_value_integer, "integer", "must be a whole number without sign"},
    [CONFIG_DURATION] = {config_value_duration, "duration",
                         "must be a time with its unit: 500ms, 10s, 5m, 1h30m, 7d"},
    [CONFIG_SIZE] = {config_value_size, "size",
                     "must be a size with its unit: 512B, 64KiB, 8MiB, 1GiB"},
};

static void set_number(const struct config_member_context *context, const struct config_key *key,
                       struct config_place place, struct text text, void *member)
{
    uint64_t number = 0;
    if (numbers[key->kind].parse(text, &number) != 0) {
        refuse(context, place, numbers[key->kind].rule, numbers[key->kind].message);
    } else if (!is_in_range(key, number)) {
        refuse_range(context, key, place, "");
    } else {
        memcpy(member, &number, sizeof number);
    }
}

static void set_boolean(const struct config_member_context *context, struct config_place place,
                        struct text text, void *member)
{
    bool value = false;
    if (config_value_boolean(text, &value) != 0) {
        refuse(context, place, "boolean", "must be true or false");
        return;
    }
    memcpy(member, &value, sizeof value);
}

/* @return the position of `text` in the key's choices, or -1 after telling what they are */
static int find_choice(const struct config_member_context *context, const struct config_key *key,
                       struct config_place place, struct text text)
{
    char all[256] = "";
    size_t used = 0;
    for (int i = 0; key->choices[i] != NULL; i++) {
        if (text_equal(text, text_of(key->choices[i]))) {
            return i;
        }
        int length =
            snprintf(all + used, sizeof all - used, "%s%s", i == 0 ? "" : ", ", key->choices[i]);
        used = used + (size_t)length < sizeof all ? used + (size_t)length : sizeof all - 1;
    }
    config_error_add(context->errors, place, context->path, "choice", "must be one of %s", all);
    return -1;
}

/* One text that must obey the key's own rule. @return whether it does */
static bool passes(const struct config_member_context *context, const struct config_key *key,
                   struct config_place place, struct text text)
{
    struct problem problem = {0};
    if (key->check == NULL || key->check(text, &problem) == 0) {
        return true;
    }
    config_error_add(context->errors, place, context->path, problem.rule, "%s", problem.message);
    return false;
}

static char *resolve(const struct config_member_context *context, struct text path)
{
    const char *folder = context->options->folder;
    if (folder == NULL || text_starts_with(path, TEXT("/"))) {
        return arena_copy(context->arena, path.data, path.size);
    }
    return arena_printf(context->arena, "%s/%.*s", folder, TEXT_PRINT(path));
}

static void set_string(const struct config_member_context *context, const struct config_key *key,
                       struct config_place place, struct text text, void *member)
{
    if (!is_in_range(key, text.size)) {
        refuse_range(context, key, place, " bytes long");
        return;
    }
    if (!passes(context, key, place, text)) {
        return;
    }
    char *string = key->kind == CONFIG_STRING ? arena_copy(context->arena, text.data, text.size)
                                              : resolve(context, text);
    struct problem problem = {0};
    if (key->kind == CONFIG_SECRET_FILE && context->options->check_secret != NULL &&
        context->options->check_secret(string, &problem) != 0) {
        refuse(context, place, problem.rule, problem.message);
        return;
    }
    memcpy(member, &string, sizeof(char *));
}

static void set_scalar(const struct config_member_context *context, const struct config_key *key,
                       struct config_place place, struct text text, void *member)
{
    int choice = 0;
    switch (key->kind) {
    case CONFIG_STRING:
    case CONFIG_PATH:
    case CONFIG_SECRET_FILE:
        set_string(context, key, place, text, member);
        break;
    case CONFIG_BOOLEAN:
        set_boolean(context, place, text, member);
        break;
    case CONFIG_INTEGER:
    case CONFIG_DURATION:
    case CONFIG_SIZE:
        set_number(context, key, place, text, member);
        break;
    case CONFIG_ENUM:
        choice = find_choice(context, key, place, text);
        if (choice >= 0) {
            memcpy(member, &choice, sizeof choice);
        }
        break;
    case CONFIG_STRINGS:
    case CONFIG_MAP:
    case CONFIG_RECORDS:
    case CONFIG_RAW:
        break; /* have no scalar form */
    }
}

/* @return whether `node` is a scalar with something in it; if not, that is told */
static bool is_scalar(const struct config_member_context *context, const struct config_node *node)
{
    if (node->kind != CONFIG_NODE_SCALAR) {
        config_error_add(context->errors, node->place, context->path, "kind",
                         "must be one value, not %s", config_node_kind_name(node));
        return false;
    }
    if (config_node_is_empty(node)) {
        refuse(context, node->place, "empty", "has no value");
        return false;
    }
    return true;
}

static void set_strings(const struct config_member_context *context, const struct config_key *key,
                        const struct config_node *node, void *member)
{
    struct config_strings strings = {
        .items = arena_zero(context->arena, node->child_count + 1, sizeof(char *))};
    struct config_member_context item = *context;
    for (const struct config_node *child = node->children; child != NULL; child = child->next) {
        item.path = arena_printf(context->arena, "%s[%zu]", context->path, strings.count);
        if (is_scalar(&item, child) && passes(&item, key, child->place, child->scalar) &&
            key->choices != NULL) {
            (void)find_choice(&item, key, child->place, child->scalar);
        }
        strings.items[strings.count++] =
            arena_copy(context->arena, child->scalar.data, child->scalar.size);
    }
    memcpy(member, &strings, sizeof strings);
}

static void set_map(const struct config_member_context *context, const struct config_key *key,
                    const struct config_node *node, void *member)
{
    struct config_map map = {
        .pairs = arena_zero(context->arena, node->child_count + 1, sizeof *map.pairs)};
    struct config_member_context item = *context;
    for (const struct config_node *child = node->children; child != NULL; child = child->next) {
        item.path = arena_printf(context->arena, "%s.%.*s", context->path, TEXT_PRINT(child->key));
        if (is_scalar(&item, child)) {
            (void)passes(&item, key, child->place, child->scalar);
        }
        map.pairs[map.count++] = (struct config_pair){
            .key = arena_copy(context->arena, child->key.data, child->key.size),
            .value = arena_copy(context->arena, child->scalar.data, child->scalar.size)};
    }
    memcpy(member, &map, sizeof map);
}

void config_member_set(const struct config_member_context *context, const struct config_key *key,
                       const struct config_node *node, void *member)
{
    bool is_list = key->kind == CONFIG_STRINGS;
    if (key->kind == CONFIG_RAW) {
        memcpy(member, &node, sizeof(const struct config_node *));
        return;
    }
    if (!is_list && key->kind != CONFIG_MAP) {
        if (is_scalar(context, node)) {
            set_scalar(context, key, node->place, node->scalar, member);
        }
        return;
    }
    if (node->kind != (is_list ? CONFIG_NODE_LIST : CONFIG_NODE_MAP)) {
        config_error_add(context->errors, node->place, context->path, "kind", "must be %s, not %s",
                         is_list ? "a list" : "a map of texts", config_node_kind_name(node));
        return;
    }
    config_member_check_count(context, key, node);
    if (is_list) {
        set_strings(context, key, node, member);
    } else {
        set_map(context, key, node, member);
    }
}

void config_member_set_default(const struct config_member_context *context,
                               const struct config_key *key, void *member)
{
    if (key->fallback != NULL) {
        set_scalar(context, key, (struct config_place){0}, text_of(key->fallback), member);
    }
}
