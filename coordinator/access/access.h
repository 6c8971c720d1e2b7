/* Who calls, and what they may: keys of the store, read anew within 2 s of a change, and those of
 * the key file. Wrong keys wait longer each time. */
#ifndef HIKYAKU_COORDINATOR_ACCESS_ACCESS_H
#define HIKYAKU_COORDINATOR_ACCESS_ACCESS_H

#include "common/base/problem.h"
#include "common/net/loop.h"
#include "common/security/key_directory.h"
#include "coordinator/access/access_book.h"
#include "coordinator/access/access_watch.h"
#include "coordinator/tenants/tenants.h"

struct access;

struct access_settings {
    struct loop *loop; /* borrowed, as all of these */
    struct store *store;
    const struct tenants *tenants;
    const struct key_directory *keys;
    access_watch_fn *on_alarm;
    void *context;
};

struct access *access_create(const struct access_settings *settings);
/** The store is destroyed before. Accepts NULL, nulls the pointer. */
void access_destroy(struct access **access);

/**
 * Read the key file: one key a line, which may do everything.
 * @return 0, or an error of key_file_read(); -EINVAL: a line is no key. Then nothing is changed
 */
MUST_USE int access_read_file(struct access *access, const char *path, struct problem *problem);

enum access_verdict {
    ACCESS_ADMITTED,
    ACCESS_NO_KEY,      /* none was shown */
    ACCESS_UNKNOWN_KEY, /* or a wrong one */
    ACCESS_LOCKED,      /* too many wrong keys: wait */
    ACCESS_NOT_READ,    /* Redis has not told the keys yet */
    ACCESS_WRONG_NETWORK,
    ACCESS_EXPIRED,
    ACCESS_REVOKED,
    ACCESS_UNUSED,
    ACCESS_DISABLED,
    ACCESS_NO_TENANT,
    ACCESS_VERDICT_LIMIT
};

/** Who shows what. */
struct access_showing {
    struct text authorization; /* the value of the header */
    const char *source;        /* address, or "unix" */
};

/** Who was admitted. */
struct access_caller {
    const char *tenant;
    const char *principal;
    const struct access_key *key; /* NULL: of the key file; borrowed until the loop goes on */
    uint32_t scopes;
    bool sees_all; /* principals, keys and audit entries of every tenant; never their mail */
};

/** @param ret_wait_ms  out: LOCKED and NOT_READ: when to come again */
enum access_verdict access_admit(struct access *access, const struct access_showing *showing,
                                 struct access_caller *ret_caller, uint64_t *ret_wait_ms);
/** For logs and callers: "expired", and a sentence. */
const char *access_verdict_word(enum access_verdict verdict);
const char *access_verdict_text(enum access_verdict verdict);

/** A call that was admitted was refused in the end, or shows recipients: for alarms.
 *  @param key_id  "": a key of the key file, which is not watched */
void access_note_refused(struct access *access, const char *key_id, const char *source);
void access_note_reveal(struct access *access, const char *key_id, const char *source);

/** For the parts of this folder. */
struct store *access_store(const struct access *access);
const struct key_directory *access_keys(const struct access *access);

/** Redis has told the keys once. */
bool access_is_read(const struct access *access);
/** As it is known now; borrowed until the loop goes on. */
const struct access_book *access_book_of(const struct access *access);
/** A change was made: read it now. */
void access_look(struct access *access);
/** The book is as Redis has it now. @param error  0, or of store_access_read() */
typedef void access_fresh_fn(void *context, int error);
/** Read it now, whoever changed it, then answer: what a change is based on must not be old. */
void access_refresh(struct access *access, access_fresh_fn *on_fresh, void *context);

#endif
