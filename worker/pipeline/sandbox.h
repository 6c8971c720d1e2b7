/* What becomes of a message in mode SANDBOX: no network, the local part at sandbox.invalid decides.
 * One table; docs/events.md shows it. Pure. */
#ifndef HIKYAKU_WORKER_PIPELINE_SANDBOX_H
#define HIKYAKU_WORKER_PIPELINE_SANDBOX_H

#include "common/mail/rows.h"

#define SANDBOX_DOMAIN "sandbox.invalid"

struct sandbox_rule {
    const char *local; /* the local part, or its part before "+" */
    enum outcome outcome;
    uint32_t delay_ms;
    uint16_t smtp;     /* the reply that is played; 0: none (connection lost) */
    uint32_t enhanced; /* enhanced_code.h */
    const char *stage; /* of the dialogue: where it is played */
    const char *reply;
    const char *meaning; /* for the documentation */
};

/**
 * The rule for a recipient; never NULL: everything that is not magic is delivered.
 * @param wire  address for RCPT TO
 */
const struct sandbox_rule *sandbox_find(struct text wire);

/** All rules; the last is the one for everybody else. */
const struct sandbox_rule *sandbox_rules(size_t *ret_count);

#endif
