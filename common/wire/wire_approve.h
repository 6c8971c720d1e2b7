/* Rules of calls by which people look at a campaign before it runs, and let it. Of this folder
 * only. */
#ifndef HIKYAKU_COMMON_WIRE_WIRE_APPROVE_H
#define HIKYAKU_COMMON_WIRE_WIRE_APPROVE_H

#include <protobuf-c/protobuf-c.h>

struct wire_rule_set;

/** @return NULL: it is no such call */
const struct wire_rule_set *wire_approve_find(const ProtobufCMessageDescriptor *request);

#endif
