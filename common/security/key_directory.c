#include "common/security/key_directory.h"

#include "common/base/bytes.h"
#include "common/security/key_file.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <openssl/rand.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define TOKEN_KEYS_MAX 256
/* 64 digits, CR LF at most, room for an editor's white space. */
#define KEY_TEXT_MAX_BYTES 128
#define HEX_LENGTH (2 * (size_t)KEY_DIRECTORY_KEY_BYTES)
#define NAME_MAX_BYTES 32

struct token_list {
    bool is_present[TOKEN_KEYS_MAX];
    unsigned char newest;
    size_t count;
};

struct token_keys {
    struct token_list list;
    unsigned char keys[TOKEN_KEYS_MAX][KEY_DIRECTORY_KEY_BYTES];
};

struct month_key {
    uint32_t month; /* 0: slot is free */
    uint64_t used;  /* higher: used later */
    unsigned char key[KEY_DIRECTORY_KEY_BYTES];
};

/* Lives in guarded, locked memory. */
struct key_directory {
    char path[PATH_MAX - NAME_MAX_BYTES];
    unsigned char id_key[KEY_DIRECTORY_KEY_BYTES];
    unsigned char hash_key[KEY_DIRECTORY_KEY_BYTES];
    struct token_keys tokens;
    struct month_key months[KEY_DIRECTORY_MONTHS_MAX];
    uint64_t uses;
};

static bool is_month(uint32_t month)
{
    return month >= 197001 && month <= 999912 && month % 100 >= 1 && month % 100 <= 12;
}

static int join(const char *folder, const char *name, char ret_path[PATH_MAX],
                struct problem *problem)
{
    int length = snprintf(ret_path, PATH_MAX, "%s/%s", folder, name);
    if (length < 0 || length >= PATH_MAX) {
        problem_set(problem, "key_directory", "path", "the path is too long");
        return -ENAMETOOLONG;
    }
    return 0;
}

static void month_name(uint32_t month, char ret_name[NAME_MAX_BYTES])
{
    (void)snprintf(ret_name, NAME_MAX_BYTES, "month-%04u-%02u.key", month / 100, month % 100);
}

static void token_name(unsigned int key_id, char ret_name[NAME_MAX_BYTES])
{
    (void)snprintf(ret_name, NAME_MAX_BYTES, "token-%u.key", key_id);
}

static int read_key(const char *folder, const char *name, unsigned char *ret_key,
                    struct problem *problem)
{
    char path[PATH_MAX];
    struct key_file_secret secret = {NULL, 0};
    int error = join(folder, name, path, problem);
    if (error == 0) {
        error = key_file_read(path, KEY_TEXT_MAX_BYTES, &secret, problem);
    }
    if (error != 0) {
        return error;
    }
    struct text hex = text_trim((struct text){(const char *)secret.data, secret.size});
    unsigned char key[KEY_DIRECTORY_KEY_BYTES];
    error = bytes_from_hex(hex, key, sizeof key);
    if (error == 0) {
        memcpy(ret_key, key, sizeof key);
    } else {
        problem_set(problem, path, "key_file", "is not a key: it needs %zu hex digits", HEX_LENGTH);
    }
    sodium_memzero(key, sizeof key);
    key_file_wipe(&secret);
    return error;
}

/* A new random key under a name that is free. */
static int write_key(const char *folder, const char *name, struct problem *problem)
{
    char path[PATH_MAX];
    unsigned char key[KEY_DIRECTORY_KEY_BYTES];
    char hex[HEX_LENGTH + 2];
    int error = join(folder, name, path, problem);
    if (error != 0) {
        return error;
    }
    if (RAND_priv_bytes(key, sizeof key) != 1) {
        problem_set(problem, path, "key_file", "the system's random source failed");
        return -EIO;
    }
    bytes_to_hex(key, sizeof key, hex);
    hex[HEX_LENGTH] = '\n';
    error = key_file_write_new(path, (struct text){hex, HEX_LENGTH + 1}, problem);
    sodium_memzero(key, sizeof key);
    sodium_memzero(hex, sizeof hex);
    return error;
}

static int write_key_if_missing(const char *folder, const char *name, struct problem *problem)
{
    char path[PATH_MAX];
    int error = join(folder, name, path, problem);
    if (error != 0) {
        return error;
    }
    if (access(path, F_OK) == 0) {
        return 0;
    }
    error = write_key(folder, name, problem);
    return error == -EEXIST ? 0 : error;
}

