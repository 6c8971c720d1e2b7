#include "worker/paths/warm_records.h"

#include "common/base/log.h"
#include "worker/paths/warm_keeper.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- plans and time */

int64_t warm_records_now(const struct warm_records *records)
{
    return records->settings.now_unix_ms != NULL
               ? records->settings.now_unix_ms(records->settings.context)
               : store_now_unix_ms(records->settings.store);
}

const struct warmup_hour *warm_records_hour(struct warm_records *records)
{
    int64_t now_ms = warm_records_now(records);
    if (now_ms < records->hour.starts_unix_ms || now_ms >= records->hour.ends_unix_ms) {
        records->hour = warmup_hour_at(records->zone, now_ms);
    }
    return &records->hour;
}

static const struct warmup_setting *setting_of(const struct warm_records *records, const char *name)
{
    for (size_t i = 0; name != NULL && i < records->plan_count; i++) {
        if (strcmp(records->plans[i].name, name) == 0) {
            return &records->plans[i];
        }
    }
    return NULL;
}

static void read_plans(struct warm_records *records, const struct warm_plans *plans)
{
    const struct warmup_plans_record *given = plans->plans->items;
    records->zone = plans->zone;
    records->hour = (struct warmup_hour){.day = 0};
    records->plan_count = plans->plans->count;
    assert(records->plan_count <= WARMUP_PLANS_MAX);
    for (size_t i = 0; i < records->plan_count; i++) {
        struct warmup_setting *setting = &records->plans[i];
        *setting = (struct warmup_setting){.hour_share = plans->hour_share};
        warmup_plans_read(&given[i], &setting->plan);
        (void)snprintf(setting->name, sizeof setting->name, "%s", given[i].name);
        (void)snprintf(setting->zone, sizeof setting->zone, "%s",
                       plans->zone_name != NULL ? plans->zone_name : "");
    }
    for (size_t i = 0; i < SENDING_IPS_MAX; i++) {
        const struct sending_ip *ip = &records->settings.ips->items[i];
        records->ips[i].setting = setting_of(records, ip->warmup);
        records->ips[i].is_told = false;
    }
}

struct warm_records *warm_records_create(const struct warm_settings *settings)
{
    struct warm_records *records = xalloc_zero(1, sizeof *records);
    records->settings = *settings;
    records->table = table_create();
    read_plans(records, &settings->plans);
    warm_keeper_start(records);
    return records;
}

void warm_records_destroy(struct warm_records **records)
{
    if (*records == NULL) {
        return;
    }
    struct table_walk walk;
    struct warm_record *record = table_first((*records)->table, &walk);
    for (; record != NULL; record = table_next(&walk)) {
        free(record);
    }
    table_destroy(&(*records)->table);
    loop_timer_destroy(&(*records)->timer);
    free(*records);
    *records = NULL;
}

void warm_records_use(struct warm_records *records, const struct warm_plans *plans)
{
    struct table_walk walk;
    read_plans(records, plans);
    struct warm_record *record = table_first(records->table, &walk);
    for (; record != NULL; record = table_next(&walk)) {
        record->opens_unix_ms = 0;
    }
    records->settings.on_room(records->settings.context);
    warm_keeper_tell(records);
}

/* ---------------------------------------------------------------- records */

struct warm_record *warm_records_obtain(struct warm_records *records, struct sending_ip *ip,
                                        struct text name)
{
    char key[WARM_PARTS_KEY_BYTES];
    (void)snprintf(key, sizeof key, "%u|%.*s", (unsigned int)ip->number, TEXT_PRINT(name));
    struct warm_record *record = table_get(records->table, text_of(key));
    if (record == NULL) {
        record = xalloc_zero(1, sizeof *record + name.size + 1);
        record->ip = ip;
        record->state = records->ips[ip->number].start;
        memcpy(record->name, name.data, name.size);
        (void)table_put(records->table, text_of(key), record);
    }
    return record;
}

/* Names of sites come from DNS: others may not look like what is the IP's own. */
static bool is_name(struct text site)
{
    for (size_t i = 0; i < site.size; i++) {
        unsigned char byte = (unsigned char)site.data[i];
        if (byte <= ' ' || byte >= 127 || strchr("/#*+|", byte) != NULL) {
            return false;
        }
    }
    return site.size > 0 && site.size < WARM_RECORDS_NAME_BYTES;
}

struct warm_record *warm_records_hold(struct warm_records *records, struct sending_ip *ip,
                                      struct text site)
{
    if (records->ips[ip->number].setting == NULL) {
        return NULL;
    }
    struct warm_record *record =
        warm_records_obtain(records, ip, is_name(site) ? site : TEXT(STORE_WARM_REST));
    record->holders++;
    return record;
}

void warm_records_release(struct warm_record *record)
{
    if (record != NULL) {
        assert(record->holders > 0);
        record->holders--;
    }
}

