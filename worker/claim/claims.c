#include "worker/claim/claims.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/service/service_windows.h"
#include "common/store/store_campaign.h"
#include "common/wire/wire_store.h"
#include "worker/claim/claims_inside.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS 500
/* Rows that are due so much later are worked on as well: they come back together. */
#define SLACK_BULK_S 30
#define SLACK_TRANSACTIONAL_S 5
/* An offer is void after 5 s; clocks of two machines may differ by this besides. */
#define OFFER_OLD_MS 65000
#define SEAL_LEVEL 1
/* Campaigns whose word is asked for at once. */
#define POLLS_MAX 16
/* Recipients of one provider or domain that are taken before it is known how fast they go: a part
 * of all, and no less than a batch. */
#define FIRST_PART 4
#define FIRST_MOST 1000

static void on_tick(void *context);

struct claims *claims_create(const struct claims_settings *settings)
{
    struct claims *claims = xalloc_zero(1, sizeof *claims);
    claims->settings = *settings;
    claims->campaigns = campaigns_create();
    claims->by_name = table_create();
    claims->credit.limits = settings->limits;
    uint32_t first = settings->limits.recipients / FIRST_PART;
    claims->backlog = backlog_create(&(struct backlog_limits){
        .first = first < FIRST_MOST ? first : FIRST_MOST, .ahead_ms = settings->idle_ms / 2});
    claims->seal = seal_create(SEAL_LEVEL);
    claims->timer = loop_timer_create(settings->loop, on_tick, claims);
    loop_timer_start(claims->timer, TICK_MS, TICK_MS);
    return claims;
}

void claims_destroy(struct claims **claims)
{
    if (*claims == NULL) {
        return;
    }
    assert(table_count((*claims)->by_name) == 0);
    loop_timer_destroy(&(*claims)->timer);
    campaigns_destroy(&(*claims)->campaigns);
    backlog_destroy(&(*claims)->backlog);
    table_destroy(&(*claims)->by_name);
    seal_destroy(&(*claims)->seal);
    free(*claims);
    *claims = NULL;
}

/* ---------------------------------------------------------------- offers */

static void answer(struct claims *claims, uint64_t link, const struct store_batch_name *name,
                   uint64_t offer_id, Hikyaku__V1__OfferResult__Result result)
{
    Hikyaku__V1__OfferResult body = HIKYAKU__V1__OFFER_RESULT__INIT;
    unsigned char id[16];
    memcpy(id, name->campaign, sizeof id);
    body.campaign_id.data = id;
    body.campaign_id.len = sizeof id;
    body.batch = name->number;
    body.offer_id = offer_id;
    body.result = result;
    claims->settings.send(claims->settings.context, link,
                          HIKYAKU__V1__FLEET_MESSAGE__BODY_OFFER_RESULT, &body.base);
}

static void answer_claim(struct claims *claims, const struct claim *claim,
                         Hikyaku__V1__OfferResult__Result result)
{
    answer(claims, claim->coordinator, &claim->name, claim->offer_id, result);
}

static uint64_t now_of(const struct claims *claims)
{
    return loop_now_ms(claims->settings.loop);
}

static void leave(struct claim *claim, uint32_t rows, bool is_sent)
{
    claim->in_hand -= rows;
    backlog_leave(claim->group, rows, is_sent);
}

static void forget(struct claims *claims, struct claim *claim)
{
    if (claim->is_alone) {
        isolation_end(&claims->isolation, now_of(claims));
    }
    credit_give_back(&claims->credit, claim->rows);
    leave(claim, claim->in_hand, false);
    backlog_release(claim->group, now_of(claims));
    campaigns_release(claim->campaign, now_of(claims));
    (void)table_remove(claims->by_name, text_of(claim->text));
    claim_destroy(&claim);
    claims->settings.on_credit(claims->settings.context);
}

static void recall(struct claims *claims, struct claim *claim, uint8_t gate)
{
    claim->is_recalled = true;
    claim->recall_gate = gate;
    claims->settings.on_recall(claims->settings.context, claim);
}

static void set_time_left(const struct claims *claims, struct claim *claim, uint64_t ms_left)
{
    claim->expires_ms = UINT64_MAX;
    claim->expires_unix_s = 0;
    if (ms_left != UINT64_MAX) {
        claim->expires_ms = clock_boottime_ms() + ms_left;
        uint64_t now_ms = (uint64_t)store_now_unix_ms(claims->settings.store);
        claim->expires_unix_s = (uint32_t)((now_ms + ms_left) / SECOND_MS);
    }
}

