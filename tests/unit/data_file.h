/* What unit tests share: files of tests/data and the rows of tab-separated tables. Include it after
 * cmocka.h. */
#ifndef HIKYAKU_TESTS_UNIT_DATA_FILE_H
#define HIKYAKU_TESTS_UNIT_DATA_FILE_H

#include "common/base/buffer.h"

#include <stdio.h>

#define DATA_FILE_COLUMNS_MAX 12

/* Append what tests/data/FOLDER/NAME holds. */
static inline void data_file_load(const char *folder, const char *name, struct buffer *content)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s/%s", HIKYAKU_TEST_DATA, folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("%s cannot be opened", path);
        return;
    }
    size_t got;
    while ((got = fread(buffer_reserve(content, 4096), 1, 4096, file)) > 0) {
        content->size += got;
    }
    (void)fclose(file);
}

/* The next row of a table, its columns borrowed, those that it lacks empty; false at the end. */
static inline bool data_file_row(struct text *table, struct text columns[DATA_FILE_COLUMNS_MAX])
{
    struct text line;
    if (!text_next_part(table, '\n', &line) || line.size == 0) {
        return false;
    }
    for (size_t i = 0; i < DATA_FILE_COLUMNS_MAX; i++) {
        columns[i] = TEXT("");
        (void)text_next_part(&line, '\t', &columns[i]);
    }
    return true;
}

#endif
