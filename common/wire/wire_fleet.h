/* Frames between coordinators and workers: one FleetMessage each. Both sides come through here, so
 * that both hold the same bounds: ids of 16 bytes, known lanes, sizes of sealed parts. */
#ifndef HIKYAKU_COMMON_WIRE_WIRE_FLEET_H
#define HIKYAKU_COMMON_WIRE_WIRE_FLEET_H

#include "common/base/arena.h"
#include "common/base/buffer.h"
#include "common/base/problem.h"
#include "hikyaku/v1/fleet.pb-c.h"

#define WIRE_FLEET_FRAME_BYTES_MAX ((size_t)16 * 1024 * 1024)

/**
 * Append a frame that holds `body`, a message of the type that `body_case` names:
 * wire_fleet_append(HIKYAKU__V1__FLEET_MESSAGE__BODY_OFFER, &offer.base, &frame).
 */
void wire_fleet_append(Hikyaku__V1__FleetMessage__BodyCase body_case, ProtobufCMessage *body,
                       struct buffer *out);

/**
 * Read a frame. The message lives in `arena`.
 * @return 0; -EMSGSIZE; -EPROTO (malformed, no body, a field outside its bounds: drop the frame)
 */
MUST_USE int wire_fleet_read(struct text frame, struct arena *arena,
                             Hikyaku__V1__FleetMessage **ret_message, struct problem *problem);

#endif
