/* Every mistake of a file at once: where it stands, which key, which rule, and what to do. */
#ifndef HIKYAKU_COMMON_CONFIG_CONFIG_ERROR_H
#define HIKYAKU_COMMON_CONFIG_CONFIG_ERROR_H

#include "common/base/buffer.h"
#include "common/base/problem.h"

/** The most that is told at once; more are counted in `total`. */
#define CONFIG_ERRORS_MAX 20

/** A place in a file, both from 1; line 0: the file as a whole. */
struct config_place {
    unsigned int line;
    unsigned int column; /* characters, not bytes */
};

struct config_error {
    struct config_place place;
    struct problem problem; /* field is the key path: "pools[1].ips[0].address" */
};

/** Zero it, or start with {.file = name}. */
struct config_errors {
    const char *file; /* borrowed; shown in front of each line */
    struct config_error items[CONFIG_ERRORS_MAX];
    size_t count;
    size_t total;
};

/**
 * Note a mistake.
 *
 * @param path  key path, "" for the file as a whole
 * @param rule  stable word for programs: "unknown_key", "range", ...
 */
void config_error_add(struct config_errors *errors, struct config_place place, const char *path,
                      const char *rule, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/** Note a mistake that another module found. */
void config_error_add_problem(struct config_errors *errors, struct config_place place,
                              const struct problem *problem);

/** Append one line for each: "FILE:LINE:COLUMN: KEY: sentence [rule]". */
void config_error_render(const struct config_errors *errors, struct buffer *out);

#endif
