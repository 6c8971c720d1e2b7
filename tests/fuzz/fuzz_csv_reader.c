/* Recipients' files: any bytes in any encoding, cut anywhere, give rows of one width within bounds,
 * or an error with a line; the same bytes in one piece give the same. */
#include "cli/csv_encoding.h"
#include "cli/recipient_columns.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    struct recipient_columns *columns;
    struct arena *arena;
    uint64_t rows;
    uint64_t bytes;
    size_t width;
};

static int on_row(void *context, const struct csv_row *row, struct problem *problem)
{
    struct seen *seen = context;
    assert(row->count > 0 && row->count <= CSV_READER_COLUMNS_MAX);
    assert(seen->width == 0 || seen->width == row->count);
    seen->width = row->count;
    seen->rows++;
    assert(row->row == seen->rows && row->line >= row->row);
    for (size_t i = 0; i < row->count; i++) {
        seen->bytes += row->fields[i].size;
        assert(text_is_utf8(row->fields[i]));
    }
    if (seen->rows == 1) {
        return recipient_columns_create(row, &seen->columns, problem);
    }
    Hikyaku__V1__Recipient recipient;
    recipient_columns_fill(seen->columns, row, seen->arena, &recipient);
    arena_reset(seen->arena);
    return 0;
}

static int read_all(struct text bytes, size_t step, enum csv_encoding encoding, struct seen *seen)
{
    struct problem problem = {0};
    struct csv_decoder *decoder = NULL;
    struct csv_reader *reader = csv_reader_create(on_row, seen);
    OWNED(buffer_finish) struct buffer decoded = {0};
    int refused = csv_encoding_open(encoding, &decoder, &problem);
    while (bytes.size > 0 && refused == 0) {
        struct text part = {bytes.data, bytes.size < step ? bytes.size : step};
        bytes = text_skip(bytes, part.size);
        buffer_clear(&decoded);
        refused = csv_encoding_decode(decoder, part, &decoded, &problem);
        if (refused == 0) {
            refused = csv_reader_feed(reader, buffer_text(&decoded), &problem);
        }
    }
    if (refused == 0) {
        refused = csv_encoding_finish(decoder, &problem);
    }
    if (refused == 0) {
        refused = csv_reader_end(reader, &problem);
    }
    assert(refused == 0 || problem.rule[0] != '\0');
    csv_reader_destroy(&reader);
    csv_encoding_close(&decoder);
    recipient_columns_destroy(&seen->columns);
    return refused;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    /* The first byte chooses how the rest is cut. */
    size_t step = data[0] % 16 + 1;
    struct text bytes = {(const char *)data + 1, size - 1};
    struct csv_encoding_detector detector = {0};
    struct problem problem = {0};
    enum csv_encoding encoding = CSV_ENCODING_UTF8;
    for (struct text rest = bytes; rest.size > 0;) {
        struct text part = {rest.data, rest.size < step ? rest.size : step};
        csv_encoding_look(&detector, part);
        rest = text_skip(rest, part.size);
    }
    int refused = csv_encoding_detect(&detector, &encoding, &problem);
    if (refused == 0) {
        assert((encoding == CSV_ENCODING_UTF8) == text_is_utf8(bytes));
    }
    struct seen cut = {.arena = arena_create(0)};
    struct seen whole = {.arena = arena_create(0)};
    int first = read_all(bytes, step, encoding, &cut);
    int second = read_all(bytes, bytes.size + 1, encoding, &whole);
    assert(first == second && (first != 0 || cut.bytes == whole.bytes));
    arena_destroy(&cut.arena);
    arena_destroy(&whole.arena);
    return 0;
}
