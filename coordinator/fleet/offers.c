#include "coordinator/fleet/offers.h"

#include "common/base/arena.h"
#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/net/loop.h"
#include "common/store/store_batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS 1000
/* Sealed parts that are being read: bounds memory, not throughput. */
#define FETCHES_MAX 256
#define ROOMS_MAX 2000

struct offers {
    struct offers_settings settings;
    struct offer_book *book;
    struct driver *driver;   /* borrowed */
    struct workers *workers; /* borrowed */
    struct loop_timer *timer;
    size_t fetches;
    bool is_kicked;
    bool is_stopped;
    bool is_stalled; /* the store failed: wait for the next tick */
    struct metric *offered;
    struct metric *claimed;
    struct metric *refused;
    struct metric *unanswered;
};

struct fetch {
    struct offers *offers;
    struct offer_pick pick;
};

static void on_timer(void *context)
{
    struct offers *offers = context;
    offers->is_stalled = false;
    metrics_add(offers->unanswered,
                offer_book_expire(offers->book, loop_now_ms(offers->settings.loop)));
    offers_kick(offers);
}

static struct metric *counter_of(struct text result)
{
    return metrics_counter("hikyaku_offers_total",
                           "Batches offered to workers, by what became of the offer.", "result",
                           result);
}

struct offers *offers_create(const struct offers_settings *settings)
{
    struct offers *offers = xalloc_zero(1, sizeof *offers);
    offers->settings = *settings;
    offers->book = offer_book_create(settings->ready);
    offers->timer = loop_timer_create(settings->loop, on_timer, offers);
    loop_timer_start(offers->timer, TICK_MS, TICK_MS);
    offers->offered = counter_of(TEXT("sent"));
    offers->claimed = counter_of(TEXT("claimed"));
    offers->refused = counter_of(TEXT("refused"));
    offers->unanswered = counter_of(TEXT("unanswered"));
    return offers;
}

void offers_destroy(struct offers **offers)
{
    if (*offers == NULL) {
        return;
    }
    loop_timer_destroy(&(*offers)->timer);
    offer_book_destroy(&(*offers)->book);
    free(*offers);
    *offers = NULL;
}

void offers_connect(struct offers *offers, struct driver *driver, struct workers *workers)
{
    offers->driver = driver;
    offers->workers = workers;
}

void offers_stop(struct offers *offers)
{
    offers->is_stopped = true;
    loop_timer_stop(offers->timer);
}

/* Its key goes to the worker with it: for the claims it may make of this campaign. */
static void send_content(struct offers *offers, struct worker *worker,
                         const struct catalog_campaign *campaign)
{
    unsigned char id[IDENTITY_CAMPAIGN_BYTES];
    unsigned char data_key[SEAL_KEY_BYTES];
    unsigned char token_key[TOKEN_CAMPAIGN_KEY_PACKED_BYTES];
    unsigned char hash_key[ADDRESS_HASH_KEY_BYTES];
    unsigned char unsubscribe_key[UNSUBSCRIBE_TOKEN_KEY_PACKED_BYTES];
    memcpy(id, campaign->id, sizeof id);
    memcpy(data_key, campaign->data_key, sizeof data_key);
    memcpy(hash_key, campaign->address_hash_key, sizeof hash_key);
    token_campaign_key_pack(&campaign->token_key, token_key);
    char *tenant = text_to_string(campaign->tenant);
    char *sealed = xalloc_copy(campaign->sealed_content.data, campaign->sealed_content.size);
    Hikyaku__V1__CampaignContent content = HIKYAKU__V1__CAMPAIGN_CONTENT__INIT;
    content.campaign_id = (ProtobufCBinaryData){sizeof id, id};
    content.sealed_content =
        (ProtobufCBinaryData){campaign->sealed_content.size, (uint8_t *)sealed};
    content.data_key = (ProtobufCBinaryData){sizeof data_key, data_key};
    content.token_key_id = campaign->token_key.key_id;
    content.token_key = (ProtobufCBinaryData){sizeof token_key, token_key};
    content.hash_key = (ProtobufCBinaryData){sizeof hash_key, hash_key};
    content.tenant = tenant;
    if (campaign->has_unsubscribe_key) {
        unsubscribe_token_key_pack(&campaign->unsubscribe_key, unsubscribe_key);
        content.unsubscribe_key = (ProtobufCBinaryData){sizeof unsubscribe_key, unsubscribe_key};
    }
    workers_send(offers->workers, worker, HIKYAKU__V1__FLEET_MESSAGE__BODY_CONTENT, &content.base);
    workers_set_content(worker, campaign->id, true);
    seal_wipe(data_key, sizeof data_key);
    seal_wipe(token_key, sizeof token_key);
    seal_wipe(hash_key, sizeof hash_key);
    seal_wipe(unsubscribe_key, sizeof unsubscribe_key);
    free(sealed);
    free(tenant);
}

