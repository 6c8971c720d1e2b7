#include "worker/paths/warm_keeper.h"

#include "common/base/log.h"
#include "common/store/store_fleet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_MS 1000
/* A state that has changed but little goes to the store so often, unless a slice takes it along. */
#define LAZY_MS 5000

/* ---------------------------------------------------------------- asking for a slice */

struct asking {
    struct warm_records *records;
    struct warm_record *record; /* held */
    uint64_t epoch;
    uint32_t wanted;
    uint32_t day;
    uint32_t hour;
};

static void on_returned(void *context, int error, const struct store_warm_answer *answer)
{
    (void)context;
    (void)error; /* what got lost is lost: less is sent, never more */
    (void)answer;
}

static struct store_warm_request request_of(const struct warm_records *records,
                                            const struct warm_record *record)
{
    return (struct store_warm_request){.ip = text_of(record->ip->text),
                                       .epoch = record->ip->epoch,
                                       .change = records->ips[record->ip->number].change,
                                       .site = text_of(record->name)};
}

void warm_keeper_return(struct warm_records *records, struct warm_record *record)
{
    struct store_warm_request request = request_of(records, record);
    request.day = record->token_day;
    request.hour = record->token_hour;
    request.given_back = record->tokens;
    record->tokens = 0;
    store_warm_reserve(records->settings.store, &request, on_returned, NULL);
}

static void close_until(struct warm_records *records, struct warm_record *record,
                        const struct store_warm_answer *answer)
{
    const struct warmup_hour *hour = warm_records_hour(records);
    uint32_t quota = warmup_day_quota(warm_records_plan(records, record), &record->state);
    bool is_day_full = answer->day >= quota;
    record->opens_unix_ms = is_day_full ? hour->day_ends_unix_ms : hour->ends_unix_ms;
    record->closed_unix_ms = warm_records_now(records);
    record->is_wanted = false;
    LOG(LOG_WARMUP_FULL, NULL, log_string("site", record->name),
        log_string("sending_ip", record->ip->text), log_string("of", is_day_full ? "day" : "hour"),
        log_number("day", record->state.stage + 1), log_number("quota", quota),
        log_number("reserved", answer->day), log_number("opens", record->opens_unix_ms));
}

static void take_slice(const struct asking *asking, const struct store_warm_answer *answer)
{
    struct warm_records *records = asking->records;
    struct warm_record *record = asking->record;
    bool is_now = asking->hour == warm_records_hour(records)->hour &&
                  asking->day == warm_records_day(records, record);
    if (!is_now) { /* the hour has turned meanwhile: they are given back below */
        record->is_wanted = record->is_wanted || asking->wanted > 0;
    }
    bool is_other_hour = record->tokens > 0 &&
                         (record->token_day != asking->day || record->token_hour != asking->hour);
    if (is_other_hour) {
        warm_keeper_return(records, record);
    }
    record->token_day = asking->day;
    record->token_hour = asking->hour;
    record->tokens += answer->granted;
    if (!is_now && record->tokens > 0) {
        warm_keeper_return(records, record);
        return;
    }
    /* What another worker had reserved and lost counts as used. */
    if (asking->day == record->state.day && answer->day >= record->tokens &&
        answer->day - record->tokens > record->state.used) {
        record->state.used = answer->day - record->tokens;
    }
    if (asking->wanted > 0 && answer->granted == 0) {
        close_until(records, record, answer);
    }
}

static void wake(struct warm_records *records, struct warm_record *record)
{
    if (record->is_wanted && record->tokens > 0) {
        record->is_wanted = false;
        records->settings.on_room(records->settings.context);
    }
}

void warm_keeper_tell(struct warm_records *records)
{
    static const unsigned char nobody[16] = {0};
    if (records->settings.store != NULL && store_is_ready(records->settings.store)) {
        store_fleet_notify(records->settings.store, STORE_NOTICE_PATHS, nobody);
    }
}

