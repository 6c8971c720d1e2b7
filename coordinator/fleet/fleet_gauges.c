#include "coordinator/fleet/fleet_gauges.h"

#include "common/base/metrics.h"
#include "coordinator/fleet/fleet_inside.h"

#include <stdlib.h>

static const char *const lanes[READY_LANE_COUNT] = {
    [READY_TRANSACTIONAL] = "transactional", [READY_BULK] = "bulk"};

static void set_pool(void *context, struct text pool)
{
    const struct fleet *fleet = context;
    for (int lane = 0; lane < READY_LANE_COUNT; lane++) {
        uint64_t rows = ready_waiting_rows(fleet->ready, pool, (enum ready_lane)lane);
        metrics_set(metrics_gauge_of_two("hikyaku_ready_recipients",
                                         "Recipients that could be sent to now and wait for a "
                                         "worker, in this coordinator's memory (at most 1,024 "
                                         "batches a campaign): scale workers by the sum.",
                                         "pool", "lane", pool, text_of(lanes[lane])),
                    (int64_t)rows);
    }
}

static void set_workers(const struct fleet *fleet)
{
    int64_t connected = 0;
    uint64_t in_flight = 0;
    struct workers_view *views = xalloc_zero(WORKERS_MAX, sizeof *views);
    size_t count = workers_list(fleet->workers, views, WORKERS_MAX);
    for (size_t i = 0; i < count; i++) {
        const Hikyaku__V1__Credit *credit = views[i].credit;
        connected += !views[i].is_away;
        in_flight += !views[i].is_away && credit != NULL && credit->status != NULL
                         ? credit->status->in_flight
                         : 0;
    }
    free(views);
    metrics_set(metrics_gauge("hikyaku_workers_connected", "Workers that this coordinator hears.",
                              NULL, TEXT("")),
                connected);
    metrics_set(metrics_gauge("hikyaku_recipients_in_flight",
                              "Recipients in the hands of the workers that this coordinator hears, "
                              "whoever offered them: take the maximum of the coordinators, not the "
                              "sum.",
                              NULL, TEXT("")),
                (int64_t)in_flight);
}

static void set_quarantine(const struct fleet *fleet)
{
    metrics_set(
        metrics_gauge("hikyaku_quarantined_recipients",
                      "Recipients under QUARANTINED, of the campaigns that this coordinator "
                      "drives: somebody must decide.",
                      NULL, TEXT("")),
        (int64_t)driver_quarantined(fleet->driver));
    metrics_set(metrics_gauge("hikyaku_suspect_batches",
                              "Batches whose claims died twice and that wait to be tried in parts, "
                              "of the campaigns that this coordinator drives.",
                              NULL, TEXT("")),
                (int64_t)suspect_offers_count(fleet->suspects));
}

void fleet_gauges_set(const struct fleet *fleet)
{
    unsigned int partitions = fleet->partitions == NULL
                                  ? 0
                                  : partitions_held_by(fleet->partitions, fleet->settings.session);
    metrics_set(metrics_gauge("hikyaku_partitions",
                              "Partitions, of 64, whose lease this coordinator holds.", NULL,
                              TEXT("")),
                partitions);
    metrics_set(metrics_gauge("hikyaku_campaigns_driven",
                              "Campaigns in this coordinator's memory, containers included.", NULL,
                              TEXT("")),
                (int64_t)driver_campaign_count(fleet->driver));
    metrics_set(metrics_gauge("hikyaku_offers_open",
                              "Batches offered to a worker that has not answered.", NULL, TEXT("")),
                (int64_t)offer_book_open(offers_book(fleet->offers)));
    set_quarantine(fleet);
    union {
        const struct fleet *borrowed;
        void *context;
    } place = {fleet};
    ready_each_pool(fleet->ready, set_pool, place.context);
    set_workers(fleet);
}
