#include "common/store/store_backlog.h"

#include "common/base/xalloc.h"

#include <string.h>

void store_backlog_begin(struct store_backlog *backlog, uint64_t now_ms)
{
    backlog->is_young = true;
    backlog->since_ms = now_ms;
}

bool store_backlog_holds(const struct store_backlog *backlog, size_t outstanding)
{
    return backlog->is_young &&
           (backlog->first != NULL || outstanding >= STORE_BACKLOG_OUTSTANDING);
}

void store_backlog_add(struct store_backlog *backlog, struct text command, void *call)
{
    struct store_backlog_item *item = xalloc_zero(1, sizeof(*item) + command.size);
    item->call = call;
    item->size = command.size;
    memcpy(item->bytes, command.data, command.size);
    if (backlog->first == NULL) {
        backlog->first = item;
    } else {
        backlog->last->next = item;
    }
    backlog->last = item;
}

static struct store_backlog_item *take_first(struct store_backlog *backlog)
{
    struct store_backlog_item *item = backlog->first;
    if (item != NULL) {
        backlog->first = item->next;
    }
    return item;
}

struct store_backlog_item *store_backlog_take(struct store_backlog *backlog, size_t outstanding,
                                              uint64_t now_ms)
{
    if (!backlog->is_young) {
        return NULL;
    }
    uint64_t age_ms = now_ms - backlog->since_ms;
    if (backlog->first == NULL) {
        backlog->is_young = age_ms < STORE_BACKLOG_LEAST_MS;
        return NULL;
    }
    if (outstanding >= STORE_BACKLOG_OUTSTANDING && age_ms < STORE_BACKLOG_MOST_MS) {
        return NULL;
    }
    return take_first(backlog);
}

struct store_backlog_item *store_backlog_give_up(struct store_backlog *backlog)
{
    backlog->is_young = false;
    return take_first(backlog);
}
