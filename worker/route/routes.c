#include "worker/route/routes.h"

#include "common/base/clock.h"
#include "common/base/table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct lookup;

/* An address question for one host. */
struct question {
    struct lookup *lookup; /* borrowed */
    size_t host;
    uint64_t ticket;
    bool is_open;
};

/* A domain: its questions, then its answer. */
struct lookup {
    struct routes *routes;
    const struct routes_rule *rule; /* NULL: MX */
    struct route route;
    struct letter_list waiting;
    uint64_t expires_ms; /* 0: not answered yet */
    uint64_t mx_ticket;  /* 0: not asked */
    uint32_t ttl_s;
    size_t pending;
    bool is_doubtful; /* some address question failed for now */
    struct question questions[2 * ROUTE_HOSTS_MAX];
    size_t domain_size;
    char domain[];
};

struct routes {
    struct routes_settings settings;
    struct table *lookups;
};

struct routes *routes_create(const struct routes_settings *settings)
{
    struct routes *routes = xalloc_zero(1, sizeof *routes);
    routes->settings = *settings;
    routes->lookups = table_create();
    return routes;
}

static struct text domain_of(const struct lookup *lookup)
{
    return (struct text){lookup->domain, lookup->domain_size};
}

static void destroy_lookup(struct lookup *lookup)
{
    struct routes *routes = lookup->routes;
    assert(lookup->waiting.count == 0);
    if (lookup->mx_ticket != 0) {
        resolver_cancel(routes->settings.resolver, lookup->mx_ticket);
    }
    for (size_t i = 0; i < 2 * ROUTE_HOSTS_MAX; i++) {
        if (lookup->questions[i].is_open) {
            resolver_cancel(routes->settings.resolver, lookup->questions[i].ticket);
        }
    }
    (void)table_remove(routes->lookups, domain_of(lookup));
    free(lookup);
}

void routes_destroy(struct routes **routes)
{
    if (*routes == NULL) {
        return;
    }
    struct table_walk walk;
    struct lookup *lookup = table_first((*routes)->lookups, &walk);
    for (; lookup != NULL; lookup = table_next(&walk)) {
        destroy_lookup(lookup);
    }
    table_destroy(&(*routes)->lookups);
    free(*routes);
    *routes = NULL;
}

static uint64_t kept_ms(const struct lookup *lookup)
{
    uint64_t ttl_ms = (uint64_t)lookup->ttl_s * SECOND_MS;
    if (lookup->route.status == ROUTE_TEMPORARY || ttl_ms < ROUTES_KEPT_LEAST_MS) {
        return ROUTES_KEPT_LEAST_MS;
    }
    return ttl_ms < ROUTES_KEPT_MOST_MS ? ttl_ms : ROUTES_KEPT_MOST_MS;
}

static void complete(struct lookup *lookup, enum route_status status)
{
    struct routes *routes = lookup->routes;
    struct text site = {0};
    lookup->route.status = status;
    lookup->route.tls = lookup->rule != NULL ? lookup->rule->tls : ROUTE_TLS_OPPORTUNISTIC;
    if (lookup->rule != NULL) {
        site = lookup->rule->is_smart_host ? text_of(lookup->rule->host) : domain_of(lookup);
    }
    route_complete(&lookup->route, site);
    lookup->expires_ms = loop_now_ms(routes->settings.loop) + kept_ms(lookup);
    if (lookup->waiting.count > 0) {
        routes->settings.on_found(routes->settings.context, &lookup->waiting, &lookup->route);
    }
}

static void complete_addresses(struct lookup *lookup)
{
    if (lookup->route.target_count > 0) {
        complete(lookup, ROUTE_OK);
    } else {
        complete(lookup, lookup->is_doubtful ? ROUTE_TEMPORARY : ROUTE_NO_DOMAIN);
    }
}

static uint16_t port_of(const struct lookup *lookup)
{
    return lookup->rule != NULL ? lookup->rule->port : lookup->routes->settings.port;
}

static void on_addresses(void *context, const struct resolver_answer *answer)
{
    struct question *question = context;
    struct lookup *lookup = question->lookup;
    enum route_family family = lookup->rule != NULL ? lookup->rule->family : ROUTE_FAMILY_ANY;
    question->is_open = false;
    if (answer->status == RESOLVER_TEMPORARY || answer->status == RESOLVER_BOGUS) {
        lookup->is_doubtful = true;
    }
    for (size_t i = 0; answer->status == RESOLVER_OK && i < answer->count; i++) {
        route_add_target(&lookup->route, question->host, &answer->addresses[i], port_of(lookup),
                         family);
        lookup->ttl_s = answer->ttl_s < lookup->ttl_s ? answer->ttl_s : lookup->ttl_s;
    }
    if (--lookup->pending == 0) {
        complete_addresses(lookup);
    }
}

