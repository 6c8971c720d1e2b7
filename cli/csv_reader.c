#include "cli/csv_reader.h"

#include "common/base/buffer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum state {
    AT_START,  /* of a field */
    IN_PLAIN,  /* in a field without quotes */
    IN_QUOTED, /* between quotes */
    AT_QUOTE,  /* behind a quote inside a quoted field: its end, or half of a doubled one */
    AFTER_CR,  /* the row has ended; an LF belongs to it */
};

struct csv_reader {
    csv_reader_row_fn *on_row;
    void *context;
    enum state state;
    struct buffer bytes;                 /* the row's fields, one behind the other */
    size_t ends[CSV_READER_COLUMNS_MAX]; /* of each finished field, in bytes */
    size_t count;
    size_t columns;    /* of the first row; 0: not known yet */
    uint64_t row;      /* rows given out */
    uint64_t line;     /* where we are */
    uint64_t row_line; /* where the row began */
    size_t mark_seen;  /* bytes of the byte order mark that were dropped; MARK_DONE when past it */
};

#define MARK_DONE 4
static const char byte_order_mark[] = "\xEF\xBB\xBF";

struct csv_reader *csv_reader_create(csv_reader_row_fn *on_row, void *context)
{
    struct csv_reader *reader = xalloc_zero(1, sizeof *reader);
    reader->on_row = on_row;
    reader->context = context;
    reader->line = 1;
    reader->row_line = 1;
    return reader;
}

void csv_reader_destroy(struct csv_reader **reader)
{
    if (*reader == NULL) {
        return;
    }
    buffer_finish(&(*reader)->bytes);
    free(*reader);
    *reader = NULL;
}

static int refuse(uint64_t line, const char *rule, const char *message, struct problem *problem)
{
    char field[32];
    (void)snprintf(field, sizeof field, "line %llu", (unsigned long long)line);
    problem_set(problem, field, rule, "%s", message);
    return -EINVAL;
}

static int end_field(struct csv_reader *reader, struct problem *problem)
{
    if (reader->count == CSV_READER_COLUMNS_MAX) {
        return refuse(reader->row_line, "csv_columns", "has more than 256 columns", problem);
    }
    reader->ends[reader->count++] = reader->bytes.size;
    reader->state = AT_START;
    return 0;
}

static int check_row(const struct csv_reader *reader, struct problem *problem)
{
    struct text all = buffer_text(&reader->bytes);
    if (text_find(all, '\0') < all.size) {
        return refuse(reader->row_line, "csv_nul", "has a NUL byte: is this a CSV file?", problem);
    }
    if (!text_is_utf8(all)) {
        return refuse(reader->row_line, "csv_utf8",
                      "is not UTF-8 (--encoding cp932 for files of Japanese spreadsheets)",
                      problem);
    }
    if (reader->columns != 0 && reader->count != reader->columns) {
        char message[160];
        (void)snprintf(message, sizeof message,
                       "has %zu columns, the header %zu: values may stand in the wrong column "
                       "(is a comma not in quotes?)",
                       reader->count, reader->columns);
        return refuse(reader->row_line, "csv_columns", message, problem);
    }
    return 0;
}

static int give_row(struct csv_reader *reader, struct problem *problem)
{
    struct text fields[CSV_READER_COLUMNS_MAX];
    int refused = check_row(reader, problem);
    if (refused != 0) {
        return refused;
    }
    size_t start = 0;
    for (size_t i = 0; i < reader->count; i++) {
        fields[i] = (struct text){reader->bytes.data == NULL ? "" : reader->bytes.data + start,
                                  reader->ends[i] - start};
        start = reader->ends[i];
    }
    reader->columns = reader->count;
    struct csv_row row = {fields, reader->count, ++reader->row, reader->row_line};
    return reader->on_row(reader->context, &row, problem);
}

/* @param byte  the one that ended it */
static int end_row(struct csv_reader *reader, char byte, struct problem *problem)
{
    bool is_blank = reader->count == 0 && reader->state == AT_START;
    int refused = is_blank ? 0 : end_field(reader, problem);
    if (refused == 0 && !is_blank) {
        refused = give_row(reader, problem);
    }
    buffer_clear(&reader->bytes);
    reader->count = 0;
    reader->line++;
    reader->row_line = reader->line;
    reader->state = byte == '\r' ? AFTER_CR : AT_START;
    return refused;
}

