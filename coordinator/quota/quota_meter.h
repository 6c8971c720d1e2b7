/* Slices of quotas in hand. Pure: time is an argument. A charge is of up to two subjects (a key and
 * its tenant) and takes of all of them or of none. Bounded: of too many subjects those of earlier
 * windows are forgotten. */
#ifndef HIKYAKU_COORDINATOR_QUOTA_QUOTA_METER_H
#define HIKYAKU_COORDINATOR_QUOTA_QUOTA_METER_H

#include "common/base/text.h"
#include "coordinator/quota/quota_kind.h"

#define QUOTA_METER_SUBJECTS 2
#define QUOTA_METER_PARTS (QUOTA_METER_SUBJECTS * QUOTA_KINDS)

/** Whose quota it is. */
struct quota_subject {
    struct text name; /* "shop|*" the tenant's, "shop|<key id>"; empty: none */
    struct quota_amounts limits;
};

struct quota_meter_charge {
    struct quota_subject subjects[QUOTA_METER_SUBJECTS];
    struct quota_amounts cost;
};

enum quota_meter_verdict { QUOTA_METER_TAKEN, QUOTA_METER_ASK, QUOTA_METER_REFUSED };

/** A slice that is missing. */
struct quota_meter_ask {
    const struct quota_subject *subject; /* of the charge */
    enum quota_kind kind;
    uint64_t window;
    uint64_t needed;
    uint64_t more;
};

struct quota_meter_answer {
    struct quota_meter_ask asks[QUOTA_METER_PARTS]; /* ASK */
    size_t ask_count;
    const struct quota_subject *subject; /* REFUSED: whose, */
    enum quota_kind kind;                /* what is used up, */
    uint64_t wait_ms;                    /* and until when */
};

struct quota_meter;

struct quota_meter *quota_meter_create(void);
/** Accepts NULL, nulls the pointer. */
void quota_meter_destroy(struct quota_meter **meter);

enum quota_meter_verdict quota_meter_take(struct quota_meter *meter,
                                          const struct quota_meter_charge *charge,
                                          int64_t now_unix_ms,
                                          struct quota_meter_answer *ret_answer);
/** What the store gave for an ask; 0: nothing is left for so much. */
void quota_meter_give(struct quota_meter *meter, const struct quota_meter_ask *ask, uint64_t given);
/** It was not answered: the next charge may ask for more again. */
void quota_meter_fail(struct quota_meter *meter, const struct quota_meter_ask *ask);
/** A call came to nothing: what it took of `kinds` (bits) is given back within its window. */
void quota_meter_refund(struct quota_meter *meter, const struct quota_meter_charge *charge,
                        unsigned int kinds, int64_t taken_unix_ms, int64_t now_unix_ms);

#endif
