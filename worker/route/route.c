#include "worker/route/route.h"

#include "common/policy/provider_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set_name(char *out, size_t size, struct text name)
{
    (void)snprintf(out, size, "%.*s", TEXT_PRINT(name));
    text_lower_ascii(out, strlen(out));
}

static enum route_status take_hosts(struct route *route, const struct resolver_answer *answer)
{
    if (answer->count == 1 && answer->mx[0].host[0] == '\0') {
        return ROUTE_NULL_MX;
    }
    for (size_t i = 0; i < answer->count && route->host_count < ROUTE_HOSTS_MAX; i++) {
        if (answer->mx[i].host[0] == '\0') {
            continue; /* a null MX among others means nothing */
        }
        struct route_host *host = &route->hosts[route->host_count++];
        set_name(host->name, sizeof host->name, text_of(answer->mx[i].host));
        host->preference = answer->mx[i].preference;
    }
    return route->host_count > 0 ? ROUTE_OK : ROUTE_NO_DOMAIN;
}

enum route_status route_take_mx(struct route *route, struct text domain,
                                const struct resolver_answer *answer)
{
    switch (answer->status) {
    case RESOLVER_OK:
        /* Records, and none of them a name: the domain itself is not asked to take the mail. */
        return answer->count > 0 ? take_hosts(route, answer) : ROUTE_TEMPORARY;
    case RESOLVER_NO_DATA:
        break;
    case RESOLVER_NO_NAME:
        return ROUTE_NO_DOMAIN;
    case RESOLVER_TEMPORARY:
    case RESOLVER_BOGUS:
        return ROUTE_TEMPORARY;
    }
    set_name(route->hosts[0].name, sizeof route->hosts[0].name, domain);
    route->hosts[0].preference = 0;
    route->host_count = 1;
    return ROUTE_OK;
}

void route_add_target(struct route *route, size_t host, const struct stream_address *address,
                      uint16_t port, enum route_family family)
{
    bool is_wanted = family == ROUTE_FAMILY_ANY || (family == ROUTE_FAMILY_V6) == address->is_v6;
    if (!is_wanted || route->target_count >= ROUTE_TARGETS_MAX) {
        return;
    }
    struct route_target *target = &route->targets[route->target_count++];
    target->address = *address;
    target->address.port = port;
    target->host = (uint16_t)host;
    target->preference = route->hosts[host].preference;
}

static int compare_targets(const void *a, const void *b)
{
    const struct route_target *left = a;
    const struct route_target *right = b;
    if (left->preference != right->preference) {
        return left->preference < right->preference ? -1 : 1;
    }
    return (int)left->host - (int)right->host;
}

static int compare_names(const void *a, const void *b)
{
    const struct route_host *const *left = a;
    const struct route_host *const *right = b;
    return strcmp((*left)->name, (*right)->name);
}

/* How many hosts come before this one. */
static unsigned int rank_of(const struct route *route, const struct route_host *host)
{
    unsigned int rank = 0;
    for (size_t i = 0; i < route->host_count; i++) {
        rank += route->hosts[i].preference < host->preference;
    }
    return rank;
}

/* The set of hosts, whatever their order: sorted and joined. With ranks it tells in which order
 * they are tried as well. */
static void join_names(const struct route *route, bool has_ranks, char *out, size_t size)
{
    const struct route_host *sorted[ROUTE_HOSTS_MAX] = {NULL};
    for (size_t i = 0; i < route->host_count; i++) {
        sorted[i] = &route->hosts[i];
    }
    qsort(sorted, route->host_count, sizeof(void *), compare_names);
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < route->host_count && used < size; i++) {
        char rank[16] = "";
        if (has_ranks) {
            (void)snprintf(rank, sizeof rank, "=%u", rank_of(route, sorted[i]));
        }
        int more =
            snprintf(out + used, size - used, "%s%s%s", i > 0 ? "," : "", sorted[i]->name, rank);
        used += more > 0 ? (size_t)more : 0;
    }
}

void route_complete(struct route *route, struct text site)
{
    qsort(route->targets, route->target_count, sizeof route->targets[0], compare_targets);
    join_names(route, true, route->key, sizeof route->key);
    if (site.size == 0 && route->host_count > 0) {
        site = provider_table_find_by_mx(text_of(route->hosts[0].name));
    }
    if (site.size == 0) {
        join_names(route, false, route->site, sizeof route->site);
    } else {
        (void)snprintf(route->site, sizeof route->site, "%.*s", TEXT_PRINT(site));
    }
    /* Two routes with the same hosts differ when port, TLS or site do. */
    size_t used = strlen(route->key);
    unsigned int port = route->target_count > 0 ? route->targets[0].address.port : 0U;
    (void)snprintf(route->key + used, sizeof route->key - used, "|%u|%d|%.40s", port,
                   (int)route->tls, route->site);
}
