/* What warm_records.c and warm_keeper.c share. */
#ifndef HIKYAKU_WORKER_PATHS_WARM_PARTS_H
#define HIKYAKU_WORKER_PATHS_WARM_PARTS_H

#include "common/base/table.h"
#include "worker/paths/warm_records.h"

struct warm_ip {
    const struct warmup_setting *setting; /* NULL: no plan */
    uint64_t loaded_epoch;                /* of the lease under which its states were read */
    bool is_loading;
    bool is_polling;
    bool is_told;                         /* the store holds what is told of the plan */
    struct warmup start;                  /* of sites that come */
    char change[STORE_WARM_CHANGE_BYTES]; /* the last one by an operator that is known */
};

struct warm_records {
    struct warm_settings settings;
    const struct time_zone *zone;
    struct warmup_setting plans[WARMUP_PLANS_MAX];
    size_t plan_count;
    struct warm_ip ips[SENDING_IPS_MAX];
    struct table *table; /* of struct warm_record, by key */
    struct warmup_hour hour;
    struct loop_timer *timer; /* of the keeper */
};

/** "<number of the IP>|<name>". */
#define WARM_PARTS_KEY_BYTES (WARM_RECORDS_NAME_BYTES + 8)

int64_t warm_records_now(const struct warm_records *records);
/** The hour that it is. */
const struct warmup_hour *warm_records_hour(struct warm_records *records);
/** Are the states of its IP those of the store, and is it ours? */
bool warm_records_is_known(const struct warm_records *records, const struct sending_ip *ip);
struct warm_record *warm_records_obtain(struct warm_records *records, struct sending_ip *ip,
                                        struct text name);
const struct warmup_plan *warm_records_plan(const struct warm_records *records,
                                            const struct warm_record *record);
/** Come to today. */
void warm_records_turn(struct warm_records *records, struct warm_record *record);
/** The day whose messages it counts: never one that it has left. */
uint32_t warm_records_day(const struct warm_records *records, const struct warm_record *record);
/** From now on the path shares the record of all sites for which the store has no room. */
void warm_records_share(struct warm_records *records, struct warm_record *record);
/** What is shown of each IP. */
void warm_records_show(struct warm_records *records);

#endif
