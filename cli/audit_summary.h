/* What an audit log says of a span of time: who called, what was refused, who changed access, who
 * overrode the machine. Pure. */
#ifndef HIKYAKU_CLI_AUDIT_SUMMARY_H
#define HIKYAKU_CLI_AUDIT_SUMMARY_H

#include "cli/audit_entry.h"
#include "common/base/buffer.h"

/** What is listed one by one; beyond, only counted. */
#define AUDIT_SUMMARY_LISTED_MAX 1000

struct audit_summary;

/** @param until_unix_ms  entries from `since` on and before `until` count */
struct audit_summary *audit_summary_create(int64_t since_unix_ms, int64_t until_unix_ms);
/** Accepts NULL, nulls the pointer. */
void audit_summary_destroy(struct audit_summary **summary);
void audit_summary_add(struct audit_summary *summary, const struct audit_entry *entry);
/** As text for people. */
void audit_summary_append(const struct audit_summary *summary, struct buffer *out);

/** "2026-Q4", in UTC. @return 0 or -EINVAL */
MUST_USE int audit_summary_quarter(struct text text, int64_t *ret_since_unix_ms,
                                   int64_t *ret_until_unix_ms);

#endif
