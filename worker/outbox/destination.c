#include "worker/outbox/outbox_parts.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct site *hold_site(struct outbox *outbox, const char *name)
{
    struct site *site = table_get(outbox->sites, text_of(name));
    if (site == NULL) {
        site = xalloc_zero(1, sizeof *site);
        (void)snprintf(site->text, sizeof site->text, "%s", name);
        site->name = text_of(site->text);
        (void)table_put(outbox->sites, site->name, site);
    }
    site->holders++;
    return site;
}

struct destination *destination_find(struct outbox *outbox, struct text pool,
                                     const struct route *route)
{
    char key[ROUTE_KEY_BYTES + 80];
    (void)snprintf(key, sizeof key, "%.*s|%s", TEXT_PRINT(pool), route->key);
    struct destination *destination = table_get(outbox->destinations, text_of(key));
    if (destination == NULL) {
        destination = xalloc_zero(1, sizeof *destination);
        destination->outbox = outbox;
        destination->key = xalloc_string(key);
        destination->site = hold_site(outbox, route->site);
        (void)snprintf(destination->pool, sizeof destination->pool, "%.*s", TEXT_PRINT(pool));
        destination->route = *route;
        (void)table_put(outbox->destinations, text_of(key), destination);
    } else {
        destination->route = *route; /* the same hosts: their addresses may have changed */
    }
    destination->used_ms = loop_now_ms(outbox->settings.loop);
    return destination;
}

void destination_destroy(struct destination *destination)
{
    struct outbox *outbox = destination->outbox;
    assert(destination->connection_count == 0 && destination_backlog(destination) == 0);
    assert(!destination->is_dirty);
    (void)table_remove(outbox->destinations, text_of(destination->key));
    if (--destination->site->holders == 0) {
        (void)table_remove(outbox->sites, destination->site->name);
        free(destination->site);
    }
    site_queue_finish(&destination->queue);
    free(destination->key);
    free(destination);
}

size_t destination_backlog(const struct destination *destination)
{
    return destination->queued + destination->composing +
           destination->ready[SITE_QUEUE_TRANSACTIONAL].count +
           destination->ready[SITE_QUEUE_BULK].count;
}

static enum site_queue_lane lane_of(const struct letter *letter)
{
    return letter->claim->is_transactional ? SITE_QUEUE_TRANSACTIONAL : SITE_QUEUE_BULK;
}

void destination_queue(struct destination *destination, struct letter *letter)
{
    letter->destination = destination;
    letter->place = LETTER_QUEUED;
    letter->filed_ms = loop_now_ms(destination->outbox->settings.loop);
    site_queue_add(&destination->queue, lane_of(letter), letter->claim->campaign->tenant, letter);
    destination->queued++;
    outbox_touch(destination->outbox, destination);
}

void destination_put_back(struct destination *destination, struct letter *letter)
{
    letter->place = LETTER_READY;
    letter_list_prepend(&destination->ready[lane_of(letter)], letter);
    outbox_touch(destination->outbox, destination);
}

struct letter *destination_take(struct destination *destination)
{
    struct letter *letter = letter_list_take(&destination->ready[SITE_QUEUE_TRANSACTIONAL]);
    return letter != NULL ? letter : letter_list_take(&destination->ready[SITE_QUEUE_BULK]);
}

void destination_remove(struct letter *letter)
{
    if (letter->place == LETTER_QUEUED && letter->destination != NULL) {
        letter->destination->queued--;
    }
    letter_list_remove(letter);
}

/* ---------------------------------------------------------------- which server */

/* Left alone as seen from anywhere: adaptation by path is a later issue. */
static struct text name_of(const struct route_target *target, char *out, size_t size)
{
    char address[STREAM_ADDRESS_LENGTH];
    stream_address_format(&target->address, address);
    int length = snprintf(out, size, "%s|%u", address, target->address.port);
    return (struct text){out, (size_t)length};
}

static bool is_held(const struct destination *destination, size_t target)
{
    char name[STREAM_ADDRESS_LENGTH + 8];
    const struct outbox_settings *settings = &destination->outbox->settings;
    return unreachable_has(settings->unreachable,
                           name_of(&destination->route.targets[target], name, sizeof name),
                           loop_now_ms(settings->loop));
}

void destination_hold(struct destination *destination, const struct route_target *target)
{
    char name[STREAM_ADDRESS_LENGTH + 8];
    const struct outbox_settings *settings = &destination->outbox->settings;
    unreachable_add(settings->unreachable, name_of(target, name, sizeof name),
                    loop_now_ms(settings->loop));
}

void destination_greeted(struct destination *destination, const struct route_target *target)
{
    char name[STREAM_ADDRESS_LENGTH + 8];
    unreachable_remove(destination->outbox->settings.unreachable,
                       name_of(target, name, sizeof name));
}

static bool has_room(void *context, const struct sending_ip *ip)
{
    const struct destination *destination = context;
    return destination->site->open[ip->number] <
           destination->outbox->settings.limits.connections_per_site;
}

/* What was found while walking over the servers. */
struct search {
    size_t target;
    struct sending_ip *ip;
    size_t found; /* of the preference at hand */
    bool is_full;
    bool is_held;
};

/* S9: among equals each has the same chance. */
static void look_at(struct destination *destination, size_t target, struct search *search)
{
    struct outbox *outbox = destination->outbox;
    const struct route_target *server = &destination->route.targets[target];
    bool is_owned;
    if (is_held(destination, target)) {
        search->is_held = true;
        return;
    }
    size_t turn = outbox->settings.ips->turn;
    struct sending_ip *ip =
        sending_ips_pick(outbox->settings.ips, text_of(destination->pool), server->address.is_v6,
                         has_room, destination, &is_owned);
    search->is_full = search->is_full || (ip == NULL && is_owned);
    if (ip == NULL) {
        return;
    }
    search->found++;
    if (outbox_random(outbox) % search->found == 0) {
        search->target = target;
        search->ip = ip;
    } else {
        outbox->settings.ips->turn = turn;
    }
}

enum destination_choice destination_choose(struct destination *destination,
                                           struct route_target *ret_target,
                                           struct sending_ip **ret_ip)
{
    const struct route *route = &destination->route;
    struct search search = {0};
    for (size_t i = 0; i < route->target_count; i++) {
        bool is_next = i > 0 && route->targets[i].preference != route->targets[i - 1].preference;
        if (is_next && (search.found > 0 || search.is_full)) {
            break; /* a worse one only when the better ones are left alone */
        }
        look_at(destination, i, &search);
    }
    if (search.found > 0) {
        *ret_target = route->targets[search.target];
        *ret_ip = search.ip;
        return DESTINATION_FOUND;
    }
    if (search.is_full) {
        return DESTINATION_FULL;
    }
    return search.is_held ? DESTINATION_UNREACHABLE : DESTINATION_NO_IP;
}

bool destination_has_other(const struct destination *destination)
{
    for (size_t i = 0; i < destination->route.target_count; i++) {
        if (!is_held(destination, i)) {
            return true;
        }
    }
    return false;
}