static int check_folder(const char *path, struct problem *problem)
{
    struct stat status;
    struct statvfs mount;
    if (stat(path, &status) != 0) {
        int error = -errno;
        problem_set(problem, path, "key_directory",
                    "cannot be opened; `hikyaku keygen` makes a key directory");
        return error;
    }
    if (!S_ISDIR(status.st_mode)) {
        problem_set(problem, path, "key_directory", "is not a directory");
        return -ENOTDIR;
    }
    if (status.st_uid != geteuid() && status.st_uid != 0) {
        problem_set(problem, path, "key_file_owner",
                    "belongs to user %u; it must belong to the user that runs this program (%u) "
                    "or to root",
                    (unsigned int)status.st_uid, (unsigned int)geteuid());
        return -EPERM;
    }
    /* Mounted secrets are read-only and world-searchable by nature; their files are not. */
    bool is_read_only = statvfs(path, &mount) == 0 && (mount.f_flag & ST_RDONLY) != 0;
    if ((status.st_mode & 077) != 0 && !is_read_only) {
        problem_set(problem, path, "key_file_mode",
                    "has mode %04o; a key directory needs 0700 (chmod 700)",
                    (unsigned int)status.st_mode & 07777);
        return -EPERM;
    }
    return 0;
}

/* "token-17.key" -> 17, any other name -> -1. */
static int token_id_of(const char *name)
{
    struct text text = text_of(name);
    const struct text prefix = TEXT("token-");
    const struct text suffix = TEXT(".key");
    uint64_t key_id = 0;
    if (!text_starts_with(text, prefix) || text.size <= prefix.size + suffix.size ||
        !text_equal(text_skip(text, text.size - suffix.size), suffix)) {
        return -1;
    }
    struct text digits = {text.data + prefix.size, text.size - prefix.size - suffix.size};
    bool has_zero_in_front = digits.size > 1 && digits.data[0] == '0';
    if (has_zero_in_front || text_to_u64(digits, TOKEN_KEYS_MAX - 1, &key_id) != 0) {
        return -1;
    }
    return (int)key_id;
}

/* Which token keys are there. Their number is known before any is read. */
static int list_token_keys(const char *path, struct token_list *ret_list, struct problem *problem)
{
    const struct dirent *entry;
    struct token_list list = {.count = 0};
    DIR *folder = opendir(path);
    if (folder == NULL) {
        int error = -errno;
        problem_set(problem, path, "key_directory", "cannot be listed");
        return error;
    }
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): safe on a stream that no other thread knows */
    while ((entry = readdir(folder)) != NULL) {
        int key_id = token_id_of(entry->d_name);
        if (key_id >= 0) {
            list.is_present[key_id] = true;
            list.count++;
            list.newest = (unsigned char)(key_id > list.newest ? key_id : list.newest);
        }
    }
    (void)closedir(folder);
    *ret_list = list;
    return 0;
}

static int read_token_keys(const char *path, struct token_keys *tokens, struct problem *problem)
{
    char name[NAME_MAX_BYTES];
    int error = list_token_keys(path, &tokens->list, problem);
    if (error == 0 && tokens->list.count == 0) {
        problem_set(problem, path, "key_directory",
                    "holds no token-<n>.key; `hikyaku keygen` makes one");
        error = -ENOENT;
    }
    for (unsigned int i = 0; error == 0 && i < TOKEN_KEYS_MAX; i++) {
        if (tokens->list.is_present[i]) {
            token_name(i, name);
            error = read_key(path, name, tokens->keys[i], problem);
        }
    }
    return error;
}

static void *guarded_zero(size_t size)
{
    void *memory = sodium_init() < 0 ? NULL : sodium_malloc(size);
    if (memory == NULL) {
        abort(); /* as xalloc */
    }
    memset(memory, 0, size);
    return memory;
}

static int read_required(const char *folder, const char *name, unsigned char *ret_key,
                         struct problem *problem)
{
    int error = read_key(folder, name, ret_key, problem);
    if (error == -ENOENT) {
        problem_set(problem, folder, "key_directory",
                    "holds no %s; restore it, or make a new cluster's keys with `hikyaku keygen`",
                    name);
    }
    return error;
}

