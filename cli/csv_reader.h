/* Rows of a CSV text, as RFC 4180 has it and spreadsheets write it. Pure and incremental: bytes of
 * UTF-8 go in as they come, rows come out.
 *
 * Rows end with CRLF, LF or CR; a field in quotes may hold commas, line ends and doubled quotes; a
 * quote inside an unquoted field stands for itself. Rows without any character are skipped. Each
 * row has as many fields as the first: a row that does not is refused, because its values may
 * stand in the wrong columns. */
#ifndef HIKYAKU_CLI_CSV_READER_H
#define HIKYAKU_CLI_CSV_READER_H

#include "common/base/problem.h"

#define CSV_READER_COLUMNS_MAX 256
/** Bytes of one row; the API takes at most 8 KiB of fields per recipient. */
#define CSV_READER_ROW_BYTES_MAX ((size_t)64 << 10)

struct csv_row {
    const struct text *fields; /* valid UTF-8 without NUL */
    size_t count;
    uint64_t row;  /* as a spreadsheet numbers it, skipped rows not counted: the header is 1 */
    uint64_t line; /* of the file, where the row starts; from 1 */
};

/**
 * @callback  once per row in the order of the file; the row's texts live until it returns.
 * @return 0 to go on; another value ends csv_reader_feed() with it
 */
typedef int csv_reader_row_fn(void *context, const struct csv_row *row, struct problem *problem);

struct csv_reader;

struct csv_reader *csv_reader_create(csv_reader_row_fn *on_row, void *context);
/** Accepts NULL, nulls the pointer. */
void csv_reader_destroy(struct csv_reader **reader);

/**
 * Take more bytes; a byte order mark at the very start is dropped.
 *
 * After an error the reader is good for nothing but to be destroyed.
 *
 * @return 0; -EINVAL with field "line N" and a rule: csv_nul, csv_utf8, csv_quote (text behind a
 *         closing quote), csv_columns, csv_size; or what the callback returned
 */
MUST_USE int csv_reader_feed(struct csv_reader *reader, struct text bytes, struct problem *problem);
/** The text is at its end: the last row may lack its line end. @return as csv_reader_feed();
 *  csv_quote when a quoted field is open */
MUST_USE int csv_reader_end(struct csv_reader *reader, struct problem *problem);

#endif
