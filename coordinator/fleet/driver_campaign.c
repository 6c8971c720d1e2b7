/* One campaign in the driver's hands. */
#include "coordinator/fleet/driver_inside.h"

#include "common/base/log.h"
#include "common/net/loop.h"
#include "common/policy/reply_class.h"
#include "hikyaku/v1/api.pb-c.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* Seconds before keys that are missing are looked for again. */
#define KEY_WAIT_TICKS 10
/* A container's batches that are not due yet are looked through for expired ones so often. */
#define EXPIRED_TICKS 10

static struct text id_key(const unsigned char id[16])
{
    return (struct text){(const char *)id, 16};
}

struct driver_campaign *driver_campaign_find(const struct driver *driver,
                                             const unsigned char id[16])
{
    return table_get(driver->campaigns, id_key(id));
}

struct driver_campaign *driver_campaign_obtain(struct driver *driver, const unsigned char id[16])
{
    struct driver_campaign *campaign = driver_campaign_find(driver, id);
    if (campaign != NULL) {
        return campaign;
    }
    campaign = xalloc_zero(1, sizeof *campaign);
    campaign->driver = driver;
    memcpy(campaign->id, id, sizeof campaign->id);
    identity_campaign_to_text(id, campaign->id_text);
    campaign->partition = identity_partition(id);
    (void)table_put(driver->campaigns, id_key(campaign->id), campaign);
    DL_APPEND(driver->partitions[campaign->partition].campaigns, campaign);
    return campaign;
}

static void drop_ready(struct driver_campaign *campaign)
{
    if (campaign->ready != NULL) {
        ready_drop_campaign(campaign->driver->settings.ready, &campaign->ready);
    }
}

static void free_if_unused(struct driver_campaign *campaign)
{
    if (!campaign->is_gone || campaign->calls > 0 || campaign->is_dirty) {
        return;
    }
    free(campaign->tenant);
    free(campaign->pool);
    free(campaign);
}

static void forget_dirty(struct driver_campaign *campaign)
{
    struct driver_campaign **place = &campaign->driver->dirty;
    while (*place != NULL && *place != campaign) {
        place = &(*place)->dirty_next;
    }
    if (*place != NULL) {
        *place = campaign->dirty_next;
    }
    campaign->is_dirty = false;
}

void driver_campaign_drop(struct driver_campaign *campaign)
{
    struct driver *driver = campaign->driver;
    (void)table_remove(driver->campaigns, id_key(campaign->id));
    DL_DELETE(driver->partitions[campaign->partition].campaigns, campaign);
    drop_ready(campaign);
    catalog_release(&campaign->loaded);
    forget_dirty(campaign);
    campaign->is_gone = true;
    free_if_unused(campaign);
}

struct driver_campaign *driver_campaign_hold(struct driver_campaign *campaign)
{
    campaign->calls++;
    return campaign;
}

bool driver_campaign_answered(struct driver_campaign *campaign)
{
    bool is_here = !campaign->is_gone;
    campaign->calls--;
    free_if_unused(campaign);
    return is_here;
}

struct drive_time driver_campaign_time(const struct driver *driver)
{
    int64_t skew_ms = store_clock_skew_ms(driver->settings.store);
    bool is_doubted = skew_ms > DRIVER_SKEW_MAX_MS || skew_ms < -DRIVER_SKEW_MAX_MS;
    return (struct drive_time){.now_unix_ms = store_now_unix_ms(driver->settings.store),
                               .is_doubted = is_doubted,
                               .is_stopped = driver_is_stopped(driver)};
}

static const char *state_name(uint8_t state)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&hikyaku__v1__campaign_state__descriptor, state);
    return value == NULL ? "UNKNOWN" : value->name + sizeof "CAMPAIGN_STATE_" - 1;
}

static void take_header(struct driver_campaign *campaign, const struct store_campaign *header)
{
    if (campaign->tenant == NULL) {
        campaign->tenant = text_to_string(header->tenant);
        campaign->pool = text_to_string(header->pool);
        campaign->lane = header->lane;
    }
    if (campaign->facts.state != header->state && !header->is_container) {
        LOG(LOG_CAMPAIGN_STATE, NULL, log_string("campaign", campaign->id_text),
            log_string("state", state_name(header->state)));
    }
    const struct driver_settings *settings = &campaign->driver->settings;
    const struct drive_facts_sources sources = {.stops = settings->stops,
                                                .windows = settings->windows,
                                                .now_unix_ms = store_now_unix_ms(settings->store)};
    campaign->facts = drive_facts_of(header, &sources, NULL);
    campaign->quarantined = header->gates[GATE_QUARANTINED];
    campaign->canary_batches = store_canary_is_open(header) ? header->canary.batches : 0;
    campaign->held_by_paths = header->gates[GATE_WARMUP_QUOTA] + header->gates[GATE_SITE_SUSPENDED];
    bool is_changed = campaign->word != 0 && campaign->word != header->word;
    campaign->word = header->word;
    if (is_changed) {
        settings->on_word(settings->context, campaign->id, header->word);
    }
}

