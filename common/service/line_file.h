/* Files of lines: one per day (UTC) and writer, `<kind>-<day>-<name>.jsonl`, mode 0600, lines
 * appended only. All calls block: they belong into the thread pool. */
#ifndef HIKYAKU_COMMON_SERVICE_LINE_FILE_H
#define HIKYAKU_COMMON_SERVICE_LINE_FILE_H

#include "common/base/problem.h"
#include "common/base/text.h"

#include <stdint.h>

struct line_file;

struct line_file_name {
    const char *directory;
    const char *field; /* of the configuration, for problems: "archive.directory" */
    const char *kind;  /* "outcomes" */
    const char *name;  /* who writes */
};

/**
 * Open the day's file, make it when it is missing, and lock it: nobody else may write it. A line
 * that a crash or a full disk cut off is taken away: it was never acknowledged.
 *
 * @return 0; -EBUSY (another process has it); others of the file system
 */
MUST_USE int line_file_open(const struct line_file_name *name, int64_t unix_s,
                            struct line_file **ret_file, struct problem *problem);
/** Append whole lines. @return 0 or a file error; then close the file */
MUST_USE int line_file_append(struct line_file *file, struct text lines);
/** Everything is on disk, the file's name included, when this returns 0. */
MUST_USE int line_file_sync(struct line_file *file);
/** Accepts NULL, nulls the pointer. */
void line_file_close(struct line_file **file);

#endif
