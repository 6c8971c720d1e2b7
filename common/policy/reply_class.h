/* The words in which replies are judged: what a reply means (reply class), whom it blames, and at
 * which stage of the dialogue it came. Classes are stored in rows, so numbers are append only;
 * names go into events. */
#ifndef HIKYAKU_COMMON_POLICY_REPLY_CLASS_H
#define HIKYAKU_COMMON_POLICY_REPLY_CLASS_H

#include "common/base/text.h"

/* X(identifier, number, "name"): what a reply means. Numbers are stored. */
#define REPLY_CLASS_CLASSES(X)                    \
    X(NONE, 0, "")                                \
    X(BAD_MAILBOX, 1, "bad-mailbox")              \
    X(INACTIVE, 2, "inactive")                    \
    X(MAILBOX_FULL, 3, "mailbox-full")            \
    X(BAD_DOMAIN, 4, "bad-domain")                \
    X(FILTERED, 5, "filtered")                    \
    X(POLICY, 6, "policy")                        \
    X(SPAM_CONTENT, 7, "spam-content")            \
    X(REPUTATION, 8, "reputation")                \
    X(SENDER_INVALID, 9, "sender-invalid")        \
    X(AUTH_FAILURE, 10, "auth-failure")           \
    X(RELAY_DENIED, 11, "relay-denied")           \
    X(RATE_LIMITED, 12, "rate-limited")           \
    X(GREYLISTED, 13, "greylisted")               \
    X(MESSAGE_TOO_LARGE, 14, "message-too-large") \
    X(MESSAGE_FORMAT, 15, "message-format")       \
    X(PROTOCOL, 16, "protocol")                   \
    X(TLS, 17, "tls")                             \
    X(NETWORK, 18, "network")                     \
    X(DNS, 19, "dns")                             \
    X(EXPIRED, 20, "expired")                     \
    X(REMOTE_SYSTEM, 21, "remote-system")         \
    X(OTHER, 22, "other")

/* X(identifier, number, "name"): whom it blames. */
#define REPLY_CLASS_BLAMES(X)      \
    X(NONE, 0, "")                 \
    X(CONNECTION, 1, "connection") \
    X(PATH, 2, "path")             \
    X(SITE, 3, "site")             \
    X(IP, 4, "ip")                 \
    X(TENANT, 5, "tenant")         \
    X(DOMAIN, 6, "domain")         \
    X(RECIPIENT, 7, "recipient")   \
    X(CONTENT, 8, "content")

/* X(identifier, number, "name"): where in the dialogue. Up to DATA the message has not been handed
 * over; at DOT its completing write (final dot, BDAT LAST) has begun. */
#define REPLY_CLASS_STAGES(X)  \
    X(NONE, 0, "")             \
    X(CONNECT, 1, "connect")   \
    X(GREETING, 2, "greeting") \
    X(EHLO, 3, "ehlo")         \
    X(STARTTLS, 4, "starttls") \
    X(MAIL, 5, "mail")         \
    X(RCPT, 6, "rcpt")         \
    X(DATA, 7, "data")         \
    X(DOT, 8, "dot")           \
    X(QUIT, 9, "quit")         \
    X(DNS, 10, "dns")

enum reply_class {
#define X(identifier, number, name) REPLY_CLASS_##identifier = (number),
    REPLY_CLASS_CLASSES(X)
#undef X
        REPLY_CLASS_LIMIT /* one above the last */
};

enum reply_blame {
#define X(identifier, number, name) REPLY_BLAME_##identifier = (number),
    REPLY_CLASS_BLAMES(X)
#undef X
        REPLY_BLAME_LIMIT
};

enum reply_stage {
#define X(identifier, number, name) REPLY_STAGE_##identifier = (number),
    REPLY_CLASS_STAGES(X)
#undef X
        REPLY_STAGE_LIMIT
};

/** Name in events; "unknown" for numbers this version does not know. */
const char *reply_class_name(uint8_t reply_class);
const char *reply_class_blame_name(uint8_t blame);
const char *reply_class_stage_name(uint8_t stage);

/** @return 0, or -EINVAL for an unknown name */
MUST_USE int reply_class_parse(struct text name, uint8_t *ret_class);

#endif
