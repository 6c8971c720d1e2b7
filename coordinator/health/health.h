/* What machines ask: /metrics (Prometheus text), /healthz (the loop turns), /readyz (work goes on;
 * the body says why not). Open to everybody who reaches the port: no personal data. */
#ifndef HIKYAKU_COORDINATOR_HEALTH_HEALTH_H
#define HIKYAKU_COORDINATOR_HEALTH_HEALTH_H

#include "common/base/problem.h"
#include "common/net/loop.h"

struct health;

/** @return NULL when ready, else why not: borrowed until the next call */
typedef const char *health_not_ready_fn(void *context);
/** Bring gauges up to date: about to be read. */
typedef void health_gauges_fn(void *context);

struct health_settings {
    struct loop *loop;    /* borrowed */
    const char *endpoint; /* "127.0.0.1:8461" */
    health_not_ready_fn *why_not_ready;
    const char *note;             /* a line for /readyz that is always true; NULL: none */
    health_gauges_fn *set_gauges; /* may be NULL */
    void *context;
};

MUST_USE int health_open(const struct health_settings *settings, struct health **ret_health,
                         struct problem *problem);
/** Accepts NULL, nulls the pointer. */
void health_close(struct health **health);
uint16_t health_port(const struct health *health);

#endif
