/* Any message of the API as JSON, for --json: fields by their names in api.proto, enums by their
 * words, maps as objects, 64-bit numbers as numbers, bytes in hex where they are a digest and in
 * base64 elsewhere. Every field is there, at its default too; of a oneof the set member only. */
#ifndef HIKYAKU_CLI_MESSAGE_JSON_H
#define HIKYAKU_CLI_MESSAGE_JSON_H

#include "common/base/buffer.h"

#include <protobuf-c/protobuf-c.h>

/** Append one object without a line end. */
void message_json_append(const ProtobufCMessage *message, struct buffer *out);

#endif
