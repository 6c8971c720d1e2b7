/* Reading a field of any protobuf-c message through its descriptor. */
#ifndef HIKYAKU_COMMON_WIRE_WIRE_FIELD_H
#define HIKYAKU_COMMON_WIRE_WIRE_FIELD_H

#include "common/base/text.h"

#include <protobuf-c/protobuf-c.h>

/** The field with this number; a bug when there is none. */
const ProtobufCFieldDescriptor *wire_field_find(const ProtobufCMessageDescriptor *descriptor,
                                                uint32_t number);

/** A member of a oneof that is not the set one is not there. Every other field is. */
bool wire_field_is_there(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

/** Bytes that one value of this type takes in the C struct. */
size_t wire_field_size(ProtobufCType type);

/** Number of entries: of a repeated field, else 1. */
size_t wire_field_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

/** Where entry `index` lies (0 for a singular field). */
const void *wire_field_at(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                          size_t index);

/* The value at a place that wire_field_at() gave. */
int64_t wire_field_number(const ProtobufCFieldDescriptor *field, const void *value);
/** A string or bytes. */
struct text wire_field_text(const ProtobufCFieldDescriptor *field, const void *value);
/** NULL when the message is not there. */
const ProtobufCMessage *wire_field_message(const void *value);

#endif
