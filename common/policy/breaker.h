/* Should a campaign stop by itself? A bad list ruins the name of all who send from the same
 * addresses, and makes receivers refuse the whole network for a time (standards.md J6, G13). Pure.
 */
#ifndef HIKYAKU_COMMON_POLICY_BREAKER_H
#define HIKYAKU_COMMON_POLICY_BREAKER_H

#include <stddef.h>
#include <stdint.h>

struct breaker_limits {
    uint32_t least;               /* outcomes (delivered and bounced) before anything is judged */
    uint32_t bounced_permille;    /* of these; 0: not judged */
    uint32_t unknown_permille;    /* no such mailbox; 0: not judged */
    uint32_t complained_permille; /* of the delivered; 0: not judged */
};

struct breaker_counts {
    uint64_t delivered; /* with those whose recipient complained */
    uint64_t bounced;
    uint64_t unknown;    /* of the bounced */
    uint64_t complained; /* of the delivered */
};

enum breaker_reason { BREAKER_NONE, BREAKER_UNKNOWN, BREAKER_BOUNCED, BREAKER_COMPLAINED };

/** Reaching a limit is too much. Complaints are named first, they harm the most; then unknown
 *  mailboxes, which say more than other bounces. */
enum breaker_reason breaker_judge(const struct breaker_limits *limits,
                                  const struct breaker_counts *counts);

#define BREAKER_TEXT_BYTES 160
/** For people: what was counted, and the limit. @param reason  not BREAKER_NONE */
void breaker_tell(enum breaker_reason reason, const struct breaker_limits *limits,
                  const struct breaker_counts *counts, char ret_text[BREAKER_TEXT_BYTES]);

#endif