void claims_on_word(struct claims *claims, struct claim *claim, enum store_word word,
                    uint64_t ms_left)
{
    claim->heard_ms = now_of(claims);
    set_time_left(claims, claim, ms_left);
    if (word == STORE_RUN || claim->is_recalled) {
        return;
    }
    recall(claims, claim, word == STORE_PAUSE ? GATE_PAUSED : GATE_NONE);
}

static void open_claim(struct claims *claims, struct claim *claim,
                       const struct store_claim_answer *given)
{
    uint32_t slack_s = claim->is_transactional ? SLACK_TRANSACTIONAL_S : SLACK_BULK_S;
    uint32_t due_by_s = (uint32_t)(given->now_unix_ms / 1000) + slack_s;
    claim->epoch = given->epoch;
    claim->is_hold = given->is_hold;
    claim->first_row = given->first_row;
    claim->row_count = given->row_count;
    claim->opened_ms = now_of(claims);
    if (claim_fill(claim, given->rows, due_by_s) != 0) {
        LOG(LOG_CLAIM_DAMAGED, NULL, log_string("claim", claim->text));
        claim_fill_damaged(claim, given->rows, due_by_s);
    }
    LOG(LOG_CLAIMED, NULL, log_string("claim", claim->text), log_number("rows", claim->count),
        log_number("letters", claim->working));
    uint32_t working = claim->working;
    leave(claim, claim->in_hand > working ? claim->in_hand - working : 0, false);
    answer_claim(claims, claim, HIKYAKU__V1__OFFER_RESULT__RESULT__CLAIMED);
    claims->settings.on_open(claims->settings.context, claim);
    claims_on_word(claims, claim, given->word, given->ms_left);
    if (claims->is_draining && !claim->is_recalled) {
        recall(claims, claim, GATE_NONE);
    }
    if (isolation_is_on(&claims->isolation, now_of(claims)) && !claim->is_alone &&
        !claim->is_recalled) {
        recall(claims, claim, GATE_WORKER_CREDIT);
    }
}

static Hikyaku__V1__OfferResult__Result result_of(enum store_claim_status status)
{
    static const Hikyaku__V1__OfferResult__Result results[] = {
        [STORE_CLAIMED] = HIKYAKU__V1__OFFER_RESULT__RESULT__CLAIMED,
        [STORE_CLAIM_TAKEN] = HIKYAKU__V1__OFFER_RESULT__RESULT__TAKEN,
        [STORE_CLAIM_NOT_RUNNING] = HIKYAKU__V1__OFFER_RESULT__RESULT__NOT_RUNNING,
        [STORE_CLAIM_EXPIRED] = HIKYAKU__V1__OFFER_RESULT__RESULT__EXPIRED,
        [STORE_CLAIM_NOT_DUE] = HIKYAKU__V1__OFFER_RESULT__RESULT__NOT_DUE,
        [STORE_CLAIM_GONE] = HIKYAKU__V1__OFFER_RESULT__RESULT__GONE,
    };
    return results[status];
}

/* The claim knows its table through the closure that the store hands back. */
struct ask {
    struct claims *claims;
    struct claim *claim;
};

static void ask_claim(struct claims *claims, struct claim *claim);

static void on_claimed(void *context, int error, const struct store_claim_answer *given)
{
    struct ask ask = *(struct ask *)context;
    free(context);
    ask.claim->is_asking = false;
    if (error == -ECONNRESET) {
        return; /* perhaps it is ours: asked again when the store is there */
    }
    if (error != 0 || given->status != STORE_CLAIMED) {
        answer_claim(ask.claims, ask.claim,
                     error != 0 ? HIKYAKU__V1__OFFER_RESULT__RESULT__DECLINED
                                : result_of(given->status));
        forget(ask.claims, ask.claim);
        return;
    }
    open_claim(ask.claims, ask.claim, given);
}

static void ask_claim(struct claims *claims, struct claim *claim)
{
    struct ask *ask = xalloc_zero(1, sizeof *ask);
    *ask = (struct ask){claims, claim};
    claim->is_asking = true;
    const struct store_claim_request request = {
        .name = claim->name,
        .slack_s = claim->is_transactional ? SLACK_TRANSACTIONAL_S : SLACK_BULK_S,
        .is_alone = claim->is_alone,
        .ask = claim->ask};
    store_batch_claim(claims->settings.store, &request, on_claimed, ask);
}

