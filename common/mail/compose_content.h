/* What a message is made of, as callers give it: templates, attachments, headers. */
#ifndef HIKYAKU_COMMON_MAIL_COMPOSE_CONTENT_H
#define HIKYAKU_COMMON_MAIL_COMPOSE_CONTENT_H

#include "common/mail/template.h"

struct compose_prepared;

#define COMPOSE_REPLY_TO_MAX 3
#define COMPOSE_VARIANTS_MAX 20
#define COMPOSE_ATTACHMENTS_MAX 20
#define COMPOSE_HEADERS_MAX 20
#define COMPOSE_RECIPIENT_HEADERS_MAX 5
#define COMPOSE_MESSAGE_BYTES_MAX ((size_t)10 * 1024 * 1024)

/** Address and display name; which of them may be a template is said where it is used. */
struct compose_mailbox {
    struct text address;
    struct text display_name;
};

/** Templates. */
struct compose_texts {
    struct text lang; /* BCP 47; empty for the default */
    struct text subject;
    struct text text;
    struct text html;
};

struct compose_attachment {
    struct text file_name;
    struct text media_type; /* type/subtype with parameters; empty: application/octet-stream */
    struct text inline_id;  /* Content-ID without <>; empty: a plain attachment */
    struct text data;
};

struct compose_header {
    struct text name;
    struct text value;
};

/** What all recipients share. Everything is borrowed for compose_prepare() only. */
struct compose_content {
    struct compose_mailbox from;            /* the name is a template */
    const struct compose_mailbox *reply_to; /* both are templates; a rendered address that is empty
                                               is left out */
    size_t reply_to_count;
    struct compose_texts texts;           /* the default; text or html is needed */
    const struct compose_texts *variants; /* a variant without subject has the default's; one
                                             without text and html has both of the default's */
    size_t variant_count;
    struct text default_fields; /* JSON object */
    enum template_missing missing;
    const struct compose_attachment *attachments;
    size_t attachment_count;
    /** Borrowed beyond compose_prepare(): take the attachments of this one, which must live longer.
     *  `attachments` is then not looked at (SendMessages: a message overrides only its texts). */
    const struct compose_prepared *attachments_of;
    const struct compose_header *headers; /* X-*, Importance, Auto-Submitted, In-Reply-To,
                                             References; values are templates */
    size_t header_count;
    struct text list_id;        /* without <> */
    struct text feedback_id;    /* complete: a:b:c:SenderId (G18) */
    size_t message_limit_bytes; /* 0: COMPOSE_MESSAGE_BYTES_MAX */
};

#endif
