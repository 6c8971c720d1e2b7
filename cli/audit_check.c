#include "cli/audit_check.h"

#include "common/base/buffer.h"
#include "common/base/table.h"
#include "common/security/digest.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_BYTES (2 * DIGEST_BYTES)

/* The chain of one coordinator session. */
struct session {
    char *name;
    uint64_t first;       /* number of the first entry seen; 0: none */
    uint64_t last;        /* of the last one */
    struct buffer hashes; /* HASH_BYTES each, from `first` on; zeros where one is missing */
    bool is_closed;
};

/* What an entry says of another session. */
struct anchor {
    char *by; /* "session s1, entry 7" */
    char *session;
    uint64_t sequence;
    char hash[HASH_BYTES];
    struct anchor *next;
};

struct audit_check {
    bool is_partial;
    audit_check_found_fn *on_found;
    void *context;
    struct table *sessions;
    struct anchor *anchors;
    size_t entries;
    size_t findings;
};

struct audit_check *audit_check_create(bool is_partial, audit_check_found_fn *on_found,
                                       void *context)
{
    struct audit_check *check = xalloc_zero(1, sizeof *check);
    check->is_partial = is_partial;
    check->on_found = on_found;
    check->context = context;
    check->sessions = table_create();
    return check;
}

static void drop_anchor(struct anchor *anchor)
{
    free(anchor->by);
    free(anchor->session);
    free(anchor);
}

void audit_check_destroy(struct audit_check **check)
{
    if (*check == NULL) {
        return;
    }
    struct table_walk walk;
    for (struct session *session = table_first((*check)->sessions, &walk); session != NULL;
         session = table_next(&walk)) {
        buffer_finish(&session->hashes);
        free(session->name);
        free(session);
    }
    table_destroy(&(*check)->sessions);
    while ((*check)->anchors != NULL) {
        struct anchor *anchor = (*check)->anchors;
        (*check)->anchors = anchor->next;
        drop_anchor(anchor);
    }
    free(*check);
    *check = NULL;
}

