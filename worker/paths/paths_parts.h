/* What the files of this folder share. */
#ifndef HIKYAKU_WORKER_PATHS_PATHS_PARTS_H
#define HIKYAKU_WORKER_PATHS_PATHS_PARTS_H

#include "common/base/table.h"
#include "common/policy/path_state.h"
#include "worker/paths/paths.h"

/** What the store holds of a path. */
struct paths_memory {
    size_t size;
    unsigned char bytes[PATH_STATE_BYTES_MAX];
};

struct paths_history;
struct shadow;

struct paths {
    struct paths_settings settings;
    struct provider_profiles *profiles;
    struct warm_records *warm;
    struct sites *sites;
    struct senders *senders;
    struct table *table;    /* of struct path, by key */
    struct table *memories; /* of struct paths_memory, by key */
    struct metric *decisions[PATH_DECISION_KIND_LIMIT];
    struct loop_timer *timer;                /* of the keeper */
    struct paths_history *history;           /* owned */
    struct shadow *shadow;                   /* owned; NULL: nothing is tried */
    uint64_t loaded_epoch[SENDING_IPS_MAX];  /* of the lease under which an IP's was read */
    uint64_t loading_epoch[SENDING_IPS_MAX]; /* 0: nothing is asked */
    bool is_saving[SENDING_IPS_MAX];
};

/** Log it, count it, write it down. @param event  what made it; NULL: time, or an operator */
void paths_tell(struct paths *paths, struct path *path, const struct path_decision *decision,
                const struct path_event *event, struct text reply);
/** "<number of the IP>|<site>". */
void paths_key(const struct sending_ip *ip, struct text site, char ret_key[PATHS_SITE_BYTES + 8]);

#endif
