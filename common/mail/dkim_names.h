/* The names of the header fields that a signer signs. Pure. */
#ifndef HIKYAKU_COMMON_MAIL_DKIM_NAMES_H
#define HIKYAKU_COMMON_MAIL_DKIM_NAMES_H

#include "common/base/problem.h"
#include "common/base/text.h"

#include <stdbool.h>

#define DKIM_NAMES_MAX 64
#define DKIM_NAMES_LENGTH_MAX 76

struct dkim_name {
    char written[DKIM_NAMES_LENGTH_MAX]; /* as it goes into h= */
    char lower[DKIM_NAMES_LENGTH_MAX];
    size_t size;
    bool is_oversigned; /* listed once more than it occurs, so that none can be added (D6) */
};

struct dkim_names {
    struct dkim_name items[DKIM_NAMES_MAX];
    size_t count;
};

/**
 * Join the names to sign and the names to oversign; a NULL list is the default one (D4, D6).
 * @return 0; -EINVAL: From missing or not oversigned, a name that must not be signed (D5), no name
 *         of a field, too many names
 * @source RFC 6376, 5.4, 8.15
 */
MUST_USE int dkim_names_init(struct dkim_names *names, const struct text *sign, size_t sign_count,
                             const struct text *oversign, size_t oversign_count,
                             struct problem *problem);

/** @param lower  in lower case. @return position, or -1 when the name is not signed */
int dkim_names_find(const struct dkim_names *names, struct text lower);

#endif
