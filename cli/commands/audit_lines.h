/* Where lines of the audit log come from: the cluster, or files. */
#ifndef HIKYAKU_CLI_COMMANDS_AUDIT_LINES_H
#define HIKYAKU_CLI_COMMANDS_AUDIT_LINES_H

#include "cli/command.h"

/** @param line  without its end; valid during the call. @return false: enough */
typedef bool audit_lines_fn(void *context, const char *place, struct text line);

/** From Redis, page by page. What went wrong was told.
 *  @param has_filters  the command has --since, --until, --principal, --call, --result */
enum exit_code audit_lines_of_cluster(const struct options *options, bool has_filters,
                                      audit_lines_fn *on_line, void *context);
/** The files that the words name, one after the other. */
enum exit_code audit_lines_of_files(const struct options *options, audit_lines_fn *on_line,
                                    void *context);

#endif
