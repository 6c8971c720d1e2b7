/* Finds the route of a domain: a configured rule or DNS, each asked once however many letters wait
 * for it; answers are kept as long as DNS says, at most an hour. */
#ifndef HIKYAKU_WORKER_ROUTE_ROUTES_H
#define HIKYAKU_WORKER_ROUTE_ROUTES_H

#include "worker/claim/letter.h"
#include "worker/route/route.h"

#define ROUTES_KEPT_MAX 10000
#define ROUTES_KEPT_LEAST_MS 30000
#define ROUTES_KEPT_MOST_MS 3600000

/** A rule of the configuration. */
struct routes_rule {
    const char *domain; /* "*": every domain; borrowed like all texts */
    const char *host;   /* name or address */
    uint16_t port;
    enum route_family family;
    enum route_tls tls;
    bool is_smart_host; /* all domains of the rule are one site; else each stays its own */
};

struct routes_settings {
    struct loop *loop;
    struct resolver *resolver;
    const struct routes_rule *rules; /* the first that fits; borrowed */
    size_t rule_count;
    uint16_t port; /* of MX hosts: 25 */
    /** Letters that waited for a domain; they stand in no list any more when it returns. */
    void (*on_found)(void *context, struct letter_list *letters, const struct route *route);
    void *context;
};

struct routes;
struct routes *routes_create(const struct routes_settings *settings);
/** No letter may wait. Accepts NULL, nulls the pointer. */
void routes_destroy(struct routes **routes);

/**
 * The route of a letter's domain.
 * @return valid for this turn of the loop; NULL: it is looked up, the letter waits in a list and
 *         on_found follows (unless it is taken out of it)
 */
const struct route *routes_find(struct routes *routes, struct letter *letter);

#endif
