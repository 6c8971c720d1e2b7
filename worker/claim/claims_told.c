/* What coordinators are told: how much can be taken, and what is held. */
#include "worker/claim/claims_told.h"

#include "worker/claim/claims_inside.h"

#include <string.h>

/* Claims told to coordinators. */
#define NAMES_MAX 1000
/* Groups told in one room, those first that take nothing. */
#define PARTS_MAX 200

static char *string_of(const char *string)
{
    union {
        const char *borrowed;
        char *field;
    } text = {string};
    return text.field;
}

/* ---------------------------------------------------------------- groups */

struct parts {
    const struct claims *claims;
    Hikyaku__V1__Credit__Room *room;
    bool is_transactional;
    bool is_full; /* which are told now: those without room, or the others */
    uint32_t shares;
    struct arena *arena;
};

static void add_part(void *context, const struct backlog_group *group)
{
    struct parts *parts = context;
    Hikyaku__V1__Credit__Room *room = parts->room;
    uint32_t recipients = backlog_room(parts->claims->backlog, group, parts->shares);
    bool is_here = group->is_transactional == parts->is_transactional &&
                   strcmp(group->pool, room->pool) == 0 && (recipients == 0) == parts->is_full;
    if (!is_here || room->n_parts == PARTS_MAX) {
        return;
    }
    Hikyaku__V1__Credit__Part *part = arena_zero(parts->arena, 1, sizeof *part);
    hikyaku__v1__credit__part__init(part);
    part->group = string_of(group->name);
    part->recipients = recipients;
    room->parts[room->n_parts++] = part;
}

static void add_parts(struct parts *parts)
{
    parts->room->each = backlog_room_first(parts->claims->backlog, parts->shares);
    parts->room->parts = arena_zero(parts->arena, PARTS_MAX, sizeof(void *));
    parts->is_full = true;
    backlog_visit(parts->claims->backlog, add_part, parts);
    parts->is_full = false;
    backlog_visit(parts->claims->backlog, add_part, parts);
}

/* ---------------------------------------------------------------- rooms */

static void add_room(const struct claims *claims, Hikyaku__V1__Credit *credit, const char *pool,
                     bool is_transactional, uint32_t shares, struct arena *arena)
{
    Hikyaku__V1__Credit__Room *room = arena_zero(arena, 1, sizeof *room);
    hikyaku__v1__credit__room__init(room);
    room->pool = string_of(pool);
    room->lane =
        is_transactional ? HIKYAKU__V1__LANE__LANE_TRANSACTIONAL : HIKYAKU__V1__LANE__LANE_BULK;
    bool takes_none = claims->is_draining || claims_is_isolated(claims);
    room->recipients = takes_none ? 0 : credit_room(&claims->credit, is_transactional, shares);
    add_parts(&(struct parts){.claims = claims,
                              .room = room,
                              .is_transactional = is_transactional,
                              .shares = shares,
                              .arena = arena});
    credit->rooms[credit->n_rooms++] = room;
}

/* The pools of which an IP is ours, each once. @return how many */
static size_t owned_pools(const struct sending_ips *ips, const char **ret_pools)
{
    size_t count = 0;
    for (size_t i = 0; i < ips->count; i++) {
        size_t known = 0;
        while (known < count && strcmp(ret_pools[known], ips->items[i].pool) != 0) {
            known++;
        }
        if (known == count && ips->items[i].state == SENDING_IP_OWNED &&
            !ips->items[i].is_stopped) {
            ret_pools[count++] = ips->items[i].pool;
        }
    }
    return count;
}

void claims_told_credit(const struct claims *claims, size_t shares, Hikyaku__V1__Credit *credit,
                        struct arena *arena)
{
    const char *pools[SENDING_IPS_MAX];
    size_t count = owned_pools(claims->settings.ips, pools);
    uint32_t all = (uint32_t)(shares * (count > 0 ? count : 1));
    credit->rooms = arena_zero(arena, 2 * count + 1, sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        add_room(claims, credit, pools[i], true, all, arena);
        add_room(claims, credit, pools[i], false, all, arena);
    }
}

void claims_told_names(const struct claims *claims, Hikyaku__V1__WorkerStatus *status,
                       struct arena *arena)
{
    struct table_walk walk;
    status->claims = arena_zero(arena, NAMES_MAX, sizeof(char *));
    struct claim *claim = table_first(claims->by_name, &walk);
    for (; claim != NULL && status->n_claims < NAMES_MAX; claim = table_next(&walk)) {
        status->claims[status->n_claims++] = arena_printf(arena, "%s", claim->text);
    }
}
