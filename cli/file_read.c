#include "cli/file_read.h"

#include "common/base/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { READ_BYTES = 65536 };

/* @return 0 or -errno; stops above `maximum` */
static int read_to_end(int file, size_t maximum, struct buffer *content)
{
    ssize_t got = 1;
    while (got != 0 && content->size <= maximum) {
        got = read(file, buffer_reserve(content, READ_BYTES), READ_BYTES);
        if (got < 0 && errno != EINTR) {
            return -errno;
        }
        content->size += got > 0 ? (size_t)got : 0;
    }
    return content->size > maximum ? -EFBIG : 0;
}

int file_read(const char *path, size_t maximum, struct arena *arena, struct text *ret_content,
              struct problem *problem)
{
    OWNED(buffer_finish) struct buffer content = {0};
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    int failed = file < 0 ? -errno : read_to_end(file, maximum, &content);
    if (file >= 0) {
        (void)close(file);
    }
    if (failed == -EFBIG) {
        problem_set(problem, "", "file", "%s: is larger than %zu KiB", path, maximum >> 10);
    } else if (failed != 0) {
        char reason[128];
        problem_set(problem, "", "file", "%s: cannot be read: %s", path,
                    strerror_r(-failed, reason, sizeof reason));
    } else {
        char *copy = arena_copy(arena, content.data == NULL ? "" : content.data, content.size);
        *ret_content = (struct text){copy, content.size};
    }
    return failed;
}
