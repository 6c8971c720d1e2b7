/* What became of a message, or of a connection: data. Nothing here decides; common/policy does. */
#ifndef HIKYAKU_WORKER_SMTP_SMTP_RESULT_H
#define HIKYAKU_WORKER_SMTP_SMTP_RESULT_H

#include "common/base/text.h"

/* X(identifier, "name"): how far it had come. */
#define SMTP_STAGES(X)      \
    X(CONNECT, "connect")   \
    X(GREETING, "greeting") \
    X(EHLO, "ehlo")         \
    X(HELO, "helo")         \
    X(STARTTLS, "starttls") \
    X(TLS, "tls")           \
    X(READY, "ready")       \
    X(RSET, "rset")         \
    X(MAIL, "mail")         \
    X(RCPT, "rcpt")         \
    X(DATA, "data")         \
    X(BODY, "body")         \
    X(DOT, "dot")           \
    X(QUIT, "quit")         \
    X(FINISHED, "finished")

/* X(identifier, "name"): why there is no final reply. */
#define SMTP_FAILURES(X)                  \
    X(NONE, "none")                       \
    X(CONNECT_REFUSED, "connect_refused") \
    X(CONNECT_TIMEOUT, "connect_timeout") \
    X(UNREACHABLE, "unreachable")         \
    X(SOURCE_ADDRESS, "source_address")   \
    X(RESET, "reset")                     \
    X(CLOSED, "closed")                   \
    X(TIMEOUT, "timeout")                 \
    X(TLS, "tls")                         \
    X(PROTOCOL, "protocol")               \
    X(ABORTED, "aborted")                 \
    X(MESSAGE_TOO_BIG, "message_too_big") \
    X(NO_SMTPUTF8, "no_smtputf8")         \
    X(NO_8BITMIME, "no_8bitmime")         \
    X(MALFORMED_MESSAGE, "malformed_message")

enum smtp_stage {
#define X(identifier, name) SMTP_STAGE_##identifier,
    SMTP_STAGES(X)
#undef X
        SMTP_STAGE_COUNT
};

enum smtp_failure {
#define X(identifier, name) SMTP_FAILURE_##identifier,
    SMTP_FAILURES(X)
#undef X
        SMTP_FAILURE_COUNT
};

/**
 * A reply (failure NONE, code 200..599 at `stage`), or a failure: the server's fault, the
 * network's, ours (ABORTED), or found before anything was sent (MESSAGE_TOO_BIG and below, with
 * the enhanced code that fits).
 */
struct smtp_result {
    enum smtp_stage stage;
    enum smtp_failure failure;
    unsigned code;     /* 0: no reply */
    uint32_t enhanced; /* enhanced_code.h, as the server said it; 0: none. Where it contradicts the
                          code, the code wins (E9) */
    struct text reply; /* borrowed for the callback; at most REPLY_PARSER_TEXT_MAX bytes, lines
                          joined by LF, no other control character, not checked to be UTF-8 */
    bool was_dot_written;    /* the completing write was made, or may have been: without a reply the
                                message is in doubt (S2) */
    bool was_answered;       /* some reply to one of its own commands came. False: the server never
                                looked at it, another connection may take it at once (Y6) */
    const char *tls_version; /* "TLSv1.3"; NULL without TLS */
    const char *mx_host;     /* borrowed from the session's settings */
    const char *ip;          /* the server's */
    uint64_t smtp_ms;        /* from MAIL FROM to here; of a connection: from connect to here */
};

const char *smtp_result_stage_name(enum smtp_stage stage);
const char *smtp_result_failure_name(enum smtp_failure failure);
/** The server took the message over: 2yz to the final dot. */
bool smtp_result_is_delivered(const struct smtp_result *result);
/** The dot was written and no reply tells what became of it. */
bool smtp_result_is_in_doubt(const struct smtp_result *result);

#endif
