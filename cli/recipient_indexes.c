#include "cli/recipient_indexes.h"

#include "cli/tell.h"

#include <errno.h>

#define INDEX_LIMIT (16384U * 4096U - 1)

int recipient_indexes_read(const struct options *options, uint32_t *ret_indexes, size_t *ret_count)
{
    size_t given = options_positional_count(options) - 1;
    for (size_t i = 0; i < given; i++) {
        const char *word = options_positional(options, i + 1);
        uint64_t index = 0;
        if (text_to_u64(text_of(word), INDEX_LIMIT, &index) != 0) {
            tell("%s: is not the index of a recipient", word);
            return -EINVAL;
        }
        ret_indexes[i] = (uint32_t)index;
    }
    *ret_count = given;
    return 0;
}
