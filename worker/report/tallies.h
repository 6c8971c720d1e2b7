/* What receivers say of this worker's IPs and of the From domains it sends for, summed up and
 * written to the store every few seconds. A crash loses one interval; nothing is counted twice. */
#ifndef HIKYAKU_WORKER_REPORT_TALLIES_H
#define HIKYAKU_WORKER_REPORT_TALLIES_H

#include "common/net/loop.h"
#include "common/store/store.h"

/** Sites of one name in one interval; the rest is "other". */
#define TALLIES_SITES_MAX 64
/** IPs and From domains in one interval; what is beyond is not counted. */
#define TALLIES_NAMES_MAX 1000

struct tallies;

/** Both borrowed. */
struct tallies *tallies_create(struct loop *loop, struct store *store);
/** The store is destroyed before. Accepts NULL, nulls the pointer. */
void tallies_destroy(struct tallies **tallies);

/** An attempt that got an answer. */
struct tallies_attempt {
    struct text ip;
    struct text tenant;
    struct text from_domain;
    struct text site;
    unsigned int outcome;     /* enum outcome */
    unsigned int reply_class; /* enum reply_class */
};
void tallies_note(struct tallies *tallies, const struct tallies_attempt *attempt);
/** Write all that is there now. */
void tallies_write(struct tallies *tallies);
/** The end is near: write at once, and soon again what comes until then. */
void tallies_close(struct tallies *tallies);

#endif