static int take_quoted(struct csv_reader *reader, char byte)
{
    if (byte == '"') {
        reader->state = AT_QUOTE;
        return 0;
    }
    reader->line += byte == '\n';
    buffer_append_byte(&reader->bytes, byte);
    return 0;
}

static int take_byte(struct csv_reader *reader, char byte, struct problem *problem)
{
    if (reader->state == IN_QUOTED) {
        return take_quoted(reader, byte);
    }
    if (reader->state == AFTER_CR) {
        reader->state = AT_START;
        if (byte == '\n') {
            return 0;
        }
    }
    if (byte == ',') {
        return end_field(reader, problem);
    }
    if (byte == '\n' || byte == '\r') {
        return end_row(reader, byte, problem);
    }
    if (byte == '"' && (reader->state == AT_START || reader->state == AT_QUOTE)) {
        if (reader->state == AT_QUOTE) {
            buffer_append_byte(&reader->bytes, '"');
        }
        reader->state = IN_QUOTED;
        return 0;
    }
    if (reader->state == AT_QUOTE) {
        return refuse(reader->line, "csv_quote",
                      "has text behind a closing quote (a quote inside is written twice)", problem);
    }
    reader->state = IN_PLAIN;
    buffer_append_byte(&reader->bytes, byte);
    return 0;
}

/* Whatever needs no decision goes in at once. @return bytes taken */
static size_t take_run(struct csv_reader *reader, struct text bytes)
{
    const char *stops = reader->state == IN_QUOTED ? "\"\n" : ",\"\r\n";
    if (reader->state != IN_QUOTED && reader->state != IN_PLAIN) {
        return 0;
    }
    size_t size = 0;
    while (size < bytes.size && bytes.data[size] != stops[0] && bytes.data[size] != stops[1] &&
           (reader->state == IN_QUOTED ||
            (bytes.data[size] != stops[2] && bytes.data[size] != stops[3]))) {
        size++;
    }
    buffer_append(&reader->bytes, bytes.data, size);
    return size;
}

/* A mark cut short at the start is text like any other. */
static struct text drop_mark(struct csv_reader *reader, struct text bytes)
{
    while (reader->mark_seen < 3 && bytes.size > 0 &&
           bytes.data[0] == byte_order_mark[reader->mark_seen]) {
        reader->mark_seen++;
        bytes = text_skip(bytes, 1);
    }
    if (bytes.size > 0 || reader->mark_seen == 3) {
        if (reader->mark_seen < 3 && reader->mark_seen > 0) {
            buffer_append(&reader->bytes, byte_order_mark, reader->mark_seen);
            reader->state = IN_PLAIN;
        }
        reader->mark_seen = MARK_DONE;
    }
    return bytes;
}

int csv_reader_feed(struct csv_reader *reader, struct text bytes, struct problem *problem)
{
    int refused = 0;
    if (reader->mark_seen != MARK_DONE) {
        bytes = drop_mark(reader, bytes);
    }
    while (bytes.size > 0 && refused == 0) {
        /* One row's bound keeps memory bounded, however the file looks. */
        struct text part = bytes;
        part.size = part.size > CSV_READER_ROW_BYTES_MAX ? CSV_READER_ROW_BYTES_MAX : part.size;
        size_t taken = take_run(reader, part);
        if (taken == 0) {
            refused = take_byte(reader, part.data[0], problem);
            taken = 1;
        }
        if (refused == 0 && reader->bytes.size > CSV_READER_ROW_BYTES_MAX) {
            refused = refuse(reader->row_line, "csv_size",
                             "starts a row of more than 64 KiB (is a quote not closed?)", problem);
        }
        bytes = text_skip(bytes, taken);
    }
    return refused;
}

int csv_reader_end(struct csv_reader *reader, struct problem *problem)
{
    if (reader->state == IN_QUOTED) {
        return refuse(reader->row_line, "csv_quote", "opens a quote that is never closed", problem);
    }
    if (reader->mark_seen > 0 && reader->mark_seen < 3) {
        return refuse(1, "csv_utf8", "is a byte order mark cut short", problem);
    }
    if (reader->state == AFTER_CR || (reader->state == AT_START && reader->count == 0)) {
        return 0;
    }
    return end_row(reader, '\n', problem);
}
