#include "worker/claim/ip_leases.h"

#include "common/base/clock.h"
#include "common/base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* One IP's way to its lease. */
struct attempt {
    struct ip_leases *leases;
    struct sending_ip *ip;
    struct lease_watch watch;
    struct lease_beat seen;
    uint64_t sent_ms; /* boottime */
    bool is_asking;
    bool is_takeover; /* from a dead holder */
    bool is_told;     /* that somebody else has it: said once */
};

struct ip_leases {
    struct ip_leases_settings settings;
    struct loop_timer *timer;
    struct attempt *attempts;
    bool is_released;
};

static bool can_bind(const struct sending_ip *ip)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    memcpy(&v4.sin_addr, ip->address.bytes, sizeof v4.sin_addr);
    memcpy(&v6.sin6_addr, ip->address.bytes, sizeof v6.sin6_addr);
    int descriptor = socket(ip->address.is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        return false;
    }
    int result = ip->address.is_v6 ? bind(descriptor, (const struct sockaddr *)&v6, sizeof v6)
                                   : bind(descriptor, (const struct sockaddr *)&v4, sizeof v4);
    (void)close(descriptor);
    return result == 0;
}

static struct store_lease_name name_of(const struct sending_ip *ip)
{
    return (struct store_lease_name){.kind = STORE_LEASE_IP, .name = ip->text};
}

static void tell_change(struct ip_leases *leases)
{
    leases->settings.on_change(leases->settings.context);
}

static void on_taken(void *context, int error, uint64_t epoch)
{
    struct attempt *attempt = context;
    struct ip_leases *leases = attempt->leases;
    struct store_lease_name name = name_of(attempt->ip);
    attempt->is_asking = false;
    lease_watch_reset(&attempt->watch);
    if (error != 0 || leases->is_released || attempt->ip->state != SENDING_IP_WAITING) {
        return;
    }
    attempt->ip->state = SENDING_IP_OWNED;
    attempt->ip->epoch = epoch;
    attempt->ip->was_taken_over = attempt->is_takeover;
    attempt->is_told = false;
    store_keeper_add(leases->settings.keeper, &name, epoch);
    LOG(LOG_IP_LEASED, NULL, log_string("ip", attempt->ip->text),
        log_string("pool", attempt->ip->pool));
    tell_change(leases);
}

static void take(struct attempt *attempt, const struct lease_beat *seen)
{
    struct store_lease_name name = name_of(attempt->ip);
    if (attempt->leases->is_released) {
        return;
    }
    attempt->is_asking = true;
    attempt->is_takeover = seen != NULL;
    store_lease_take(attempt->leases->settings.store, &name, seen, on_taken, attempt);
}

/* Coordinators watch sessions: one that they took is dead, however short we have looked. */
static void on_holder(void *context, int error, const struct lease_beat *beat, uint64_t took_ms)
{
    (void)took_ms;
    struct attempt *attempt = context;
    attempt->is_asking = false;
    if (error == 0 && beat->is_taken) {
        take(attempt, &attempt->seen);
    }
}

static void ask_holder(struct attempt *attempt)
{
    struct store_lease_name name = {.kind = STORE_LEASE_SESSION, .name = attempt->seen.session};
    attempt->is_asking = true;
    store_lease_read(attempt->leases->settings.store, &name, on_holder, attempt);
}

static void on_read(void *context, int error, const struct lease_beat *beat, uint64_t took_ms)
{
    struct attempt *attempt = context;
    attempt->is_asking = false;
    if (error == -ENOENT || (error == 0 && beat->session[0] == '\0')) {
        take(attempt, NULL);
        return;
    }
    if (error != 0) {
        lease_watch_fail(&attempt->watch);
        return;
    }
    if (!attempt->is_told) {
        attempt->is_told = true;
        LOG(LOG_IP_HELD, NULL, log_string("ip", attempt->ip->text),
            log_string("holder", beat->session));
    }
    attempt->seen = *beat;
    if (lease_watch_feed(&attempt->watch, beat, attempt->sent_ms, attempt->sent_ms + took_ms)) {
        take(attempt, &attempt->seen);
    } else {
        ask_holder(attempt);
    }
}

static void release(struct ip_leases *leases, struct sending_ip *ip)
{
    struct store_lease_name name = name_of(ip);
    store_keeper_remove(leases->settings.keeper, &name);
    store_lease_release(leases->settings.store, &name, ip->epoch, NULL, NULL);
    ip->epoch = 0;
}

static void on_tick(void *context)
{
    struct ip_leases *leases = context;
    for (size_t i = 0; i < leases->settings.ips->count; i++) {
        struct attempt *attempt = &leases->attempts[i];
        struct store_lease_name name = name_of(attempt->ip);
        if (attempt->ip->state == SENDING_IP_UNUSABLE && attempt->ip->epoch != 0) {
            release(leases, attempt->ip); /* a connection found that it cannot be bound any more */
            tell_change(leases);
        }
        if (attempt->ip->state != SENDING_IP_WAITING || attempt->is_asking ||
            !store_is_ready(leases->settings.store)) {
            continue;
        }
        attempt->is_asking = true;
        attempt->sent_ms = clock_boottime_ms();
        store_lease_read(leases->settings.store, &name, on_read, attempt);
    }
}

struct ip_leases *ip_leases_create(const struct ip_leases_settings *settings)
{
    struct ip_leases *leases = xalloc_zero(1, sizeof *leases);
    leases->settings = *settings;
    leases->attempts = xalloc_zero(settings->ips->count + 1, sizeof *leases->attempts);
    for (size_t i = 0; i < settings->ips->count; i++) {
        struct sending_ip *ip = &settings->ips->items[i];
        leases->attempts[i].leases = leases;
        leases->attempts[i].ip = ip;
        if (!can_bind(ip)) {
            ip->state = SENDING_IP_UNUSABLE;
            LOG(LOG_IP_UNUSABLE, NULL, log_string("ip", ip->text));
        }
    }
    leases->timer = loop_timer_create(settings->loop, on_tick, leases);
    loop_timer_start(leases->timer, 0, LEASE_WATCH_GAP_MS + 10);
    return leases;
}

void ip_leases_destroy(struct ip_leases **leases)
{
    if (*leases == NULL) {
        return;
    }
    loop_timer_destroy(&(*leases)->timer);
    free((*leases)->attempts);
    free(*leases);
    *leases = NULL;
}

void ip_leases_on_refused(struct ip_leases *leases, const char *ip)
{
    for (size_t i = 0; i < leases->settings.ips->count; i++) {
        struct attempt *attempt = &leases->attempts[i];
        if (attempt->ip->state == SENDING_IP_OWNED && strcmp(attempt->ip->text, ip) == 0) {
            attempt->ip->state = SENDING_IP_WAITING;
            attempt->ip->epoch = 0;
            lease_watch_reset(&attempt->watch);
            LOG(LOG_IP_LOST, NULL, log_string("ip", ip));
            tell_change(leases);
        }
    }
}

void ip_leases_release(struct ip_leases *leases)
{
    leases->is_released = true;
    loop_timer_stop(leases->timer);
    for (size_t i = 0; i < leases->settings.ips->count; i++) {
        struct sending_ip *ip = &leases->settings.ips->items[i];
        if (ip->state == SENDING_IP_OWNED) {
            ip->state = SENDING_IP_WAITING;
            release(leases, ip);
        }
    }
}

bool ip_leases_holds(const struct ip_leases *leases, const struct sending_ip *ip)
{
    struct store_lease_name name = name_of(ip);
    return ip->state == SENDING_IP_OWNED && store_keeper_holds(leases->settings.keeper, &name);
}
