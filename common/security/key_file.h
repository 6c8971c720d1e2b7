/* Secret files: who may own them, how they are read into memory that is wiped, how new ones are
 * written so that a crash leaves either nothing or the whole key. */
#ifndef HIKYAKU_COMMON_SECURITY_KEY_FILE_H
#define HIKYAKU_COMMON_SECURITY_KEY_FILE_H

#include "common/base/problem.h"
#include "common/base/text.h"

/** A secret in memory: locked against swapping where the system allows it, left out of core
 *  dumps, wiped on destroy. */
struct key_file_secret {
    unsigned char *data; /* owned; a NUL stands behind the bytes */
    size_t size;         /* bytes, without the NUL */
};

/**
 * Read a secret file.
 *
 * Rules: a regular file (a symbolic link to one is followed: mounted secrets are links), mode 0600
 * or 0400, owner this process' user or root, not empty, at most `max_bytes`. Blocking.
 *
 * @param path        the problem names it in `field`
 * @param max_bytes   bound of the content, 1 or more
 * @param ret_secret  out: owned; end it with key_file_wipe()
 * @return 0; -ENOENT; -EACCES (cannot be opened); -EPERM (mode or owner: rule "key_file_mode",
 *         "key_file_owner"); -EINVAL (not a regular file, empty); -EMSGSIZE; -EIO
 */
MUST_USE int key_file_read(const char *path, size_t max_bytes, struct key_file_secret *ret_secret,
                           struct problem *problem);

/** Copy a secret that did not come from a file into such memory. The caller wipes what it copied.
 *  @param ret_secret  out: end it with key_file_wipe() */
void key_file_keep(struct text secret, struct key_file_secret *ret_secret);

/** Overwrite and free; accepts a zeroed struct, leaves one. */
void key_file_wipe(struct key_file_secret *secret);

/**
 * Write a secret into a new file with mode 0600, never over an existing one.
 *
 * The name appears only when all bytes are on disk (a second process that loses the race reads a
 * whole key, never half of one); then the directory is synced. Blocking.
 *
 * @return 0; -EEXIST (somebody has made it: read it); -EROFS, -EACCES, -ENOENT and other errors of
 *         the file system, each with a problem
 */
MUST_USE int key_file_write_new(const char *path, struct text content, struct problem *problem);

/**
 * Overwrite a secret file with random bytes, sync, unlink, sync the directory.
 *
 * On copy-on-write file systems and SSDs overwriting promises little; it costs nothing where it
 * does help.
 *
 * @return 0, -ENOENT, or another error of the file system with a problem
 */
MUST_USE int key_file_destroy(const char *path, struct problem *problem);

#endif
