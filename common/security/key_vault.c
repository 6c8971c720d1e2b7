#include "common/security/key_vault.h"

#include "common/security/digest.h"
#include "common/security/key_directory.h"
#include "common/security/seal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define FILE_NAME_MAX 64
#define SEALED_BYTES_MAX (KEY_VAULT_BYTES_MAX + SEAL_OVERHEAD_BYTES)
#define VAULT_KEY "vault.key"

static bool is_file_name(struct text file)
{
    bool is_good = file.size > 0 && file.size <= FILE_NAME_MAX;
    for (size_t i = 0; is_good && i < file.size; i++) {
        char c = file.data[i];
        is_good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    }
    return is_good;
}

static int path_of(const struct key_vault_name *name, char ret_path[PATH_MAX],
                   struct problem *problem)
{
    int length = snprintf(ret_path, PATH_MAX, "%s/vault-%.*s.sealed", name->directory,
                          TEXT_PRINT(name->file));
    if (!is_file_name(name->file) || length < 0 || length >= PATH_MAX) {
        problem_set(problem, "vault", "path", "is no name of a sealed file");
        return -EINVAL;
    }
    return 0;
}

static struct seal_name seal_name_of(const struct key_vault_name *name)
{
    unsigned char digest[DIGEST_BYTES];
    struct seal_name sealed = {.kind = SEAL_VAULT, .batch = 0};
    digest_sha256(name->meaning, digest);
    memcpy(sealed.campaign, digest, sizeof sealed.campaign);
    return sealed;
}

int key_vault_put(const struct key_vault_name *name, struct text secret, struct problem *problem)
{
    char path[PATH_MAX];
    unsigned char key[KEY_DIRECTORY_KEY_BYTES];
    if (secret.size > KEY_VAULT_BYTES_MAX) {
        problem_set(problem, "vault", "too_large", "the secret is too long");
        return -EMSGSIZE;
    }
    int error = path_of(name, path, problem);
    if (error == 0) {
        error = key_directory_named_key(name->directory, VAULT_KEY, true, key, problem);
    }
    if (error != 0) {
        return error;
    }
    const struct seal_name sealed_name = seal_name_of(name);
    struct seal *seal = seal_create(0);
    struct buffer sealed = {0};
    error = seal_encrypt(seal, key, &sealed_name, &secret, 1, &sealed);
    if (error == 0) {
        error = key_file_write_new(path, buffer_text(&sealed), problem);
    } else {
        problem_set(problem, path, "seal", "the secret cannot be sealed");
    }
    buffer_finish(&sealed);
    seal_destroy(&seal);
    seal_wipe(key, sizeof key);
    return error;
}

static int open_sealed(const struct key_vault_name *name, struct text sealed,
                       struct buffer *ret_plain, struct problem *problem)
{
    unsigned char key[KEY_DIRECTORY_KEY_BYTES];
    int error = key_directory_named_key(name->directory, VAULT_KEY, false, key, problem);
    if (error != 0) {
        return error;
    }
    const struct seal_name sealed_name = seal_name_of(name);
    struct seal *seal = seal_create(0);
    error = seal_decrypt(seal, key, &sealed_name, sealed, KEY_VAULT_BYTES_MAX, ret_plain);
    if (error != 0) {
        problem_set(problem, "vault", "seal",
                    "vault-%.*s.sealed does not open: it was altered, or is another's",
                    TEXT_PRINT(name->file));
    }
    seal_destroy(&seal);
    seal_wipe(key, sizeof key);
    return error;
}

int key_vault_get(const struct key_vault_name *name, struct key_file_secret *ret_secret,
                  struct problem *problem)
{
    char path[PATH_MAX];
    struct key_file_secret sealed = {NULL, 0};
    struct buffer plain = {0};
    int error = path_of(name, path, problem);
    if (error == 0) {
        error = key_file_read(path, SEALED_BYTES_MAX, &sealed, problem);
    }
    if (error != 0) {
        return error;
    }
    struct text text = {(const char *)sealed.data, sealed.size};
    error = open_sealed(name, text, &plain, problem);
    key_file_wipe(&sealed);
    if (error == 0) {
        key_file_keep(buffer_text(&plain), ret_secret);
    }
    seal_wipe_buffer(&plain);
    return error;
}

int key_vault_destroy(const struct key_vault_name *name, struct problem *problem)
{
    char path[PATH_MAX];
    int error = path_of(name, path, problem);
    if (error == 0) {
        error = key_file_destroy(path, problem);
    }
    return error == -ENOENT ? 0 : error;
}
