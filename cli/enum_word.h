/* Names of protobuf enums without their prefix: LANE_BULK is BULK on screens, in campaign files and
 * in JSON. Pure. */
#ifndef HIKYAKU_CLI_ENUM_WORD_H
#define HIKYAKU_CLI_ENUM_WORD_H

#include "common/base/buffer.h"

#include <protobuf-c/protobuf-c.h>

/** "BULK"; "UNSPECIFIED" for 0 where the enum has that; "?" for a number that is not known. */
const char *enum_word(const ProtobufCEnumDescriptor *descriptor, int64_t value);
/** Reads the word in either case, with or without prefix. @return 0 or -EINVAL (also for 0, the
 *  default, which has no word) */
MUST_USE int enum_word_parse(const ProtobufCEnumDescriptor *descriptor, struct text word,
                             int *ret_value);
/** Append the words that enum_word_parse() takes: "BULK, TRANSACTIONAL". */
void enum_word_append_choices(const ProtobufCEnumDescriptor *descriptor, struct buffer *out);

#endif
