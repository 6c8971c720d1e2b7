#include "common/wire/wire_fleet.h"

#include "common/wire/wire_unpack.h"
#include "hikyaku/v1/api.pb-c.h"

#include <errno.h>
#include <string.h>

#define CAMPAIGN_BYTES 16
#define KEY_BYTES_MAX 64
#define NAME_BYTES_MAX 255
#define NOTE_BYTES_MAX 1024
#define ROWS_MAX 500

void wire_fleet_append(Hikyaku__V1__FleetMessage__BodyCase body_case, ProtobufCMessage *body,
                       struct buffer *out)
{
    Hikyaku__V1__FleetMessage message = HIKYAKU__V1__FLEET_MESSAGE__INIT;
    message.body_case = body_case;
    /* The members of the union are all pointers to messages. */
    memcpy(&message.hello, &body, sizeof(void *));
    wire_unpack_append(&message.base, out);
}

static int refuse(struct problem *problem, const char *field, const char *rule)
{
    problem_set(problem, field, rule, "is outside its bounds");
    return -EPROTO;
}

/* A session: 16 bytes, or their 32 hex digits. */
static bool is_session(ProtobufCBinaryData session)
{
    return session.len == 16 || session.len == 32;
}

static int check_id(ProtobufCBinaryData id, const char *field, struct problem *problem)
{
    return id.len == CAMPAIGN_BYTES ? 0 : refuse(problem, field, "id_size");
}

static int check_name(const char *name, const char *field, struct problem *problem)
{
    return strlen(name) <= NAME_BYTES_MAX ? 0 : refuse(problem, field, "too_large");
}

static int check_lane(uint32_t lane, const char *field, struct problem *problem)
{
    bool is_known =
        lane == HIKYAKU__V1__LANE__LANE_BULK || lane == HIKYAKU__V1__LANE__LANE_TRANSACTIONAL;
    return is_known ? 0 : refuse(problem, field, "out_of_range");
}

static int check_hello(const Hikyaku__V1__Hello *hello, struct problem *problem)
{
    if (!is_session(hello->session)) {
        return refuse(problem, "hello.session", "id_size");
    }
    if (hello->protocol_min > hello->protocol_max) {
        return refuse(problem, "hello.protocol_min", "out_of_range");
    }
    return check_name(hello->name, "hello.name", problem);
}

static int check_parts(const Hikyaku__V1__Credit__Room *room, struct problem *problem)
{
    int error = 0;
    for (size_t i = 0; i < room->n_parts && error == 0; i++) {
        error = check_name(room->parts[i]->group, "credit.rooms.parts.group", problem);
    }
    return error;
}

static int check_credit(const Hikyaku__V1__Credit *credit, struct problem *problem)
{
    int error = 0;
    for (size_t i = 0; i < credit->n_rooms && error == 0; i++) {
        const Hikyaku__V1__Credit__Room *room = credit->rooms[i];
        error = check_lane(room->lane, "credit.rooms.lane", problem);
        error = error == 0 ? check_name(room->pool, "credit.rooms.pool", problem) : error;
        error = error == 0 ? check_parts(room, problem) : error;
    }
    if (error == 0 && credit->status != NULL && strlen(credit->status->note) > NOTE_BYTES_MAX) {
        return refuse(problem, "credit.status.note", "too_large");
    }
    return error;
}

static int check_content(const Hikyaku__V1__CampaignContent *content, struct problem *problem)
{
    if (content->data_key.len > KEY_BYTES_MAX || content->token_key.len > KEY_BYTES_MAX ||
        content->hash_key.len > KEY_BYTES_MAX || content->unsubscribe_key.len > KEY_BYTES_MAX) {
        return refuse(problem, "content", "key_size");
    }
    int error = check_id(content->campaign_id, "content.campaign_id", problem);
    return error != 0 ? error : check_name(content->tenant, "content.tenant", problem);
}

static int check_offer(const Hikyaku__V1__Offer *offer, struct problem *problem)
{
    if (offer->rows == 0 || offer->rows > ROWS_MAX) {
        return refuse(problem, "offer.rows", "out_of_range");
    }
    int error = check_id(offer->campaign_id, "offer.campaign_id", problem);
    error = error == 0 ? check_lane(offer->lane, "offer.lane", problem) : error;
    error = error == 0 ? check_name(offer->pool, "offer.pool", problem) : error;
    error = error == 0 ? check_name(offer->group, "offer.group", problem) : error;
    return error != 0 ? error : check_name(offer->provider, "offer.provider", problem);
}

