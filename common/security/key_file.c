#include "common/security/key_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/rand.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The text of errno, thread-safe. */
struct error_text {
    char text[128];
};

static const char *describe(int error, struct error_text *place)
{
    return strerror_r(error, place->text, sizeof place->text);
}

static int file_problem(const char *path, int error, const char *what, struct problem *problem)
{
    struct error_text text;
    problem_set(problem, path, "key_file", "%s: %s", what, describe(error, &text));
    return -error;
}

/* Memory of libsodium: guarded pages, locked and left out of core dumps as far as the system
 * allows, wiped when freed. */
static unsigned char *guarded(size_t size)
{
    unsigned char *memory = sodium_init() < 0 ? NULL : sodium_malloc(size);
    if (memory == NULL) {
        abort(); /* as xalloc */
    }
    return memory;
}

static int check_rules(const char *path, const struct stat *status, size_t max_bytes,
                       struct problem *problem)
{
    if (!S_ISREG(status->st_mode)) {
        problem_set(problem, path, "key_file", "is not a regular file");
        return -EINVAL;
    }
    if (status->st_uid != geteuid() && status->st_uid != 0) {
        problem_set(problem, path, "key_file_owner",
                    "belongs to user %u; it must belong to the user that runs this program (%u) "
                    "or to root",
                    (unsigned int)status->st_uid, (unsigned int)geteuid());
        return -EPERM;
    }
    unsigned int mode = (unsigned int)status->st_mode & 07777;
    if (mode != 0600 && mode != 0400) {
        problem_set(problem, path, "key_file_mode",
                    "has mode %04o; a secret needs 0600 or 0400 (chmod 600)", mode);
        return -EPERM;
    }
    if (status->st_size == 0) {
        problem_set(problem, path, "key_file", "is empty");
        return -EINVAL;
    }
    if ((uintmax_t)status->st_size > max_bytes) {
        problem_set(problem, path, "key_file", "is longer than %zu bytes", max_bytes);
        return -EMSGSIZE;
    }
    return 0;
}

static ssize_t read_some(int file, unsigned char *place, size_t size)
{
    ssize_t got;
    do {
        got = read(file, place, size);
    } while (got < 0 && errno == EINTR);
    return got;
}

/* Reads `size` bytes; fewer when the file has become shorter. */
static int read_whole(int file, const char *path, struct key_file_secret *secret,
                      struct problem *problem)
{
    size_t used = 0;
    while (used < secret->size) {
        ssize_t got = read_some(file, secret->data + used, secret->size - used);
        if (got < 0) {
            return file_problem(path, errno, "cannot be read", problem);
        }
        if (got == 0) {
            problem_set(problem, path, "key_file", "changed while it was read");
            return -EIO;
        }
        used += (size_t)got;
    }
    secret->data[used] = '\0';
    return 0;
}

int key_file_read(const char *path, size_t max_bytes, struct key_file_secret *ret_secret,
                  struct problem *problem)
{
    struct stat status;
    struct key_file_secret secret = {NULL, 0};
    /* O_NONBLOCK: a named pipe in its place must not block the start. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0) {
        return file_problem(path, errno, "cannot be opened", problem);
    }
    int error = fstat(file, &status) == 0 ? check_rules(path, &status, max_bytes, problem)
                                          : file_problem(path, errno, "fstat", problem);
    if (error == 0) {
        secret.size = (size_t)status.st_size;
        secret.data = guarded(secret.size + 1);
        error = read_whole(file, path, &secret, problem);
    }
    (void)close(file);
    if (error != 0) {
        key_file_wipe(&secret);
        return error;
    }
    *ret_secret = secret;
    return 0;
}

void key_file_keep(struct text secret, struct key_file_secret *ret_secret)
{
    unsigned char *memory = guarded(secret.size + 1);
    if (secret.size > 0) {
        memcpy(memory, secret.data, secret.size);
    }
    memory[secret.size] = '\0';
    *ret_secret = (struct key_file_secret){memory, secret.size};
}

void key_file_wipe(struct key_file_secret *secret)
{
    sodium_free(secret->data);
    *secret = (struct key_file_secret){NULL, 0};
}

static int write_whole(int file, struct text content)
{
    while (content.size > 0) {
        ssize_t put = write(file, content.data, content.size);
        if (put < 0 && errno != EINTR) {
            return -errno;
        }
        content = text_skip(content, put < 0 ? 0 : (size_t)put);
    }
    return fsync(file) == 0 ? 0 : -errno;
}

/* The folder's entry must be on disk too, or a power cut loses a key that sealed something. */
static int sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        (void)snprintf(folder, sizeof folder, ".");
    } else {
        (void)snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path),
                       path);
    }
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) {
        return -errno;
    }
    int error = fsync(file) == 0 ? 0 : -errno;
    (void)close(file);
    return error;
}

/* Gives the finished file its name unless the name is taken. Hard links are missing on some
 * network file systems; renaming without replacing is missing on others. */
static int publish(const char *draft, const char *path)
{
    if (link(draft, path) == 0) {
        return unlink(draft) == 0 ? 0 : -errno;
    }
    if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS && errno != EMLINK) {
        return -errno;
    }
    return renameat2(AT_FDCWD, draft, AT_FDCWD, path, RENAME_NOREPLACE) == 0 ? 0 : -errno;
}

static int write_draft(const char *draft, struct text content)
{
    int file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
        return -errno;
    }
    /* fchmod: the umask may have taken the owner's rights away. */
    int error = fchmod(file, 0600) == 0 ? write_whole(file, content) : -errno;
    if (close(file) != 0 && error == 0) {
        error = -errno;
    }
    return error;
}

int key_file_write_new(const char *path, struct text content, struct problem *problem)
{
    char draft[PATH_MAX];
    unsigned char random[4];
    assert(content.size > 0);
    if (RAND_bytes(random, sizeof random) != 1) {
        problem_set(problem, path, "key_file", "the system's random source failed");
        return -EIO;
    }
    int length = snprintf(draft, sizeof draft, "%s.%02x%02x%02x%02x.new", path, random[0],
                          random[1], random[2], random[3]);
    if (length < 0 || (size_t)length >= sizeof draft) {
        return file_problem(path, ENAMETOOLONG, "cannot be written", problem);
    }
    int error = write_draft(draft, content);
    if (error == 0) {
        error = publish(draft, path);
    }
    if (error == 0) {
        error = sync_folder(path);
    } else {
        (void)unlink(draft);
    }
    return error == 0 ? 0 : file_problem(path, -error, "cannot be written", problem);
}

static int overwrite(const char *path)
{
    struct stat status;
    unsigned char noise[64];
    int file = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
    if (file < 0) {
        return -errno;
    }
    int error = fstat(file, &status) == 0 ? 0 : -errno;
    off_t left = error == 0 && S_ISREG(status.st_mode) ? status.st_size : 0;
    while (error == 0 && left > 0) {
        size_t size = left < (off_t)sizeof noise ? (size_t)left : sizeof noise;
        if (RAND_bytes(noise, (int)size) != 1) {
            memset(noise, 0, sizeof noise);
        }
        error = write_whole(file, (struct text){(const char *)noise, size});
        left -= (off_t)size;
    }
    (void)close(file);
    return error;
}

int key_file_destroy(const char *path, struct problem *problem)
{
    /* A file of mode 0400 cannot be opened for writing by its owner until it says so. */
    (void)chmod(path, 0600);
    int error = overwrite(path);
    if (error == 0) {
        error = unlink(path) == 0 ? sync_folder(path) : -errno;
    }
    return error == 0 ? 0 : file_problem(path, -error, "cannot be destroyed", problem);
}
