/* What compose_prepare.c makes once and the compose_* files read for each message. Internal to
 * them: others use compose.h. */
#ifndef HIKYAKU_COMMON_MAIL_COMPOSE_PREPARED_H
#define HIKYAKU_COMMON_MAIL_COMPOSE_PREPARED_H

#include "common/mail/compose_value.h"

/** A body: rendered and encoded for each recipient, or once for all. */
struct compose_body_source {
    bool is_there;
    struct compose_value value;
    struct text entity; /* MIME header and encoded content; data NULL: differs by recipient */
};

struct compose_variant {
    struct text lang;
    struct compose_value subject;
    struct text subject_line; /* the whole field; data NULL: differs by recipient */
    struct compose_body_source text;
    struct compose_body_source html;
    bool makes_text; /* text comes from the HTML */
};

struct compose_mailbox_source {
    struct compose_value address;
    struct compose_value display_name;
};

struct compose_field_source {
    struct text name;
    struct compose_value value;
    struct text line; /* the whole field; data NULL: differs by recipient */
};

/** Encoded once; messages borrow it. */
struct compose_attached {
    struct text entity; /* MIME header and base64 */
    bool is_inline;     /* has a Content-ID: shown inside the HTML */
};

struct compose_prepared {
    struct arena *arena; /* owned: everything below */
    struct text from_address;
    struct text from_domain;
    struct compose_value from_name;
    struct text from_line; /* the whole field; data NULL: differs by recipient */
    struct compose_mailbox_source reply_to[COMPOSE_REPLY_TO_MAX];
    size_t reply_to_count;
    struct compose_variant variants[1 + COMPOSE_VARIANTS_MAX]; /* the first is the default */
    size_t variant_count;
    struct compose_field_source fields[COMPOSE_HEADERS_MAX];
    size_t field_count;
    struct text shared_lines; /* List-Id, Feedback-ID, MIME-Version */
    const struct compose_attached *attached;
    size_t attached_count;
    size_t inline_count;
    size_t limit_bytes;
    const struct fields_value *defaults;
    enum template_missing missing;
    const struct text *names;
    size_t name_count;
    bool is_personal;
};

struct compose_scratch {
    struct arena *arena;        /* for addresses */
    struct buffer value;        /* a header value being rendered */
    struct buffer page;         /* the HTML, rendered */
    struct buffer text;         /* the text, rendered or made */
    struct buffer head;         /* compose_check()'s */
    struct fields_value own[2]; /* names of ours: an object and its only member */
};

/** One message in the making; everything borrowed. */
struct compose_task {
    const struct compose_prepared *prepared;
    const struct compose_variant *variant;
    const struct compose_recipient *recipient;
    struct compose_scratch *scratch;
    struct template_input input;
    struct buffer *out;
    struct problem *problem;
};

#endif