static void send_offer(struct offers *offers, struct worker *worker, const struct offer_pick *pick,
                       struct text provider, struct text sealed)
{
    unsigned char id[READY_ID_SIZE];
    memcpy(id, pick->campaign, sizeof id);
    char *provider_name = text_to_string(provider);
    char *pool = xalloc_string(pick->pool);
    char *group = text_to_string(offer_book_group(offers->book, pick->id));
    char *recipients = xalloc_copy(sealed.data, sealed.size);
    Hikyaku__V1__Offer offer = HIKYAKU__V1__OFFER__INIT;
    offer.campaign_id = (ProtobufCBinaryData){sizeof id, id};
    offer.batch = pick->number;
    offer.lane = pick->lane == READY_TRANSACTIONAL ? HIKYAKU__V1__LANE__LANE_TRANSACTIONAL
                                                   : HIKYAKU__V1__LANE__LANE_BULK;
    offer.pool = pool;
    offer.rows = pick->rows;
    offer.provider = provider_name;
    offer.sealed_recipients = (ProtobufCBinaryData){sealed.size, (uint8_t *)recipients};
    offer.sent_unix_ms = store_now_unix_ms(offers->settings.store);
    offer.offer_id = pick->id;
    offer.alone = pick->is_alone;
    offer.group = group;
    size_t workers = 0;
    (void)offer_book_room(offers->book, text_of(pick->pool), &workers);
    offer.shared = workers > 1;
    workers_send(offers->workers, worker, HIKYAKU__V1__FLEET_MESSAGE__BODY_OFFER, &offer.base);
    free(recipients);
    free(group);
    free(pool);
    free(provider_name);
}

static void log_offer(enum log_event event, const unsigned char id[16], uint32_t number,
                      const char *word)
{
    if (!log_is_enabled(log_event_level(event))) {
        return;
    }
    char campaign[IDENTITY_CAMPAIGN_LENGTH + 1];
    identity_campaign_to_text(id, campaign);
    LOG(event, NULL, log_string("campaign", campaign), log_number("batch", number),
        log_string("result", word));
}

static struct tokens_batch batch_of(const unsigned char campaign[16], uint32_t number)
{
    struct tokens_batch batch = {.number = number};
    memcpy(batch.campaign, campaign, sizeof batch.campaign);
    return batch;
}

static void refund(struct offers *offers, const unsigned char campaign[16], uint32_t number)
{
    struct tokens_batch batch = batch_of(campaign, number);
    tokens_refund(offers->settings.tokens, &batch);
}

static void offer_to_worker(struct offers *offers, const struct offer_pick *pick,
                            struct text provider, struct text sealed)
{
    struct worker *worker = workers_find(offers->workers, pick->session);
    struct catalog_campaign *campaign = driver_campaign(offers->driver, pick->campaign);
    if (worker == NULL || campaign == NULL || offers->is_stopped) {
        refund(offers, pick->campaign, pick->number);
        offer_book_abandon(offers->book, pick->id);
        return;
    }
    offer_book_sent(offers->book, pick->id, loop_now_ms(offers->settings.loop));
    if (!workers_has_content(worker, pick->campaign)) {
        send_content(offers, worker, campaign);
    }
    send_offer(offers, worker, pick, provider, sealed);
    metrics_add(offers->offered, 1);
    log_offer(LOG_OFFER_SENT, pick->campaign, pick->number, "sent");
}

