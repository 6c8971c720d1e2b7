/* All of Redis at one moment, as the dump that a replica gets: Redis forks and sends what its
 * memory held then, however long it takes. The connection is used up by it.
 *
 * Needs the rights INFO, REPLCONF and PSYNC, and no key. */
#ifndef HIKYAKU_COMMON_STORE_STORE_DUMP_H
#define HIKYAKU_COMMON_STORE_STORE_DUMP_H

#include "common/store/store_direct.h"

struct store_dump;

/** Texts live as long as the dump. */
struct store_dump_facts {
    const char *version;
    const char *run_id;
    const char *replication_id;
    uint64_t offset; /* in the stream of that id */
};

/** Ask for it and wait until it begins (repl-diskless-sync-delay: 5 s, while the fork is made).
 *  @return 0 or an error as store_direct_open() */
MUST_USE int store_dump_begin(struct store_direct *direct, struct store_dump **ret_dump,
                              struct problem *problem);
const struct store_dump_facts *store_dump_facts(const struct store_dump *dump);
/** Exactly `size` bytes. @return 0; -ENODATA, -ETIMEDOUT, -EIO: the dump is of no use */
MUST_USE int store_dump_read(void *dump, void *place, size_t size);
/** After the last byte: Redis says as well that it was the last.
 *  @return 0 or -ENODATA */
MUST_USE int store_dump_end(struct store_dump *dump);
/** Accepts NULL, nulls the pointer. */
void store_dump_close(struct store_dump **dump);

#endif
