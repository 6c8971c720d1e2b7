#include "coordinator/fleet/suspect_offers.h"

#include "common/base/log.h"
#include "common/net/loop.h"
#include "common/store/store_lease.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS 250
/* A worker that is silent for so long has been taken over, and its claims freed. */
#define DEAD_MS 20000
#define RIGHT_MS 1000

struct suspect_offers {
    struct suspect_offers_settings settings;
    struct suspects *suspects;
    struct loop_timer *timer;
    unsigned char worker[BUS_PEER_BYTES]; /* of this turn */
    bool has_worker;
    bool has_right;
    bool is_asking; /* for the right */
    bool is_stopped;
    uint64_t epoch;    /* of the right */
    uint64_t asked_ms; /* for the right */
};

/* The right has no beat of its own: it lives as long as its holder's session. */
static const struct store_lease_name right = {.kind = STORE_LEASE_SUSPECT};

static uint64_t now_of(const struct suspect_offers *offers)
{
    return loop_now_ms(offers->settings.loop);
}

static void give_right(struct suspect_offers *offers)
{
    offers->has_right = false;
    store_lease_release(offers->settings.store, &right, offers->epoch, NULL, NULL);
}

static void on_taken(void *context, int error, uint64_t epoch)
{
    struct suspect_offers *offers = context;
    offers->is_asking = false;
    if (error != 0) {
        return; /* somebody else's turn */
    }
    offers->has_right = true;
    offers->epoch = epoch;
    if (offers->is_stopped) {
        give_right(offers);
    }
}

static void on_right(void *context, int error, const struct lease_beat *beat, uint64_t took_ms)
{
    (void)took_ms;
    struct suspect_offers *offers = context;
    bool is_free = error == -ENOENT || (error == 0 && beat->session[0] == '\0');
    bool is_ours = error == 0 && strcmp(beat->session, offers->settings.session) == 0;
    bool is_left = error == 0 && !is_free &&
                   sessions_ask(offers->settings.sessions, beat->session) == SESSION_DEAD;
    if (!is_free && !is_left && !is_ours) {
        offers->is_asking = false;
        return;
    }
    store_lease_take(offers->settings.store, &right, is_left ? beat : NULL, on_taken, offers);
}

static void take_right(struct suspect_offers *offers)
{
    uint64_t now_ms = now_of(offers);
    if (offers->is_asking || now_ms - offers->asked_ms < RIGHT_MS ||
        !store_is_ready(offers->settings.store)) {
        return;
    }
    offers->is_asking = true;
    offers->asked_ms = now_ms;
    store_lease_read(offers->settings.store, &right, on_right, offers);
}

/* The turn's worker, or another: the one with the least to give back. */
static struct worker *choose_worker(struct suspect_offers *offers, const char *pool)
{
    struct worker *worker =
        offers->has_worker ? workers_find(offers->settings.workers, offers->worker) : NULL;
    if (worker == NULL || !workers_serves(worker, pool)) {
        worker = workers_least_busy(offers->settings.workers, pool);
    }
    offers->has_worker = worker != NULL;
    if (worker != NULL) {
        memcpy(offers->worker, workers_session(worker), sizeof offers->worker);
    }
    return worker;
}

static void offer(struct suspect_offers *offers)
{
    const struct suspect *first = suspects_first(offers->suspects);
    struct worker *worker = choose_worker(offers, first->pool);
    if (worker == NULL || !offers_offer_alone(offers->settings.offers, worker, first)) {
        suspects_skip(offers->suspects);
    }
}

static bool names(struct worker *worker, const struct suspect *suspect)
{
    char id[IDENTITY_CAMPAIGN_LENGTH + 1];
    char claim[IDENTITY_CAMPAIGN_LENGTH + 12];
    bool is_listed = false;
    identity_campaign_to_text(suspect->campaign, id);
    (void)snprintf(claim, sizeof claim, "%s:%u", id, suspect->number);
    return workers_status_of(worker, text_of(claim), &is_listed) == 0 || is_listed;
}

