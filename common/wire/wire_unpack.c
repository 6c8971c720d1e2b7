#include "common/wire/wire_unpack.h"

#include "hikyaku/v1/api.pb-c.h"
#include "hikyaku/v1/fleet.pb-c.h"
#include "hikyaku/v1/store.pb-c.h"

#include <errno.h>

#define MIB ((size_t)1024 * 1024)

/* A little above what the rules allow: the rules give the better message where both refuse. */
static const struct wire_count call_counts[] = {
    {&hikyaku__v1__add_recipients_request__descriptor, 3, 4096},
    {&hikyaku__v1__recipient__descriptor, 6, 40},
    {&hikyaku__v1__recipient__descriptor, 7, 40},
    {&hikyaku__v1__send_messages_request__descriptor, 3, 1000},
    {&hikyaku__v1__add_suppressions_request__descriptor, 2, 500},
    {&hikyaku__v1__check_suppressions_request__descriptor, 2, 500},
    {&hikyaku__v1__check_suppressions_request__descriptor, 3, 500},
    {&hikyaku__v1__submit_campaign_request__descriptor, 4, 200},
    {&hikyaku__v1__event_filter__descriptor, 1, 200},
};

const struct wire_bounds wire_unpack_call_bounds = {
    .bytes = 8 * MIB,
    .memory_bytes = 64 * MIB,
    .depth = 8,
    .entries = 100,
    .counts = call_counts,
    .count_count = sizeof call_counts / sizeof call_counts[0],
};

/* The handshake decides which protocol is spoken, so it must be readable across versions. */
static const ProtobufCMessageDescriptor *const handshake[] = {
    &hikyaku__v1__hello__descriptor,
    &hikyaku__v1__welcome__descriptor,
    &hikyaku__v1__refused__descriptor,
    NULL,
};

static const struct wire_count fleet_counts[] = {
    {&hikyaku__v1__credit__descriptor, 1, 2000},
    {&hikyaku__v1__credit__room__descriptor, 5, 1000},
    {&hikyaku__v1__worker_status__descriptor, 8, 2000},
    {&hikyaku__v1__worker_status__descriptor, 9, 20000},
    {&hikyaku__v1__waiting_letters__descriptor, 6, 256},
};

const struct wire_bounds wire_unpack_fleet_bounds = {
    .bytes = 16 * MIB,
    .memory_bytes = 32 * MIB,
    .depth = 6,
    .entries = 100,
    .counts = fleet_counts,
    .count_count = sizeof fleet_counts / sizeof fleet_counts[0],
    .open = handshake,
};

const struct wire_bounds wire_unpack_store_bounds = {
    .bytes = 24 * MIB,
    .memory_bytes = 96 * MIB,
    .depth = 10,
    .entries = 4096,
    .open_everywhere = true,
};

static void *take_memory(void *context, size_t size)
{
    struct arena *arena = context;
    return arena_is_full(arena) ? NULL : arena_alloc(arena, size);
}

static void leave_memory(void *context, void *memory)
{
    (void)context; /* the arena frees all at once */
    (void)memory;
}

int wire_unpack(const ProtobufCMessageDescriptor *descriptor, const struct wire_bounds *bounds,
                struct text bytes, struct arena *arena, ProtobufCMessage **ret_message,
                struct problem *problem)
{
    int error = wire_scan(descriptor, bounds, bytes, NULL, problem);
    if (error != 0) {
        return error;
    }
    static const uint8_t nothing;
    ProtobufCAllocator allocator = {take_memory, leave_memory, arena};
    ProtobufCMessage *message =
        protobuf_c_message_unpack(descriptor, &allocator, bytes.size,
                                  bytes.size == 0 ? &nothing : (const uint8_t *)bytes.data);
    if (message == NULL) {
        problem_set(problem, "", arena_is_full(arena) ? "too_large" : "malformed",
                    "the message cannot be read");
        return arena_is_full(arena) ? -EMSGSIZE : -EPROTO;
    }
    *ret_message = message;
    return 0;
}

void wire_unpack_append(const ProtobufCMessage *message, struct buffer *out)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    char *place = buffer_reserve(out, size);
    out->size += protobuf_c_message_pack(message, (uint8_t *)place);
}

ProtobufCMessage *wire_unpack_copy(const ProtobufCMessage *message, struct arena *arena)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *packed = arena_alloc(arena, size + 1);
    (void)protobuf_c_message_pack(message, packed);
    ProtobufCAllocator allocator = {take_memory, leave_memory, arena};
    return protobuf_c_message_unpack(message->descriptor, &allocator, size, packed);
}
