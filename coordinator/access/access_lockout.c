#include "coordinator/access/access_lockout.h"

#include "common/base/table.h"

#include <stdlib.h>
#include <utlist.h>

struct entry {
    char *source;
    unsigned int failures;
    uint64_t failed_ms; /* the last one */
    uint64_t until_ms;
    struct entry *prev; /* the quietest first */
    struct entry *next;
};

struct access_lockout {
    struct table *by_source;
    struct entry *entries;
};

struct access_lockout *access_lockout_create(void)
{
    struct access_lockout *lockout = xalloc_zero(1, sizeof *lockout);
    lockout->by_source = table_create();
    return lockout;
}

static void forget(struct access_lockout *lockout, struct entry *entry)
{
    (void)table_remove(lockout->by_source, text_of(entry->source));
    DL_DELETE(lockout->entries, entry);
    free(entry->source);
    free(entry);
}

void access_lockout_destroy(struct access_lockout **lockout)
{
    if (*lockout == NULL) {
        return;
    }
    while ((*lockout)->entries != NULL) {
        forget(*lockout, (*lockout)->entries);
    }
    table_destroy(&(*lockout)->by_source);
    free(*lockout);
    *lockout = NULL;
}

uint64_t access_lockout_wait_ms(const struct access_lockout *lockout, struct text source,
                                uint64_t now_ms)
{
    const struct entry *entry = table_get(lockout->by_source, source);
    return entry != NULL && entry->until_ms > now_ms ? entry->until_ms - now_ms : 0;
}

static struct entry *create(struct access_lockout *lockout, struct text source)
{
    if (table_count(lockout->by_source) >= ACCESS_LOCKOUT_SOURCES_MAX) {
        forget(lockout, lockout->entries);
    }
    struct entry *entry = xalloc_zero(1, sizeof *entry);
    entry->source = text_to_string(source);
    (void)table_put(lockout->by_source, source, entry);
    DL_APPEND(lockout->entries, entry);
    return entry;
}

/* The quietest stand first. */
static void move_to_end(struct access_lockout *lockout, struct entry *entry)
{
    DL_DELETE(lockout->entries, entry);
    DL_APPEND(lockout->entries, entry);
}

static struct entry *obtain(struct access_lockout *lockout, struct text source)
{
    struct entry *entry = table_get(lockout->by_source, source);
    if (entry == NULL) {
        return create(lockout, source);
    }
    move_to_end(lockout, entry);
    return entry;
}

static uint64_t delay_ms(unsigned int failures)
{
    uint64_t delay = ACCESS_LOCKOUT_FIRST_MS;
    for (unsigned int n = ACCESS_LOCKOUT_FREE + 1; n < failures; n++) {
        delay *= 2;
        if (delay >= ACCESS_LOCKOUT_MOST_MS) {
            return ACCESS_LOCKOUT_MOST_MS;
        }
    }
    return failures > ACCESS_LOCKOUT_FREE ? delay : 0;
}

unsigned int access_lockout_fail(struct access_lockout *lockout, struct text source,
                                 uint64_t now_ms)
{
    struct entry *entry = obtain(lockout, source);
    if (now_ms - entry->failed_ms > ACCESS_LOCKOUT_QUIET_MS) {
        entry->failures = 0;
    }
    if (entry->failures < UINT32_MAX) {
        entry->failures++;
    }
    entry->failed_ms = now_ms;
    entry->until_ms = now_ms + delay_ms(entry->failures);
    return entry->failures;
}

void access_lockout_forgive(struct access_lockout *lockout, struct text source)
{
    struct entry *entry = table_get(lockout->by_source, source);
    if (entry != NULL) {
        forget(lockout, entry);
    }
}
