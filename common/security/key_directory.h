/* The key directory: the master keys, outside Redis and its backups. Coordinators and the command
 * line open it; workers never do.
 *
 * Files, mode 0600 or 0400, 64 hex digits and a line end each:
 *   id.key            campaign ids; made once, never rotates, never made by a coordinator
 *   hash.key          keyed hashes of addresses (duplicates)
 *   token-<n>.key     n 0..255: the highest makes tokens, all are accepted
 *   month-2026-11.key wraps the campaign keys of that month; destroyed when retention ends
 *   vault.key         seals secrets that the cluster made itself (key_vault.h); never destroyed
 * The directory is 0700 and owned by this user or root; on a read-only mount only the files count.
 * All calls block on the file system; one thread at a time. */
#ifndef HIKYAKU_COMMON_SECURITY_KEY_DIRECTORY_H
#define HIKYAKU_COMMON_SECURITY_KEY_DIRECTORY_H

#include "common/base/problem.h"

#include <stdint.h>

#define KEY_DIRECTORY_KEY_BYTES 32
/** Month keys kept in memory at once; the one used longest ago makes room. */
#define KEY_DIRECTORY_MONTHS_MAX 64

struct key_directory;

/**
 * Make what is missing: the directory, id.key, hash.key, token-0.key and the month's key. Existing
 * keys are never touched. For `hikyaku keygen`.
 *
 * @param month  202611, or 0: no month key
 * @return 0 or an error of the file system, with a problem
 */
MUST_USE int key_directory_make(const char *path, uint32_t month, struct problem *problem);

/** Add token-<n+1>.key behind the newest. @return 0, -ENOSPC after token-255, or a file error */
MUST_USE int key_directory_add_token_key(const char *path, unsigned int *ret_key_id,
                                         struct problem *problem);

/**
 * Open the directory and read id, hash and token keys.
 * @return 0; -ENOENT (directory, id, hash or every token key missing: the problem names `hikyaku
 *         keygen`); -EPERM (mode, owner); -EINVAL (not a key); others of the file system
 */
MUST_USE int key_directory_open(const char *path, struct key_directory **ret_directory,
                                struct problem *problem);
/** Wipes all keys. Accepts NULL, nulls the pointer. */
void key_directory_close(struct key_directory **directory);

/** Read the token keys again (an operator added one) and forget the month keys in memory. On
 *  failure the old token keys stay. @return as key_directory_open() */
MUST_USE int key_directory_refresh(struct key_directory *directory, struct problem *problem);

/** 32 bytes each, borrowed until close. */
const unsigned char *key_directory_id_key(const struct key_directory *directory);
const unsigned char *key_directory_hash_key(const struct key_directory *directory);

/** A token_key_fn; `directory` is a struct key_directory. NULL when there is no such key. */
const unsigned char *key_directory_token_key(void *directory, unsigned char key_id);
/** The id of the key that makes new tokens. */
unsigned char key_directory_newest_token_key_id(const struct key_directory *directory);

/**
 * The key of a month, read when asked for the first time.
 *
 * @param month    202611
 * @param make     make it when it is missing (the month of a new campaign); a coordinator that
 *                 loses the race for making reads the winner's
 * @param ret_key  out: KEY_DIRECTORY_KEY_BYTES, a copy; the caller wipes it
 * @return 0; -EINVAL (no month); -ENOKEY (missing and not to be made: destroyed or of another
 *         cluster); -EROFS, -EACCES (cannot be made here: the problem names `hikyaku keygen`);
 *         others of the file system
 */
MUST_USE int key_directory_month_key(struct key_directory *directory, uint32_t month, bool make,
                                     unsigned char ret_key[KEY_DIRECTORY_KEY_BYTES],
                                     struct problem *problem);

/** End of retention: overwrite and unlink the month's key, forget it. What was sealed under it
 *  stays unreadable. @return 0 (also when it is gone already) or a file error */
MUST_USE int key_directory_destroy_month(struct key_directory *directory, uint32_t month,
                                         struct problem *problem);

/** The oldest month whose key is in the directory. @return 0, -ENOENT (none), or a file error */
MUST_USE int key_directory_oldest_month(const struct key_directory *directory, uint32_t *ret_month,
                                        struct problem *problem);

/** Where it is. Borrowed until close. */
const char *key_directory_path(const struct key_directory *directory);

/**
 * A key of a name of its own, "vault.key". Reads the file each time: for what is needed seldom.
 * Any thread.
 *
 * @param path     of the directory
 * @param make     make it when it is missing; who loses the race for making reads the winner's
 * @param ret_key  out: the caller wipes it
 * @return as key_directory_month_key()
 */
MUST_USE int key_directory_named_key(const char *path, const char *name, bool make,
                                     unsigned char ret_key[KEY_DIRECTORY_KEY_BYTES],
                                     struct problem *problem);

/** The month of a time, as 202611 (UTC). @param unix_s  seconds, 0 or more */
uint32_t key_directory_month_of(int64_t unix_s);

#endif
