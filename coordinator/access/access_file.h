/* Keys from a secret file, kept as digests, compared in constant time: they may do everything, and
 * make the first principals. */
#ifndef HIKYAKU_COORDINATOR_ACCESS_ACCESS_FILE_H
#define HIKYAKU_COORDINATOR_ACCESS_ACCESS_FILE_H

#include "common/base/problem.h"
#include "common/security/digest.h"

#define ACCESS_FILE_KEYS_MAX 16
#define ACCESS_FILE_KEY_BYTES_MIN 20
#define ACCESS_FILE_KEY_BYTES_MAX 256

/** Zeroed: nobody. */
struct access_file {
    unsigned char digests[ACCESS_FILE_KEYS_MAX][DIGEST_BYTES];
    size_t count;
};

/**
 * Read keys: one a line, 20 to 256 printable ASCII characters without space; '#' begins a comment.
 * @return 0; -EINVAL (with line and reason): nothing is changed
 */
MUST_USE int access_file_parse(struct text content, struct access_file *ret_file,
                               struct problem *problem);
bool access_file_has(const struct access_file *file, struct text key);

#endif