static int open_recipients(struct claims *claims, struct claim *claim,
                           const Hikyaku__V1__Offer *offer)
{
    struct text sealed = {(const char *)offer->sealed_recipients.data,
                          offer->sealed_recipients.len};
    struct seal_name name = {.kind = SEAL_RECIPIENTS, .batch = offer->batch};
    memcpy(name.campaign, claim->name.campaign, sizeof name.campaign);
    return seal_decrypt(claims->seal, claim->campaign->data_key, &name, sealed,
                        WIRE_STORE_PLAIN_BYTES_MAX, &claim->recipients);
}

static bool is_acceptable(const struct claims *claims, const struct campaign *campaign,
                          const Hikyaku__V1__Offer *offer)
{
    bool is_transactional = campaign->lane == HIKYAKU__V1__LANE__LANE_TRANSACTIONAL;
    /* Redis' clock on both sides: nobody else's need be right. */
    int64_t age_ms = store_now_unix_ms(claims->settings.store) - offer->sent_unix_ms;
    return !claims->is_draining && store_is_ready(claims->settings.store) && offer->rows > 0 &&
           offer->rows <= ROWS_PER_BATCH_MAX && age_ms < OFFER_OLD_MS &&
           (offer->alone || credit_fits(&claims->credit, is_transactional, offer->rows)) &&
           sending_ips_owned(claims->settings.ips, text_of(offer->pool)) > 0;
}

static void recall_all(struct claims *claims, uint8_t gate)
{
    struct table_walk walk;
    struct claim *claim = table_first(claims->by_name, &walk);
    for (; claim != NULL; claim = table_next(&walk)) {
        if (claim->epoch != 0 && !claim->is_recalled) {
            recall(claims, claim, gate);
        }
    }
}

/* A suspect batch wants to be alone here: others make room and none comes until it is over. */
static bool is_its_turn(struct claims *claims, const Hikyaku__V1__Offer *offer)
{
    bool was_on = isolation_is_on(&claims->isolation, now_of(claims));
    if (!offer->alone) {
        return !was_on;
    }
    if (claims->isolation.is_working) {
        return false;
    }
    isolation_wish(&claims->isolation, now_of(claims));
    if (!was_on) {
        LOG(LOG_CLAIM_ISOLATED, NULL, log_number("claims", (int64_t)table_count(claims->by_name)));
        recall_all(claims, GATE_WORKER_CREDIT);
        claims->settings.on_credit(claims->settings.context);
    }
    return table_count(claims->by_name) == 0;
}

static void need_content(struct claims *claims, uint64_t link, const Hikyaku__V1__Offer *offer)
{
    Hikyaku__V1__NeedContent body = HIKYAKU__V1__NEED_CONTENT__INIT;
    body.campaign_id = offer->campaign_id;
    claims->settings.send(claims->settings.context, link,
                          HIKYAKU__V1__FLEET_MESSAGE__BODY_NEED_CONTENT, &body.base);
}

static void on_offer(struct claims *claims, uint64_t link, const Hikyaku__V1__Offer *offer)
{
    struct store_batch_name name = {.number = offer->batch};
    if (offer->campaign_id.len != sizeof name.campaign) {
        return;
    }
    memcpy(name.campaign, offer->campaign_id.data, sizeof name.campaign);
    struct campaign *campaign = campaigns_find(claims->campaigns, name.campaign);
    if (campaign == NULL) {
        need_content(claims, link, offer);
    }
    if (campaign == NULL || !is_acceptable(claims, campaign, offer) ||
        !is_its_turn(claims, offer)) {
        answer(claims, link, &name, offer->offer_id, HIKYAKU__V1__OFFER_RESULT__RESULT__DECLINED);
        return;
    }
    struct claim *claim = claim_create(campaign, &name);
    claim->coordinator = link;
    claim->offer_id = offer->offer_id;
    claim->rows = offer->rows;
    claim->is_alone = offer->alone;
    claim->is_shared = offer->shared;
    claim->ask = ++claims->asks;
    if (table_get(claims->by_name, text_of(claim->text)) != NULL) {
        claim_destroy(&claim); /* offered twice: its answer is on its way */
        return;
    }
    if (open_recipients(claims, claim, offer) != 0) {
        seal_wipe_buffer(
            &claim->recipients); /* claimed all the same, to write down that it waits */
    }
    if (claim->is_alone) {
        isolation_begin(&claims->isolation);
    }
    (void)table_put(claims->by_name, text_of(claim->text), claim);
    credit_take(&claims->credit, claim->rows);
    claim->in_hand = claim->rows;
    claim->group = backlog_hold(claims->backlog, text_of(offer->pool), claim->is_transactional,
                                text_of(offer->group), claim->rows, now_of(claims));
    campaigns_hold(campaign);
    ask_claim(claims, claim);
}

