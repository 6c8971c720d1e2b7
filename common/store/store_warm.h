/* Warm-up of the sending IPs that this session holds: what it reserves and what it remembers,
 * fenced by the lease of the IP in its slot. What a state means is common/policy's (warmup.h). */
#ifndef HIKYAKU_COMMON_STORE_STORE_WARM_H
#define HIKYAKU_COMMON_STORE_STORE_WARM_H

#include "common/store/store_ip_sites.h"

#define STORE_WARM_STATE_MAX 64

/** All that is remembered of an IP; read once, when it was taken. */
void store_warm_load(struct store *store, struct text ip, store_ip_sites_fn *on_answer,
                     void *context);

struct store_warm_request {
    struct text ip;
    uint64_t epoch;    /* of its lease */
    struct text site;  /* without '/' */
    struct text state; /* to be kept; empty: as it is; at most STORE_WARM_STATE_MAX bytes */
    uint32_t day;      /* days since 1970 */
    uint32_t hour;     /* of the day */
    uint32_t day_quota;
    uint32_t hour_quota;
    uint32_t wanted;
    uint32_t
        given_back; /* reserved before in this hour and not used; then do not repeat the call */
};
/** @param error  0; -ESTALE: the IP is not ours; -ENOSPC: too many sites; -EAGAIN; -ECONNRESET:
 *                 what was wanted may be reserved all the same (it is lost, no limit is exceeded)
 *  @param granted  may be used in this hour */
typedef void store_warm_reserve_fn(void *context, int error, uint32_t granted);
void store_warm_reserve(struct store *store, const struct store_warm_request *request,
                        store_warm_reserve_fn *on_answer, void *context);

#endif