int key_directory_open(const char *path, struct key_directory **ret_directory,
                       struct problem *problem)
{
    struct key_directory *directory = guarded_zero(sizeof *directory);
    size_t length = strlen(path);
    int error = 0;
    if (length >= sizeof directory->path) {
        problem_set(problem, "key_directory", "path", "the path is too long");
        error = -ENAMETOOLONG;
        goto fail;
    }
    memcpy(directory->path, path, length + 1);
    if ((error = check_folder(path, problem)) != 0 ||
        (error = read_required(path, "id.key", directory->id_key, problem)) != 0 ||
        (error = read_required(path, "hash.key", directory->hash_key, problem)) != 0 ||
        (error = read_token_keys(path, &directory->tokens, problem)) != 0) {
        goto fail;
    }
    *ret_directory = directory;
    return 0;
fail:
    key_directory_close(&directory);
    return error;
}

void key_directory_close(struct key_directory **directory)
{
    sodium_free(*directory);
    *directory = NULL;
}

int key_directory_refresh(struct key_directory *directory, struct problem *problem)
{
    struct token_keys *fresh = guarded_zero(sizeof *fresh);
    int error = check_folder(directory->path, problem);
    if (error == 0) {
        error = read_token_keys(directory->path, fresh, problem);
    }
    if (error == 0) {
        directory->tokens = *fresh;
        sodium_memzero(directory->months, sizeof directory->months);
    }
    sodium_free(fresh);
    return error;
}

const unsigned char *key_directory_id_key(const struct key_directory *directory)
{
    return directory->id_key;
}

const unsigned char *key_directory_hash_key(const struct key_directory *directory)
{
    return directory->hash_key;
}

const unsigned char *key_directory_token_key(void *directory, unsigned char key_id)
{
    const struct key_directory *own = directory;
    return own->tokens.list.is_present[key_id] ? own->tokens.keys[key_id] : NULL;
}

unsigned char key_directory_newest_token_key_id(const struct key_directory *directory)
{
    return directory->tokens.list.newest;
}

static struct month_key *find_month(struct key_directory *directory, uint32_t month)
{
    for (size_t i = 0; i < KEY_DIRECTORY_MONTHS_MAX; i++) {
        if (directory->months[i].month == month) {
            return &directory->months[i];
        }
    }
    return NULL;
}

/* A free slot, or the one used longest ago (free slots have never been used). */
static struct month_key *slot_for_month(struct key_directory *directory)
{
    struct month_key *oldest = &directory->months[0];
    for (size_t i = 1; i < KEY_DIRECTORY_MONTHS_MAX; i++) {
        if (directory->months[i].used < oldest->used) {
            oldest = &directory->months[i];
        }
    }
    sodium_memzero(oldest, sizeof *oldest);
    return oldest;
}

int key_directory_named_key(const char *path, const char *name, bool make,
                            unsigned char ret_key[KEY_DIRECTORY_KEY_BYTES], struct problem *problem)
{
    int error = read_key(path, name, ret_key, problem);
    if (error != -ENOENT) {
        return error;
    }
    if (!make) {
        problem_set(problem, path, "key_directory",
                    "holds no %s: what was sealed under it cannot be read", name);
        return -ENOKEY;
    }
    error = write_key(path, name, problem);
    if (error == -EROFS || error == -EACCES || error == -EPERM) {
        problem_set(problem, path, "key_directory",
                    "cannot be written, so %s must be made by `hikyaku keygen`", name);
        return error == -EPERM ? -EACCES : error;
    }
    /* Made by us or, a moment earlier, by another coordinator: the file is the truth. */
    return error == 0 || error == -EEXIST ? read_key(path, name, ret_key, problem) : error;
}

int key_directory_month_key(struct key_directory *directory, uint32_t month, bool make,
                            unsigned char ret_key[KEY_DIRECTORY_KEY_BYTES], struct problem *problem)
{
    char name[NAME_MAX_BYTES];
    unsigned char key[KEY_DIRECTORY_KEY_BYTES];
    if (!is_month(month)) {
        problem_set(problem, "month", "month", "%u is not a month such as 202611", month);
        return -EINVAL;
    }
    struct month_key *slot = find_month(directory, month);
    if (slot == NULL) {
        month_name(month, name);
        int error = key_directory_named_key(directory->path, name, make, key, problem);
        if (error != 0) {
            return error;
        }
        slot = slot_for_month(directory);
        slot->month = month;
        memcpy(slot->key, key, sizeof slot->key);
        sodium_memzero(key, sizeof key);
    }
    slot->used = ++directory->uses;
    memcpy(ret_key, slot->key, sizeof slot->key);
    return 0;
}

