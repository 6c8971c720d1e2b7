/* The rules of API.md that a request can be held against by itself, without store, clock or
 * configuration beyond struct wire_limits: sizes, character sets, ranges, what is required, what
 * excludes what, what has no effect yet. Every problem is collected (up to 100), nothing is
 * changed: text that is not NFC is refused in identifiers (keys, labels, refs, names of pools,
 * variants) and passed as given elsewhere.
 *
 * Not here: address syntax, templates, JSON of fields (common/mail); pools, domains, keys
 * (configuration); state of the campaign (store). */
#ifndef HIKYAKU_COMMON_WIRE_WIRE_RULES_H
#define HIKYAKU_COMMON_WIRE_WIRE_RULES_H

#include "common/base/problem.h"
#include "common/wire/wire_limits.h"
#include "hikyaku/v1/api.pb-c.h"

#define WIRE_RULES_CANARY_MAX 1000 /* recipients that go first */

/**
 * Hold a call against its rules: any request message of api.proto.
 *
 * Recipients of AddRecipients and messages of SendMessages are checked one by one with
 * wire_rules_recipient() and wire_rules_message(), because a bad one does not fail its neighbours;
 * only fields without effect yet refuse the call as a whole. Times are held against the clock by
 * wire_rules_schedule(), after a replay has been ruled out.
 *
 * @param problems  problems are added; its count must be 0 before the first call
 * @return 0, or -EINVAL when there is at least one problem
 */
MUST_USE int wire_rules_check(const ProtobufCMessage *request, const struct wire_limits *limits,
                              struct problem_list *problems);

/**
 * One recipient of AddRecipients. Hot: no allocation.
 * @param problem  the first problem; its field is relative: "fields", not "recipients[3].fields"
 * @return 0 or -EINVAL
 */
MUST_USE int wire_rules_recipient(const Hikyaku__V1__Recipient *recipient,
                                  const struct wire_limits *limits, struct problem *problem);

/** One message of SendMessages; as wire_rules_recipient(). Two messages of one call with the same
 *  key are the caller's (intake) to find. */
MUST_USE int wire_rules_message(const Hikyaku__V1__MessageItem *item,
                                const struct wire_limits *limits, struct problem *problem);

/** Whether a send time lies in now .. now + days; 0 (at once) does. @return 0 or -EINVAL */
MUST_USE int wire_rules_schedule(int64_t scheduled_at_unix_ms, int64_t now_unix_ms, uint32_t days,
                                 struct problem *problem);

#endif