static void on_sealed(void *context, int error, struct text provider, struct text sealed)
{
    struct fetch *fetch = context;
    struct offers *offers = fetch->offers;
    offers->fetches--;
    if (error == 0) {
        offer_to_worker(offers, &fetch->pick, provider, sealed);
    } else if (error == -ENOENT) {
        refund(offers, fetch->pick.campaign, fetch->pick.number);
        offer_book_forget(offers->book, fetch->pick.id);
    } else {
        offers->is_stalled = true;
        refund(offers, fetch->pick.campaign, fetch->pick.number);
        offer_book_abandon(offers->book, fetch->pick.id);
    }
    free(fetch);
    offers_kick(offers);
}

/* The shared limits have said yes, or what holds it. */
static void on_charged(void *context, enum gate gate, uint64_t wait_ms)
{
    struct fetch *fetch = context;
    struct offers *offers = fetch->offers;
    if (gate == GATE_NONE && !offers->is_stopped) {
        struct store_batch_name name = {.number = fetch->pick.number};
        memcpy(name.campaign, fetch->pick.campaign, sizeof name.campaign);
        store_batch_recipients(offers->settings.store, &name, on_sealed, fetch);
        return;
    }
    offers->fetches--;
    refund(offers, fetch->pick.campaign, fetch->pick.number);
    offer_book_abandon(offers->book, fetch->pick.id);
    driver_limits_set(offers->driver, fetch->pick.campaign, gate, wait_ms);
    free(fetch);
    offers_kick(offers);
}

static void fetch_pick(struct offers *offers, const struct offer_pick *pick)
{
    const struct catalog_campaign *campaign = driver_campaign(offers->driver, pick->campaign);
    struct fetch *fetch = xalloc_zero(1, sizeof *fetch);
    *fetch = (struct fetch){.offers = offers, .pick = *pick};
    offers->fetches++;
    struct tokens_charge charge = {
        .batch = batch_of(pick->campaign, pick->number),
        .lane = pick->lane == READY_TRANSACTIONAL ? STORE_TOKENS_TRANSACTIONAL : STORE_TOKENS_BULK,
        .rows = pick->rows};
    if (campaign != NULL) {
        charge.subject = (struct limit_subject){
            .tenant = campaign->tenant,
            .pool = campaign->pool,
            .from_domain = campaign->from_domain,
            .dkim_domain = campaign->from_domain, /* signed in its own name */
            .max_per_minute = campaign->stored->settings->max_per_minute,
        };
    }
    tokens_charge(offers->settings.tokens, &charge, on_charged, fetch);
}

bool offers_offer_alone(struct offers *offers, struct worker *worker, const struct suspect *suspect)
{
    struct offer_pick pick;
    if (offers->is_stopped || !store_is_ready(offers->settings.store) ||
        !offer_book_add_alone(offers->book, suspect, workers_session(worker), &pick)) {
        return false;
    }
    fetch_pick(offers, &pick);
    return true;
}

static void run(struct offers *offers)
{
    struct offer_pick pick;
    while (offers->fetches < FETCHES_MAX && !offers->is_stalled && !offers->is_stopped &&
           store_is_ready(offers->settings.store) && offer_book_next(offers->book, &pick)) {
        fetch_pick(offers, &pick);
        driver_on_taken(offers->driver, pick.campaign);
    }
}

static void on_kick(void *context)
{
    struct offers *offers = context;
    offers->is_kicked = false;
    run(offers);
}

void offers_kick(struct offers *offers)
{
    if (!offers->is_kicked && !offers->is_stopped) {
        offers->is_kicked = true;
        loop_defer(offers->settings.loop, on_kick, offers);
    }
}

static struct offer_part *parts_of(const Hikyaku__V1__Credit__Room *room, struct arena *arena)
{
    struct offer_part *parts = arena_zero(arena, room->n_parts + 1, sizeof *parts);
    for (size_t i = 0; i < room->n_parts; i++) {
        parts[i] = (struct offer_part){text_of(room->parts[i]->group), room->parts[i]->recipients};
    }
    return parts;
}