static void ask_addresses(struct lookup *lookup)
{
    struct resolver *resolver = lookup->routes->settings.resolver;
    enum route_family family = lookup->rule != NULL ? lookup->rule->family : ROUTE_FAMILY_ANY;
    for (size_t i = 0; i < 2 * lookup->route.host_count; i++) {
        bool is_v6 = i % 2 == 0;
        if (family != ROUTE_FAMILY_ANY && is_v6 != (family == ROUTE_FAMILY_V6)) {
            continue;
        }
        struct question *question = &lookup->questions[i];
        struct text host = text_of(lookup->route.hosts[i / 2].name);
        *question = (struct question){.lookup = lookup, .host = i / 2, .is_open = true};
        question->ticket = is_v6 ? resolver_find_aaaa(resolver, host, on_addresses, question)
                                 : resolver_find_a(resolver, host, on_addresses, question);
        lookup->pending++;
    }
}

static void on_mx(void *context, const struct resolver_answer *answer)
{
    struct lookup *lookup = context;
    lookup->mx_ticket = 0;
    lookup->ttl_s = answer->ttl_s;
    enum route_status status = route_take_mx(&lookup->route, domain_of(lookup), answer);
    if (status == ROUTE_OK) {
        ask_addresses(lookup);
    } else {
        complete(lookup, status);
    }
}

/* A host that is an address, in brackets or not, needs no DNS. */
static bool take_literal(struct lookup *lookup, struct text host)
{
    struct stream_address address;
    struct text inner = host;
    if (host.size > 2 && host.data[0] == '[' && host.data[host.size - 1] == ']') {
        inner = (struct text){host.data + 1, host.size - 2};
        if (text_starts_with_nocase(inner, TEXT("IPv6:"))) {
            inner = text_skip(inner, sizeof("IPv6:") - 1);
        }
    }
    if (stream_address_parse(inner, 0, &address) != 0) {
        return false;
    }
    route_add_target(&lookup->route, 0, &address, port_of(lookup), ROUTE_FAMILY_ANY);
    return true;
}

static void start(struct lookup *lookup)
{
    struct text host = lookup->rule != NULL ? text_of(lookup->rule->host) : domain_of(lookup);
    lookup->ttl_s = ROUTES_KEPT_MOST_MS / 1000;
    bool is_literal = take_literal(lookup, host);
    if (!is_literal && lookup->rule == NULL) {
        lookup->mx_ticket =
            resolver_find_mx(lookup->routes->settings.resolver, host, on_mx, lookup);
        return;
    }
    struct route_host *first = &lookup->route.hosts[0];
    memcpy(first->name, host.data, host.size < sizeof first->name ? host.size : 0);
    lookup->route.host_count = 1;
    if (is_literal) {
        complete(lookup, ROUTE_OK);
    } else {
        ask_addresses(lookup);
    }
}

static const struct routes_rule *find_rule(const struct routes *routes, struct text domain)
{
    for (size_t i = 0; i < routes->settings.rule_count; i++) {
        const struct routes_rule *rule = &routes->settings.rules[i];
        if (strcmp(rule->domain, "*") == 0 || text_equal_nocase(text_of(rule->domain), domain)) {
            return rule;
        }
    }
    return NULL;
}

/* Domains come from outside: the oldest answered one makes place. */
static void make_room(struct routes *routes)
{
    struct table_walk walk;
    struct lookup *lookup = table_first(routes->lookups, &walk);
    while (lookup != NULL && table_count(routes->lookups) >= ROUTES_KEPT_MAX) {
        if (lookup->expires_ms != 0) {
            destroy_lookup(lookup);
        }
        lookup = table_next(&walk);
    }
}

static struct lookup *create_lookup(struct routes *routes, struct text domain)
{
    make_room(routes);
    struct lookup *lookup = xalloc_zero(1, sizeof *lookup + domain.size + 1);
    lookup->routes = routes;
    memcpy(lookup->domain, domain.data, domain.size);
    lookup->domain_size = domain.size;
    lookup->rule = find_rule(routes, domain);
    (void)table_put(routes->lookups, domain, lookup);
    return lookup;
}

const struct route *routes_find(struct routes *routes, struct letter *letter)
{
    struct lookup *lookup = table_get(routes->lookups, letter->domain);
    if (lookup != NULL && lookup->expires_ms != 0 &&
        loop_now_ms(routes->settings.loop) >= lookup->expires_ms) {
        destroy_lookup(lookup);
        lookup = NULL;
    }
    if (lookup == NULL) {
        lookup = create_lookup(routes, letter->domain);
        start(lookup);
    }
    if (lookup->expires_ms != 0) {
        return &lookup->route;
    }
    letter_list_append(&lookup->waiting, letter);
    return NULL;
}
