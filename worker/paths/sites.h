/* What the paths of a site have in common, over all workers: its limits (site_share.h) and the
 * pauses that a server asked of all of us. Internal to this folder. */
#ifndef HIKYAKU_WORKER_PATHS_SITES_H
#define HIKYAKU_WORKER_PATHS_SITES_H

#include "common/policy/path_control.h"
#include "common/store/store.h"

struct sites;
struct site_entry;

struct sites_settings {
    struct loop *loop;
    struct store *store; /* NULL: limits are this worker's own */
    /** There may be a place where there was none. */
    void (*on_room)(void *context);
    /** Somebody else was asked to leave the site, or a sender there, alone. All for the call. */
    void (*on_pause)(void *context, const char *site, uint64_t pause_ms, const char *rule);
    void *context;
};

struct sites *sites_create(const struct sites_settings *settings);
/** The store is destroyed before. Accepts NULL, nulls the pointer. */
void sites_destroy(struct sites **sites);

/** @param profile  whose limits hold */
struct site_entry *sites_hold(struct sites *sites, const char *name,
                              const struct path_profile *profile);
void sites_release(struct site_entry *site);
/** Reload: other limits. */
void sites_use(struct sites *sites, struct site_entry *site, const struct path_profile *profile);

/** May a message start, a connection be opened, as far as the site's limits go? If not, a place is
 *  asked for. */
bool sites_may_send(struct sites *sites, struct site_entry *site);
bool sites_may_connect(struct sites *sites, struct site_entry *site);
/** Its messages wait for places: for about so long; 0: they do not. */
uint64_t sites_wait_ms(const struct site_entry *site);
/** Something happened on one of its paths. */
void sites_feed(struct site_entry *site, enum path_event_kind kind);

/** A server blamed the site: tell the others. */
void sites_pause(struct sites *sites, struct site_entry *site, uint64_t pause_ms, const char *rule);
/** The same of a sender at a site (senders.h), which is no site. */
void sites_pause_name(struct sites *sites, const char *name, uint64_t pause_ms, const char *rule);
/** How much longer it is to be left alone, and why; 0: it is not. */
uint64_t sites_paused_ms(const struct sites *sites, const struct site_entry *site,
                         const char **ret_rule);

#endif
