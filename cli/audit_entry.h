/* One line of the audit log, read. Pure. */
#ifndef HIKYAKU_CLI_AUDIT_ENTRY_H
#define HIKYAKU_CLI_AUDIT_ENTRY_H

#include "common/base/arena.h"

#include <stdint.h>

#define AUDIT_ENTRY_ANCHORS_MAX 1000

struct audit_entry_anchor {
    const char *session;
    uint64_t sequence;
    const char *hash;
};

/** Texts are never NULL; "" for what the line does not say. In the arena. */
struct audit_entry {
    const char *session;
    uint64_t sequence;
    const char *prev;
    const char *hash;  /* as the line says */
    bool is_unchanged; /* it is the hash of the line */
    const char *coordinator;
    int64_t at_unix_ms;
    const char *principal;
    const char *key;
    const char *source;
    const char *call;
    const char *target;
    const char *reason;
    const char *result;
    const char *rule;
    uint64_t count; /* 1 or more */
    struct audit_entry_anchor *anchors;
    size_t anchor_count;
};

/** @param line  without its end. @return 0 or -EINVAL: it is no entry */
MUST_USE int audit_entry_read(struct text line, struct arena *arena, struct audit_entry *ret_entry);

#endif
