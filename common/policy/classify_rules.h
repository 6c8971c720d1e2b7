/* The table behind classify.h. Internal to this folder. */
#ifndef HIKYAKU_COMMON_POLICY_CLASSIFY_RULES_H
#define HIKYAKU_COMMON_POLICY_CLASSIFY_RULES_H

#include "common/policy/reply_class.h"

#define CLASSIFY_RULES_ANY 0xffffU /* subject or detail: any, also none at all */

enum classify_rules_effect {
    CLASSIFY_SUPPRESS = 1,  /* the address may be suppressed, when the reply names the mailbox */
    CLASSIFY_TEMPORARY = 2, /* a 5xx that is to be tried again */
};

/** The first row that fits decides. */
struct classify_rule {
    const char *id;       /* for events; stable */
    const char *provider; /* NULL: any */
    uint16_t stages;      /* bit 1 << stage; 0: any */
    uint8_t digit;        /* first of the reply code; 0: any */
    uint16_t smtp;        /* whole reply code; 0: any */
    uint16_t subject;
    uint16_t detail;
    uint8_t reply_class;
    uint8_t blame;
    uint8_t effects;
};

/** The last row fits everything. */
extern const struct classify_rule classify_rules[];
extern const size_t classify_rules_count;

#endif
