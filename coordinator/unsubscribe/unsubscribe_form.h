/* The body of a POST to an unsubscribe link (RFC 8058, 3.2), from anybody. Pure. */
#ifndef HIKYAKU_COORDINATOR_UNSUBSCRIBE_UNSUBSCRIBE_FORM_H
#define HIKYAKU_COORDINATOR_UNSUBSCRIBE_UNSUBSCRIBE_FORM_H

#include "common/base/text.h"

/** Fields that are looked at. */
#define UNSUBSCRIBE_FORM_FIELDS_MAX 16

struct unsubscribe_form {
    bool is_one_click; /* List-Unsubscribe=One-Click */
    bool is_page;      /* page=...: it comes from our page, people read the answer */
    bool is_of_all;    /* scope=all: the mail of all streams */
};

/**
 * Read application/x-www-form-urlencoded or multipart/form-data. Fields that nobody knows are
 * passed over.
 *
 * @param content_type  of the request; empty: urlencoded
 * @return 0; -EPROTONOSUPPORT (another type); -EINVAL (broken, or too many fields)
 */
MUST_USE int unsubscribe_form_read(struct text content_type, struct text body,
                                   struct unsubscribe_form *ret_form);

#endif
