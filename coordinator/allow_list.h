/* The public keys of the workers that may connect: one a line, a name behind it if wanted, '#'
 * begins a comment. */
#ifndef HIKYAKU_COORDINATOR_ALLOW_LIST_H
#define HIKYAKU_COORDINATOR_ALLOW_LIST_H

#include "common/base/arena.h"
#include "common/base/problem.h"

#define ALLOW_LIST_BYTES_MAX ((size_t)1024 * 1024)

/**
 * Take a list apart.
 * @param ret_keys  out: NULL-terminated, in `arena`; an empty list admits nobody
 * @return 0, or -EINVAL: `problem` names the line
 */
MUST_USE int allow_list_parse(struct text content, struct arena *arena,
                              const char *const **ret_keys, struct problem *problem);

/** The same from a file. @return also an error of the file system, or -EMSGSIZE */
MUST_USE int allow_list_read(const char *path, struct arena *arena, const char *const **ret_keys,
                             struct problem *problem);

#endif
