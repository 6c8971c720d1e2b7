#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/wire/wire_fleet.h"

#include <errno.h>
#include <string.h>

static uint8_t id[16] = {1, 2, 3};
static char pool[] = "default";

static Hikyaku__V1__Offer offer(void)
{
    Hikyaku__V1__Offer offer = HIKYAKU__V1__OFFER__INIT;
    offer.campaign_id = (ProtobufCBinaryData){sizeof id, id};
    offer.batch = 65536 + 3;
    offer.lane = 1;
    offer.pool = pool;
    offer.rows = 500;
    return offer;
}

static int read_back(struct buffer *frame, struct arena *arena, Hikyaku__V1__FleetMessage **message,
                     struct problem *problem)
{
    int error = wire_fleet_read(buffer_text(frame), arena, message, problem);
    buffer_finish(frame);
    return error;
}

static void test_offer_arrives(void **state)
{
    (void)state;
    struct buffer frame = {0};
    struct arena *arena = arena_create(0);
    Hikyaku__V1__FleetMessage *message = NULL;
    Hikyaku__V1__Offer sent = offer();
    wire_fleet_append(HIKYAKU__V1__FLEET_MESSAGE__BODY_OFFER, &sent.base, &frame);
    assert_int_equal(read_back(&frame, arena, &message, NULL), 0);
    assert_int_equal(message->body_case, HIKYAKU__V1__FLEET_MESSAGE__BODY_OFFER);
    assert_int_equal(message->offer->batch, 65536 + 3);
    assert_memory_equal(message->offer->campaign_id.data, id, sizeof id);
    arena_destroy(&arena);
}

static void refuse_offer(const Hikyaku__V1__Offer *bad, const char *field)
{
    struct buffer frame = {0};
    struct arena *arena = arena_create(0);
    struct problem problem = {0};
    Hikyaku__V1__FleetMessage *message = NULL;
    Hikyaku__V1__Offer copy = *bad;
    wire_fleet_append(HIKYAKU__V1__FLEET_MESSAGE__BODY_OFFER, &copy.base, &frame);
    assert_int_equal(read_back(&frame, arena, &message, &problem), -EPROTO);
    assert_string_equal(problem.field, field);
    assert_null(message);
    arena_destroy(&arena);
}

static void test_offers_out_of_bounds(void **state)
{
    (void)state;
    Hikyaku__V1__Offer bad = offer();
    bad.rows = 501;
    refuse_offer(&bad, "offer.rows");
    bad.rows = 0;
    refuse_offer(&bad, "offer.rows");
    bad = offer();
    bad.campaign_id.len = 15;
    refuse_offer(&bad, "offer.campaign_id");
    bad = offer();
    bad.lane = 3;
    refuse_offer(&bad, "offer.lane");
}

static void test_handshake(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    struct problem problem = {0};
    struct buffer frame = {0};
    Hikyaku__V1__FleetMessage *message = NULL;
    Hikyaku__V1__Hello hello = HIKYAKU__V1__HELLO__INIT;
    hello.protocol_min = 1;
    hello.protocol_max = 2;
    hello.session = (ProtobufCBinaryData){sizeof id, id};
    wire_fleet_append(HIKYAKU__V1__FLEET_MESSAGE__BODY_HELLO, &hello.base, &frame);
    assert_int_equal(read_back(&frame, arena, &message, &problem), 0);
    hello.protocol_min = 3;
    wire_fleet_append(HIKYAKU__V1__FLEET_MESSAGE__BODY_HELLO, &hello.base, &frame);
    assert_int_equal(read_back(&frame, arena, &message, &problem), -EPROTO);
    hello.protocol_min = 1;
    hello.session.len = 3;
    wire_fleet_append(HIKYAKU__V1__FLEET_MESSAGE__BODY_HELLO, &hello.base, &frame);
    assert_int_equal(read_back(&frame, arena, &message, &problem), -EPROTO);
    assert_string_equal(problem.field, "hello.session");
    arena_destroy(&arena);
}

static void test_no_body(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    struct problem problem = {0};
    Hikyaku__V1__FleetMessage *message = NULL;
    assert_int_equal(wire_fleet_read(TEXT(""), arena, &message, &problem), -EPROTO);
    assert_string_equal(problem.rule, "required");
    assert_int_equal(wire_fleet_read(TEXT("\x0a"), arena, &message, &problem), -EPROTO);
    arena_destroy(&arena);
}

static void test_return_of_a_claim(void **state)
{
    static const struct {
        size_t id_size;
        uint64_t epoch;
        const char *field; /* NULL: it is right */
    } cases[] = {
        {16, 1, NULL},
        {15, 1, "return_claim.campaign_id"},
        {16, 0, "return_claim.epoch"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer frame = {0};
        struct arena *arena = arena_create(0);
        struct problem problem = {0};
        Hikyaku__V1__FleetMessage *message = NULL;
        Hikyaku__V1__ReturnClaim sent = HIKYAKU__V1__RETURN_CLAIM__INIT;
        sent.campaign_id = (ProtobufCBinaryData){cases[i].id_size, id};
        sent.epoch = cases[i].epoch;
        sent.tenant = pool;
        wire_fleet_append(HIKYAKU__V1__FLEET_MESSAGE__BODY_RETURN_CLAIM, &sent.base, &frame);
        int error = read_back(&frame, arena, &message, &problem);
        assert_int_equal(error, cases[i].field == NULL ? 0 : -EPROTO);
        assert_string_equal(problem.field, cases[i].field == NULL ? "" : cases[i].field);
        arena_destroy(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offer_arrives),
        cmocka_unit_test(test_return_of_a_claim),
        cmocka_unit_test(test_offers_out_of_bounds),
        cmocka_unit_test(test_handshake),
        cmocka_unit_test(test_no_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
