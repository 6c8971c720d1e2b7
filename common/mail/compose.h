/* Makes messages: what is the same for all recipients is prepared once, the rest is rendered per
 * recipient into a list of parts, attachments borrowed, that DKIM and SMTP read without joining
 * them. Always 7-bit (but for an SMTPUTF8 address itself), CRLF only, lines <= 998 (S14). Pure. */
#ifndef HIKYAKU_COMMON_MAIL_COMPOSE_H
#define HIKYAKU_COMMON_MAIL_COMPOSE_H

#include "common/mail/address.h"
#include "common/mail/compose_content.h"

/** What templates call the recipient's unsubscribe_url, if there is one; a field of this name is
 * not looked at then. */
#define COMPOSE_UNSUBSCRIBE_NAME "unsubscribe_url"

/** Immutable, for all threads. */
struct compose_prepared;

/**
 * Check and prepare.
 * @return 0; -EINVAL or -EMSGSIZE with the field as API.md names it ("variants.en.html",
 *         "headers[2].value") and the rule
 */
MUST_USE int compose_prepare(const struct compose_content *content,
                             struct compose_prepared **ret_prepared, struct problem *problem);
/** No thread may be composing with it. Accepts NULL, nulls the pointer. */
void compose_destroy(struct compose_prepared **prepared);

/** All top-level field names that any text or header of it uses: sorted, without doubles. */
const struct text *compose_names(const struct compose_prepared *prepared, size_t *ret_count);
/** Domain of From: A-labels, lower case. */
struct text compose_from_domain(const struct compose_prepared *prepared);
/** True when any template takes something from the recipient. */
bool compose_is_personal(const struct compose_prepared *prepared);

/** What one recipient brings; everything borrowed. */
struct compose_recipient {
    const struct address *address;
    struct text display_name;             /* plain text */
    const struct fields_value *fields;    /* NULL: none */
    struct text lang;                     /* BCP 47; "": the default */
    const struct compose_header *headers; /* plain text; replaces the content's of the same name */
    size_t header_count;
    struct text message_id; /* without <> */
    int64_t date_unix_s;
    int date_offset_minutes;     /* east of UTC */
    uint64_t boundary_seed;      /* the same seed gives the same bytes: retries repeat themselves */
    struct text unsubscribe_url; /* https with its token: List-Unsubscribe and -Post (U1) */
    struct text unsubscribe_mailto; /* address or mailto: URL; may stand alone, without -Post */
};

/** A message; zeroed before its first use, used again for the next message. */
struct composed {
    struct text *parts; /* in order; they point into `bytes` and into the prepared content */
    size_t count;
    size_t size;         /* of all parts, bytes */
    bool needs_smtputf8; /* the To address is not ASCII */
    struct buffer bytes; /* owned; what is this recipient's own */
    size_t capacity;     /* of `parts` */
};

/** What one thread needs while it composes; used again for any number of messages. */
struct compose_scratch;
struct compose_scratch *compose_scratch_create(void);
/** Accepts NULL, nulls the pointer. */
void compose_scratch_destroy(struct compose_scratch **scratch);

/**
 * Compose one message. CPU-bound (a few us for a text of 2 KiB): in the pool.
 *
 * @param message  its parts stay valid until the next compose_message() into it; the prepared
 *                 content must live as long
 * @return 0; -ENOENT (a field is missing), -EINVAL (S15: a control character in a header value; a
 *         rendered address is none; message id; header not allowed), -EMSGSIZE (subject, output or
 *         message too large): the recipient is FAILED; field and rule are in `problem`, never a
 *         value
 * @source RFC 5322, 3.6; RFC 2045; RFC 2046, 5.1; RFC 2183; RFC 2387; RFC 2919; RFC 8058, 3.1
 */
MUST_USE int compose_message(const struct compose_prepared *prepared,
                             const struct compose_recipient *recipient,
                             struct compose_scratch *scratch, struct composed *message,
                             struct problem *problem);

/**
 * Would compose_message() find all its fields and accept its header values? Cheaper: renders no
 * body. For intake: `address`, `message_id` and the dates are not looked at.
 * @return as compose_message()
 */
MUST_USE int compose_check(const struct compose_prepared *prepared,
                           const struct compose_recipient *recipient,
                           struct compose_scratch *scratch, struct problem *problem);

/** Append the whole message (preview, tests). */
void compose_flatten(const struct composed *message, struct buffer *out);
/** Free what the message holds; it may be used again. */
void compose_finish(struct composed *message);

#endif
