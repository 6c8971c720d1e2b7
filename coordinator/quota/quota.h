/* Quotas over all coordinators: a call is charged from slices in hand; only where they do not do,
 * the store is asked. */
#ifndef HIKYAKU_COORDINATOR_QUOTA_QUOTA_H
#define HIKYAKU_COORDINATOR_QUOTA_QUOTA_H

#include "common/base/arena.h"
#include "common/store/store.h"
#include "coordinator/quota/quota_meter.h"

struct quota;

struct quota *quota_create(struct store *store);
/** The store is destroyed before. Accepts NULL, nulls the pointer. */
void quota_destroy(struct quota **quota);

struct quota_charge {
    struct text tenant; /* whose slot it is; borrowed until the answer, as all texts */
    struct text key;    /* what a key's count goes by; empty: there is none */
    struct quota_amounts key_limits;
    struct quota_amounts tenant_limits;
    struct quota_amounts cost;
};

struct quota_result {
    int error;            /* 0; of the store: nothing was taken */
    bool is_refused;      /* then: */
    bool is_of_key;       /* else of the tenant */
    enum quota_kind kind; /* what is used up */
    uint64_t limit;
    uint64_t wait_ms;
};
/** @callback  once, perhaps before quota_take() returns */
typedef void quota_fn(void *context, const struct quota_result *result);
/** @param arena  lives until the answer */
void quota_take(struct quota *quota, struct arena *arena, const struct quota_charge *charge,
                quota_fn *on_taken, void *context);
/** It came to nothing: rows and campaigns are given back. */
void quota_refund(struct quota *quota, struct arena *arena, const struct quota_charge *charge,
                  int64_t taken_unix_ms);

#endif