void warm_records_share(struct warm_records *records, struct warm_record *record)
{
    assert(strcmp(record->name, STORE_WARM_REST) != 0);
    record->rest = warm_records_obtain(records, record->ip, TEXT(STORE_WARM_REST));
    record->rest->holders++;
    record->rest->is_wanted = record->rest->is_wanted || record->is_wanted;
    record->is_wanted = record->is_changed = false;
}

static struct warm_record *shared(struct warm_record *record)
{
    return record->rest != NULL ? record->rest : record;
}

const struct warmup_plan *warm_records_plan(const struct warm_records *records,
                                            const struct warm_record *record)
{
    static const struct warmup_plan none; /* a reload may have taken the plan away */
    const struct warmup_setting *setting = records->ips[record->ip->number].setting;
    return setting != NULL ? &setting->plan : &none;
}

bool warm_records_is_known(const struct warm_records *records, const struct sending_ip *ip)
{
    return ip->state == SENDING_IP_OWNED && records->ips[ip->number].loaded_epoch == ip->epoch;
}

uint32_t warm_records_day(const struct warm_records *records, const struct warm_record *record)
{
    return record->state.day > records->hour.day ? record->state.day : records->hour.day;
}

void warm_records_turn(struct warm_records *records, struct warm_record *record)
{
    const struct warmup_hour *hour = warm_records_hour(records);
    uint16_t before = record->state.stage;
    if (hour->day <= record->state.day ||
        !warmup_turn(warm_records_plan(records, record), &record->state, hour->day)) {
        return;
    }
    record->opens_unix_ms = 0;
    record->is_changed = true;
    if (record->state.stage != before) {
        record->is_urgent = true;
        LOG(LOG_WARMUP_TURNED, NULL, log_string("site", record->name),
            log_string("sending_ip", record->ip->text), log_number("before", before + 1),
            log_number("after", record->state.stage + 1));
    }
}

/* ---------------------------------------------------------------- sending */

/* No message of a warm one is counted against anything. */
static bool is_warm(struct warm_records *records, struct warm_record *record)
{
    warm_records_turn(records, record);
    return warmup_is_warm(warm_records_plan(records, record), &record->state);
}

static uint32_t tokens_of(struct warm_records *records, struct warm_record *record)
{
    bool is_now = record->token_hour == warm_records_hour(records)->hour &&
                  record->token_day == warm_records_day(records, record);
    return is_now ? record->tokens : 0;
}

static bool is_closed(const struct warm_records *records, const struct warm_record *record)
{
    return record->opens_unix_ms > warm_records_now(records);
}

static void ask(struct warm_records *records, struct warm_record *record)
{
    if (!record->is_asking && !is_closed(records, record) &&
        warm_records_is_known(records, record->ip)) {
        warm_keeper_ask(records, record);
    }
}

bool warm_records_may_send(struct warm_records *records, struct warm_record *record)
{
    if (record == NULL) {
        return true;
    }
    record = shared(record);
    bool is_known = warm_records_is_known(records, record->ip);
    if (is_known && (is_warm(records, record) || tokens_of(records, record) > 0)) {
        return true;
    }
    record->is_wanted = true;
    ask(records, record);
    return false;
}

bool warm_records_has_room(struct warm_records *records, struct warm_record *record, uint32_t open)
{
    if (!warm_records_may_send(records, record)) {
        return false;
    }
    if (record == NULL || is_warm(records, shared(record))) {
        return true;
    }
    return open < tokens_of(records, shared(record));
}

void warm_records_take(struct warm_records *records, struct warm_record *record)
{
    if (record == NULL) {
        return;
    }
    record = shared(record);
    bool is_first = record->state.used == 0;
    warmup_used(&record->state, 1);
    if (is_warm(records, record)) {
        record->is_changed = record->is_changed || is_first; /* the day is what counts */
        return;
    }
    record->tokens -= record->tokens > 0;
    record->is_changed = true;
    uint32_t quota = warmup_day_quota(warm_records_plan(records, record), &record->state);
    if (record->tokens <= warmup_slice(quota, quota) / 2) {
        ask(records, record);
    }
}

void warm_records_give_back(struct warm_records *records, struct warm_record *record,
                            uint64_t age_ms)
{
    if (record == NULL || is_warm(records, shared(record)) || shared(record)->state.used == 0) {
        return;
    }
    record = shared(record);
    const struct warmup_hour *hour = warm_records_hour(records);
    bool is_of_now = warm_records_now(records) - (int64_t)age_ms >= hour->starts_unix_ms;
    if (is_of_now && record->token_hour == hour->hour &&
        record->token_day == warm_records_day(records, record)) {
        record->state.used--;
        record->tokens++;
    }
}

/* ---------------------------------------------------------------- what is said of it */

