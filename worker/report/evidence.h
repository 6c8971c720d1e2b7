/* Evidence: final replies to messages that did go out, whose flush the store refused, or may have
 * forgotten. Each is repeated until it is answered; the store takes it once.
 *
 * What was flushed, or given as evidence, in the last 30 s is remembered: when Redis comes back
 * with another run_id, it may have lost the end of what it knew, and hears it again. */
#ifndef HIKYAKU_WORKER_REPORT_EVIDENCE_H
#define HIKYAKU_WORKER_REPORT_EVIDENCE_H

#include "common/store/store_doubt.h"

/** How long what was flushed is remembered, while Redis is there. */
#define EVIDENCE_KEPT_MS 30000
/** All that is remembered: the oldest goes first. What waits for its answer always stays; it is
 *  bounded by what a worker may hold in hand. */
#define EVIDENCE_BYTES_MAX (16 * 1024 * 1024)
/** Calls at once. */
#define EVIDENCE_CALLS_MAX 4

struct evidence;

struct evidence *evidence_create(struct store *store);
/** The store is destroyed before: all calls are answered. Accepts NULL, nulls the pointer. */
void evidence_destroy(struct evidence **evidence);

/** The store refused it: to be given as evidence. All is copied. */
void evidence_add(struct evidence *evidence, const struct store_claim *claim,
                  const struct store_evidence *known);
/** It was flushed now. All is copied. */
void evidence_remember(struct evidence *evidence, const struct store_claim *claim,
                       const struct store_evidence *known, uint64_t now_ms);
/** Redis may have forgotten: give all that is remembered. */
void evidence_repeat(struct evidence *evidence);
/** Forget what is old, ask what waits. */
void evidence_advance(struct evidence *evidence, uint64_t now_ms);
/** Flushes that wait for their answer. */
size_t evidence_waiting(const struct evidence *evidence);
/** Flushes that are remembered. */
size_t evidence_remembered(const struct evidence *evidence);

#endif
