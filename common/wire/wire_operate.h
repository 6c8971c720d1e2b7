/* Rules of calls that run the cluster: FleetService and AccessService. Of this folder only. */
#ifndef HIKYAKU_COMMON_WIRE_WIRE_OPERATE_H
#define HIKYAKU_COMMON_WIRE_WIRE_OPERATE_H

#include <protobuf-c/protobuf-c.h>

struct wire_rule_set;

/** @return NULL: it is no such call */
const struct wire_rule_set *wire_operate_find(const ProtobufCMessageDescriptor *request);

#endif
