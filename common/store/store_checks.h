/* Is this Redis of the right kind to be the only durable state for mail? Pure: judges what INFO,
 * CONFIG GET and ACL GETUSER answered. */
#ifndef HIKYAKU_COMMON_STORE_STORE_CHECKS_H
#define HIKYAKU_COMMON_STORE_STORE_CHECKS_H

#include "common/store/store.h"

#define STORE_CHECKS_WARNINGS_MAX 6

struct store_checks {
    char version[24];
    char run_id[48];
    char role[16];
    char policy[32];       /* maxmemory-policy */
    char appendfsync[16];  /* "" : CONFIG is forbidden to us */
    char on_rewrite[8];    /* no-appendfsync-on-rewrite */
    uint64_t min_replicas; /* min-replicas-to-write */
    uint64_t max_lag_s;    /* min-replicas-max-lag */
    uint64_t replicas;     /* connected and prompt */
    bool has_aof;
    bool is_default_user_bound; /* transactions in the file are not replayed for it */
    bool is_loading;
    uint64_t used_memory_bytes;
    uint64_t max_memory_bytes;
};

/** Read the answer of INFO; lines that are not known, or too long, are skipped. */
void store_checks_read_info(struct store_checks *checks, struct text info);
/** One pair of CONFIG GET. */
void store_checks_read_config(struct store_checks *checks, struct text name, struct text value);
/**
 * One pair of ACL GETUSER default. Redis up to 8.2 replays what scripts wrote in the name of this
 * user, switched off or not, and drops in silence what it may not do (its issue 14541).
 */
void store_checks_read_user(struct store_checks *checks, struct text name, struct text value);

/** What Redis is wanted for. */
struct store_checks_wishes {
    enum store_durability durability;
    unsigned int replicas; /* that must be there now; 0: this connection writes nothing durable */
};

/** The most that min-replicas-max-lag may be: a master that is cut off must have stopped before
 *  another coordinator may take what was leased there. */
#define STORE_CHECKS_LAG_MAX_S 3

/**
 * @param ret_warnings  what is not as DISK wants it but may be: RELAXED, or CONFIG forbidden
 * @return 0; -EAGAIN (loading, too few replicas: look again; `problem` says which); -EINVAL (of the
 * wrong kind: `problem` names the setting and how to set it; `field` is its name)
 */
MUST_USE int store_checks_judge(const struct store_checks *checks,
                                const struct store_checks_wishes *wishes,
                                const char *ret_warnings[STORE_CHECKS_WARNINGS_MAX + 1],
                                struct problem *problem);

#endif
