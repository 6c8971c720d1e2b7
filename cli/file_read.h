/* A whole file into memory, up to a bound. */
#ifndef HIKYAKU_CLI_FILE_READ_H
#define HIKYAKU_CLI_FILE_READ_H

#include "common/base/arena.h"
#include "common/base/problem.h"

/**
 * @param maximum      bytes
 * @param ret_content  out: in the arena, a NUL stands behind it; untouched on error
 * @return 0; -EFBIG; or an error of the file system: the problem's message names path and reason
 */
MUST_USE int file_read(const char *path, size_t maximum, struct arena *arena,
                       struct text *ret_content, struct problem *problem);

#endif
