#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/store/store_lease_send.h"
#include "common/store/store_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One lease that is kept alive. */
struct kept {
    struct kept *next;
    struct store_keeper *keeper;
    enum store_lease_kind kind;
    char *name; /* NULL for a partition */
    unsigned int partition;
    uint64_t epoch;
    uint64_t good_ms; /* boottime when the last successful renewal was sent */
    unsigned int flying;
    bool is_removed; /* freed with its last answer */
};

struct store_keeper {
    struct store *store;
    struct store_keeper_callbacks callbacks;
    struct loop_timer *timer;
    struct kept *own; /* the session; NULL until it is taken, and once it is refused */
    struct kept *kept;
    uint64_t take_sent_ms;
    bool is_taking;
    bool is_over;   /* the session was refused */
    bool is_closed; /* destroyed: freed with the last answer */
    unsigned int flying;
};

/* One renewal under way. */
struct renewal {
    struct kept *kept;
    uint64_t sent_ms;
};

static struct store_lease_name name_of(const struct kept *kept)
{
    return (struct store_lease_name){kept->kind, kept->name, kept->partition};
}

static void free_kept(struct kept *kept)
{
    if (kept->flying == 0 && kept->is_removed) {
        free(kept->name);
        free(kept);
    }
}

static void free_keeper(struct store_keeper *keeper)
{
    if (keeper->is_closed && keeper->flying == 0) {
        free(keeper);
    }
}

static void unlink_kept(struct store_keeper *keeper, struct kept *kept)
{
    struct kept **place = &keeper->kept;
    while (*place != NULL && *place != kept) {
        place = &(*place)->next;
    }
    if (*place == kept) {
        *place = kept->next;
    }
    if (keeper->own == kept) {
        keeper->own = NULL;
    }
    kept->is_removed = true;
}

static struct kept *kept_create(struct store_keeper *keeper, const struct store_lease_name *name,
                                uint64_t epoch, uint64_t good_ms)
{
    struct kept *kept = xalloc_zero(1, sizeof(*kept));
    kept->keeper = keeper;
    kept->kind = name->kind;
    kept->name = name->name == NULL ? NULL : xalloc_string(name->name);
    kept->partition = name->partition;
    kept->epoch = epoch;
    kept->good_ms = good_ms;
    kept->next = keeper->kept;
    keeper->kept = kept;
    return kept;
}

static void lose(struct store_keeper *keeper, struct kept *kept)
{
    static const char *const kinds[] = {"session", "ip", "partition"};
    struct store_lease_name name = name_of(kept);
    LOG(LOG_LEASE_REFUSED, NULL, log_string("kind", kinds[kept->kind]),
        log_string("name", kept->name == NULL ? "" : kept->name),
        log_number("partition", kept->partition));
    if (keeper->own == kept) {
        keeper->is_over = true;
    }
    unlink_kept(keeper, kept);
    keeper->callbacks.on_refused(keeper->callbacks.context, &name);
}

static void on_renewed(void *object, int error, const redisReply *reply)
{
    struct renewal renewal = *(struct renewal *)object;
    struct kept *kept = renewal.kept;
    struct store_keeper *keeper = kept->keeper;
    free(object);
    int status = error == 0 ? store_reply_status(reply) : error;
    if (!kept->is_removed && !keeper->is_closed) {
        if (status == 0 && renewal.sent_ms > kept->good_ms) {
            kept->good_ms = renewal.sent_ms;
        } else if (error == 0 && status == -ESTALE) {
            lose(keeper, kept);
        }
    }
    /* Only now: who is told of a loss may destroy the keeper. */
    kept->flying--;
    keeper->flying--;
    free_kept(kept);
    free_keeper(keeper);
}

static void renew(struct kept *kept)
{
    struct store_lease_name name = name_of(kept);
    struct renewal *renewal = xalloc_zero(1, sizeof(*renewal));
    *renewal = (struct renewal){kept, clock_boottime_ms()};
    kept->flying++;
    kept->keeper->flying++;
    store_lease_send_renew(kept->keeper->store, &name, kept->epoch, on_renewed, renewal);
}

static void on_session_taken(void *context, int error, uint64_t epoch)
{
    struct store_keeper *keeper = context;
    keeper->is_taking = false;
    if (error == 0 && !keeper->is_closed) {
        struct store_lease_name name = {STORE_LEASE_SESSION, store_session_id(keeper->store), 0};
        keeper->own = kept_create(keeper, &name, epoch, keeper->take_sent_ms);
        keeper->callbacks.on_started(keeper->callbacks.context);
    } else if (error == -ESTALE && !keeper->is_closed) {
        /* Taken by us, the answer lost, and then taken over: nobody may begin under this name. */
        struct store_lease_name name = {STORE_LEASE_SESSION, store_session_id(keeper->store), 0};
        keeper->is_over = true;
        keeper->callbacks.on_refused(keeper->callbacks.context, &name);
    }
    keeper->flying--; /* only now: who is told may destroy the keeper */
    free_keeper(keeper);
}