__attribute__((format(printf, 2, 3))) static void report(struct audit_check *check,
                                                         const char *format, ...)
{
    char sentence[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    check->findings++;
    check->on_found(check->context, sentence);
}

static struct session *obtain(struct audit_check *check, const char *name)
{
    struct session *session = table_get(check->sessions, text_of(name));
    if (session == NULL) {
        session = xalloc_zero(1, sizeof *session);
        session->name = xalloc_string(name);
        (void)table_put(check->sessions, text_of(name), session);
    }
    return session;
}

/* @return NULL: it is not there */
static const char *hash_at(const struct session *session, uint64_t sequence)
{
    if (session->first == 0 || sequence < session->first || sequence > session->last) {
        return NULL;
    }
    const char *hash = session->hashes.data + (sequence - session->first) * HASH_BYTES;
    return hash[0] == '\0' ? NULL : hash;
}

static void keep_hash(struct session *session, const struct audit_entry *entry)
{
    static const char zeros[HASH_BYTES] = {0};
    if (session->first == 0) {
        session->first = entry->sequence;
        session->last = entry->sequence - 1;
    }
    for (uint64_t at = session->last + 1; at < entry->sequence; at++) {
        buffer_append_text(&session->hashes, (struct text){zeros, HASH_BYTES});
    }
    buffer_append_text(&session->hashes, (struct text){entry->hash, HASH_BYTES});
    session->last = entry->sequence;
}

static bool follows(const struct session *session, const struct audit_entry *entry)
{
    const char *before = hash_at(session, session->last);
    return before != NULL && strlen(entry->prev) == HASH_BYTES &&
           memcmp(before, entry->prev, HASH_BYTES) == 0;
}

/* How many numbers may be missing before memory is not spent on them. */
#define GAP_MAX 1000000

/* @return whether the entry takes its place in the chain */
static bool check_place(struct audit_check *check, const char *place, const struct session *session,
                        const struct audit_entry *entry)
{
    uint64_t expected = session->first == 0 ? 1 : session->last + 1;
    bool begins_late = session->first == 0 && entry->sequence > 1;
    if (entry->sequence < expected) {
        report(check, "%s: session %s, entry %" PRIu64 " stands twice or out of its order", place,
               entry->session, entry->sequence);
        return false;
    }
    if (entry->sequence > expected && !(begins_late && check->is_partial)) {
        report(check, "%s: session %s, entries %" PRIu64 " to %" PRIu64 " are missing", place,
               entry->session, expected, entry->sequence - 1);
    } else if (session->first != 0 && !follows(session, entry)) {
        report(check,
               "%s: session %s, entry %" PRIu64 " does not follow entry %" PRIu64
               ": one of them was replaced",
               place, entry->session, entry->sequence, session->last);
    }
    return session->first == 0 || entry->sequence - expected <= GAP_MAX;
}

static void keep_anchors(struct audit_check *check, const struct audit_entry *entry)
{
    for (size_t i = 0; i < entry->anchor_count; i++) {
        const struct audit_entry_anchor *given = &entry->anchors[i];
        if (strlen(given->hash) != HASH_BYTES) {
            continue;
        }
        OWNED(buffer_finish) struct buffer by = {0};
        struct anchor *anchor = xalloc_zero(1, sizeof *anchor);
        buffer_printf(&by, "session %s, entry %" PRIu64, entry->session, entry->sequence);
        anchor->by = text_to_string(buffer_text(&by));
        anchor->session = xalloc_string(given->session);
        anchor->sequence = given->sequence;
        memcpy(anchor->hash, given->hash, HASH_BYTES);
        anchor->next = check->anchors;
        check->anchors = anchor;
    }
}

void audit_check_line(struct audit_check *check, const char *place, struct text line)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct audit_entry entry;
    if (audit_entry_read(line, arena, &entry) != 0) {
        report(check, "%s: is no entry of the audit log", place);
        return;
    }
    struct session *session = obtain(check, entry.session);
    check->entries++;
    if (!entry.is_unchanged) {
        report(check, "%s: session %s, entry %" PRIu64 " was changed", place, entry.session,
               entry.sequence);
    }
    if (check_place(check, place, session, &entry)) {
        keep_hash(session, &entry);
    }
    session->is_closed = strcmp(entry.call, "audit.closed") == 0;
    keep_anchors(check, &entry);
}

static void check_anchor(struct audit_check *check, const struct anchor *anchor)
{
    const struct session *session = table_get(check->sessions, text_of(anchor->session));
    const char *hash = session == NULL ? NULL : hash_at(session, anchor->sequence);
    if (hash != NULL && memcmp(hash, anchor->hash, HASH_BYTES) != 0) {
        report(check, "session %s, entry %" PRIu64 " is not the one that %s saw: it was replaced",
               anchor->session, anchor->sequence, anchor->by);
    } else if (session != NULL && anchor->sequence > session->last) {
        report(check,
               "session %s ends at entry %" PRIu64 ", but %s saw entry %" PRIu64
               ": its end is cut off",
               anchor->session, session->last, anchor->by, anchor->sequence);
    } else if (session == NULL && !check->is_partial) {
        report(check, "session %s is missing, of which %s saw entry %" PRIu64, anchor->session,
               anchor->by, anchor->sequence);
    }
}

void audit_check_end(struct audit_check *check)
{
    for (const struct anchor *anchor = check->anchors; anchor != NULL; anchor = anchor->next) {
        check_anchor(check, anchor);
    }
}

struct audit_check_result audit_check_result_of(const struct audit_check *check)
{
    struct audit_check_result result = {.entries = check->entries,
                                        .sessions = table_count(check->sessions),
                                        .findings = check->findings};
    struct table_walk walk;
    for (const struct session *session = table_first(check->sessions, &walk); session != NULL;
         session = table_next(&walk)) {
        result.unclosed += session->is_closed ? 0 : 1;
    }
    return result;
}