int key_directory_destroy_month(struct key_directory *directory, uint32_t month,
                                struct problem *problem)
{
    char name[NAME_MAX_BYTES];
    char path[PATH_MAX];
    if (!is_month(month)) {
        problem_set(problem, "month", "month", "%u is not a month such as 202611", month);
        return -EINVAL;
    }
    struct month_key *slot = find_month(directory, month);
    if (slot != NULL) {
        sodium_memzero(slot, sizeof *slot);
    }
    month_name(month, name);
    int error = join(directory->path, name, path, problem);
    if (error == 0) {
        error = key_file_destroy(path, problem);
    }
    return error == -ENOENT ? 0 : error;
}

/* "month-2026-11.key" -> 202611, any other name -> 0. */
static uint32_t month_of_name(const char *name)
{
    char expected[NAME_MAX_BYTES];
    struct text text = text_of(name);
    uint64_t year = 0;
    uint64_t of_year = 0;
    if (text.size != sizeof "month-2026-11.key" - 1 ||
        text_to_u64((struct text){name + 6, 4}, 9999, &year) != 0 ||
        text_to_u64((struct text){name + 11, 2}, 12, &of_year) != 0) {
        return 0;
    }
    uint32_t month = (uint32_t)(year * 100 + of_year);
    month_name(month, expected);
    return is_month(month) && strcmp(name, expected) == 0 ? month : 0;
}

int key_directory_oldest_month(const struct key_directory *directory, uint32_t *ret_month,
                               struct problem *problem)
{
    const struct dirent *entry;
    uint32_t oldest = 0;
    DIR *folder = opendir(directory->path);
    if (folder == NULL) {
        int error = -errno;
        problem_set(problem, directory->path, "key_directory", "cannot be listed");
        return error;
    }
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): safe on a stream that no other thread knows */
    while ((entry = readdir(folder)) != NULL) {
        uint32_t month = month_of_name(entry->d_name);
        oldest = month != 0 && (oldest == 0 || month < oldest) ? month : oldest;
    }
    (void)closedir(folder);
    if (oldest == 0) {
        return -ENOENT;
    }
    *ret_month = oldest;
    return 0;
}

/* An existing directory is checked, not changed: who made it may have meant its mode. */
static int make_folder(const char *path, struct problem *problem)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        int error = -errno;
        problem_set(problem, path, "key_directory", "cannot be made");
        return error;
    }
    return check_folder(path, problem);
}

int key_directory_make(const char *path, uint32_t month, struct problem *problem)
{
    char name[NAME_MAX_BYTES];
    struct token_list tokens;
    int error = make_folder(path, problem);
    if (error == 0) {
        error = write_key_if_missing(path, "id.key", problem);
    }
    if (error == 0) {
        error = write_key_if_missing(path, "hash.key", problem);
    }
    if (error == 0) {
        error = list_token_keys(path, &tokens, problem);
    }
    if (error == 0 && tokens.count == 0) {
        error = write_key_if_missing(path, "token-0.key", problem);
    }
    if (error == 0 && month != 0) {
        assert(is_month(month));
        month_name(month, name);
        error = write_key_if_missing(path, name, problem);
    }
    return error;
}

int key_directory_add_token_key(const char *path, unsigned int *ret_key_id, struct problem *problem)
{
    char name[NAME_MAX_BYTES];
    struct token_list tokens = {.count = 0};
    int error = check_folder(path, problem);
    if (error == 0) {
        error = list_token_keys(path, &tokens, problem);
    }
    if (error != 0) {
        return error;
    }
    unsigned int key_id = tokens.count == 0 ? 0 : tokens.newest + 1U;
    if (key_id >= TOKEN_KEYS_MAX) {
        problem_set(problem, path, "key_directory", "all 256 token keys are used");
        return -ENOSPC;
    }
    token_name(key_id, name);
    error = write_key(path, name, problem);
    if (error == 0) {
        *ret_key_id = key_id;
    }
    return error;
}

uint32_t key_directory_month_of(int64_t unix_s)
{
    struct tm date;
    time_t seconds = (time_t)unix_s;
    bool is_date = gmtime_r(&seconds, &date) != NULL;
    assert(unix_s >= 0 && is_date);
    return (uint32_t)(date.tm_year + 1900) * 100 + (uint32_t)date.tm_mon + 1;
}

const char *key_directory_path(const struct key_directory *directory)
{
    return directory->path;
}
