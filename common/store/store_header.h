/* Reads the hash of a campaign: outside data, bounded and checked. Pure. */
#ifndef HIKYAKU_COMMON_STORE_STORE_HEADER_H
#define HIKYAKU_COMMON_STORE_STORE_HEADER_H

#include "common/store/store_campaign.h"

#define STORE_HEADER_LABELS_MAX 64

/** A campaign with the memory that its labels need; texts are borrowed from the fields. */
struct store_header {
    struct store_campaign campaign;
    struct store_label labels[STORE_HEADER_LABELS_MAX];
};

/**
 * @param fields  names and values in turn, as HGETALL answers
 * @return 0; -ENOENT (no fields); -EPROTO (damaged, or of a format not known)
 */
MUST_USE int store_header_read(const struct text *fields, size_t count,
                               const unsigned char campaign[16], struct store_header *ret_header);

/** Labels as one value: count u8, then of each: size u16 and bytes of name, the same of value. */
void store_header_pack_labels(const struct store_label *labels, size_t count, struct buffer *out);

#endif
