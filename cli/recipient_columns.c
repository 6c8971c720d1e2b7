#include "cli/recipient_columns.h"

#include "cli/json_text.h"
#include "common/base/table.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

static const struct {
    const char *name;
    size_t offset; /* of a char * in Hikyaku__V1__Recipient */
} special[] = {
    {"address", offsetof(Hikyaku__V1__Recipient, address)},
    {"ref", offsetof(Hikyaku__V1__Recipient, ref)},
    {"lang", offsetof(Hikyaku__V1__Recipient, lang)},
    {"display_name", offsetof(Hikyaku__V1__Recipient, display_name)},
};
#define SPECIAL_COUNT (sizeof special / sizeof special[0])

struct column {
    int special;       /* index into `special`, or -1: a merge field */
    struct buffer key; /* of a merge field: its name as JSON with the colon */
};

struct recipient_columns {
    struct column columns[CSV_READER_COLUMNS_MAX];
    size_t count;
    bool has_fields;
    struct buffer json; /* of the row at hand */
};

static int special_of(struct text name)
{
    for (size_t i = 0; i < SPECIAL_COUNT; i++) {
        if (text_equal(name, text_of(special[i].name))) {
            return (int)i;
        }
    }
    return -1;
}

static int check_names(const struct csv_row *header, struct problem *problem)
{
    OWNED(table_destroy) struct table *names = table_create();
    bool has_address = false;
    for (size_t i = 0; i < header->count; i++) {
        struct text name = text_trim(header->fields[i]);
        if (name.size == 0) {
            problem_set(problem, "header", "csv_header", "column %zu has no name", i + 1);
            return -EINVAL;
        }
        if (table_put(names, name, names) != NULL) { /* any pointer: only keys count */
            problem_set(problem, "header", "csv_header", "column \"%.*s\" stands twice",
                        TEXT_PRINT(name));
            return -EINVAL;
        }
        has_address = has_address || text_equal(name, TEXT("address"));
    }
    if (!has_address) {
        problem_set(problem, "header", "csv_header",
                    "has no column \"address\": the first row names the columns");
        return -EINVAL;
    }
    return 0;
}

int recipient_columns_create(const struct csv_row *header, struct recipient_columns **ret_columns,
                             struct problem *problem)
{
    int refused = check_names(header, problem);
    if (refused != 0) {
        return refused;
    }
    struct recipient_columns *columns = xalloc_zero(1, sizeof *columns);
    columns->count = header->count;
    for (size_t i = 0; i < header->count; i++) {
        struct text name = text_trim(header->fields[i]);
        struct column *column = &columns->columns[i];
        column->special = special_of(name);
        if (column->special < 0) {
            json_text_append(&column->key, name);
            buffer_append_byte(&column->key, ':');
            columns->has_fields = true;
        }
    }
    *ret_columns = columns;
    return 0;
}

void recipient_columns_destroy(struct recipient_columns **columns)
{
    if (*columns == NULL) {
        return;
    }
    for (size_t i = 0; i < (*columns)->count; i++) {
        buffer_finish(&(*columns)->columns[i].key);
    }
    buffer_finish(&(*columns)->json);
    free(*columns);
    *columns = NULL;
}

void recipient_columns_fill(struct recipient_columns *columns, const struct csv_row *row,
                            struct arena *arena, Hikyaku__V1__Recipient *ret_recipient)
{
    assert(row->count == columns->count);
    hikyaku__v1__recipient__init(ret_recipient);
    buffer_clear(&columns->json);
    for (size_t i = 0; i < row->count; i++) {
        const struct column *column = &columns->columns[i];
        if (column->special >= 0) {
            char **member =
                (char **)(void *)((char *)ret_recipient + special[column->special].offset);
            *member = arena_copy(arena, row->fields[i].data, row->fields[i].size);
            continue;
        }
        buffer_append_byte(&columns->json, columns->json.size == 0 ? '{' : ',');
        buffer_append_text(&columns->json, buffer_text(&column->key));
        json_text_append(&columns->json, row->fields[i]);
    }
    if (columns->has_fields) {
        buffer_append_byte(&columns->json, '}');
        ret_recipient->fields = arena_copy(arena, columns->json.data, columns->json.size);
    }
}
