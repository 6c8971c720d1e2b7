/* Is the audit log whole and unchanged? Lines of all coordinators and sessions in, findings out,
 * each with its place. Pure. */
#ifndef HIKYAKU_CLI_AUDIT_CHECK_H
#define HIKYAKU_CLI_AUDIT_CHECK_H

#include "cli/audit_entry.h"

struct audit_check;

/** A sentence about what is wrong. */
typedef void audit_check_found_fn(void *context, const char *finding);

/** @param is_partial  the lines begin somewhere, and may lack whole sessions */
struct audit_check *audit_check_create(bool is_partial, audit_check_found_fn *on_found,
                                       void *context);
/** Accepts NULL, nulls the pointer. */
void audit_check_destroy(struct audit_check **check);

/** The next line. Lines of one session come in their order, of several sessions in any.
 *  @param place  for findings: "audit-2026-11-25-c-0.jsonl:17" */
void audit_check_line(struct audit_check *check, const char *place, struct text line);
/** After the last line: what others' anchors say of the ends. */
void audit_check_end(struct audit_check *check);

struct audit_check_result {
    size_t entries;
    size_t sessions;
    size_t findings;
    size_t unclosed; /* sessions without an orderly end: killed, or still running */
};
struct audit_check_result audit_check_result_of(const struct audit_check *check);

#endif
