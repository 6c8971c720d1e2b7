/* One entry of the audit log as a line of JSON, chained to the one before. Pure.
 *
 * The hash of an entry is SHA-256 over its line up to `,"hash":`; the line says the hash of the
 * session's entry before it (`prev`; 64 zeros for the first). Whoever changes, drops or moves an
 * entry breaks the chain there. `anchors` carry the ends of other sessions' chains, so that cutting
 * off the end of one is found in another (docs/audit.md). */
#ifndef HIKYAKU_COORDINATOR_AUDIT_AUDIT_LINE_H
#define HIKYAKU_COORDINATOR_AUDIT_AUDIT_LINE_H

#include "common/base/buffer.h"
#include "common/security/digest.h"

#define AUDIT_LINE_HASH_LENGTH (2 * DIGEST_BYTES)

/** Where another session's chain was. */
struct audit_anchor {
    struct text session;
    uint64_t sequence;
    struct text hash; /* hex */
};

/** All texts borrowed; what is empty is left out. */
struct audit_entry {
    int64_t at_unix_ms;
    struct text tenant;
    struct text principal;
    struct text key_id;
    struct text source; /* address, "unix" */
    struct text call;   /* "AccessService/CreateKey"; "audit.opened", ... for the log's own */
    struct text target; /* "campaign_id=7RJD..." */
    struct text reason; /* as the caller gave it */
    struct text result; /* "ok", or a code */
    struct text rule;   /* of what was refused */
    uint64_t count;     /* entries of many calls: how many; 0: one */
    const struct audit_anchor *anchors;
    size_t anchor_count;
};

/** The place of an entry in its chain; all zero but for the texts before the first. */
struct audit_chain {
    struct text session;
    struct text coordinator;
    uint64_t sequence;                     /* of the last entry */
    char hash[AUDIT_LINE_HASH_LENGTH + 1]; /* of the last entry; "" for none */
};

/** Append the line, with its end, and move the chain on. */
void audit_line_append(struct audit_chain *chain, const struct audit_entry *entry,
                       struct buffer *out);
/** Does a line tell of this tenant? */
bool audit_line_is_of(struct text line, struct text tenant);

#endif
