/* How far the sending IPs of this worker have warmed up, by site: messages are reserved in the
 * store ahead of need, so that none waits for a round trip. A record outlives its path; of an IP
 * without a plan there is none. What a state means is common/policy/warmup.h's. */
#ifndef HIKYAKU_WORKER_PATHS_WARM_RECORDS_H
#define HIKYAKU_WORKER_PATHS_WARM_RECORDS_H

#include "common/policy/path_profile.h"
#include "common/policy/warmup_hour.h"
#include "common/policy/warmup_setting.h"
#include "common/store/store_warm.h"
#include "worker/paths/sending_ips.h"

#define WARM_RECORDS_NAME_BYTES 256

struct warm_records;

/** Of an IP and a site. */
struct warm_record {
    struct sending_ip *ip;    /* borrowed */
    struct warm_record *rest; /* held: the store has no room for one more, this one is shared */
    struct warmup state;
    uint32_t holders;
    uint32_t tokens; /* reserved for the hour below and not used */
    uint32_t token_day;
    uint32_t token_hour;
    int64_t opens_unix_ms;  /* the quota is used up until then; 0: it is not */
    int64_t closed_unix_ms; /* since then */
    uint64_t kept_ms;       /* monotonic: when its state last went to the store */
    bool is_stored;
    bool is_changed; /* since it went to the store */
    bool is_urgent;  /* that must not wait */
    bool is_asking;
    bool is_wanted; /* somebody waits for a token */
    char name[];
};

/** What the configuration says. */
struct warm_plans {
    const struct config_list *plans; /* of struct warmup_plans_record; not kept */
    const char *zone_name;           /* NULL: UTC */
    const struct time_zone *zone;    /* borrowed; NULL: UTC */
    uint16_t hour_share;             /* permille of a day's quota; 1..1000 */
};

struct warm_settings {
    struct loop *loop;   /* borrowed, like all of these */
    struct store *store; /* NULL: nothing can be reserved */
    struct sending_ips *ips;
    struct warm_plans plans;
    /** The store's clock; NULL: the store's own. */
    int64_t (*now_unix_ms)(void *context);
    /** There is a token for who waited for one, or another quota. */
    void (*on_room)(void *context);
    void *context;
};

struct warm_records *warm_records_create(const struct warm_settings *settings);
/** Nobody holds a record. Answers of the store that are awaited are not taken: destroy it first.
 *  Accepts NULL, nulls the pointer. */
void warm_records_destroy(struct warm_records **records);
/** Other plans (SIGHUP): they hold at once, stages stay. */
void warm_records_use(struct warm_records *records, const struct warm_plans *plans);

/** @return NULL: the IP has no plan, it is warm; all that follows takes NULL */
struct warm_record *warm_records_hold(struct warm_records *records, struct sending_ip *ip,
                                      struct text site);
void warm_records_release(struct warm_record *record);

/** Is there a token? If not, one is asked for: on_room() tells of it. */
bool warm_records_may_send(struct warm_records *records, struct warm_record *record);
/** Is one more connection of use, besides `open` of them? */
bool warm_records_has_room(struct warm_records *records, struct warm_record *record, uint32_t open);
/** A message starts: warm_records_may_send() allowed it. */
void warm_records_take(struct warm_records *records, struct warm_record *record);
/** It did not reach a server after all. @param age_ms  since it was taken: the token of an hour
 * that is over is lost */
void warm_records_give_back(struct warm_records *records, struct warm_record *record,
                            uint64_t age_ms);
/** What a server said to a message. */
void warm_records_heard(struct warm_records *records, struct warm_record *record,
                        const struct path_reply *reply);
void warm_records_complained(struct warm_records *records, struct warm_record *record);
/** How long the quota is used up, ms; 0: it is not. @param ret_age_ms  out: since when */
uint64_t warm_records_wait_ms(const struct warm_records *records, const struct warm_record *record,
                              uint64_t *ret_age_ms);

/** Drain, nothing is sent any more: what was not used goes back. */
void warm_records_leave(struct warm_records *records);
/** How many paths have a quota now, and how many have used it up. */
size_t warm_records_count(const struct warm_records *records, size_t *ret_full);

#endif