static void on_content(struct claims *claims, const Hikyaku__V1__CampaignContent *message)
{
    struct campaign *campaign = NULL;
    struct problem problem = {0};
    if (message->campaign_id.len == 16 &&
        campaigns_find(claims->campaigns, message->campaign_id.data) != NULL) {
        return;
    }
    int error = campaign_create(message, claims->seal, &campaign, &problem);
    if (error != 0) {
        LOG(LOG_CONTENT_REFUSED, NULL, log_string("field", problem.field),
            log_string("rule", problem.rule), log_string("reason", problem.message));
        return;
    }
    campaign = campaigns_add(claims->campaigns, &campaign, now_of(claims));
    claims->settings.on_campaign(claims->settings.context, campaign);
}

static void on_control(struct claims *claims, const unsigned char campaign[16],
                       enum store_word word)
{
    struct table_walk walk;
    struct claim *claim = table_first(claims->by_name, &walk);
    for (; claim != NULL; claim = table_next(&walk)) {
        if (memcmp(claim->name.campaign, campaign, 16) == 0 && claim->epoch != 0 &&
            (word == STORE_PAUSE || word == STORE_CANCEL) && !claim->is_recalled) {
            recall(claims, claim, word == STORE_PAUSE ? GATE_PAUSED : GATE_NONE);
        }
    }
}

void claims_on_message(struct claims *claims, uint64_t link,
                       const Hikyaku__V1__FleetMessage *message)
{
    /* The handshake is links.c's; the others go the other way. */
    if (message->body_case == HIKYAKU__V1__FLEET_MESSAGE__BODY_CONTENT) {
        on_content(claims, message->content);
    } else if (message->body_case == HIKYAKU__V1__FLEET_MESSAGE__BODY_OFFER) {
        on_offer(claims, link, message->offer);
    } else if (message->body_case == HIKYAKU__V1__FLEET_MESSAGE__BODY_CONTROL &&
               message->control->campaign_id.len == 16) {
        on_control(claims, message->control->campaign_id.data,
                   (enum store_word)message->control->word);
    }
}

/* ---------------------------------------------------------------- ends */

void claims_on_outcome(struct claim *claim, bool is_sent)
{
    leave(claim, claim->in_hand > 0 ? 1 : 0, is_sent);
}

void claims_on_lost(struct claims *claims, struct claim *claim)
{
    recall(claims, claim, GATE_NONE);
}

void claims_on_end(struct claims *claims, struct claim *claim)
{
    LOG(LOG_CLAIM_ENDED, NULL, log_string("claim", claim->text), log_flag("lost", claim->is_lost));
    forget(claims, claim);
}

void claims_drain(struct claims *claims)
{
    claims->is_draining = true;
    recall_all(claims, GATE_NONE);
}

void claims_on_stops(struct claims *claims)
{
    struct table_walk walk;
    struct claim *claim = table_first(claims->by_name, &walk);
    for (; claim != NULL; claim = table_next(&walk)) {
        if (claim->epoch != 0 && !claim->is_recalled) {
            claims->settings.on_stops(claims->settings.context, claim);
        }
    }
    claims->settings.on_credit(claims->settings.context);
}

/* ---------------------------------------------------------------- time */

static void on_polled(void *context, int error, const struct store_campaign *campaign)
{
    struct claims *claims = context;
    claims->polls--;
    if (error == 0) {
        on_control(claims, campaign->id, (enum store_word)campaign->word);
    }
}