static void take_session(struct store_keeper *keeper)
{
    struct store_lease_name name = {STORE_LEASE_SESSION, store_session_id(keeper->store), 0};
    keeper->is_taking = true;
    keeper->flying++;
    keeper->take_sent_ms = clock_boottime_ms();
    store_lease_take(keeper->store, &name, NULL, on_session_taken, keeper);
}

/* Each second, and at once when the connection stands again. */
static void on_beat(void *context)
{
    struct store_keeper *keeper = context;
    if (!store_link_kind_is_ready(keeper->store, STORE_LINK_LEASE)) {
        return;
    }
    if (keeper->own == NULL) {
        if (!keeper->is_taking && !keeper->is_over) {
            take_session(keeper);
        }
        return;
    }
    renew(keeper->own);
    for (struct kept *kept = keeper->kept; kept != NULL; kept = kept->next) {
        if (kept != keeper->own) {
            renew(kept);
        }
    }
}

struct store_keeper *store_keeper_create(struct store *store,
                                         const struct store_keeper_callbacks *callbacks)
{
    struct store_keeper *keeper = xalloc_zero(1, sizeof(*keeper));
    keeper->store = store;
    keeper->callbacks = *callbacks;
    keeper->timer = loop_timer_create(store_loop(store), on_beat, keeper);
    loop_timer_start(keeper->timer, LEASE_RENEW_MS, LEASE_RENEW_MS);
    store_on_link_ready(store, STORE_LINK_LEASE, on_beat, keeper);
    if (store_durable_kind(store, STORE_LINK_LEASE) == STORE_LINK_WRITE) {
        store_on_link_ready(store, STORE_LINK_WRITE, on_beat, keeper); /* takes go there */
    }
    on_beat(keeper);
    return keeper;
}

void store_keeper_destroy(struct store_keeper **keeper)
{
    struct store_keeper *old = *keeper;
    *keeper = NULL;
    if (old == NULL) {
        return;
    }
    store_on_link_ready(old->store, STORE_LINK_LEASE, NULL, NULL);
    store_on_link_ready(old->store, STORE_LINK_WRITE, NULL, NULL);
    loop_timer_destroy(&old->timer);
    while (old->kept != NULL) {
        struct kept *kept = old->kept;
        unlink_kept(old, kept);
        free_kept(kept);
    }
    old->is_closed = true;
    free_keeper(old);
}

void store_keeper_release(struct store_keeper *keeper, store_lease_taken_fn *on_answer,
                          void *context)
{
    struct kept *own = keeper->own;
    keeper->is_over = true;
    if (own == NULL) {
        on_answer(context, -ENOENT, 0);
        return;
    }
    struct store_lease_name name = name_of(own);
    store_lease_release(keeper->store, &name, own->epoch, on_answer, context);
    unlink_kept(keeper, own);
    free_kept(own);
}

static struct kept *find(const struct store_keeper *keeper, const struct store_lease_name *name)
{
    for (struct kept *kept = keeper->kept; kept != NULL; kept = kept->next) {
        bool is_named = kept->kind == STORE_LEASE_PARTITION ||
                        (name->name != NULL && strcmp(kept->name, name->name) == 0);
        if (kept->kind == name->kind && is_named &&
            (kept->kind != STORE_LEASE_PARTITION || kept->partition == name->partition)) {
            return kept;
        }
    }
    return NULL;
}

void store_keeper_add(struct store_keeper *keeper, const struct store_lease_name *name,
                      uint64_t epoch)
{
    store_keeper_remove(keeper, name);
    /* Not good before its first renewal: when the take was sent is not known here. */
    renew(kept_create(keeper, name, epoch, 0));
}

void store_keeper_remove(struct store_keeper *keeper, const struct store_lease_name *name)
{
    struct kept *kept = find(keeper, name);
    if (kept != NULL) {
        unlink_kept(keeper, kept);
        free_kept(kept);
    }
}

static bool is_good(const struct kept *kept)
{
    return kept != NULL && kept->good_ms != 0 &&
           clock_boottime_ms() - kept->good_ms < LEASE_STOP_MS;
}

bool store_keeper_may_send(const struct store_keeper *keeper)
{
    return is_good(keeper->own);
}

bool store_keeper_holds(const struct store_keeper *keeper, const struct store_lease_name *name)
{
    return store_keeper_may_send(keeper) && is_good(find(keeper, name));
}
