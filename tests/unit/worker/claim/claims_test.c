/* Claims against a store and coordinators that are played here. */
#include "common/base/clock.h"
#include "common/wire/wire_store.h"
#include "common/wire/wire_unpack.h"
#include "worker/claim/claims.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

#define LINK 3

/* What the store was asked last. */
static store_batch_claimed_fn *on_claimed;
static uint64_t last_ask;
static void *claimed_context;
static size_t claims_asked;
static bool is_ready;

static struct loop *loop;
static struct claims *claims;
static struct sending_ips ips;
static struct seal *sealer;
static Hikyaku__V1__FleetMessage__BodyCase sent_case;
static int sent_result; /* of the last OfferResult; -1: none */
static struct claim *opened;
static size_t recalled;
static unsigned char data_key[SEAL_KEY_BYTES] = {4};
static unsigned char hash_key[ADDRESS_HASH_KEY_BYTES] = {5};
static unsigned char campaign_id[16] = {1, 2, 3};

bool store_is_ready(const struct store *store)
{
    (void)store;
    return is_ready;
}

int64_t store_now_unix_ms(const struct store *store)
{
    (void)store;
    return clock_unix_ms();
}

static bool claimed_alone; /* what the store is to be asked for */

void store_batch_claim(struct store *store, const struct store_claim_request *request,
                       store_batch_claimed_fn *on_answer, void *context)
{
    (void)store;
    assert_true(request->is_alone == claimed_alone);
    last_ask = request->ask;
    assert_memory_equal(request->name.campaign, campaign_id, sizeof campaign_id);
    on_claimed = on_answer;
    claimed_context = context;
    claims_asked++;
}

void store_campaign_get(struct store *store, const unsigned char campaign[16],
                        store_campaign_fn *on_answer, void *context)
{
    (void)store;
    (void)campaign;
    on_answer(context, -EAGAIN, NULL);
}

static void on_campaign(void *context, struct campaign *campaign)
{
    (void)context;
    assert_true(text_equal(campaign->from_domain, TEXT("shop.test")));
}

static void on_open(void *context, struct claim *claim)
{
    (void)context;
    opened = claim;
}

static void on_recall(void *context, struct claim *claim)
{
    (void)context;
    assert_true(claim->is_recalled);
    recalled++;
}

static void on_wait(void *context, struct campaign *campaign)
{
    (void)context;
    (void)campaign;
    fail();
}

static void send_to(void *context, uint64_t link, Hikyaku__V1__FleetMessage__BodyCase body_case,
                    ProtobufCMessage *body)
{
    (void)context;
    assert_int_equal(link, LINK);
    sent_case = body_case;
    if (body_case == HIKYAKU__V1__FLEET_MESSAGE__BODY_OFFER_RESULT) {
        sent_result = (int)((const Hikyaku__V1__OfferResult *)(const void *)body)->result;
    }
}

static void on_credit(void *context)
{
    (void)context;
}

static int set_up(void **state)
{
    (void)state;
    claims_asked = recalled = 0;
    opened = NULL;
    sent_result = -1;
    is_ready = true;
    ips = (struct sending_ips){.count = 0};
    assert_int_equal(sending_ips_add(&ips, "mkt", "192.0.2.1", "a.example"), 0);
    ips.items[0].state = SENDING_IP_OWNED;
    sealer = seal_create(1);
    loop = loop_create();
    claims = claims_create(&(struct claims_settings){.loop = loop,
                                                     .ips = &ips,
                                                     .limits = {1000, 500},
                                                     .idle_ms = 1,
                                                     .on_campaign = on_campaign,
                                                     .on_open = on_open,
                                                     .on_recall = on_recall,
                                                     .on_wait = on_wait,
                                                     .send = send_to,
                                                     .on_credit = on_credit});
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    claims_destroy(&claims);
    loop_destroy(&loop);
    seal_destroy(&sealer);
    return 0;
}