/* A claim that its living worker does not name (any more) has ended, even if its word got lost. */
static void look_at_work(struct suspect_offers *offers)
{
    uint64_t since_ms = 0;
    uint64_t now_ms = now_of(offers);
    const struct suspect *working = suspects_working(offers->suspects, &since_ms);
    if (working == NULL) {
        return;
    }
    struct worker *worker = workers_find(offers->settings.workers, offers->worker);
    uint64_t silent_ms =
        worker == NULL ? UINT64_MAX : workers_silent_ms(offers->settings.workers, worker);
    if (silent_ms >= WORKERS_FRESH_MS) {
        if (now_ms - since_ms >= DEAD_MS) {
            suspects_on_end(offers->suspects, now_ms, true);
        }
    } else if (now_ms - since_ms >= WORKERS_FRESH_MS && !names(worker, working)) {
        suspects_on_end(offers->suspects, now_ms, false);
    }
}

static void on_tick(void *context)
{
    struct suspect_offers *offers = context;
    look_at_work(offers);
    switch (suspects_next(offers->suspects, now_of(offers), offers->has_right)) {
    case SUSPECTS_TAKE_RIGHT:
        offers->has_worker = false;
        take_right(offers);
        break;
    case SUSPECTS_GIVE_RIGHT:
        give_right(offers);
        break;
    case SUSPECTS_OFFER:
        offer(offers);
        break;
    case SUSPECTS_WAIT:
    default:
        break;
    }
}

struct suspect_offers *suspect_offers_create(const struct suspect_offers_settings *settings)
{
    struct suspect_offers *offers = xalloc_zero(1, sizeof *offers);
    offers->settings = *settings;
    offers->suspects = suspects_create();
    offers->timer = loop_timer_create(settings->loop, on_tick, offers);
    loop_timer_start(offers->timer, TICK_MS, TICK_MS);
    return offers;
}

void suspect_offers_destroy(struct suspect_offers **offers)
{
    if (*offers == NULL) {
        return;
    }
    loop_timer_destroy(&(*offers)->timer);
    suspects_destroy(&(*offers)->suspects);
    free(*offers);
    *offers = NULL;
}

void suspect_offers_stop(struct suspect_offers *offers)
{
    offers->is_stopped = true;
    loop_timer_stop(offers->timer);
    if (offers->has_right) {
        give_right(offers);
    }
}

static bool is_of_working(const struct suspect_offers *offers, const unsigned char campaign[16],
                          uint32_t number)
{
    uint64_t since_ms = 0;
    const struct suspect *working = suspects_working(offers->suspects, &since_ms);
    return working != NULL && working->number == number &&
           memcmp(working->campaign, campaign, sizeof working->campaign) == 0;
}

void suspect_offers_see(struct suspect_offers *offers, const struct suspect *suspect)
{
    uint64_t since_ms = 0;
    uint64_t now_ms = now_of(offers);
    (void)suspects_working(offers->suspects, &since_ms);
    if (is_of_working(offers, suspect->campaign, suspect->number)) {
        if (now_ms - since_ms < WORKERS_FRESH_MS) {
            return; /* the list may be older than the claim */
        }
        const struct worker *worker = workers_find(offers->settings.workers, offers->worker);
        bool is_heard = worker != NULL &&
                        workers_silent_ms(offers->settings.workers, worker) < WORKERS_FRESH_MS;
        suspects_on_end(offers->suspects, now_ms, !is_heard);
    }
    (void)suspects_see(offers->suspects, suspect, now_ms);
}

void suspect_offers_on_result(struct suspect_offers *offers, const Hikyaku__V1__OfferResult *result)
{
    const unsigned char *campaign = result->campaign_id.data;
    if (result->result == HIKYAKU__V1__OFFER_RESULT__RESULT__CLAIMED) {
        suspects_on_claimed(offers->suspects, campaign, result->batch, now_of(offers));
    } else if (result->result != HIKYAKU__V1__OFFER_RESULT__RESULT__DECLINED) {
        suspects_on_refused(offers->suspects, campaign, result->batch);
    }
}

void suspect_offers_on_finished(struct suspect_offers *offers, const unsigned char campaign[16],
                                uint32_t number)
{
    if (is_of_working(offers, campaign, number)) {
        suspects_on_end(offers->suspects, now_of(offers), false);
    }
}

size_t suspect_offers_count(const struct suspect_offers *offers)
{
    return suspects_count(offers->suspects);
}
