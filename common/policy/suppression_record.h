/* What stands of an address on a suppression list, and which mail it keeps away. Pure.
 *
 * A value is one record for each reason. Record, format 1, big-endian: format u8 | reason u8, with
 * 0x80 when it was lifted | source u8 | length of the actor u8 | at u32 | expires u32 (Unix s, 0:
 * never) | actor. A lifted record is kept for a while: an older report of the same must not bring
 * it back. */
#ifndef HIKYAKU_COMMON_POLICY_SUPPRESSION_RECORD_H
#define HIKYAKU_COMMON_POLICY_SUPPRESSION_RECORD_H

#include "common/base/buffer.h"

#include <stdint.h>

/** Longer names are cut: values up to 64 bytes take a quarter of the memory of longer ones. */
#define SUPPRESSION_ACTOR_BYTES_MAX 48
/** The stream of mail that names none. */
#define SUPPRESSION_STREAM_DEFAULT "default"

/** Stored, and the numbers of SuppressionReason: append only. */
enum suppression_reason {
    SUPPRESSION_NONE = 0,
    SUPPRESSION_HARD_BOUNCE = 1, /* its server says that it is no more */
    SUPPRESSION_COMPLAINT = 2,
    SUPPRESSION_UNSUBSCRIBE = 3,
    SUPPRESSION_MANUAL = 4,
    SUPPRESSION_ERASED = 5, /* the person had everything erased: no call lifts it */
    SUPPRESSION_REASONS
};

/** Stored, and the numbers of SuppressionSource. */
enum suppression_source {
    SUPPRESSION_BY_REPLY = 1,     /* of a mail server; the actor is the rule that judged it */
    SUPPRESSION_BY_CALL = 2,      /* the actor is the principal */
    SUPPRESSION_BY_IMPORT = 3,    /* the same */
    SUPPRESSION_BY_RECIPIENT = 4, /* who used the unsubscribe link */
    SUPPRESSION_BY_ERASURE = 5,
    SUPPRESSION_BY_REPORT = 6, /* of a feedback loop */
    SUPPRESSION_SOURCES
};

struct suppression_record {
    enum suppression_reason reason;
    enum suppression_source source;
    bool is_lifted;
    uint32_t at_unix_s;
    uint32_t expires_unix_s; /* 0: never */
    struct text actor;       /* borrowed */
};

void suppression_record_append(const struct suppression_record *record, struct buffer *out);
/** Take the next record of a value. @return 0; -ENODATA at the end; -EPROTO (damaged, or of a
 * format not known) */
MUST_USE int suppression_record_next(struct text *rest, struct suppression_record *ret_record);

/** Does a record keep this mail away now? HARD_BOUNCE, MANUAL and ERASED: all of it. UNSUBSCRIBE
 * and COMPLAINT: advertising (L3); what is owed to a person still reaches him. */
bool suppression_record_holds(const struct suppression_record *record, bool is_advertising,
                              int64_t now_unix_s);
/** The same for all records of a value: the reason of the first that does, or NONE. What cannot be
 *  read is there for some reason: it keeps all mail away, as MANUAL. */
enum suppression_reason suppression_record_judge(struct text value, bool is_advertising,
                                                 int64_t now_unix_s);

/** May a call add it by itself, and may it have an end? */
bool suppression_record_is_callable(enum suppression_reason reason);
bool suppression_record_may_expire(enum suppression_reason reason);

/** "hard-bounce": for events, files and people. */
const char *suppression_record_reason_name(enum suppression_reason reason);
const char *suppression_record_source_name(enum suppression_source source);
/** NONE: there is none of this name. */
enum suppression_reason suppression_record_reason_find(struct text name);

/** A stream: 1..64 of A-Z a-z 0-9 . _ - */
bool suppression_record_is_stream(struct text name);

#endif