static void seal(enum seal_kind kind, uint32_t batch, const struct buffer *plain,
                 struct buffer *sealed)
{
    struct seal_name name = {.kind = kind, .batch = batch};
    struct text part = buffer_text(plain);
    memcpy(name.campaign, campaign_id, sizeof campaign_id);
    assert_int_equal(seal_encrypt(sealer, data_key, &name, &part, 1, sealed), 0);
}

static ProtobufCBinaryData bytes_of(const struct buffer *buffer)
{
    return (ProtobufCBinaryData){buffer->size, (uint8_t *)buffer->data};
}

static void send_content(void)
{
    static char texts[][32] = {"news@shop.test", "Hello", "Text\n", "default"};
    static unsigned char key[TOKEN_CAMPAIGN_KEY_PACKED_BYTES] = {1};
    Hikyaku__V1__StoredCampaign stored = HIKYAKU__V1__STORED_CAMPAIGN__INIT;
    Hikyaku__V1__CreateCampaignRequest settings = HIKYAKU__V1__CREATE_CAMPAIGN_REQUEST__INIT;
    Hikyaku__V1__Content content = HIKYAKU__V1__CONTENT__INIT;
    Hikyaku__V1__Mailbox from = HIKYAKU__V1__MAILBOX__INIT;
    from.address = texts[0];
    content.from = &from;
    content.subject = texts[1];
    content.text = texts[2];
    settings.content = &content;
    settings.lane = HIKYAKU__V1__LANE__LANE_BULK;
    stored.settings = &settings;
    struct buffer plain = {0};
    struct buffer sealed = {0};
    wire_unpack_append(&stored.base, &plain);
    seal(SEAL_CONTENT, 0, &plain, &sealed);
    Hikyaku__V1__CampaignContent message = HIKYAKU__V1__CAMPAIGN_CONTENT__INIT;
    message.campaign_id = (ProtobufCBinaryData){sizeof campaign_id, campaign_id};
    message.data_key = (ProtobufCBinaryData){sizeof data_key, data_key};
    message.token_key = (ProtobufCBinaryData){sizeof key, key};
    message.hash_key = (ProtobufCBinaryData){sizeof hash_key, hash_key};
    message.sealed_content = bytes_of(&sealed);
    message.tenant = texts[3];
    Hikyaku__V1__FleetMessage frame = HIKYAKU__V1__FLEET_MESSAGE__INIT;
    frame.body_case = HIKYAKU__V1__FLEET_MESSAGE__BODY_CONTENT;
    frame.content = &message;
    claims_on_message(claims, LINK, &frame);
    buffer_finish(&plain);
    buffer_finish(&sealed);
}

static bool is_alone;

static void send_offer_sealed_for(uint32_t sealed_for, uint32_t batch, uint32_t rows)
{
    static char pool[] = "mkt";
    struct buffer plain = {0};
    struct buffer sealed = {0};
    for (uint32_t i = 0; i < rows; i++) {
        wire_store_append_recipient(
            &(struct wire_store_recipient){.index = i, .address = TEXT("a@example.net")}, &plain);
    }
    seal(SEAL_RECIPIENTS, sealed_for, &plain, &sealed);
    Hikyaku__V1__Offer offer = HIKYAKU__V1__OFFER__INIT;
    offer.campaign_id = (ProtobufCBinaryData){sizeof campaign_id, campaign_id};
    offer.batch = batch;
    offer.pool = pool;
    offer.rows = rows;
    offer.sealed_recipients = bytes_of(&sealed);
    offer.sent_unix_ms = clock_unix_ms();
    offer.alone = is_alone;
    Hikyaku__V1__FleetMessage frame = HIKYAKU__V1__FLEET_MESSAGE__INIT;
    frame.body_case = HIKYAKU__V1__FLEET_MESSAGE__BODY_OFFER;
    frame.offer = &offer;
    sent_result = -1;
    claims_on_message(claims, LINK, &frame);
    buffer_finish(&plain);
    buffer_finish(&sealed);
}

