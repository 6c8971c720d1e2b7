#include "worker/outbox/outbox_view.h"

#include "common/base/metrics.h"
#include "worker/outbox/outbox_parts.h"

size_t outbox_view_waiting(const struct outbox *outbox)
{
    size_t waiting = 0;
    struct table_walk walk;
    const struct destination *destination = table_first(outbox->destinations, &walk);
    for (; destination != NULL; destination = table_next(&walk)) {
        waiting += destination_backlog(destination);
    }
    return waiting;
}

static bool is_larger(const struct outbox_view_site *left, const struct outbox_view_site *right)
{
    return left->waiting != right->waiting ? left->waiting > right->waiting
                                           : left->connections > right->connections;
}

/* Insert into a list that is sorted, largest first. */
static size_t insert(struct outbox_view_site *sites, size_t count,
                     const struct outbox_view_site *site)
{
    size_t place = count < OUTBOX_VIEW_SITES_MAX ? count : OUTBOX_VIEW_SITES_MAX - 1;
    if (count == OUTBOX_VIEW_SITES_MAX && !is_larger(site, &sites[place])) {
        return count;
    }
    for (; place > 0 && is_larger(site, &sites[place - 1]); place--) {
        sites[place] = sites[place - 1];
    }
    sites[place] = *site;
    return count < OUTBOX_VIEW_SITES_MAX ? count + 1 : count;
}

size_t outbox_view_sites(const struct outbox *outbox,
                         struct outbox_view_site ret_sites[OUTBOX_VIEW_SITES_MAX])
{
    size_t count = 0;
    struct table_walk walk;
    struct site *site = table_first(outbox->sites, &walk);
    for (; site != NULL; site = table_next(&walk)) {
        site->waiting = 0;
    }
    const struct destination *destination = table_first(outbox->destinations, &walk);
    for (; destination != NULL; destination = table_next(&walk)) {
        destination->site->waiting += destination_backlog(destination);
    }
    for (site = table_first(outbox->sites, &walk); site != NULL; site = table_next(&walk)) {
        const struct outbox_view_site shown = {site->name, site->waiting, site->open};
        if (shown.waiting + shown.connections > 0) {
            count = insert(ret_sites, count, &shown);
        }
    }
    return count;
}

void outbox_view_set_gauges(const struct outbox *outbox)
{
    struct outbox_view_site sites[OUTBOX_VIEW_SITES_MAX];
    size_t count = outbox_view_sites(outbox, sites);
    metrics_forget("hikyaku_worker_site_waiting_recipients");
    metrics_forget("hikyaku_worker_site_connections");
    for (size_t i = 0; i < count; i++) {
        metrics_set(metrics_gauge("hikyaku_worker_site_waiting_recipients",
                                  "Recipients queued, of the 50 sites with most.", "site",
                                  sites[i].name),
                    (int64_t)sites[i].waiting);
        metrics_set(metrics_gauge("hikyaku_worker_site_connections",
                                  "Connections, of the 50 sites with most queued recipients.",
                                  "site", sites[i].name),
                    (int64_t)sites[i].connections);
    }
}
