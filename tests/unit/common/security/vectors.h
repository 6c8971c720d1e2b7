/* Rows of tests/data/formats: tab-separated, one header line. */
#ifndef HIKYAKU_TESTS_UNIT_COMMON_SECURITY_VECTORS_H
#define HIKYAKU_TESTS_UNIT_COMMON_SECURITY_VECTORS_H

#include "common/base/buffer.h"
#include "common/base/bytes.h"

#include <stdio.h>
#include <stdlib.h>

#define VECTOR_COLUMNS_MAX 10

struct vector {
    struct text columns[VECTOR_COLUMNS_MAX];
    size_t count;
};

typedef void vector_fn(const struct vector *row);

static inline void vectors_load(const char *name, struct buffer *content)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/formats/%s", HIKYAKU_TEST_DATA, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t got;
    while ((got = fread(buffer_reserve(content, 4096), 1, 4096, file)) > 0) {
        content->size += got;
    }
    (void)fclose(file);
}

/* Calls `check` for each row; fails when there is none. */
static inline void vectors_each(const char *name, vector_fn *check)
{
    struct buffer content = {0};
    size_t rows = 0;
    vectors_load(name, &content);
    struct text rest = buffer_text(&content);
    struct text line;
    bool is_head = true;
    while (text_next_part(&rest, '\n', &line)) {
        struct vector row = {.count = 0};
        if (is_head || line.size == 0) {
            is_head = false;
            continue;
        }
        while (row.count < VECTOR_COLUMNS_MAX &&
               text_next_part(&line, '\t', &row.columns[row.count])) {
            row.count++;
        }
        check(&row);
        rows++;
    }
    assert_true(rows > 0);
    buffer_finish(&content);
}

static inline void vector_hex(struct text hex, void *ret_data, size_t size)
{
    assert_int_equal(bytes_from_hex(hex, ret_data, size), 0);
}

/* The bytes of a column of any length; freed by the caller. */
static inline struct buffer vector_bytes(struct text hex)
{
    struct buffer bytes = {0};
    (void)buffer_reserve(&bytes, hex.size / 2 + 1);
    bytes.size = hex.size / 2;
    vector_hex(hex, bytes.data, bytes.size);
    return bytes;
}

static inline uint64_t vector_number(struct text text)
{
    uint64_t value = 0;
    assert_int_equal(text_to_u64(text, UINT64_MAX, &value), 0);
    return value;
}

static inline void assert_text(struct text got, struct text want)
{
    assert_int_equal(got.size, want.size);
    assert_memory_equal(got.data, want.data, want.size);
}

#endif
