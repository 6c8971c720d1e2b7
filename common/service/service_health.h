/* What machines ask: /metrics (Prometheus text), /healthz (the loop turns), /readyz (work goes on;
 * the body says why not). Open to everybody who reaches the port: no personal data. */
#ifndef HIKYAKU_COMMON_SERVICE_SERVICE_HEALTH_H
#define HIKYAKU_COMMON_SERVICE_SERVICE_HEALTH_H

#include "common/base/problem.h"
#include "common/net/loop.h"

struct service_health;

/** @return NULL when ready, else why not: borrowed until the next call */
typedef const char *service_health_not_ready_fn(void *context);
/** Bring gauges up to date: about to be read. */
typedef void service_health_gauges_fn(void *context);

struct service_health_settings {
    struct loop *loop;    /* borrowed */
    const char *endpoint; /* "127.0.0.1:8461" */
    service_health_not_ready_fn *why_not_ready;
    service_health_not_ready_fn *note;    /* a line for /readyz besides; may be NULL */
    service_health_gauges_fn *set_gauges; /* may be NULL */
    void *context;
};

MUST_USE int service_health_open(const struct service_health_settings *settings,
                                 struct service_health **ret_health, struct problem *problem);
/** Accepts NULL, nulls the pointer. */
void service_health_close(struct service_health **health);
uint16_t service_health_port(const struct service_health *health);

#endif
