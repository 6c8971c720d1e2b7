/* Secrets that the cluster made itself and that must be in neither Redis nor its backups: private
 * DKIM keys. Each is a file of the key directory, sealed with its vault.key (made by the first that
 * needs it), and opens only under the name it was sealed under: files that were swapped, renamed or
 * altered do not open. All calls block on the file system; any thread. */
#ifndef HIKYAKU_COMMON_SECURITY_KEY_VAULT_H
#define HIKYAKU_COMMON_SECURITY_KEY_VAULT_H

#include "common/security/key_file.h"

/** Of a secret. */
#define KEY_VAULT_BYTES_MAX ((size_t)16384)

struct key_vault_name {
    const char *directory; /* the key directory */
    /* The file's name, "vault-<file>.sealed": lower case, digits and '-', at most 64. */
    struct text file;
    struct text meaning; /* whose it is, in full: sealed in with it */
};

/**
 * Seal a secret into a new file.
 * @return 0; -EEXIST; -EINVAL (name); -EMSGSIZE; -EROFS, -EACCES, -ENOENT and others of the file
 *         system, each with a problem
 */
MUST_USE int key_vault_put(const struct key_vault_name *name, struct text secret,
                           struct problem *problem);

/**
 * @param ret_secret  out: end it with key_file_wipe()
 * @return 0; -ENOENT; -ENOKEY (no vault.key); -EBADMSG (altered, or another's file); -EPROTO;
 *         -EPERM (mode, owner) and others of the file system, each with a problem
 */
MUST_USE int key_vault_get(const struct key_vault_name *name, struct key_file_secret *ret_secret,
                           struct problem *problem);

/** Overwrite and unlink. @return 0 (also when it is gone already) or a file error */
MUST_USE int key_vault_destroy(const struct key_vault_name *name, struct problem *problem);

#endif
