/* What the mail tests share: files of tests/data, rows of tables, JSON strings in their columns. */
#ifndef HIKYAKU_TESTS_UNIT_COMMON_MAIL_MAIL_DATA_H
#define HIKYAKU_TESTS_UNIT_COMMON_MAIL_MAIL_DATA_H

#include "common/mail/fields.h"

#include <stdio.h>

#define MAIL_DATA_COLUMNS_MAX 8

static inline void mail_data_load(const char *name, struct buffer *content)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", HIKYAKU_TEST_DATA, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t got;
    while ((got = fread(buffer_reserve(content, 4096), 1, 4096, file)) > 0) {
        content->size += got;
    }
    (void)fclose(file);
}

/* The next row of a table, its columns borrowed; false at the end. */
static inline bool mail_data_row(struct text *table, struct text columns[MAIL_DATA_COLUMNS_MAX])
{
    struct text line;
    if (!text_next_part(table, '\n', &line) || line.size == 0) {
        return false;
    }
    for (size_t i = 0; i < MAIL_DATA_COLUMNS_MAX; i++) {
        columns[i] = (struct text){"", 0};
        (void)text_next_part(&line, '\t', &columns[i]);
    }
    return true;
}

/* Any JSON. */
static inline const struct fields_value *mail_data_json(struct text json, struct arena *arena)
{
    static const struct fields_limits limits = {
        .size_bytes = 1024 * 1024, .depth = 20, .allows_any = true};
    const struct fields_value *value = NULL;
    struct problem problem = {0};
    if (fields_parse(json, &limits, arena, &value, &problem) != 0) {
        print_error("%s: %.*s\n", problem.message, TEXT_PRINT(json));
        fail();
    }
    return value;
}

#endif
