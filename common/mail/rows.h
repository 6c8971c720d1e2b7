/* The row: 16 bytes that say all there is to know about one recipient's fate. One table below
 * gives the C offsets and the Lua offsets of the scripts, so that they cannot drift apart.
 * Numbers are stored: append only. */
#ifndef HIKYAKU_COMMON_MAIL_ROWS_H
#define HIKYAKU_COMMON_MAIL_ROWS_H

#include "common/base/buffer.h"

/* X(identifier, number, "NAME", is_final): what became of a recipient. */
#define ROWS_OUTCOMES(X)                      \
    X(PENDING, 1, "PENDING", false)           \
    X(DELIVERED, 2, "DELIVERED", true)        \
    X(DEFERRED, 3, "DEFERRED", false)         \
    X(BOUNCED, 4, "BOUNCED", true)            \
    X(EXPIRED, 5, "EXPIRED", true)            \
    X(SUPPRESSED, 6, "SUPPRESSED", true)      \
    X(CANCELLED, 7, "CANCELLED", true)        \
    X(FAILED, 8, "FAILED", true)              \
    X(DUPLICATE, 9, "DUPLICATE", true)        \
    X(UNCERTAIN, 10, "UNCERTAIN", false)      \
    X(LATE_BOUNCED, 11, "LATE_BOUNCED", true) \
    X(COMPLAINED, 12, "COMPLAINED", true)

/* X(identifier, number, "NAME"): why something is not being sent now (I7). 0: no gate. */
#define ROWS_GATES(X)                             \
    X(NONE, 0, "NONE")                            \
    X(AWAITING_APPROVAL, 1, "AWAITING_APPROVAL")  \
    X(PREFLIGHT_FAILED, 2, "PREFLIGHT_FAILED")    \
    X(DOMAIN_UNVERIFIED, 3, "DOMAIN_UNVERIFIED")  \
    X(CONTENT_SCAN, 4, "CONTENT_SCAN")            \
    X(SCHEDULED_FOR, 5, "SCHEDULED_FOR")          \
    X(OUTSIDE_WINDOW, 6, "OUTSIDE_WINDOW")        \
    X(CANARY, 7, "CANARY")                        \
    X(PAUSED, 8, "PAUSED")                        \
    X(OPERATOR_STOP, 9, "OPERATOR_STOP")          \
    X(TENANT_LIMIT, 10, "TENANT_LIMIT")           \
    X(CAMPAIGN_LIMIT, 11, "CAMPAIGN_LIMIT")       \
    X(WARMUP_QUOTA, 12, "WARMUP_QUOTA")           \
    X(PATH_RATE, 13, "PATH_RATE")                 \
    X(PATH_CONNECTIONS, 14, "PATH_CONNECTIONS")   \
    X(SITE_SUSPENDED, 15, "SITE_SUSPENDED")       \
    X(RETRY_DUE, 16, "RETRY_DUE")                 \
    X(NO_SENDING_IP, 17, "NO_SENDING_IP")         \
    X(WORKER_CREDIT, 18, "WORKER_CREDIT")         \
    X(STORE_UNAVAILABLE, 19, "STORE_UNAVAILABLE") \
    X(KEY_UNAVAILABLE, 20, "KEY_UNAVAILABLE")     \
    X(DNS_FAILURE, 21, "DNS_FAILURE")             \
    X(TLS_POLICY, 22, "TLS_POLICY")               \
    X(QUARANTINED, 23, "QUARANTINED")             \
    X(CLOCK_DOUBT, 24, "CLOCK_DOUBT")

/* X(field, offset, size in bytes): the stored row, big-endian. */
#define ROWS_FIELDS(X)   \
    X(state, 0, 1)       \
    X(flags, 1, 1)       \
    X(attempts, 2, 1)    \
    X(reply_class, 3, 1) \
    X(gate, 4, 1)        \
    X(deaths, 5, 1)      \
    X(smtp, 6, 2)        \
    X(enhanced, 8, 3)    \
    X(seq, 11, 1)        \
    X(due, 12, 4)

#define ROWS_SIZE 16           /* bytes of a stored row */
#define ROWS_PER_BATCH_MAX 500 /* rows of a batch */
#define ROWS_PER_CHUNK 4096    /* index = chunk x 4,096 + position */
#define ROWS_CHUNKS_MAX 16384
#define ROWS_DEATHS_MAX 3         /* deaths of an open row: it stands under QUARANTINED */
#define ROWS_DUE_NEVER UINT32_MAX /* until a person decides */

enum outcome {
#define X(identifier, number, name, final) OUTCOME_##identifier = (number),
    ROWS_OUTCOMES(X)
#undef X
        OUTCOME_LIMIT /* one above the last */
};

enum gate {
#define X(identifier, number, name) GATE_##identifier = (number),
    ROWS_GATES(X)
#undef X
        GATE_LIMIT
};

enum row_flag {
    ROW_MARKED = 1,             /* handed over: the completing write may have happened (HOLD) */
    ROW_POSSIBLE_DUPLICATE = 2, /* may have been sent before; every later event says so */
    ROW_DRY = 4,                /* DRY_RUN: rendered and signed, never sent */
    ROW_LATE = 8,               /* the outcome came as evidence, after its claim was lost */
    ROW_SEED = 16,              /* a seed address, counted apart */
    ROW_RESOLVED = 32,          /* nobody saw the outcome: a person or a rule decided it */
    ROW_DOUBLED = 64,           /* more than one try was delivered; every later event says so */
};

struct row {
    uint8_t state; /* enum outcome */
    uint8_t flags; /* enum row_flag bits */
    uint8_t attempts;
    uint8_t reply_class; /* common/policy: enum reply_class */
    uint8_t gate;        /* enum gate */
    uint8_t deaths;      /* of workers that held a part of a suspect batch with this row in it */
    uint16_t smtp;       /* last reply code, 0 when none */
    uint32_t enhanced;   /* enhanced_code.h; 0 when none */
    uint8_t seq;         /* rises with each event of this recipient */
    uint32_t due;        /* Unix s of the next try, 0: at once; UNCERTAIN: when doubt ends */
};

void rows_encode(const struct row *row, unsigned char ret_bytes[ROWS_SIZE]);
void rows_decode(const unsigned char bytes[ROWS_SIZE], struct row *ret_row);

/** Final: nothing will be sent for it any more. UNCERTAIN is neither final nor open. */
bool rows_is_final(uint8_t state);
/** Open: PENDING or DEFERRED, so a claim may work on it. */
bool rows_is_open(uint8_t state);
/** Name of a state or gate; "UNKNOWN" for numbers this version does not know. */
const char *rows_outcome_name(uint8_t state);
const char *rows_gate_name(uint8_t gate);
/** @return 0, or -EINVAL for an unknown name. */
MUST_USE int rows_parse_outcome(struct text name, uint8_t *ret_state);

/** Append the Lua constants of the tables above ("local ROW_STATE = 1 ...", offsets from 1). */
void rows_append_lua(struct buffer *out);

#endif
