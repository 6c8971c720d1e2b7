/* Finds the header fields of a message that lies in several parts, without joining them. Pure. */
#ifndef HIKYAKU_COMMON_MAIL_DKIM_FIELDS_H
#define HIKYAKU_COMMON_MAIL_DKIM_FIELDS_H

#include "common/mail/dkim_canon.h"
#include "common/mail/dkim_names.h"

/** More header fields than this are no message of ours. */
#define DKIM_FIELDS_MAX 1000

/** A byte of the message. */
struct dkim_place {
    size_t part;
    size_t offset; /* in that part */
};

struct dkim_field {
    struct dkim_place start;
    size_t size; /* bytes, line end included */
    int name;    /* position in the names, -1: not signed */
};

/** Reusable; zeroed before the first use. */
struct dkim_fields {
    struct dkim_field *items; /* owned; in the order of the message */
    size_t count;
    size_t capacity;
    struct dkim_place body; /* behind the empty line */
};

/**
 * Find all fields and the start of the body.
 * @return 0; -EINVAL: a line that is neither a field nor its continuation, or too many fields
 */
MUST_USE int dkim_fields_find(struct dkim_fields *fields, const struct dkim_names *names,
                              const struct text *parts, size_t part_count);
void dkim_fields_finish(struct dkim_fields *fields);

/** Canonicalise one field (begun and finished by the caller). */
void dkim_fields_feed(const struct dkim_field *field, const struct text *parts,
                      struct dkim_canon *canon);
/** Canonicalise the body (begun and finished by the caller). */
void dkim_fields_feed_body(const struct dkim_fields *fields, const struct text *parts,
                           size_t part_count, struct dkim_canon *canon);

#endif
