/* Says why mail is not being sent yet, when it will be, and what became of each try: from what is
 * stored, from what this coordinator knows, and from the workers that have the mail in hand. Any
 * coordinator can answer for any campaign. */
#ifndef HIKYAKU_COORDINATOR_EXPLAIN_EXPLAIN_H
#define HIKYAKU_COORDINATOR_EXPLAIN_EXPLAIN_H

#include "coordinator/catalog/catalog.h"
#include "coordinator/fleet/fleet.h"

struct explain;
struct service_windows;

struct explain_settings {
    struct store *store; /* borrowed, as all of these */
    struct catalog *catalog;
    struct fleet *fleet;
    struct service_windows *windows;
};

struct explain *explain_create(const struct explain_settings *settings);
/** The store is destroyed before, nobody waits for workers (fleet_reasons_finish()). Accepts NULL,
 *  nulls the pointer. */
void explain_destroy(struct explain **explain);

struct explain_question {
    unsigned char campaign[16];
    struct text tenant; /* whose it must be */
    bool has_index;
    uint32_t index;
    struct arena *arena; /* for the answer; borrowed until then */
};

/**
 * @param error   0; -ENOENT (no such campaign); -ENODATA (it has no such recipient, or its rows are
 *                gone); of the store
 * @param answer  in the arena; with 0 only
 */
typedef void explain_fn(void *context, int error, const ProtobufCMessage *answer);

/** A WhyResponse. @callback on_answer  exactly once, as of all here */
void explain_why(struct explain *explain, const struct explain_question *question,
                 explain_fn *on_answer, void *context);
/** A ForecastResponse. */
void explain_forecast(struct explain *explain, const struct explain_question *question,
                      explain_fn *on_answer, void *context);
/** A TraceResponse. */
void explain_trace(struct explain *explain, const struct explain_question *question,
                   explain_fn *on_answer, void *context);

/** @param gate  TENANT_LIMIT, CAMPAIGN_LIMIT; GATE_NONE: no shared limit holds the campaign
 *  @param until_unix_ms  0: not known */
typedef void explain_limit_fn(void *context, enum gate gate, int64_t until_unix_ms);
/** Which shared limit holds a running campaign now, whoever drives it. */
void explain_limits_ask(struct explain *explain, const struct store_campaign *campaign,
                        struct arena *arena, explain_limit_fn *on_answer, void *context);

#endif