static void load(struct warm_records *records, struct sending_ip *ip);

static void on_asked(void *context, int error, const struct store_warm_answer *answer)
{
    struct asking asking = *(struct asking *)context;
    struct warm_records *records = asking.records;
    struct warm_record *record = asking.record;
    free(context);
    record->is_asking = false;
    warm_records_release(record);
    bool is_ours = record->ip->epoch == asking.epoch && warm_records_is_known(records, record->ip);
    if (error == 0) {
        record->is_stored = true;
    }
    if (!is_ours || error == -ECANCELED) {
        return;
    }
    if (error == 0) {
        take_slice(&asking, answer);
        wake(records, record);
    } else if (error == -EBUSY) {
        load(records, record->ip);
    } else if (error == -ENOSPC && record->rest == NULL &&
               strcmp(record->name, STORE_WARM_REST) != 0 && !record->is_stored) {
        warm_records_share(records, record);
        records->settings.on_room(records->settings.context);
    } else {
        record->is_changed = true; /* the next round tries again */
    }
}

/* @param wanted  0: the state alone */
static void reserve(struct warm_records *records, struct warm_record *record, uint32_t wanted)
{
    unsigned char state[WARMUP_SIZE];
    const struct warmup_hour *hour = warm_records_hour(records);
    const struct warmup_setting *setting = records->ips[record->ip->number].setting;
    const struct warmup_plan *plan = warm_records_plan(records, record);
    struct asking *asking = xalloc_zero(1, sizeof *asking);
    warm_records_turn(records, record);
    *asking = (struct asking){
        records, record, record->ip->epoch, wanted, warm_records_day(records, record), hour->hour};
    struct store_warm_request request = request_of(records, record);
    warmup_encode(&record->state, state);
    request.state = (struct text){(const char *)state, sizeof state};
    request.day = asking->day;
    request.hour = asking->hour;
    request.day_quota = warmup_day_quota(plan, &record->state);
    request.hour_quota =
        warmup_hour_quota(request.day_quota, setting != NULL ? setting->hour_share : 1000);
    request.wanted = wanted;
    record->holders++;
    record->is_asking = true;
    record->is_changed = record->is_urgent = false;
    record->kept_ms = loop_now_ms(records->settings.loop);
    store_warm_reserve(records->settings.store, &request, on_asked, asking);
}

void warm_keeper_ask(struct warm_records *records, struct warm_record *record)
{
    warm_records_turn(records, record);
    uint32_t quota = warmup_day_quota(warm_records_plan(records, record), &record->state);
    if (quota != WARMUP_NO_LIMIT) {
        reserve(records, record, warmup_slice(quota, quota));
    }
}

/* ---------------------------------------------------------------- telling what it means */

static void on_told(void *context, int error, const struct store_warm_answer *answer)
{
    bool *is_told = context;
    (void)answer;
    *is_told = *is_told && error == 0;
}

static void tell_plan(struct warm_records *records, const struct sending_ip *ip)
{
    struct warm_ip *warm = &records->ips[ip->number];
    OWNED(buffer_finish) struct buffer told = {0};
    warmup_setting_append(warm->setting, &told);
    warm->is_told = true;
    const struct store_warm_request request = {.ip = text_of(ip->text),
                                               .epoch = ip->epoch,
                                               .change = warm->change,
                                               .site = TEXT(STORE_WARM_PLAN),
                                               .state = buffer_text(&told),
                                               .day = records->hour.day};
    store_warm_reserve(records->settings.store, &request, on_told, &warm->is_told);
}

/* ---------------------------------------------------------------- reading */

struct loading {
    struct warm_records *records;
    struct sending_ip *ip;
    uint64_t epoch;
};