static void on_transition(void *context, int error, const struct store_campaign *header)
{
    (void)error;
    (void)header;
    struct driver_campaign *campaign = context;
    if (driver_campaign_answered(campaign)) {
        driver_campaign_look_soon(campaign);
    }
}

/* Once it is closed, its last row ends it; only a lost answer calls for another try. */
static void on_closed(void *context, int error, const struct store_campaign *header)
{
    (void)header;
    struct driver_campaign *campaign = context;
    campaign->is_closing = error == 0;
    if (driver_campaign_answered(campaign)) {
        driver_campaign_look_soon(campaign);
    }
}

/* The state that a lost key leaves behind ends by itself when the key is back. */
static void note_load_error(struct driver_campaign *campaign, int error)
{
    bool is_store = error == -EAGAIN || error == -ECONNRESET || error == -ECANCELED;
    campaign->load_wait_ticks = is_store ? 1 : KEY_WAIT_TICKS;
    if (is_store || error == -EOWNERDEAD) {
        return; /* the header says so now */
    }
    if (!campaign->lacks_key) {
        LOG(LOG_CAMPAIGN_KEY, NULL, log_string("campaign", campaign->id_text),
            log_number("error", error));
    }
    campaign->lacks_key = true;
}

static void on_loaded(void *context, int error, struct catalog_campaign *loaded)
{
    struct driver_campaign *campaign = context;
    campaign->is_loading = false;
    if (!driver_campaign_answered(campaign)) {
        catalog_release(&loaded);
        return;
    }
    if (error != 0) {
        note_load_error(campaign, error);
        return;
    }
    campaign->lacks_key = false;
    campaign->loaded = loaded;
    driver_campaign_look_soon(campaign);
}

static void load(struct driver_campaign *campaign)
{
    if (campaign->is_loading) {
        return;
    }
    if (campaign->load_wait_ticks > 0) {
        campaign->load_wait_ticks--;
        return;
    }
    campaign->is_loading = true;
    catalog_load(campaign->driver->settings.catalog, campaign->id, on_loaded,
                 driver_campaign_hold(campaign));
}

enum ready_lane driver_campaign_lane(const struct driver_campaign *campaign)
{
    return campaign->lane == HIKYAKU__V1__LANE__LANE_TRANSACTIONAL ? READY_TRANSACTIONAL
                                                                   : READY_BULK;
}

static void offer(struct driver_campaign *campaign)
{
    struct ready *ready = campaign->driver->settings.ready;
    if (campaign->loaded == NULL) {
        load(campaign);
        return;
    }
    if (campaign->ready == NULL) {
        campaign->ready =
            ready_add_campaign(ready, campaign->id, text_of(campaign->tenant),
                               text_of(campaign->pool), driver_campaign_lane(campaign));
    }
    ready_hold(ready, campaign->ready, driver_limits_hold(campaign));
    driver_list_start(campaign, DRIVER_LIST_DUE, OUTCOME_PENDING);
}

/* What is not to be offered waits in the queues while it may go on, else it leaves them. */
static void withhold(struct driver_campaign *campaign, bool is_ending)
{
    if (is_ending) {
        drop_ready(campaign);
    } else if (campaign->ready != NULL) {
        ready_hold(campaign->driver->settings.ready, campaign->ready, true);
    }
}

