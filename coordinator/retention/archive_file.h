/* The archive's files: one per day (UTC) and coordinator, `outcomes-<day>-<name>.jsonl`, mode 0600,
 * lines appended only. All calls block: they belong into the thread pool. */
#ifndef HIKYAKU_COORDINATOR_RETENTION_ARCHIVE_FILE_H
#define HIKYAKU_COORDINATOR_RETENTION_ARCHIVE_FILE_H

#include "common/base/problem.h"
#include "common/base/text.h"

#include <stdint.h>

struct archive_file;

/**
 * Open the day's file, make it when it is missing, and lock it: nobody else may write it. A line
 * that a crash or a full disk cut off is taken away: it was never acknowledged.
 *
 * @param name  of the coordinator
 * @return 0; -EBUSY (another process has it); others of the file system
 */
MUST_USE int archive_file_open(const char *directory, const char *name, int64_t unix_s,
                               struct archive_file **ret_file, struct problem *problem);
/** Append whole lines. @return 0 or a file error; then close the file */
MUST_USE int archive_file_append(struct archive_file *file, struct text lines);
/** Everything is on disk, the file's name included, when this returns 0. */
MUST_USE int archive_file_sync(struct archive_file *file);
/** Accepts NULL, nulls the pointer. */
void archive_file_close(struct archive_file **file);

#endif
