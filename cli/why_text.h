/* The answer of Why, and tries of a recipient, as people read them. */
#ifndef HIKYAKU_CLI_WHY_TEXT_H
#define HIKYAKU_CLI_WHY_TEXT_H

#include "common/base/buffer.h"
#include "hikyaku/v1/api.pb-c.h"

/** @param is_recipient  it was asked about one, else about a campaign */
void why_text_append(const Hikyaku__V1__WhyResponse *why, bool is_recipient, struct buffer *out);
/** A line each: time, from where to where, what was answered. */
void why_text_append_tries(Hikyaku__V1__Event *const *events, size_t count, struct buffer *out);

#endif