static int check_return(const Hikyaku__V1__ReturnClaim *claim, struct problem *problem)
{
    if (claim->epoch == 0) {
        return refuse(problem, "return_claim.epoch", "out_of_range");
    }
    int error = check_id(claim->campaign_id, "return_claim.campaign_id", problem);
    return error != 0 ? error : check_name(claim->tenant, "return_claim.tenant", problem);
}

static int check_inquiry(const Hikyaku__V1__Inquiry *inquiry, struct problem *problem)
{
    if (inquiry->paths || inquiry->shadow) {
        return 0;
    }
    if (inquiry->position >= ROWS_MAX) {
        return refuse(problem, "inquiry.position", "out_of_range");
    }
    return check_id(inquiry->campaign_id, "inquiry.campaign_id", problem);
}

static int check_body(const Hikyaku__V1__FleetMessage *message, struct problem *problem)
{
    switch (message->body_case) {
    case HIKYAKU__V1__FLEET_MESSAGE__BODY_HELLO:
        return check_hello(message->hello, problem);
    case HIKYAKU__V1__FLEET_MESSAGE__BODY_WELCOME:
        return is_session(message->welcome->session)
                   ? check_name(message->welcome->name, "welcome.name", problem)
                   : refuse(problem, "welcome.session", "id_size");
    case HIKYAKU__V1__FLEET_MESSAGE__BODY_CREDIT:
        return check_credit(message->credit, problem);
    case HIKYAKU__V1__FLEET_MESSAGE__BODY_CONTENT:
        return check_content(message->content, problem);
    case HIKYAKU__V1__FLEET_MESSAGE__BODY_NEED_CONTENT:
        return check_id(message->need_content->campaign_id, "need_content.campaign_id", problem);
    case HIKYAKU__V1__FLEET_MESSAGE__BODY_OFFER:
        return check_offer(message->offer, problem);
    case HIKYAKU__V1__FLEET_MESSAGE__BODY_OFFER_RESULT:
        return check_id(message->offer_result->campaign_id, "offer_result.campaign_id", problem);
    case HIKYAKU__V1__FLEET_MESSAGE__BODY_PROGRESS:
        return check_id(message->progress->campaign_id, "progress.campaign_id", problem);
    case HIKYAKU__V1__FLEET_MESSAGE__BODY_CONTROL:
        return check_id(message->control->campaign_id, "control.campaign_id", problem);
    case HIKYAKU__V1__FLEET_MESSAGE__BODY_RETURN_CLAIM:
        return check_return(message->return_claim, problem);
    case HIKYAKU__V1__FLEET_MESSAGE__BODY_INQUIRY:
        return check_inquiry(message->inquiry, problem);
    case HIKYAKU__V1__FLEET_MESSAGE__BODY_INQUIRY_ANSWER:
    case HIKYAKU__V1__FLEET_MESSAGE__BODY_REFUSED:
    case HIKYAKU__V1__FLEET_MESSAGE__BODY_LEAVING:
        return 0;
    case HIKYAKU__V1__FLEET_MESSAGE__BODY__NOT_SET:
    case _HIKYAKU__V1__FLEET_MESSAGE__BODY__CASE_IS_INT_SIZE:
    default:
        problem_set(problem, "body", "required", "the frame has no body");
        return -EPROTO;
    }
}

int wire_fleet_read(struct text frame, struct arena *arena, Hikyaku__V1__FleetMessage **ret_message,
                    struct problem *problem)
{
    ProtobufCMessage *message = NULL;
    int error = wire_unpack(&hikyaku__v1__fleet_message__descriptor, &wire_unpack_fleet_bounds,
                            frame, arena, &message, problem);
    if (error != 0) {
        return error;
    }
    Hikyaku__V1__FleetMessage *fleet = (Hikyaku__V1__FleetMessage *)(void *)message;
    error = check_body(fleet, problem);
    if (error == 0) {
        *ret_message = fleet;
    }
    return error;
}
