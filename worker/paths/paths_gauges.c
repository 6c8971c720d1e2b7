#include "worker/paths/paths_gauges.h"

#include "common/base/metrics.h"

void paths_gauges_set(const struct paths *paths)
{
    size_t suspended;
    size_t count = paths_count(paths, &suspended);
    metrics_set(metrics_gauge("hikyaku_worker_paths",
                              "Paths (sending IP, site) with a controller in memory.", NULL,
                              TEXT("")),
                (int64_t)count);
    metrics_set(metrics_gauge("hikyaku_worker_paths_suspended", "Of these, those that pause.", NULL,
                              TEXT("")),
                (int64_t)suspended);
    size_t full;
    size_t warming = paths_warming(paths, &full);
    metrics_set(metrics_gauge("hikyaku_worker_paths_warming",
                              "Paths of young IPs that have a quota.", NULL, TEXT("")),
                (int64_t)warming);
    metrics_set(metrics_gauge("hikyaku_worker_paths_full",
                              "Of these, those whose quota is used up for now.", NULL, TEXT("")),
                (int64_t)full);
}
