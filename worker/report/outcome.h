/* What became of a letter, and the row and event that tell it. Pure. */
#ifndef HIKYAKU_WORKER_REPORT_OUTCOME_H
#define HIKYAKU_WORKER_REPORT_OUTCOME_H

#include "common/mail/rows.h"

/** All texts are borrowed; NULL stands for "". */
struct outcome_report {
    uint8_t state; /* enum outcome; PENDING: untouched, the row keeps its state */
    uint8_t gate;
    uint8_t reply_class;
    uint8_t flags; /* set in the row besides its own */
    uint16_t smtp;
    uint32_t enhanced;
    uint32_t delay_s; /* PENDING: not due before so much time; 0: its time stays */
    bool counts_attempt;
    bool suppresses;      /* the reply says that this address is no more */
    bool is_reply_to_dot; /* a final reply to a message that did go out: evidence */
    const char *stage;
    const char *blame;
    const char *rule_id;
    const char *site;
    const char *mx_host;
    const char *mx_ip;
    const char *sending_ip;
    const char *tls_version;
    struct text reply; /* as the server said it, or a sentence of ours */
    uint64_t queued_ms;
    uint64_t smtp_ms;
};

/** When and by whom. */
struct outcome_time {
    int64_t now_unix_ms;
    uint32_t expires_unix_s; /* 0: never */
    uint64_t random;         /* the same for all recipients of a claim */
    bool is_transactional;
    uint32_t retry_permille; /* of the usual delays; 0: 1000 */
};

/** Nothing was tried: it goes back as it came, with the gate that held it. */
struct outcome_report outcome_untouched(uint8_t gate);

/** The row as it shall stand: a mark is gone, attempts and seq are counted, DEFERRED has its due
 *  time. @return true when it makes an event (seq differs) */
bool outcome_apply(const struct outcome_report *outcome, const struct row *before,
                   const struct outcome_time *time, struct row *ret_row);

/** Whose outcome it is. */
struct outcome_person {
    uint16_t position;
    struct text domain;        /* at most 255 bytes are taken */
    const unsigned char *hash; /* ADDRESS_HASH_BYTES */
};
/** Append the event's details; with the hash of an address that is to be suppressed. */
void outcome_append_detail(const struct outcome_report *outcome,
                           const struct outcome_person *person, int64_t now_unix_ms,
                           struct buffer *out);

#endif
