/* What a path's controller decided, in words: "docomo x 203.0.113.7 suspended 10 min, 421 at
 * connect, rule docomo-conn (3rd in a row)". */
#ifndef HIKYAKU_CLI_THROTTLE_TEXT_H
#define HIKYAKU_CLI_THROTTLE_TEXT_H

#include "common/base/buffer.h"
#include "hikyaku/v1/api.pb-c.h"

/** @param event  of type THROTTLE */
void throttle_text_append(const Hikyaku__V1__Event *event, struct buffer *out);
/** Without the path: "suspended 10 min, 421 at connect, ...". */
void throttle_text_append_what(const Hikyaku__V1__Event *event, struct buffer *out);
/** "2.5/s", "14/min". @param per_1000_s  messages in 1,000 s */
void throttle_text_append_rate(uint64_t per_1000_s, struct buffer *out);

#endif
