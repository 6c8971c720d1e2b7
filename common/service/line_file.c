#include "common/service/line_file.h"

#include "common/base/xalloc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TAIL_BYTES 4096

struct line_file {
    int descriptor;
    int directory; /* synced once, for the file's name */
    bool is_named;
};

static int refuse(const struct line_file_name *name, const char *path, const char *what,
                  struct problem *problem)
{
    int error = -errno;
    problem_set(problem, name->field, "file", "%s: %s (%d)", path, what, -error);
    return error;
}

static int name_file(const struct line_file_name *name, int64_t unix_s, char *ret_path)
{
    struct tm day;
    time_t seconds = (time_t)unix_s;
    if (gmtime_r(&seconds, &day) == NULL) {
        return -EOVERFLOW;
    }
    int length = snprintf(ret_path, PATH_MAX, "%s/%s-%04d-%02d-%02d-%s.jsonl", name->directory,
                          name->kind, day.tm_year + 1900, day.tm_mon + 1, day.tm_mday, name->name);
    return length > 0 && length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* The place behind the last line end before `size`; -1 on error. */
static off_t end_of_lines(int descriptor, off_t size)
{
    char tail[TAIL_BYTES];
    while (size > 0) {
        off_t first = size > TAIL_BYTES ? size - TAIL_BYTES : 0;
        ssize_t got = pread(descriptor, tail, (size_t)(size - first), first);
        if (got != size - first) {
            errno = got < 0 ? errno : EIO;
            return -1;
        }
        for (ssize_t at = got; at > 0; at--) {
            if (tail[at - 1] == '\n') {
                return first + at;
            }
        }
        size = first;
    }
    return 0;
}

static int mend_tail(int descriptor)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0) {
        return -1;
    }
    off_t end = end_of_lines(descriptor, status.st_size);
    return end == status.st_size ? 0 : end < 0 ? -1 : ftruncate(descriptor, end);
}

int line_file_open(const struct line_file_name *name, int64_t unix_s, struct line_file **ret_file,
                   struct problem *problem)
{
    char path[PATH_MAX];
    int error = name_file(name, unix_s, path);
    if (error != 0) {
        problem_set(problem, name->field, "file", "the name is too long");
        return error;
    }
    struct line_file *file = xalloc_zero(1, sizeof *file);
    file->descriptor = -1;
    file->directory = open(name->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file->directory < 0) {
        error = refuse(name, name->directory, "cannot be opened", problem);
        goto fail;
    }
    file->descriptor = open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file->descriptor < 0) {
        error = refuse(name, path, "cannot be opened", problem);
        goto fail;
    }
    if (flock(file->descriptor, LOCK_EX | LOCK_NB) != 0) {
        error = refuse(name, path, "another process writes it", problem);
        error = error == -EWOULDBLOCK ? -EBUSY : error;
        goto fail;
    }
    if (mend_tail(file->descriptor) != 0) {
        error = refuse(name, path, "its last line cannot be mended", problem);
        goto fail;
    }
    *ret_file = file;
    return 0;
fail:
    line_file_close(&file);
    return error;
}

int line_file_append(struct line_file *file, struct text lines)
{
    while (lines.size > 0) {
        ssize_t written = write(file->descriptor, lines.data, lines.size);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return written < 0 ? -errno : -EIO;
        }
        lines = text_skip(lines, (size_t)written);
    }
    return 0;
}

int line_file_sync(struct line_file *file)
{
    if (fdatasync(file->descriptor) != 0 || (!file->is_named && fsync(file->directory) != 0)) {
        return -errno;
    }
    file->is_named = true;
    return 0;
}

static void close_descriptor(int descriptor)
{
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
}

void line_file_close(struct line_file **file)
{
    if (*file == NULL) {
        return;
    }
    close_descriptor((*file)->descriptor);
    close_descriptor((*file)->directory);
    free(*file);
    *file = NULL;
}
