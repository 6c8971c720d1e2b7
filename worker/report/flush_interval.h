/* How long an outcome waits for company before it is written. Pure. */
#ifndef HIKYAKU_WORKER_REPORT_FLUSH_INTERVAL_H
#define HIKYAKU_WORKER_REPORT_FLUSH_INTERVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** As long as BULK may wait, and how many flushes a second a worker aims at when many batches are
 *  open: each costs the store a script and a sync of its file, however few outcomes it brings. */
#define FLUSH_INTERVAL_MOST_MS 500
#define FLUSH_INTERVAL_PER_S 100

/**
 * @param least_ms          as configured; TRANSACTIONAL never waits longer
 * @param claims            open, each with flushes of its own
 */
uint64_t flush_interval_ms(uint64_t least_ms, bool is_transactional, size_t claims);

#endif
