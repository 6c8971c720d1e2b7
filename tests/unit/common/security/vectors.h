/* Rows of tests/data/formats: tab-separated, one header line. */
#ifndef HIKYAKU_TESTS_UNIT_COMMON_SECURITY_VECTORS_H
#define HIKYAKU_TESTS_UNIT_COMMON_SECURITY_VECTORS_H

#include "common/base/bytes.h"
#include "tests/unit/data_file.h"

struct vector {
    struct text columns[DATA_FILE_COLUMNS_MAX];
};

typedef void vector_fn(const struct vector *row);

/* Calls `check` for each row; fails when there is none. */
static inline void vectors_each(const char *name, vector_fn *check)
{
    struct buffer content = {0};
    struct vector row;
    size_t rows = 0;
    data_file_load("formats", name, &content);
    struct text rest = buffer_text(&content);
    assert_true(data_file_row(&rest, row.columns)); /* head */
    while (data_file_row(&rest, row.columns)) {
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
