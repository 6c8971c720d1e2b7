/* What a dump consists of: numbers, strings, values. Internal to this folder. */
#ifndef HIKYAKU_COMMON_BACKUP_RDB_VALUE_H
#define HIKYAKU_COMMON_BACKUP_RDB_VALUE_H

#include "common/backup/rdb_reader.h"

/** Where bytes come from: they are summed, and kept in `kept` where that is not NULL. */
struct rdb_source {
    rdb_reader_fn *read;
    void *context;
    uint64_t sum;
    struct buffer *kept;
    size_t kept_max;
};

/** @return 0, -EMSGSIZE (more than may be kept), or an error of `read` */
MUST_USE int rdb_value_bytes(struct rdb_source *source, void *place, size_t size);
/** A length. @return 0, -EPROTO (a string in another form stands there), others as above */
MUST_USE int rdb_value_length(struct rdb_source *source, uint64_t *ret_length);
/** A string as it was before it was packed; appended. @param max  its bound */
MUST_USE int rdb_value_string(struct rdb_source *source, size_t max, struct buffer *ret_string);
/** Pass over a string. */
MUST_USE int rdb_value_skip_string(struct rdb_source *source);
/** Pass over a value of `type`. @return -EPROTO: of a type that is not known */
MUST_USE int rdb_value_skip(struct rdb_source *source, unsigned int type);
/** Pass over what a module wrote beside the keys. */
MUST_USE int rdb_value_skip_module(struct rdb_source *source);

#endif