static void slow_down(struct warm_records *records, struct warm_record *record)
{
    const struct warmup_plan *plan = warm_records_plan(records, record);
    const struct warmup *state = &record->state;
    uint32_t quota = warmup_day_quota(plan, state);
    record->is_changed = record->is_urgent = true;
    LOG(LOG_WARMUP_SLOWED, NULL, log_string("site", record->name),
        log_string("sending_ip", record->ip->text),
        log_string("verdict", state->verdict == WARMUP_BACK ? "back" : "stay"),
        log_number("quota", quota), log_number("attempts", state->seen.attempts),
        log_number("deferred", state->seen.deferred), log_number("blocked", state->seen.blocked),
        log_number("unknown", state->seen.unknown),
        log_number("complained", state->seen.complained));
    if (state->used >= quota && record->tokens > 0) {
        warm_keeper_return(records, record);
    }
}

void warm_records_heard(struct warm_records *records, struct warm_record *record,
                        const struct path_reply *reply)
{
    if (record != NULL && !is_warm(records, shared(record)) &&
        warmup_heard(&shared(record)->state, reply->reply_class, reply->smtp)) {
        slow_down(records, shared(record));
    }
}

void warm_records_complained(struct warm_records *records, struct warm_record *record)
{
    if (record != NULL && !is_warm(records, shared(record)) &&
        warmup_complained(&shared(record)->state)) {
        slow_down(records, shared(record));
    }
}

uint64_t warm_records_wait_ms(const struct warm_records *records, const struct warm_record *record,
                              uint64_t *ret_age_ms)
{
    *ret_age_ms = 0;
    record = record != NULL && record->rest != NULL ? record->rest : record;
    if (record == NULL || record->opens_unix_ms == 0 || record->tokens > 0) {
        return 0;
    }
    int64_t now_ms = warm_records_now(records);
    if (record->opens_unix_ms <= now_ms) {
        return 0;
    }
    *ret_age_ms = now_ms > record->closed_unix_ms ? (uint64_t)(now_ms - record->closed_unix_ms) : 0;
    return (uint64_t)(record->opens_unix_ms - now_ms);
}

/* ---------------------------------------------------------------- all of them */

void warm_records_leave(struct warm_records *records)
{
    struct table_walk walk;
    struct warm_record *record = table_first(records->table, &walk);
    for (; record != NULL; record = table_next(&walk)) {
        if (record->tokens > 0 && warm_records_is_known(records, record->ip)) {
            warm_keeper_return(records, record);
        }
    }
}

size_t warm_records_count(const struct warm_records *records, size_t *ret_full)
{
    size_t count = 0;
    struct table_walk walk;
    const struct warm_record *record = table_first(records->table, &walk);
    *ret_full = 0;
    for (; record != NULL; record = table_next(&walk)) {
        bool is_cold = record->holders > 0 && record->rest == NULL &&
                       !warmup_is_warm(warm_records_plan(records, record), &record->state);
        count += is_cold;
        *ret_full += is_cold && is_closed(records, record);
    }
    return count;
}

static void add_to_view(struct warm_records *records, const struct warm_record *record)
{
    struct sending_ip_warmup *view = &record->ip->warm;
    const struct warmup_plan *plan = warm_records_plan(records, record);
    bool is_today = record->state.used > 0 && record->state.day >= records->hour.day;
    if (!is_today || record->rest != NULL || warmup_is_warm(plan, &record->state)) {
        return;
    }
    uint32_t quota = warmup_day_quota(plan, &record->state);
    view->sites++;
    view->full += is_closed(records, record);
    view->opens_unix_ms = view->opens_unix_ms == 0 || record->opens_unix_ms < view->opens_unix_ms
                              ? record->opens_unix_ms
                              : view->opens_unix_ms;
    /* Its stage is that of the site which it may send most to. */
    if (view->sites == 1 || record->state.stage + 1 > view->day) {
        view->day = (uint16_t)(record->state.stage + 1);
        view->is_frozen = record->state.is_frozen != 0;
    }
    view->used += record->state.used;
    view->quota += quota;
}

void warm_records_show(struct warm_records *records)
{
    struct table_walk walk;
    (void)warm_records_hour(records);
    for (size_t i = 0; i < records->settings.ips->count; i++) {
        const struct warm_ip *ip = &records->ips[i];
        struct sending_ip_warmup *view = &records->settings.ips->items[i].warm;
        *view = (struct sending_ip_warmup){.day = 0};
        if (ip->setting != NULL) {
            uint16_t stage = ip->start.stage;
            view->days = ip->setting->plan.days;
            view->day = stage < view->days ? (uint16_t)(stage + 1) : (uint16_t)(view->days + 1);
            view->is_frozen = ip->start.is_frozen != 0;
        }
    }
    const struct warm_record *record = table_first(records->table, &walk);
    for (; record != NULL; record = table_next(&walk)) {
        add_to_view(records, record);
    }
}
