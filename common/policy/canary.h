/* Sends a campaign to a few recipients first, and judges what became of them before the rest goes
 * out. Pure. */
#ifndef HIKYAKU_COMMON_POLICY_CANARY_H
#define HIKYAKU_COMMON_POLICY_CANARY_H

#include <stddef.h>
#include <stdint.h>

struct canary_limits {
    uint32_t bounced_permille;  /* of those that ended: more is too much */
    uint32_t deferred_permille; /* of all: more that still wait for another try is too much */
};

struct canary_counts {
    uint64_t recipients;
    uint64_t delivered;
    uint64_t bounced;
    uint64_t unknown; /* of the bounced: no such mailbox */
    uint64_t failed;  /* could not be rendered or sent by us */
    uint64_t deferred;
};

enum canary_verdict { CANARY_GOOD, CANARY_BOUNCED, CANARY_DEFERRED, CANARY_NOTHING };

/** Failed ones count as bounced: the rest would fail as well. Where nothing was delivered nothing
 *  is known, and that is not good. */
enum canary_verdict canary_judge(const struct canary_limits *limits,
                                 const struct canary_counts *counts);

#define CANARY_TEXT_BYTES 200
/** For people: what was counted, and the limit. */
void canary_tell(enum canary_verdict verdict, const struct canary_limits *limits,
                 const struct canary_counts *counts, char ret_text[CANARY_TEXT_BYTES]);

#endif