static void send_offer(uint32_t batch, uint32_t rows)
{
    send_offer_sealed_for(batch, batch, rows);
}

static void answer_claim(enum store_claim_status status, enum store_word word, uint32_t rows)
{
    struct buffer packed = {0};
    unsigned char row[ROWS_SIZE];
    rows_encode(&(struct row){.state = OUTCOME_PENDING}, row);
    for (uint32_t i = 0; i < rows; i++) {
        buffer_append(&packed, row, sizeof row);
    }
    struct store_claim_answer given = {.status = status,
                                       .epoch = 9,
                                       .word = word,
                                       .ms_left = UINT64_MAX,
                                       .now_unix_ms = clock_unix_ms(),
                                       .rows = buffer_text(&packed),
                                       .row_count = (uint16_t)rows,
                                       .is_hold = true};
    on_claimed(claimed_context, 0, &given);
    buffer_finish(&packed);
}

static void test_an_offer_becomes_a_claim(void **state)
{
    (void)state;
    send_offer(1, 2); /* its content is not here: it is asked for */
    assert_int_equal(sent_result, HIKYAKU__V1__OFFER_RESULT__RESULT__DECLINED);
    send_content();
    send_offer(1, 2);
    assert_int_equal(claims_asked, 1);
    assert_int_equal(sent_result, -1);
    send_offer(1, 2); /* twice: one claim */
    assert_int_equal(claims_asked, 1);
    assert_int_equal(claims_in_hand(claims), 2);
    answer_claim(STORE_CLAIMED, STORE_RUN, 2);
    assert_int_equal(sent_result, HIKYAKU__V1__OFFER_RESULT__RESULT__CLAIMED);
    assert_non_null(opened);
    assert_int_equal(opened->working, 2);
    assert_true(opened->is_hold);
    assert_int_equal(recalled, 0);
    claims_on_end(claims, opened);
    assert_int_equal(claims_count(claims), 0);
    assert_int_equal(claims_in_hand(claims), 0);
}

static void test_what_is_declined(void **state)
{
    (void)state;
    send_content();
    send_offer(1, 501); /* more rows than a batch has */
    assert_int_equal(sent_result, HIKYAKU__V1__OFFER_RESULT__RESULT__DECLINED);
    ips.items[0].state = SENDING_IP_WAITING;
    send_offer(1, 2);
    assert_int_equal(sent_result, HIKYAKU__V1__OFFER_RESULT__RESULT__DECLINED);
    ips.items[0].state = SENDING_IP_OWNED;
    is_ready = false;
    send_offer(1, 2);
    assert_int_equal(sent_result, HIKYAKU__V1__OFFER_RESULT__RESULT__DECLINED);
    is_ready = true;
    send_offer(1, 500); /* all that BULK may have of 1,000 with a reserve of 500 */
    send_offer(2, 1);
    assert_int_equal(sent_result, HIKYAKU__V1__OFFER_RESULT__RESULT__DECLINED);
    assert_int_equal(claims_asked, 1);
    answer_claim(STORE_CLAIM_TAKEN, STORE_RUN, 0);
    assert_int_equal(sent_result, HIKYAKU__V1__OFFER_RESULT__RESULT__TAKEN);
    assert_int_equal(claims_count(claims), 0);
    claims_drain(claims);
    send_offer(3, 1);
    assert_int_equal(sent_result, HIKYAKU__V1__OFFER_RESULT__RESULT__DECLINED);
}

/* I7: a sealed part that does not open, or not to what the rows need, is claimed all the same: its
 * rows are settled under a gate instead of being offered again at once. */
static void test_damaged_batches_are_opened_as_such(void **state)
{
    (void)state;
    send_content();
    for (uint32_t i = 0; i < 2; i++) {
        if (i == 0) {
            send_offer_sealed_for(99, 1, 2);
        } else {
            send_offer(1, 1);
        }
        answer_claim(STORE_CLAIMED, STORE_RUN, 2);
        assert_int_equal(sent_result, HIKYAKU__V1__OFFER_RESULT__RESULT__CLAIMED);
        assert_true(opened->is_damaged);
        assert_int_equal(opened->count, 2);
        assert_int_equal(opened->working, 2);
        claims_on_end(claims, opened);
    }
    assert_int_equal(claims_count(claims), 0);
}

