/* Any bytes as a suppression list of another system: refused, or rows that are whole. */
#include "cli/suppression_columns.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reading {
    struct suppression_columns columns;
    bool is_begun;
};

static int on_row(void *context, const struct csv_row *row, struct problem *problem)
{
    struct reading *reading = context;
    struct suppression_row read;
    if (!reading->is_begun) {
        reading->is_begun = true;
        return suppression_columns_find(row, &reading->columns, problem);
    }
    if (suppression_columns_read(&reading->columns, row, 0, &read, problem) == 0 &&
        !read.is_left_out && (read.address.size == 0 || read.reason == 0)) {
        abort();
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reading reading = {.is_begun = false};
    struct problem problem = {.message = ""};
    struct csv_reader *reader = csv_reader_create(on_row, &reading);
    if (csv_reader_feed(reader, (struct text){(const char *)data, size}, &problem) == 0) {
        (void)!csv_reader_end(reader, &problem);
    }
    csv_reader_destroy(&reader);
    return 0;
}
