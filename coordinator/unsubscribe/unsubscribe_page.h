/* What people see behind an unsubscribe link: one file, Japanese and English, no script, nothing
 * from elsewhere, and never an address. Pure. */
#ifndef HIKYAKU_COORDINATOR_UNSUBSCRIBE_UNSUBSCRIBE_PAGE_H
#define HIKYAKU_COORDINATOR_UNSUBSCRIBE_UNSUBSCRIBE_PAGE_H

#include "common/base/buffer.h"

enum unsubscribe_page {
    UNSUBSCRIBE_PAGE_CONFIRM, /* a GET changes nothing (U5): its form does */
    UNSUBSCRIBE_PAGE_DONE,
    UNSUBSCRIBE_PAGE_DONE_ALL,
    UNSUBSCRIBE_PAGE_NO_LINK, /* forged, damaged, or its key is gone */
    UNSUBSCRIBE_PAGE_BAD_FORM,
    UNSUBSCRIBE_PAGE_LATER, /* it cannot be written down now */
};

/** Bytes of a policy, NUL included. */
#define UNSUBSCRIBE_PAGE_POLICY_BYTES 256

/** Content-Security-Policy of all pages. */
void unsubscribe_page_policy(char ret_policy[UNSUBSCRIBE_PAGE_POLICY_BYTES]);

/** Which language comes first. @param accept  Accept-Language */
bool unsubscribe_page_is_english(struct text accept);

/** @param stream  what is unsubscribed from; "default": it has no name for people */
void unsubscribe_page_append(struct buffer *out, enum unsubscribe_page page, struct text stream,
                             bool is_english);

#endif
