/* Tables of text, aligned by the width that characters have on a screen: 山 is two columns wide.
 * Pure. */
#ifndef HIKYAKU_CLI_TABLE_PRINT_H
#define HIKYAKU_CLI_TABLE_PRINT_H

#include "common/base/buffer.h"

/** Columns that `text` takes on a screen. Control characters and broken UTF-8 count as shown by
 *  table_print_append_clean(). */
size_t table_print_width(struct text text);

/** Append `text` with control characters and bytes that are no UTF-8 as "?": what comes from
 *  outside must not steer a terminal. */
void table_print_append_clean(struct buffer *out, struct text text);

/** Append `text` (clean), cut to `width` columns with "…" or filled up with spaces.
 *  @param is_right  spaces in front: numbers */
void table_print_append_cell(struct buffer *out, struct text text, size_t width, bool is_right);

#define TABLE_PRINT_COLUMNS_MAX 16
/** A cell is cut there. */
#define TABLE_PRINT_CELL_WIDTH_MAX 60

struct table_print;

/** @param headings  "NAME,>COUNT,...": ">" in front aligns the column right */
struct table_print *table_print_create(const char *headings);
/** Accepts NULL, nulls the pointer. */
void table_print_destroy(struct table_print **table);
/** The next cell, from left to right; after the last column a new row begins. */
void table_print_cell(struct table_print *table, struct text text);
void table_print_format(struct table_print *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
size_t table_print_rows(const struct table_print *table);
/** Append heading and rows, two spaces between columns, none at the ends of lines. */
void table_print_append(const struct table_print *table, struct buffer *out);

#endif
