/* The audit log in Redis: a stream of lines, and where each coordinator session's chain ends. What
 * lines say is the coordinator's (coordinator/audit). */
#ifndef HIKYAKU_COMMON_STORE_STORE_AUDIT_H
#define HIKYAKU_COMMON_STORE_STORE_AUDIT_H

#include "common/store/store.h"

/** Lines of one call. */
#define STORE_AUDIT_LINES_MAX 100
/** Lines kept in Redis, about; older ones are in files only. */
#define STORE_AUDIT_KEPT 100000

struct store_audit_line {
    struct text line; /* without its end */
    struct text principal;
    struct text call;
    struct text result;
};

struct store_audit_append {
    struct text session;
    uint64_t first;   /* number of lines[0] in its session */
    struct text hash; /* of the last line */
    const struct store_audit_line *lines;
    size_t count; /* 1..STORE_AUDIT_LINES_MAX */
};

/** @param error    0: they are there, now or before; -EAGAIN, -ECONNRESET: append the same again
 *  @param missing  lines before them that Redis has lost */
typedef void store_audit_done_fn(void *context, int error, uint64_t missing);
void store_audit_append(struct store *store, const struct store_audit_append *append,
                        store_audit_done_fn *on_answer, void *context);

/** Where a session's chain ends. */
struct store_audit_head {
    struct text session;
    uint64_t sequence;
    struct text hash;
    int64_t at_unix_ms;
};
/** @param error  0, -EAGAIN, -ECONNRESET. What cannot be read is left out */
typedef void store_audit_heads_fn(void *context, int error, const struct store_audit_head *heads,
                                  size_t count);
void store_audit_heads(struct store *store, store_audit_heads_fn *on_answer, void *context);
/** Forget the ends of sessions that nobody needs to anchor any more. No answer. */
void store_audit_forget(struct store *store, struct text session);

struct store_audit_read {
    uint64_t ms; /* entries behind this place of the stream */
    uint64_t sequence;
    uint32_t limit;
};
struct store_audit_found {
    uint64_t ms; /* its place */
    uint64_t sequence;
    struct store_audit_line line;
};
/** @param found  valid during the call; fewer than asked for: there are no more */
typedef void store_audit_read_fn(void *context, int error, const struct store_audit_found *found,
                                 size_t count);
void store_audit_read(struct store *store, const struct store_audit_read *read,
                      store_audit_read_fn *on_answer, void *context);

#endif