static void take_state(const struct loading *loading, const struct store_ip_site *stored)
{
    struct warm_records *records = loading->records;
    struct warm_ip *ip = &records->ips[loading->ip->number];
    const struct warmup_plan *plan = ip->setting != NULL ? &ip->setting->plan : NULL;
    struct warmup state;
    if (text_equal(stored->site, TEXT(STORE_WARM_CHANGE)) &&
        stored->state.size < sizeof ip->change) {
        memset(ip->change, 0, sizeof ip->change);
        memcpy(ip->change, stored->state.data, stored->state.size);
        return;
    }
    if (plan == NULL || stored->site.size == 0 || stored->site.size >= WARM_RECORDS_NAME_BYTES ||
        stored->site.data[0] == '#' || warmup_decode(plan, stored->state, &state) != 0) {
        return; /* what cannot be read is as never sent */
    }
    if (text_equal(stored->site, TEXT(STORE_WARM_ALL))) {
        ip->start = state;
        return;
    }
    struct warm_record *record = warm_records_obtain(records, loading->ip, stored->site);
    record->state = state;
    record->is_stored = true;
}

/* All of the IP's records as if nothing was known of them. */
static void forget(struct warm_records *records, const struct sending_ip *ip, bool has_other_epoch)
{
    struct table_walk walk;
    struct warm_record *record = table_first(records->table, &walk);
    for (; record != NULL; record = table_next(&walk)) {
        if (record->ip != ip) {
            continue;
        }
        record->tokens = has_other_epoch ? 0 : record->tokens;
        record->opens_unix_ms = 0;
        record->is_changed = record->is_urgent = record->is_stored = false;
        record->state = (struct warmup){.day = 0};
    }
}

/* Sites of which the store knows nothing are what all that come are. */
static void begin(struct warm_records *records, const struct sending_ip *ip)
{
    struct table_walk walk;
    struct warm_record *record = table_first(records->table, &walk);
    for (; record != NULL; record = table_next(&walk)) {
        if (record->ip == ip && !record->is_stored) {
            record->state = records->ips[ip->number].start;
        }
        if (record->ip == ip && record->tokens > 0 &&
            record->token_day != warm_records_day(records, record)) {
            warm_keeper_return(records, record);
        }
    }
}

static void on_loaded(void *context, int error, const struct store_ip_site *states, size_t count)
{
    struct loading loading = *(struct loading *)context;
    struct warm_records *records = loading.records;
    struct warm_ip *ip = &records->ips[loading.ip->number];
    free(context);
    ip->is_loading = false;
    if (error == -ECANCELED || (error != 0 && error != -EPROTO) ||
        loading.ip->epoch != loading.epoch) {
        return; /* asked again with the next round */
    }
    bool is_change = ip->loaded_epoch == loading.epoch;
    forget(records, loading.ip, !is_change);
    ip->start = (struct warmup){.day = 0};
    memcpy(ip->change, "0", sizeof "0");
    for (size_t i = 0; error == 0 && i < count; i++) {
        take_state(&loading, &states[i]);
    }
    ip->loaded_epoch = loading.epoch;
    (void)warm_records_hour(records);
    begin(records, loading.ip);
    LOG(LOG_WARMUP_READ, NULL, log_string("sending_ip", loading.ip->text),
        log_number("sites", (int64_t)count), log_string("change", ip->change));
    if (ip->setting != NULL && !ip->is_told) {
        tell_plan(records, loading.ip);
    }
    records->settings.on_room(records->settings.context);
    if (is_change) {
        warm_keeper_tell(records);
    }
}

static void load(struct warm_records *records, struct sending_ip *ip)
{
    if (records->ips[ip->number].is_loading) {
        return;
    }
    struct loading *loading = xalloc_zero(1, sizeof *loading);
    *loading = (struct loading){records, ip, ip->epoch};
    records->ips[ip->number].is_loading = true;
    store_warm_load(records->settings.store, text_of(ip->text), on_loaded, loading);
}