/* The word comes with every claim and flush; a claim without either asks for it. */
static void poll_word(struct claims *claims, struct claim *claim, uint64_t now_ms)
{
    if (now_ms - claim->heard_ms < TICK_MS || claims->polls >= POLLS_MAX) {
        return;
    }
    claims->polls++;
    claim->heard_ms = now_ms;
    store_campaign_get(claims->settings.store, claim->name.campaign, on_polled, claims);
}

/* Once a tick, however many claims hold it. */
static void tend(struct claims *claims, struct campaign *campaign, uint64_t now_ms)
{
    if (campaign->waiting.count > 0 && campaign->tended_ms != now_ms) {
        campaign->tended_ms = now_ms;
        claims->settings.on_wait(claims->settings.context, campaign);
    }
}

void claims_on_notice(struct claims *claims, const unsigned char campaign[16])
{
    if (campaigns_find(claims->campaigns, campaign) != NULL && claims->polls < POLLS_MAX) {
        claims->polls++;
        store_campaign_get(claims->settings.store, campaign, on_polled, claims);
    }
}

void claims_on_verdict(struct claims *claims, const struct dkim_keys_domain *domain)
{
    struct table_walk walk;
    struct claim *claim = table_first(claims->by_name, &walk);
    for (; claim != NULL; claim = table_next(&walk)) {
        if (claim->campaign->signing == domain && claim->campaign->waiting.count > 0) {
            claims->settings.on_wait(claims->settings.context, claim->campaign);
        }
    }
}

static uint64_t idle_of(const struct claims *claims, const struct claim *claim)
{
    bool is_short = claim->is_alone && claims->settings.idle_ms > ISOLATION_IDLE_MS;
    return is_short ? ISOLATION_IDLE_MS : claims->settings.idle_ms;
}

/* A window that closes while its campaign's batches are here. */
static bool is_outside_window(const struct claims *claims, const struct claim *claim)
{
    struct text windows = claim->campaign->windows;
    int64_t now_unix_s = store_now_unix_ms(claims->settings.store) / 1000;
    return windows.size > 0 && claims->settings.windows != NULL &&
           !service_windows_ask(claims->settings.windows, windows, now_unix_s).is_open;
}

/* Time takes back what has not started. */
static void recall_late(struct claims *claims, struct claim *claim, uint64_t now_ms)
{
    if (is_outside_window(claims, claim)) {
        recall(claims, claim, GATE_OUTSIDE_WINDOW);
    } else if (now_ms - claim->opened_ms >= idle_of(claims, claim)) {
        recall(claims, claim, GATE_NONE);
    }
}

static void on_tick(void *context)
{
    struct claims *claims = context;
    uint64_t now_ms = now_of(claims);
    bool is_ready = store_is_ready(claims->settings.store);
    struct table_walk walk;
    struct claim *claim = table_first(claims->by_name, &walk);
    for (; claim != NULL; claim = table_next(&walk)) {
        if (claim->epoch == 0 && is_ready && !claim->is_asking) {
            ask_claim(claims, claim);
        } else if (claim->epoch != 0 && is_ready && !claim->is_recalled) {
            poll_word(claims, claim, now_ms);
        }
        if (claim->epoch != 0 && !claim->is_recalled) {
            recall_late(claims, claim, now_ms);
        }
        tend(claims, claim->campaign, now_ms);
    }
    campaigns_tidy(claims->campaigns, now_ms);
    if (backlog_tick(claims->backlog, now_ms)) {
        claims->settings.on_credit(claims->settings.context);
    }
}

/* ---------------------------------------------------------------- what is held */

const struct claim *claims_find(const struct claims *claims, struct text name)
{
    return table_get(claims->by_name, name);
}

bool claims_has(const struct claims *claims, struct text name)
{
    return claims_find(claims, name) != NULL;
}

void claims_visit(const struct claims *claims, const unsigned char campaign[16],
                  claims_visit_fn *visit, void *context)
{
    struct table_walk walk;
    const struct claim *claim = table_first(claims->by_name, &walk);
    for (; claim != NULL; claim = table_next(&walk)) {
        if (memcmp(claim->name.campaign, campaign, sizeof claim->name.campaign) == 0) {
            visit(context, claim);
        }
    }
}

bool claims_is_isolated(const struct claims *claims)
{
    return isolation_is_on(&claims->isolation, now_of(claims));
}

size_t claims_count(const struct claims *claims)
{
    return table_count(claims->by_name);
}

uint32_t claims_in_hand(const struct claims *claims)
{
    return claims->credit.in_hand;
}
