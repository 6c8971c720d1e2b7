/* Reads a dump of Redis (RDB) entry by entry: which key, when it expires, and its value as bytes
 * that RESTORE takes. Values are not looked into, only their ends are found. Pure but for `read`.
 *
 * The dump comes from outside: sizes are bounded, what is not known is refused, and the checksum at
 * its end must be right. */
#ifndef HIKYAKU_COMMON_BACKUP_RDB_READER_H
#define HIKYAKU_COMMON_BACKUP_RDB_READER_H

#include "common/base/buffer.h"
#include "common/base/problem.h"

#include <stdint.h>

/** Redis takes no longer argument (proto-max-bulk-len). */
#define RDB_READER_VALUE_MAX ((size_t)512 << 20)

/** Exactly `size` bytes into `place`. @return 0; -ENODATA: it ends before; another error */
typedef int rdb_reader_fn(void *context, void *place, size_t size);

struct rdb_entry {
    uint32_t database;
    int64_t expires_unix_ms; /* 0: never */
    struct text key;         /* both valid until the next call */
    struct text value;       /* type and bytes */
};

struct rdb_reader;

/** @param value_max  bound of one value, at most RDB_READER_VALUE_MAX */
struct rdb_reader *rdb_reader_create(rdb_reader_fn *read, void *context, size_t value_max);
/** Accepts NULL, nulls the pointer. */
void rdb_reader_destroy(struct rdb_reader **reader);

/**
 * The next entry.
 * @return 1: there is one; 0: the dump is over, its checksum is right; -EPROTO (no dump, or not
 *         known to us), -EMSGSIZE (a value above the bound), -EBADMSG (checksum), or an error of
 *         `read`; each with a problem, and then there is nothing more to read
 */
MUST_USE int rdb_reader_next(struct rdb_reader *reader, struct rdb_entry *ret_entry,
                             struct problem *problem);

/* Known from the first entry on. */
unsigned int rdb_reader_version(const struct rdb_reader *reader);
/** When the dump was begun, by Redis' clock; 0: it does not say. */
int64_t rdb_reader_taken_unix_s(const struct rdb_reader *reader);

/** Append what RESTORE takes: the value, the version, the checksum. */
void rdb_reader_append_payload(struct text value, unsigned int version, struct buffer *out);

#endif
