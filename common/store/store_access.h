/* Principals and keys as Redis holds them: one hash for the cluster, packed values. What they mean
 * is the coordinator's (coordinator/access). */
#ifndef HIKYAKU_COMMON_STORE_STORE_ACCESS_H
#define HIKYAKU_COMMON_STORE_STORE_ACCESS_H

#include "common/store/store.h"

/** Both together are fewer than what is read of one hash. */
#define STORE_ACCESS_PRINCIPALS_MAX 500
#define STORE_ACCESS_KEYS_MAX 1500
/** Changes of one call. */
#define STORE_ACCESS_CHANGES_MAX 16

enum store_access_kind {
    STORE_ACCESS_PRINCIPAL,
    STORE_ACCESS_KEY,
};

/** One field of the hash. */
struct store_access_entry {
    enum store_access_kind kind;
    struct text name;   /* of the principal, or the key's id */
    struct text packed; /* StoredPrincipal or StoredKey */
};

enum store_access_what {
    STORE_ACCESS_NEW,    /* there must be none of this name */
    STORE_ACCESS_CHANGE, /* it must be as it was read */
    STORE_ACCESS_DROP,   /* the same, then it is gone */
};

struct store_access_change {
    enum store_access_what what;
    struct store_access_entry entry;
    struct text before; /* packed, as it was read; empty for NEW */
};

/** @param error  0; -EEXIST, -ENOENT, -ESTALE (somebody else was faster: read again), -ENOSPC (too
 *                many); -EINVAL (of another format); -EAGAIN, -ECONNRESET. All of the changes, or
 *                none. */
typedef void store_access_done_fn(void *context, int error);
/** @param count  1..STORE_ACCESS_CHANGES_MAX */
void store_access_change(struct store *store, const struct store_access_change *changes,
                         size_t count, store_access_done_fn *on_answer, void *context);

/**
 * @param error     0; -EPROTO (of another format, or damaged); -EAGAIN, -ECONNRESET
 * @param revision  another one: something changed. Empty: nothing was ever entered
 * @param entries   valid during the call; NULL when the revision is the one given
 */
typedef void store_access_read_fn(void *context, int error, struct text revision,
                                  const struct store_access_entry *entries, size_t count);
/** The revision alone: cheap enough for each second. `entries` is NULL. */
void store_access_look(struct store *store, store_access_read_fn *on_answer, void *context);
/** All of it. */
void store_access_read(struct store *store, store_access_read_fn *on_answer, void *context);

/** A key was used; only the hour is kept. No answer. */
void store_access_note_used(struct store *store, struct text key_id, int64_t unix_ms);

struct store_access_used {
    struct text key_id;
    int64_t unix_ms;
};
/** @param error  0, -EAGAIN, -ECONNRESET */
typedef void store_access_used_fn(void *context, int error, const struct store_access_used *used,
                                  size_t count);
void store_access_read_used(struct store *store, store_access_used_fn *on_answer, void *context);

/** @param is_new  the key was never seen there before, by anybody */
typedef void store_access_see_fn(void *context, int error, bool is_new);
/** A key came from a network. */
void store_access_see(struct store *store, struct text key_id, struct text network,
                      store_access_see_fn *on_answer, void *context);

#endif
