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

static void free_site(struct outbox *outbox, struct site *site)
{
    for (size_t i = 0; i < SENDING_IPS_MAX; i++) {
        if (site->paths[i] != NULL) {
            paths_release(outbox->settings.paths, site->paths[i]);
        }
    }
    (void)table_remove(outbox->sites, site->name);
    free(site);
}

void destination_destroy(struct destination *destination)
{
    struct outbox *outbox = destination->outbox;
    assert(destination->connection_count == 0 && destination_backlog(destination) == 0);
    assert(!destination->is_dirty && !destination->is_paced);
    (void)table_remove(outbox->destinations, text_of(destination->key));
    if (--destination->site->holders == 0) {
        free_site(outbox, destination->site);
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

/* Left alone as seen from anywhere. */
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

struct path *destination_path(struct destination *destination, struct sending_ip *ip)
{
    struct path **path = &destination->site->paths[ip->number];
    if (*path == NULL) {
        *path = paths_hold(destination->outbox->settings.paths, ip, destination->site->name,
                           text_of(destination->route.hosts[0].name));
    }
    return *path;
}

static bool has_room(void *context, struct sending_ip *ip)
{
    struct destination *destination = context;
    struct path *path = destination_path(destination, ip);
    return paths_may_connect(destination->outbox->settings.paths, path);
}

static bool is_closing(uint8_t gate)
{
    return gate == GATE_SITE_SUSPENDED || gate == GATE_WARMUP_QUOTA;
}

/* One path's word on the others': closed are they only as long as all are. */
static uint8_t gate_with(const struct paths *paths, const struct path *path, uint8_t gate,
                         uint64_t *wait_ms)
{
    struct path_answer answer = paths_look(paths, path);
    if (is_closing(answer.gate)) {
        bool is_sooner = gate == GATE_NONE || (is_closing(gate) && answer.wait_ms < *wait_ms);
        *wait_ms = is_sooner ? answer.wait_ms : *wait_ms;
        return is_sooner ? answer.gate : gate;
    }
    bool is_rated = answer.gate == GATE_PATH_RATE || path->control.rate.ceiling > 0;
    return is_rated || gate == GATE_PATH_RATE ? GATE_PATH_RATE : GATE_PATH_CONNECTIONS;
}

/* Ours, not stopped, of the pool, and some server has an address of its family. */
bool destination_is_of_use(const struct destination *destination, const struct sending_ip *ip)
{
    bool has_family = false;
    for (size_t i = 0; i < destination->route.target_count; i++) {
        has_family = has_family || destination->route.targets[i].address.is_v6 == ip->address.is_v6;
    }
    return has_family && ip->state == SENDING_IP_OWNED && !ip->is_stopped &&
           text_equal(text_of(ip->pool), text_of(destination->pool));
}

uint8_t destination_gate(struct destination *destination, uint64_t *ret_wait_ms)
{
    struct outbox *outbox = destination->outbox;
    struct sending_ips *ips = outbox->settings.ips;
    uint8_t gate = GATE_NONE;
    *ret_wait_ms = 0;
    for (size_t i = 0; i < ips->count; i++) {
        const struct path *path = destination->site->paths[i];
        bool is_usable = destination_is_of_use(destination, &ips->items[i]);
        if (is_usable && path == NULL) {
            return GATE_PATH_CONNECTIONS; /* one that has not been tried */
        }
        gate = is_usable ? gate_with(outbox->settings.paths, path, gate, ret_wait_ms) : gate;
    }
    return gate;
}

uint64_t destination_full_ms(const struct destination *destination)
{
    uint64_t least_ms = UINT64_MAX;
    for (size_t i = 0; i < destination->outbox->settings.ips->count; i++) {
        const struct path *path = destination->site->paths[i];
        if (path != NULL && path->warm != NULL &&
            text_equal(text_of(path->ip->pool), text_of(destination->pool))) {
            uint64_t full_ms = paths_full_ms(destination->outbox->settings.paths, path);
            least_ms = full_ms > 0 && full_ms < least_ms ? full_ms : least_ms;
        }
    }
    return least_ms < UINT64_MAX ? least_ms : 0;
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
