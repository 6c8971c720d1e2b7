/* The sending IPs of this worker, by pool: which are ours now, and whose turn it is. Pure. */
#ifndef HIKYAKU_WORKER_PATHS_SENDING_IPS_H
#define HIKYAKU_WORKER_PATHS_SENDING_IPS_H

#include "common/net/stream.h"

#define SENDING_IPS_MAX 256
#define SENDING_IP_LISTS_MAX 16

enum sending_ip_state {
    SENDING_IP_WAITING,  /* somebody else holds its lease, or nobody has answered yet */
    SENDING_IP_OWNED,    /* ours: the keeper renews it */
    SENDING_IP_UNUSABLE, /* cannot be bound on this machine */
};

/** Its warm-up today, as screens show it: of the sites it sends to. */
struct sending_ip_warmup {
    uint16_t day;          /* of the plan, from 1; days + 1: warm */
    uint16_t days;         /* 0: no plan */
    uint32_t sites;        /* of today that have a quota, */
    uint32_t full;         /* those that have used it up, */
    uint64_t used;         /* messages to them, */
    uint64_t quota;        /* of so many */
    int64_t opens_unix_ms; /* when all are full: the first that is not any more */
    bool is_frozen;
};

struct sending_ip {
    const char *pool; /* borrowed, like ehlo and warmup */
    const char *ehlo;
    const char *warmup;            /* name of its plan; NULL: it is warm */
    struct stream_address address; /* port 0 */
    char text[STREAM_ADDRESS_LENGTH];
    uint16_t number; /* its place in the list */
    enum sending_ip_state state;
    uint64_t epoch;      /* of its lease */
    bool was_taken_over; /* its last holder died: it starts gently */
    uint64_t sent;       /* messages accepted by servers today (UTC) */
    const char
        *listed_on[SENDING_IP_LISTS_MAX]; /* block lists, by their place; borrowed; NULL: not */
    bool is_stopped;                      /* by an operator: not used, as if it were not ours */
    struct sending_ip_warmup warm;
};

struct sending_ips {
    struct sending_ip items[SENDING_IPS_MAX];
    size_t count;
    size_t turn;
};

/** @return 0; -EINVAL (no address); -EEXIST (there already); -ENOSPC */
MUST_USE int sending_ips_add(struct sending_ips *ips, const char *pool, const char *address,
                             const char *ehlo);
/** May this one get another connection? */
typedef bool sending_ips_fits_fn(void *context, struct sending_ip *ip);
/**
 * The owned IP of a pool and family whose turn it is.
 * @param fits          says which have room
 * @param ret_is_owned  out: some IP of the pool and family is ours, whether it fits or not
 * @return NULL: none fits
 */
struct sending_ip *sending_ips_pick(struct sending_ips *ips, struct text pool, bool is_v6,
                                    sending_ips_fits_fn *fits, void *context, bool *ret_is_owned);
/** How many IPs of the pool are ours and may be used. */
size_t sending_ips_owned(const struct sending_ips *ips, struct text pool);

#endif
