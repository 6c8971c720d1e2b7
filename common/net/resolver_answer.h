/* Of this folder only: records out of the bytes of a DNS answer (RFC 1035, 3.3 and 3.4). Pure. */
#ifndef HIKYAKU_COMMON_NET_RESOLVER_ANSWER_H
#define HIKYAKU_COMMON_NET_RESOLVER_ANSWER_H

#include "common/base/buffer.h"
#include "common/net/resolver.h"

/** The kinds by their numbers in DNS. */
enum resolver_kind {
    RESOLVER_A = 1,
    RESOLVER_MX = 15,
    RESOLVER_TXT = 16,
    RESOLVER_AAAA = 28,
};

struct resolver_records {
    enum resolver_kind kind;
    size_t count;
    struct resolver_mx mx[RESOLVER_RECORDS_MAX];
    struct stream_address addresses[RESOLVER_RECORDS_MAX];
    struct text texts[RESOLVER_RECORDS_MAX]; /* set by finish */
    size_t text_sizes[RESOLVER_RECORDS_MAX];
    struct buffer bytes; /* of the texts; owned */
};

/** Forget the records, keep the memory. */
void resolver_answer_begin(struct resolver_records *records, enum resolver_kind kind);
/** Add a record; one that breaks its form, or is one too many, is left out. MX records stay sorted
 *  by preference, those of equal preference in their order; the least preferred is left out. */
void resolver_answer_add(struct resolver_records *records, struct text rdata);
/** Point `answer` to the records (valid until the next begin). */
void resolver_answer_finish(struct resolver_records *records, struct resolver_answer *answer);

#endif
