#include "coordinator/access/access_file.h"

#include <errno.h>
#include <openssl/crypto.h>

static bool is_key(struct text key)
{
    if (key.size < ACCESS_FILE_KEY_BYTES_MIN || key.size > ACCESS_FILE_KEY_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < key.size; i++) {
        if (key.data[i] <= ' ' || key.data[i] > '~') {
            return false;
        }
    }
    return true;
}

int access_file_parse(struct text content, struct access_file *ret_file, struct problem *problem)
{
    struct access_file file = {.count = 0};
    struct text line;
    unsigned int number = 0;
    while (text_next_part(&content, '\n', &line)) {
        number++;
        line = text_trim(line);
        if (line.size == 0 || line.data[0] == '#') {
            continue;
        }
        if (!is_key(line)) {
            problem_set(problem, "", "bearer_key",
                        "line %u is no key: %d to %d printable characters without space", number,
                        ACCESS_FILE_KEY_BYTES_MIN, ACCESS_FILE_KEY_BYTES_MAX);
            return -EINVAL;
        }
        if (file.count == ACCESS_FILE_KEYS_MAX) {
            problem_set(problem, "", "bearer_key", "more than %d keys", ACCESS_FILE_KEYS_MAX);
            return -EINVAL;
        }
        digest_sha256(line, file.digests[file.count++]);
    }
    if (file.count == 0) {
        problem_set(problem, "", "bearer_key", "there is no key in it: `hikyaku keygen api FILE`");
        return -EINVAL;
    }
    *ret_file = file;
    return 0;
}

bool access_file_has(const struct access_file *file, struct text key)
{
    unsigned char digest[DIGEST_BYTES];
    digest_sha256(key, digest);
    int found = 0;
    for (size_t i = 0; i < file->count; i++) {
        found |= CRYPTO_memcmp(digest, file->digests[i], DIGEST_BYTES) == 0;
    }
    return found != 0;
}
