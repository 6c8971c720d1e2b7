#include "common/config/config_reference.h"

#include "common/config/config_member.h"

#define RECORD_TABLES_MAX 16

/* Tables told so far or to be told: each kind of record once, in the order of its first use. */
struct tables {
    const struct config_table *items[RECORD_TABLES_MAX];
    size_t count;
};

static void collect(struct tables *tables, const struct config_table *table)
{
    for (size_t i = 0; i < tables->count; i++) {
        if (tables->items[i] == table) {
            return;
        }
    }
    if (tables->count < RECORD_TABLES_MAX) {
        tables->items[tables->count++] = table;
    }
}

/* Text of a cell: a bar would end it. */
static void append_cell(struct buffer *out, const char *string)
{
    for (; *string != '\0'; string++) {
        if (*string == '|') {
            buffer_append_byte(out, '\\');
        }
        buffer_append_byte(out, *string);
    }
}

static void append_choices(struct buffer *out, const char *const *choices)
{
    for (size_t i = 0; choices[i] != NULL; i++) {
        buffer_printf(out, "%s`%s`", i == 0 ? "" : ", ", choices[i]);
    }
}

/* "duration, 1s to 1h", "one of `a`, `b`", "list of pools" */
static void append_kind(struct buffer *out, const struct config_key *key)
{
    static const char *const names[] = {
        [CONFIG_STRING] = "text",
        [CONFIG_PATH] = "path",
        [CONFIG_SECRET_FILE] = "path of a secret file",
        [CONFIG_BOOLEAN] = "`true` or `false`",
        [CONFIG_INTEGER] = "number",
        [CONFIG_DURATION] = "time",
        [CONFIG_SIZE] = "size",
        [CONFIG_ENUM] = "one of ",
        [CONFIG_STRINGS] = "list of texts",
        [CONFIG_MAP] = "map of texts",
        [CONFIG_RECORDS] = "list of ",
        [CONFIG_RAW] = "free form",
    };
    static const char *const units[] = {
        [CONFIG_STRING] = " bytes",    [CONFIG_PATH] = " bytes",  [CONFIG_SECRET_FILE] = " bytes",
        [CONFIG_STRINGS] = " entries", [CONFIG_MAP] = " entries", [CONFIG_RECORDS] = " entries",
        [CONFIG_RAW] = NULL,
    };
    char range[128];
    config_member_show_range(key, range, sizeof range);
    buffer_append_string(out, names[key->kind]);
    if (key->kind == CONFIG_RECORDS) {
        buffer_printf(out, "[%s](#%s)", key->record->name, key->record->name);
    }
    if (key->choices != NULL) {
        buffer_append_string(out, key->kind == CONFIG_STRINGS ? ": " : "");
        append_choices(out, key->choices);
    }
    if (range[0] != '\0') {
        buffer_printf(out, ", %s%s", range, units[key->kind] == NULL ? "" : units[key->kind]);
    }
}

static void append_default(struct buffer *out, const struct config_key *key)
{
    if (key->is_required) {
        buffer_append_string(out, "required");
    } else if (key->fallback != NULL && key->fallback[0] != '\0') {
        buffer_printf(out, "`%s`", key->fallback);
    } else if (key->kind == CONFIG_BOOLEAN) {
        buffer_append_string(out, "`false`");
    } else if (key->kind == CONFIG_INTEGER || key->kind == CONFIG_DURATION ||
               key->kind == CONFIG_SIZE) {
        buffer_append_string(out, "`0`");
    } else if (key->kind == CONFIG_ENUM) {
        buffer_printf(out, "`%s`", key->choices[0]);
    } else {
        buffer_append_string(out, "none");
    }
}

static void append_key(struct buffer *out, const struct config_key *key, bool is_record)
{
    buffer_printf(out, "| `%s` | ", key->path);
    append_kind(out, key);
    buffer_append_string(out, " | ");
    append_default(out, key);
    if (!is_record) {
        buffer_append_string(out, key->is_reloadable ? " | yes" : " | restart");
    }
    buffer_append_string(out, " | ");
    append_cell(out, key->doc == NULL ? "" : key->doc);
    if (key->example != NULL) {
        buffer_append_string(out, " Example: `");
        append_cell(out, key->example);
        buffer_append_byte(out, '`');
    }
    buffer_append_string(out, " |\n");
}

static void append_table(struct buffer *out, const struct config_table *table, bool is_record)
{
    if (is_record) {
        buffer_printf(out, "\n## %s\n\n", table->name);
    } else {
        buffer_printf(out, "# Configuration of `%s`\n\n", table->name);
    }
    if (table->doc != NULL) {
        buffer_printf(out, "%s\n\n", table->doc);
    }
    buffer_append_string(out, is_record ? "| key | value | default | meaning |\n|---|---|---|---|\n"
                                        : "| key | value | default | reload | meaning |\n"
                                          "|---|---|---|---|---|\n");
    for (size_t i = 0; i < table->key_count; i++) {
        append_key(out, &table->keys[i], is_record);
    }
}

void config_reference_markdown(const struct config_table *table, struct buffer *out)
{
    struct tables tables = {0};
    collect(&tables, table);
    for (size_t i = 0; i < tables.count; i++) {
        append_table(out, tables.items[i], i > 0);
        for (size_t j = 0; j < tables.items[i]->key_count; j++) {
            if (tables.items[i]->keys[j].kind == CONFIG_RECORDS) {
                collect(&tables, tables.items[i]->keys[j].record);
            }
        }
    }
}
