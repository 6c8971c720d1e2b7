/* Indexes of recipients as words of a command. */
#ifndef HIKYAKU_CLI_RECIPIENT_INDEXES_H
#define HIKYAKU_CLI_RECIPIENT_INDEXES_H

#include "cli/options.h"

/** Indexes of one call. */
#define RECIPIENT_INDEXES_MAX 1000

/**
 * Read the words behind the first, the campaign; tells which is not an index.
 *
 * @param ret_indexes  room for RECIPIENT_INDEXES_MAX
 * @return 0 or -EINVAL
 */
MUST_USE int recipient_indexes_read(const struct options *options, uint32_t *ret_indexes,
                                    size_t *ret_count);

#endif
