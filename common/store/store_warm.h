/* Warm-up of sending IPs: what their holders reserve and remember, fenced by the lease of the IP in
 * its slot, and what operators change. What a state means is common/policy's (warmup.h).
 *
 * Fields of the hash: site -> state; '*' the state of sites that come, '+' of all beyond the most
 * that are remembered; '#plan' what the holder tells of its plan (warmup_setting.h); '#n' the
 * number of the last change that an operator made. */
#ifndef HIKYAKU_COMMON_STORE_STORE_WARM_H
#define HIKYAKU_COMMON_STORE_STORE_WARM_H

#include "common/store/store_ip_sites.h"

#define STORE_WARM_STATE_MAX 512
#define STORE_WARM_ALL "*"
#define STORE_WARM_REST "+"
#define STORE_WARM_PLAN "#plan"
#define STORE_WARM_CHANGE "#n"
/** A change number with NUL; "0": nothing was changed yet. */
#define STORE_WARM_CHANGE_BYTES 24

/** All that is remembered of an IP, in the order of the hash. */
void store_warm_load(struct store *store, struct text ip, store_ip_sites_fn *on_answer,
                     void *context);

struct store_warm_request {
    struct text ip;
    uint64_t epoch;     /* of its lease */
    const char *change; /* the number of the last change that is known */
    struct text site;   /* without '/', or one of the names above */
    struct text state;  /* to be kept; empty: as it is; at most STORE_WARM_STATE_MAX bytes */
    uint32_t day;       /* days since 1970 */
    uint32_t hour;      /* of the day */
    uint32_t day_quota;
    uint32_t hour_quota;
    uint32_t wanted;
    uint32_t
        given_back; /* reserved before in this hour and not used; then do not repeat the call */
};
struct store_warm_answer {
    uint32_t granted; /* may be used in this hour */
    uint32_t day;     /* reserved on the day, what is granted now as well */
    uint32_t hour;    /* of these, in the hour */
};
/** @param error  0; -ESTALE: the IP is not ours; -EBUSY: an operator changed something: load;
 *                 -ENOSPC: too many sites; -EAGAIN; -ECONNRESET: what was wanted may be reserved
 *                 all the same (it is lost, no limit is exceeded) */
typedef void store_warm_reserve_fn(void *context, int error,
                                   const struct store_warm_answer *answer);
void store_warm_reserve(struct store *store, const struct store_warm_request *request,
                        store_warm_reserve_fn *on_answer, void *context);

/** @param change  valid during the call; "0" when nothing was ever changed */
typedef void store_warm_change_fn(void *context, int error, struct text change);
/** The number of the last change. */
void store_warm_ask_change(struct store *store, struct text ip, store_warm_change_fn *on_answer,
                           void *context);

struct store_warm_change {
    struct text ip;
    const char *what; /* set, reset, freeze, unfreeze */
    struct text site; /* empty: the IP, with all its sites */
    uint16_t stage;   /* set */
};
/** @param error  0; -ENOSPC (too many sites, or Redis is full); -EAGAIN, -ECONNRESET (store.h) */
typedef void store_warm_done_fn(void *context, int error);
void store_warm_change(struct store *store, const struct store_warm_change *change,
                       store_warm_done_fn *on_answer, void *context);

#endif
