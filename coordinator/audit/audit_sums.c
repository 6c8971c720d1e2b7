#include "coordinator/audit/audit_sums.h"

#include "common/base/arena.h"
#include "common/base/table.h"

#include <stdlib.h>
#include <utlist.h>

struct sum {
    struct arena *arena; /* its texts */
    struct audit_entry entry;
    struct text key;
    uint64_t began_ms; /* 0: not told yet */
    struct sum *prev;
    struct sum *next;
};

struct audit_sums {
    uint64_t length_ms;
    struct table *by_key;
    struct sum *sums; /* the oldest first */
    size_t count;
};

struct audit_sums *audit_sums_create(uint64_t length_ms)
{
    struct audit_sums *sums = xalloc_zero(1, sizeof *sums);
    sums->length_ms = length_ms;
    sums->by_key = table_create();
    return sums;
}

static void drop(struct audit_sums *sums, struct sum *sum)
{
    (void)table_remove(sums->by_key, sum->key);
    DL_DELETE(sums->sums, sum);
    sums->count--;
    arena_destroy(&sum->arena);
    free(sum);
}

void audit_sums_destroy(struct audit_sums **sums)
{
    if (*sums == NULL) {
        return;
    }
    while ((*sums)->sums != NULL) {
        drop(*sums, (*sums)->sums);
    }
    table_destroy(&(*sums)->by_key);
    free(*sums);
    *sums = NULL;
}

static void append_key(const struct audit_entry *entry, struct buffer *key)
{
    const struct text parts[] = {entry->tenant, entry->principal, entry->key_id, entry->source,
                                 entry->call,   entry->result,    entry->rule};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        buffer_append_text(key, parts[i]);
        buffer_append_byte(key, '\0');
    }
}

static struct sum *add_sum(struct audit_sums *sums, const struct audit_entry *entry,
                           struct text key)
{
    struct sum *sum = xalloc_zero(1, sizeof *sum);
    struct arena *arena = arena_create(0);
    sum->arena = arena;
    sum->key = arena_text(arena, key);
    sum->entry = (struct audit_entry){.at_unix_ms = entry->at_unix_ms,
                                      .tenant = arena_text(arena, entry->tenant),
                                      .principal = arena_text(arena, entry->principal),
                                      .key_id = arena_text(arena, entry->key_id),
                                      .source = arena_text(arena, entry->source),
                                      .call = arena_text(arena, entry->call),
                                      .result = arena_text(arena, entry->result),
                                      .rule = arena_text(arena, entry->rule)};
    (void)table_put(sums->by_key, sum->key, sum);
    DL_APPEND(sums->sums, sum);
    sums->count++;
    return sum;
}

void audit_sums_add(struct audit_sums *sums, const struct audit_entry *entry)
{
    OWNED(buffer_finish) struct buffer key = {0};
    append_key(entry, &key);
    struct sum *sum = table_get(sums->by_key, buffer_text(&key));
    if (sum == NULL) {
        sum = add_sum(sums, entry, buffer_text(&key));
    }
    sum->entry.count += entry->count > 0 ? entry->count : 1;
}

void audit_sums_take(struct audit_sums *sums, uint64_t now_ms, audit_sums_fn *on_sum, void *context)
{
    struct sum *next = NULL;
    for (struct sum *sum = sums->sums; sum != NULL; sum = next) {
        next = sum->next;
        if (sum->began_ms == 0) {
            sum->began_ms = now_ms;
        }
        bool is_due = now_ms == UINT64_MAX || now_ms - sum->began_ms >= sums->length_ms ||
                      sums->count > AUDIT_SUMS_MAX;
        if (is_due) {
            on_sum(context, &sum->entry);
            drop(sums, sum);
        }
    }
}