static void test_words_recall(void **state)
{
    (void)state;
    send_content();
    send_offer(1, 1);
    answer_claim(STORE_CLAIMED, STORE_PAUSE, 1);
    assert_int_equal(recalled, 1);
    assert_int_equal(opened->recall_gate, GATE_PAUSED);
    claims_on_word(claims, opened, STORE_CANCEL, 1000); /* it is on its way back already */
    assert_int_equal(recalled, 1);
    assert_int_not_equal(opened->expires_ms, UINT64_MAX);
    claims_on_end(claims, opened);
}

/* The answer got lost: it may be ours, so it is asked for again. And what has not started by
 * claim.idle goes back. */
static void test_time_passes(void **state)
{
    (void)state;
    send_content();
    send_offer(1, 1);
    on_claimed(claimed_context, -ECONNRESET, NULL);
    assert_int_equal(claims_count(claims), 1);
    uint64_t ask = last_ask;
    struct loop_timer *stop = loop_timer_create(loop, (loop_fn *)loop_stop, loop);
    loop_timer_start(stop, 510, 0);
    loop_run(loop);
    assert_int_equal(claims_asked, 2);
    assert_int_equal(last_ask, ask); /* else it would be another's claim */
    answer_claim(STORE_CLAIMED, STORE_RUN, 1);
    loop_timer_start(stop, 500, 0);
    loop_run(loop);
    assert_int_equal(recalled, 1);
    claims_on_end(claims, opened);
    send_offer(1, 1);
    assert_int_not_equal(last_ask, ask);
    on_claimed(claimed_context, -EAGAIN, NULL);
    loop_timer_destroy(&stop);
}

static void send_alone(uint32_t batch)
{
    is_alone = claimed_alone = true;
    send_offer(batch, 2);
    is_alone = claimed_alone = false;
}

/* A suspect batch gets this worker for itself: others go back, none comes, and its part is claimed
 * when nothing else is left. */
static void test_alone_with_a_suspect(void **state)
{
    (void)state;
    send_content();
    send_offer(1, 2);
    answer_claim(STORE_CLAIMED, STORE_RUN, 2);
    struct claim *other = opened;
    send_offer(2, 2); /* without answer yet */
    send_alone(3);
    assert_int_equal(sent_result, HIKYAKU__V1__OFFER_RESULT__RESULT__DECLINED);
    assert_int_equal(recalled, 1);
    assert_int_equal(other->recall_gate, GATE_WORKER_CREDIT);
    assert_true(claims_is_isolated(claims));
    answer_claim(STORE_CLAIMED, STORE_RUN, 2); /* of the second: it goes back as well */
    assert_int_equal(recalled, 2);
    claims_on_end(claims, other);
    claims_on_end(claims, opened);
    send_offer(4, 2);
    assert_int_equal(sent_result, HIKYAKU__V1__OFFER_RESULT__RESULT__DECLINED);
    int asked = claims_asked;
    send_alone(3);
    assert_int_equal(claims_asked, asked + 1);
    answer_claim(STORE_CLAIMED, STORE_RUN, 2);
    assert_int_equal(recalled, 2);
    assert_true(opened->is_alone);
    send_alone(5); /* one suspect at a time */
    assert_int_equal(sent_result, HIKYAKU__V1__OFFER_RESULT__RESULT__DECLINED);
    claims_on_end(claims, opened);
    assert_true(claims_is_isolated(claims)); /* for the next part, a moment */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_offer_becomes_a_claim, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_declined, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged_batches_are_opened_as_such, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_words_recall, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_time_passes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_alone_with_a_suspect, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
