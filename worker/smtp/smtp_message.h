/* A message on its way through a dialogue, one recipient each (S16), and its commands. Pure. */
#ifndef HIKYAKU_WORKER_SMTP_SMTP_MESSAGE_H
#define HIKYAKU_WORKER_SMTP_SMTP_MESSAGE_H

#include "common/base/buffer.h"
#include "worker/smtp/smtp_capabilities.h"
#include "worker/smtp/smtp_result.h"

/** The owner's; everything is borrowed from when it is taken until its result. */
struct smtp_message {
    struct text sender;       /* reverse path without <>; empty for notices (S8) */
    struct text recipient;    /* forward path without <> */
    struct text signature;    /* DKIM-Signature fields: goes first */
    const struct text *parts; /* CRLF only */
    size_t part_count;
    size_t size_bytes; /* of signature and parts, for SIZE= */
    bool is_8bit;      /* some part is not ASCII */
    bool needs_smtputf8;
    bool is_released;    /* the completing write may be made: RESEND from the start; HOLD when the
                            mark is answered, by smtp_dialogue_release() */
    uint64_t started_ms; /* the session's: when MAIL FROM was written */
    void *context;       /* the owner's */
};

/**
 * May this message go to a server with these capabilities?
 *
 * @param ret_enhanced  out, when it may not: the code that says so (5.3.4, 5.6.7, 5.6.3, 5.1.3)
 * @return SMTP_FAILURE_NONE or the reason
 * @source RFC 1870, 6.1; RFC 6531, 3.6; RFC 6152, 3; RFC 5321, 4.5.3.1.3
 */
enum smtp_failure smtp_message_check(const struct smtp_message *message,
                                     const struct smtp_capabilities *capabilities,
                                     uint32_t *ret_enhanced);

/** Append MAIL FROM with the parameters that the server offered and the message needs. */
void smtp_message_append_mail(const struct smtp_message *message,
                              const struct smtp_capabilities *capabilities, struct buffer *output);
/** Append RCPT TO. */
void smtp_message_append_rcpt(const struct smtp_message *message, struct buffer *output);

#endif