void offers_on_credit(struct offers *offers, struct worker *worker,
                      const Hikyaku__V1__Credit *credit)
{
    size_t count = credit->n_rooms < ROOMS_MAX ? credit->n_rooms : ROOMS_MAX;
    struct arena *arena = arena_create(0);
    struct offer_room *rooms = arena_zero(arena, count + 1, sizeof *rooms);
    for (size_t i = 0; i < count; i++) {
        const Hikyaku__V1__Credit__Room *room = credit->rooms[i];
        rooms[i].pool = text_of(room->pool);
        rooms[i].lane =
            room->lane == HIKYAKU__V1__LANE__LANE_TRANSACTIONAL ? READY_TRANSACTIONAL : READY_BULK;
        rooms[i].recipients = room->recipients;
        rooms[i].each = room->each;
        rooms[i].parts = parts_of(room, arena);
        rooms[i].part_count = room->n_parts;
    }
    offer_book_set_rooms(offers->book, workers_session(worker), rooms, count);
    arena_destroy(&arena);
    offers_kick(offers);
}

static enum offer_answer answer_of(Hikyaku__V1__OfferResult__Result result)
{
    switch (result) {
    case HIKYAKU__V1__OFFER_RESULT__RESULT__CLAIMED:
        return OFFER_CLAIMED;
    case HIKYAKU__V1__OFFER_RESULT__RESULT__DECLINED:
        return OFFER_DECLINED;
    case HIKYAKU__V1__OFFER_RESULT__RESULT__NOT_RUNNING:
    case HIKYAKU__V1__OFFER_RESULT__RESULT__EXPIRED:
        return OFFER_ENDED;
    case HIKYAKU__V1__OFFER_RESULT__RESULT__TAKEN:
    case HIKYAKU__V1__OFFER_RESULT__RESULT__GONE:
    case HIKYAKU__V1__OFFER_RESULT__RESULT__NOT_DUE:
    case _HIKYAKU__V1__OFFER_RESULT__RESULT_IS_INT_SIZE:
    default:
        return OFFER_STALE;
    }
}

void offers_on_result(struct offers *offers, struct worker *worker,
                      const Hikyaku__V1__OfferResult *message)
{
    const unsigned char *campaign = message->campaign_id.data;
    struct offer_result result = {.id = message->offer_id,
                                  .session = workers_session(worker),
                                  .campaign = campaign,
                                  .number = message->batch,
                                  .answer = answer_of(message->result)};
    bool is_open = offer_book_on_result(offers->book, &result);
    bool is_claimed = result.answer == OFFER_CLAIMED;
    if (is_open && !is_claimed) {
        refund(offers, campaign, message->batch);
    }
    metrics_add(is_claimed ? offers->claimed : offers->refused, 1);
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(
        &hikyaku__v1__offer_result__result__descriptor, (int)message->result);
    log_offer(LOG_OFFER_RESULT, campaign, message->batch, value == NULL ? "UNKNOWN" : value->name);
    if (result.answer == OFFER_STALE || result.answer == OFFER_ENDED) {
        driver_refresh(offers->driver, campaign);
    }
    offers_kick(offers);
}

/* Content for a worker that asks for it, loaded anew if it must be. */
struct content_call {
    struct offers *offers;
    unsigned char session[BUS_PEER_BYTES];
};

static void on_content_loaded(void *context, int error, struct catalog_campaign *campaign)
{
    struct content_call *call = context;
    struct worker *worker = error == 0 ? workers_find(call->offers->workers, call->session) : NULL;
    if (worker != NULL) {
        send_content(call->offers, worker, campaign);
    }
    catalog_release(&campaign);
    free(call);
}

void offers_on_need_content(struct offers *offers, struct worker *worker,
                            const unsigned char campaign[16])
{
    if (!offer_book_is_offered(offers->book, workers_session(worker), campaign)) {
        return; /* keys go to whom the campaign is offered, to nobody who merely knows its name */
    }
    struct content_call *call = xalloc_zero(1, sizeof *call);
    call->offers = offers;
    memcpy(call->session, workers_session(worker), sizeof call->session);
    catalog_load(offers->settings.catalog, campaign, on_content_loaded, call);
}

void offers_on_leave(struct offers *offers, struct worker *worker, bool is_gone)
{
    offer_book_remove_worker(offers->book, workers_session(worker), is_gone);
    offers_kick(offers);
}

const struct offer_book *offers_book(const struct offers *offers)
{
    return offers->book;
}
