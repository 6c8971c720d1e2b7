/* A dump of Redis, as it comes over the network. */
#include "common/backup/rdb_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_bytes(void *context, void *place, size_t size)
{
    struct text *left = context;
    if (size > left->size) {
        return -ENODATA;
    }
    memcpy(place, left->data, size);
    *left = text_skip(*left, size);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text left = {(const char *)data, size};
    struct rdb_reader *reader = rdb_reader_create(read_bytes, &left, VALUE_MAX);
    struct rdb_entry entry;
    int result;
    size_t taken = 0;
    while ((result = rdb_reader_next(reader, &entry, NULL)) == 1) {
        taken += entry.value.size;
        /* Values are copied, never made up. */
        if (entry.value.size == 0 || entry.value.size > VALUE_MAX || taken > size) {
            abort();
        }
    }
    if (result > 0) {
        abort();
    }
    rdb_reader_destroy(&reader);
    return 0;
}
