#include "worker/paths/unreachable.h"

#include <stdlib.h>

struct host {
    struct host *next; /* failed later; the list is in the order of the last failure */
    struct host *previous;
    uint64_t until_ms;
    uint64_t pause_ms;
    size_t name_size;
    char name[];
};

struct unreachable {
    struct table *hosts;
    struct host *first;
    struct host *last;
};

struct unreachable *unreachable_create(void)
{
    struct unreachable *unreachable = xalloc_zero(1, sizeof *unreachable);
    unreachable->hosts = table_create();
    return unreachable;
}

static void unlink_host(struct unreachable *unreachable, struct host *host)
{
    *(host->previous != NULL ? &host->previous->next : &unreachable->first) = host->next;
    *(host->next != NULL ? &host->next->previous : &unreachable->last) = host->previous;
}

static void append_host(struct unreachable *unreachable, struct host *host)
{
    host->next = NULL;
    host->previous = unreachable->last;
    *(host->previous != NULL ? &host->previous->next : &unreachable->first) = host;
    unreachable->last = host;
}

static void forget(struct unreachable *unreachable, struct host *host)
{
    (void)table_remove(unreachable->hosts, (struct text){host->name, host->name_size});
    unlink_host(unreachable, host);
    free(host);
}

void unreachable_destroy(struct unreachable **unreachable)
{
    if (*unreachable == NULL) {
        return;
    }
    for (struct host *host = (*unreachable)->first; host != NULL;) {
        struct host *next = host->next;
        free(host);
        host = next;
    }
    table_destroy(&(*unreachable)->hosts);
    free(*unreachable);
    *unreachable = NULL;
}

static struct host *create_host(struct unreachable *unreachable, struct text name)
{
    if (table_count(unreachable->hosts) >= UNREACHABLE_HOSTS_MAX) {
        forget(unreachable, unreachable->first);
    }
    struct host *host = xalloc_zero(1, sizeof *host + name.size);
    host->name_size = name.size;
    for (size_t i = 0; i < name.size; i++) {
        host->name[i] = name.data[i];
    }
    (void)table_put(unreachable->hosts, name, host);
    return host;
}

void unreachable_add(struct unreachable *unreachable, struct text host, uint64_t now_ms)
{
    struct host *known = table_get(unreachable->hosts, host);
    if (known != NULL && now_ms < known->until_ms) {
        return; /* several connections fail at once: that is one failure */
    }
    if (known == NULL) {
        known = create_host(unreachable, host);
        known->pause_ms = UNREACHABLE_FIRST_MS;
    } else {
        unlink_host(unreachable, known);
        known->pause_ms =
            known->pause_ms * 2 < UNREACHABLE_LAST_MS ? known->pause_ms * 2 : UNREACHABLE_LAST_MS;
    }
    known->until_ms = now_ms + known->pause_ms;
    append_host(unreachable, known);
}

void unreachable_remove(struct unreachable *unreachable, struct text host)
{
    struct host *known = table_get(unreachable->hosts, host);
    if (known != NULL) {
        forget(unreachable, known);
    }
}

bool unreachable_has(const struct unreachable *unreachable, struct text host, uint64_t now_ms)
{
    const struct host *known = table_get(unreachable->hosts, host);
    return known != NULL && now_ms < known->until_ms;
}