static void on_change(void *context, int error, struct text change)
{
    struct loading loading = *(struct loading *)context;
    struct warm_ip *ip = &loading.records->ips[loading.ip->number];
    free(context);
    ip->is_polling = false;
    if (error == 0 && loading.ip->epoch == loading.epoch &&
        !text_equal(change, text_of(ip->change))) {
        load(loading.records, loading.ip);
    }
}

/* Has an operator changed something? */
static void poll(struct warm_records *records, struct sending_ip *ip)
{
    if (records->ips[ip->number].is_polling || records->ips[ip->number].is_loading) {
        return;
    }
    struct loading *loading = xalloc_zero(1, sizeof *loading);
    *loading = (struct loading){records, ip, ip->epoch};
    records->ips[ip->number].is_polling = true;
    store_warm_ask_change(records->settings.store, text_of(ip->text), on_change, loading);
}

/* ---------------------------------------------------------------- each second */

static void keep_ip(struct warm_records *records, struct sending_ip *ip)
{
    struct warm_ip *warm = &records->ips[ip->number];
    if (warm->setting == NULL || ip->state != SENDING_IP_OWNED) {
        return;
    }
    if (warm->loaded_epoch != ip->epoch) {
        warm->is_told = false;
        load(records, ip);
        return;
    }
    poll(records, ip);
    if (!warm->is_told) {
        tell_plan(records, ip);
    }
}

static bool is_late(const struct warm_records *records, const struct warm_record *record)
{
    return record->is_urgent || loop_now_ms(records->settings.loop) - record->kept_ms >= LAZY_MS;
}

/* Come to this hour, and give back what was reserved for another. */
static void come_to_now(struct warm_records *records, struct warm_record *record)
{
    if (record->holders > 0 || record->state.used > 0) {
        warm_records_turn(records, record);
    }
    bool is_over = record->token_hour != records->hour.hour ||
                   record->token_day != warm_records_day(records, record);
    if (record->tokens > 0 && is_over) {
        warm_keeper_return(records, record);
    }
}

static bool is_of_use(const struct warm_record *record)
{
    return record->holders > 0 || record->is_stored || record->is_asking;
}

/* @return false: nothing is to be remembered of it, and nobody holds it */
static bool keep_record(struct warm_records *records, struct warm_record *record)
{
    if (!warm_records_is_known(records, record->ip)) {
        return is_of_use(record);
    }
    come_to_now(records, record);
    if (record->is_asking || (record->rest != NULL && record->holders > 0)) {
        return true;
    }
    if (record->rest != NULL) {
        warm_records_release(record->rest);
        return false;
    }
    if (record->is_wanted && record->opens_unix_ms <= warm_records_now(records)) {
        warm_keeper_ask(records, record);
    } else if (record->is_changed && is_late(records, record) &&
               (record->is_stored || record->state.used > 0)) {
        reserve(records, record, 0);
    }
    return is_of_use(record) || record->tokens > 0;
}

static void on_keep(void *context)
{
    struct warm_records *records = context;
    struct sending_ips *ips = records->settings.ips;
    (void)warm_records_hour(records);
    for (size_t i = 0; i < ips->count && store_is_ready(records->settings.store); i++) {
        keep_ip(records, &ips->items[i]);
    }
    struct table_walk walk;
    struct warm_record *record = table_first(records->table, &walk);
    while (record != NULL && store_is_ready(records->settings.store)) {
        char key[WARM_PARTS_KEY_BYTES];
        bool is_kept = keep_record(records, record);
        if (!is_kept) {
            (void)snprintf(key, sizeof key, "%u|%s", (unsigned int)record->ip->number,
                           record->name);
            (void)table_remove(records->table, text_of(key));
            free(record);
        }
        record = table_next(&walk);
    }
    warm_records_show(records);
}

void warm_keeper_start(struct warm_records *records)
{
    if (records->settings.store != NULL) {
        records->timer = loop_timer_create(records->settings.loop, on_keep, records);
        loop_timer_start(records->timer, 100, KEEP_MS);
    }
}