static void act(struct driver_campaign *campaign)
{
    struct driver *driver = campaign->driver;
    struct drive_time time = driver_campaign_time(driver);
    struct drive_decision decision;
    drive_rule_decide(&campaign->facts, &time, &decision);
    if (decision.is_over) {
        driver_campaign_drop(campaign);
        return;
    }
    (void)driver_campaign_hold(campaign); /* what follows may be answered at once */
    if (decision.offers) {
        driver_hasten(campaign);
        offer(campaign);
    } else {
        withhold(campaign, decision.sweeps != OUTCOME_PENDING);
    }
    if (decision.sweeps != OUTCOME_PENDING) {
        driver_list_start(campaign, DRIVER_LIST_ALL, decision.sweeps);
    } else if (decision.expires_each && driver->ticks % EXPIRED_TICKS == 0) {
        driver_list_start(campaign, DRIVER_LIST_EXPIRED, OUTCOME_EXPIRED);
    }
    if (decision.starts) {
        store_campaign_start(driver->settings.store, campaign->id, on_transition,
                             driver_campaign_hold(campaign));
    }
    if (decision.lapses) {
        driver_approval_lapse(campaign);
    }
    if (decision.closes && !campaign->is_closing) {
        campaign->is_closing = true;
        store_campaign_close(driver->settings.store, campaign->id, on_closed,
                             driver_campaign_hold(campaign));
    }
    (void)driver_campaign_answered(campaign);
}

/* A list that does so much harm stops by itself, once; a person lets it go on. */
static void judge(struct driver_campaign *campaign, const struct store_campaign *header)
{
    const struct breaker_limits *limits = &campaign->driver->settings.breaker;
    uint64_t complained = header->outcomes[OUTCOME_COMPLAINED];
    const struct breaker_counts counts = {
        .delivered = header->outcomes[OUTCOME_DELIVERED] + complained,
        .bounced = header->outcomes[OUTCOME_BOUNCED] + header->outcomes[OUTCOME_LATE_BOUNCED],
        .unknown = header->bounced[REPLY_CLASS_BAD_MAILBOX],
        .complained = complained,
    };
    bool may_trip = header->state == HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_RUNNING &&
                    header->mode != HIKYAKU__V1__MODE__MODE_SANDBOX && !header->is_container &&
                    header->tripped.size == 0;
    enum breaker_reason reason = may_trip ? breaker_judge(limits, &counts) : BREAKER_NONE;
    if (reason == BREAKER_NONE) {
        return;
    }
    char text[BREAKER_TEXT_BYTES];
    breaker_tell(reason, limits, &counts, text);
    LOG(LOG_CAMPAIGN_TRIPPED, NULL, log_string("campaign", campaign->id_text),
        log_string("reason", text));
    store_campaign_control(campaign->driver->settings.store, campaign->id, STORE_CONTROL_TRIP,
                           text_of(text), on_transition, driver_campaign_hold(campaign));
}

static void on_header(void *context, int error, const struct store_campaign *header)
{
    struct driver_campaign *campaign = context;
    campaign->is_reading = false;
    if (!driver_campaign_answered(campaign)) {
        return;
    }
    if (error == -ENOENT) {
        driver_campaign_drop(campaign);
    } else if (error == 0) {
        take_header(campaign, header);
        judge(campaign, header);
        driver_canary_look(campaign, header);
        act(campaign);
    }
}

void driver_campaign_look(struct driver_campaign *campaign)
{
    if (campaign->is_reading) {
        return;
    }
    campaign->is_reading = true;
    campaign->looked_ms = loop_now_ms(campaign->driver->settings.loop);
    store_campaign_get(campaign->driver->settings.store, campaign->id, on_header,
                       driver_campaign_hold(campaign));
}

void driver_campaign_doubt(struct driver_campaign *campaign)
{
    withhold(campaign, false);
    driver_campaign_look_soon(campaign);
}

void driver_campaign_look_soon(struct driver_campaign *campaign)
{
    struct driver *driver = campaign->driver;
    if (campaign->is_dirty) {
        return;
    }
    uint64_t now_ms = loop_now_ms(driver->settings.loop);
    if (!campaign->is_reading && now_ms - campaign->looked_ms >= DRIVER_GAP_MS) {
        driver_campaign_look(campaign);
        return;
    }
    campaign->is_dirty = true;
    campaign->dirty_next = driver->dirty;
    driver->dirty = campaign;
    if (!loop_timer_is_active(driver->soon)) {
        loop_timer_start(driver->soon, DRIVER_GAP_MS, 0);
    }
}

void driver_campaign_look_at_dirty(struct driver *driver)
{
    struct driver_campaign *list = driver->dirty;
    driver->dirty = NULL;
    for (struct driver_campaign *campaign = list; campaign != NULL;
         campaign = campaign->dirty_next) {
        campaign->is_dirty = false;
        (void)driver_campaign_hold(campaign); /* the list borrows it, dropped or not */
    }
    while (list != NULL) {
        struct driver_campaign *campaign = list;
        list = list->dirty_next;
        if (driver_campaign_answered(campaign)) {
            driver_campaign_look_soon(campaign);
        }
    }
}
