#include "common/policy/classify_rules.h"

#define ANY CLASSIFY_RULES_ANY
#define AT(stage) (1U << REPLY_STAGE_##stage)
/* Before any message is spoken of: whatever is said here is about us, not about a recipient. */
#define OPENING (AT(CONNECT) | AT(GREETING) | AT(EHLO))
#define BODY (AT(DATA) | AT(DOT))
#define SUPPRESS CLASSIFY_SUPPRESS
#define TEMPORARY CLASSIFY_TEMPORARY
#define MEANS(reply_class, blame) REPLY_CLASS_##reply_class, REPLY_BLAME_##blame

/* What a provider means by a code, whatever the registry says. */
#define PROVIDER(id, provider, stages, digit, smtp, subject, detail, means, effects) \
    {                                                                                \
        id, provider, stages, digit, smtp, subject, detail, means, effects           \
    }
/* The registry of enhanced codes: subject and detail; the first digit is the reply code's (E9). */
#define IANA(subject, detail, means, effects)                                        \
    {                                                                                \
        "iana-" #subject "." #detail, NULL, 0, 0, 0, subject, detail, means, effects \
    }
/* Reply codes. */
#define SMTP(id, stages, digit, smtp, means, effects)           \
    {                                                           \
        id, NULL, stages, digit, smtp, ANY, ANY, means, effects \
    }

const struct classify_rule classify_rules[] = {
    /* Google's own meanings; none of them suppresses. */
    PROVIDER("google-7.23", "google", 0, 4, 0, 7, 23, MEANS(SENDER_INVALID, IP), 0),
    PROVIDER("google-7.24", "google", 0, 0, 0, 7, 24, MEANS(AUTH_FAILURE, DOMAIN), 0),
    PROVIDER("google-7.25", "google", 0, 0, 0, 7, 25, MEANS(SENDER_INVALID, IP), 0),
    PROVIDER("google-7.26", "google", 0, 0, 0, 7, 26, MEANS(AUTH_FAILURE, DOMAIN), 0),
    PROVIDER("google-7.27", "google", 0, 0, 0, 7, 27, MEANS(AUTH_FAILURE, DOMAIN), 0),
    PROVIDER("google-7.28", "google", 0, 0, 0, 7, 28, MEANS(RATE_LIMITED, PATH), 0),
    PROVIDER("google-7.29", "google", 0, 0, 0, 7, 29, MEANS(TLS, CONNECTION), 0),
    PROVIDER("google-7.30", "google", 0, 0, 0, 7, 30, MEANS(AUTH_FAILURE, DOMAIN), 0),
    PROVIDER("google-7.31", "google", 0, 0, 0, 7, 31, MEANS(AUTH_FAILURE, DOMAIN), 0),
    PROVIDER("google-7.32", "google", 0, 0, 0, 7, 32, MEANS(AUTH_FAILURE, DOMAIN), 0),
    PROVIDER("google-7.40", "google", 0, 0, 0, 7, 40, MEANS(AUTH_FAILURE, DOMAIN), 0),
    PROVIDER("google-4.2.1", "google", 0, 4, 0, 2, 1, MEANS(RATE_LIMITED, RECIPIENT), 0),
    /* Microsoft: sender configuration (M1); reputation of the IP (M5). */
    PROVIDER("microsoft-7.515", "microsoft", 0, 0, 0, 7, 515, MEANS(AUTH_FAILURE, DOMAIN), 0),
    PROVIDER("microsoft-7.650", "microsoft", 0, 0, 0, 7, 650, MEANS(REPUTATION, IP), 0),
    PROVIDER("microsoft-365-7.650", "microsoft-365", 0, 0, 0, 7, 650, MEANS(REPUTATION, IP), 0),
    /* Carriers say "unknown user" after DATA of somebody who filters us (J9, J10). */
    PROVIDER("docomo-1.1-dot", "docomo", BODY, 5, 0, 1, 1, MEANS(FILTERED, RECIPIENT), 0),
    PROVIDER("docomo-2.0", "docomo", 0, 0, 0, 2, 0, MEANS(FILTERED, RECIPIENT), 0),
    PROVIDER("au-1.1-dot", "au", BODY, 5, 0, 1, 1, MEANS(FILTERED, RECIPIENT), 0),

    IANA(1, 1, MEANS(BAD_MAILBOX, RECIPIENT), SUPPRESS),
    IANA(1, 2, MEANS(BAD_DOMAIN, RECIPIENT), SUPPRESS),
    IANA(1, 3, MEANS(BAD_MAILBOX, RECIPIENT), SUPPRESS),
    IANA(1, 4, MEANS(BAD_MAILBOX, RECIPIENT), 0),
    IANA(1, 6, MEANS(BAD_MAILBOX, RECIPIENT), SUPPRESS),
    IANA(1, 7, MEANS(SENDER_INVALID, DOMAIN), 0),
    IANA(1, 8, MEANS(SENDER_INVALID, DOMAIN), 0),
    IANA(1, 10, MEANS(BAD_DOMAIN, RECIPIENT), SUPPRESS),
    IANA(2, 1, MEANS(INACTIVE, RECIPIENT), 0),
    IANA(2, 2, MEANS(MAILBOX_FULL, RECIPIENT), 0),
    IANA(2, 3, MEANS(MESSAGE_TOO_LARGE, CONTENT), 0),
    IANA(2, 4, MEANS(REMOTE_SYSTEM, RECIPIENT), 0),
    IANA(3, 0, MEANS(REMOTE_SYSTEM, SITE), 0),
    IANA(3, 1, MEANS(REMOTE_SYSTEM, SITE), 0),
    IANA(3, 2, MEANS(REMOTE_SYSTEM, SITE), 0),
    IANA(3, 3, MEANS(REMOTE_SYSTEM, SITE), 0),
    IANA(3, 4, MEANS(MESSAGE_TOO_LARGE, CONTENT), 0),
    IANA(3, 5, MEANS(REMOTE_SYSTEM, SITE), 0),
    IANA(3, 6, MEANS(REMOTE_SYSTEM, CONTENT), 0),
    IANA(4, 0, MEANS(NETWORK, SITE), 0),
    IANA(4, 1, MEANS(NETWORK, SITE), 0),
    IANA(4, 2, MEANS(NETWORK, CONNECTION), 0),
    IANA(4, 3, MEANS(DNS, SITE), 0),
    IANA(4, 4, MEANS(NETWORK, SITE), 0),
    IANA(4, 5, MEANS(RATE_LIMITED, PATH), 0),
    IANA(4, 6, MEANS(NETWORK, SITE), 0),
    IANA(4, 7, MEANS(EXPIRED, SITE), 0),
    IANA(4, 8, MEANS(NETWORK, PATH), 0),
    /* Too many recipients: the rest is for later, whatever the first digit says (S4). */
    {"iana-5.3-rcpt", NULL, AT(RCPT), 0, 0, 5, 3, MEANS(RATE_LIMITED, CONNECTION), TEMPORARY},
    IANA(5, 0, MEANS(PROTOCOL, CONNECTION), 0),
    IANA(5, 1, MEANS(PROTOCOL, CONNECTION), 0),
    IANA(5, 2, MEANS(PROTOCOL, CONNECTION), 0),
    IANA(5, 3, MEANS(RATE_LIMITED, CONNECTION), 0),
    IANA(5, 4, MEANS(PROTOCOL, CONNECTION), 0),
    IANA(5, 5, MEANS(PROTOCOL, CONNECTION), 0),
    IANA(5, 6, MEANS(PROTOCOL, CONNECTION), 0),
    IANA(6, 0, MEANS(MESSAGE_FORMAT, CONTENT), 0),
    IANA(6, 1, MEANS(MESSAGE_FORMAT, CONTENT), 0),
    IANA(6, 2, MEANS(MESSAGE_FORMAT, CONTENT), 0),
    IANA(6, 3, MEANS(MESSAGE_FORMAT, CONTENT), 0),
    IANA(6, 4, MEANS(MESSAGE_FORMAT, CONTENT), 0),
    IANA(6, 5, MEANS(MESSAGE_FORMAT, CONTENT), 0),
    IANA(6, 6, MEANS(MESSAGE_FORMAT, CONTENT), 0),
    IANA(6, 7, MEANS(MESSAGE_FORMAT, RECIPIENT), 0),
    IANA(6, 8, MEANS(MESSAGE_FORMAT, CONTENT), 0),
    IANA(6, 9, MEANS(MESSAGE_FORMAT, CONTENT), 0),
    IANA(6, 10, MEANS(MESSAGE_FORMAT, CONTENT), 0),
    /* 7.0 is said of anything: left to the reply codes below unless they know less. */
    IANA(7, 1, MEANS(POLICY, CONTENT), 0),
    IANA(7, 2, MEANS(POLICY, RECIPIENT), 0),
    IANA(7, 3, MEANS(POLICY, DOMAIN), 0),
    IANA(7, 4, MEANS(TLS, CONNECTION), 0),
    IANA(7, 5, MEANS(TLS, CONNECTION), 0),
    IANA(7, 6, MEANS(TLS, CONNECTION), 0),
    IANA(7, 7, MEANS(POLICY, CONTENT), 0),
    IANA(7, 8, MEANS(AUTH_FAILURE, TENANT), 0),
    IANA(7, 9, MEANS(AUTH_FAILURE, TENANT), 0),
    IANA(7, 10, MEANS(TLS, CONNECTION), 0),
    IANA(7, 11, MEANS(TLS, CONNECTION), 0),
    IANA(7, 12, MEANS(AUTH_FAILURE, TENANT), 0),
    IANA(7, 13, MEANS(AUTH_FAILURE, TENANT), 0),
    IANA(7, 14, MEANS(AUTH_FAILURE, TENANT), 0),
    IANA(7, 15, MEANS(RATE_LIMITED, SITE), 0),
    IANA(7, 16, MEANS(MESSAGE_TOO_LARGE, CONTENT), 0),
    IANA(7, 17, MEANS(BAD_MAILBOX, RECIPIENT), SUPPRESS),
    IANA(7, 18, MEANS(BAD_DOMAIN, RECIPIENT), SUPPRESS),
    IANA(7, 19, MEANS(REMOTE_SYSTEM, RECIPIENT), 0),
    IANA(7, 20, MEANS(AUTH_FAILURE, DOMAIN), 0),
    IANA(7, 21, MEANS(AUTH_FAILURE, DOMAIN), 0),
    IANA(7, 22, MEANS(AUTH_FAILURE, DOMAIN), 0),
    IANA(7, 23, MEANS(AUTH_FAILURE, DOMAIN), 0),
    IANA(7, 24, MEANS(AUTH_FAILURE, DOMAIN), 0),
    IANA(7, 25, MEANS(SENDER_INVALID, IP), 0),
    IANA(7, 26, MEANS(AUTH_FAILURE, DOMAIN), 0),
    IANA(7, 27, MEANS(SENDER_INVALID, DOMAIN), 0),
    IANA(7, 28, MEANS(RATE_LIMITED, PATH), 0),
    IANA(7, 29, MEANS(AUTH_FAILURE, CONTENT), 0),
    IANA(7, 30, MEANS(TLS, CONNECTION), 0),

    PROVIDER("docomo-550-dot", "docomo", BODY, 5, 550, ANY, ANY, MEANS(FILTERED, RECIPIENT), 0),
    PROVIDER("au-550-dot", "au", BODY, 5, 550, ANY, ANY, MEANS(FILTERED, RECIPIENT), 0),
    SMTP("smtp-421-opening", OPENING, 4, 421, MEANS(REMOTE_SYSTEM, PATH), 0),
    SMTP("smtp-421", 0, 4, 421, MEANS(REMOTE_SYSTEM, CONNECTION), 0),
    SMTP("smtp-450", AT(RCPT), 4, 450, MEANS(OTHER, RECIPIENT), 0),
    SMTP("smtp-451", 0, 4, 451, MEANS(REMOTE_SYSTEM, SITE), 0),
    SMTP("smtp-452-rcpt", AT(RCPT), 4, 452, MEANS(RATE_LIMITED, CONNECTION), 0),
    SMTP("smtp-452", 0, 4, 452, MEANS(REMOTE_SYSTEM, SITE), 0),
    SMTP("smtp-454-tls", AT(STARTTLS), 4, 454, MEANS(TLS, CONNECTION), 0),
    SMTP("smtp-455", 0, 4, 455, MEANS(PROTOCOL, CONNECTION), 0),
    SMTP("smtp-500", 0, 5, 500, MEANS(PROTOCOL, CONNECTION), 0),
    SMTP("smtp-501-rcpt", AT(RCPT), 5, 501, MEANS(PROTOCOL, RECIPIENT), 0),
    SMTP("smtp-501", 0, 5, 501, MEANS(PROTOCOL, CONNECTION), 0),
    SMTP("smtp-502", 0, 5, 502, MEANS(PROTOCOL, CONNECTION), 0),
    SMTP("smtp-503", 0, 5, 503, MEANS(PROTOCOL, CONNECTION), 0),
    SMTP("smtp-504", 0, 5, 504, MEANS(PROTOCOL, CONNECTION), 0),
    SMTP("smtp-521", 0, 5, 521, MEANS(BAD_DOMAIN, SITE), 0),
    SMTP("smtp-523", 0, 5, 523, MEANS(TLS, CONNECTION), 0),
    SMTP("smtp-530", 0, 5, 530, MEANS(TLS, CONNECTION), 0),
    SMTP("smtp-534", 0, 5, 534, MEANS(AUTH_FAILURE, TENANT), 0),
    SMTP("smtp-535", 0, 5, 535, MEANS(AUTH_FAILURE, TENANT), 0),
    SMTP("smtp-550-mail", AT(MAIL), 5, 550, MEANS(POLICY, DOMAIN), 0),
    SMTP("smtp-550-rcpt", AT(RCPT), 5, 550, MEANS(OTHER, RECIPIENT), 0),
    SMTP("smtp-550-body", BODY, 5, 550, MEANS(POLICY, CONTENT), 0),
    SMTP("smtp-551", AT(RCPT), 5, 551, MEANS(BAD_MAILBOX, RECIPIENT), 0),
    /* Either "too many recipients" (S4: send the rest later) or this one's quota. */
    SMTP("smtp-552-rcpt", AT(RCPT), 5, 552, MEANS(MAILBOX_FULL, RECIPIENT), TEMPORARY),
    SMTP("smtp-552", 0, 5, 552, MEANS(MESSAGE_TOO_LARGE, CONTENT), 0),
    SMTP("smtp-553-rcpt", AT(RCPT), 5, 553, MEANS(BAD_MAILBOX, RECIPIENT), 0),
    SMTP("smtp-553-mail", AT(MAIL), 5, 553, MEANS(SENDER_INVALID, DOMAIN), 0),
    SMTP("smtp-554-opening", OPENING, 5, 554, MEANS(POLICY, IP), 0),
    SMTP("smtp-554-body", BODY, 5, 554, MEANS(POLICY, CONTENT), 0),
    SMTP("smtp-555", 0, 5, 555, MEANS(PROTOCOL, CONNECTION), 0),
    SMTP("smtp-556", 0, 5, 556, MEANS(BAD_DOMAIN, RECIPIENT), SUPPRESS),

    IANA(7, 0, MEANS(POLICY, CONTENT), 0),
    SMTP("smtp-opening", OPENING, 0, 0, MEANS(OTHER, PATH), 0),
    SMTP("smtp-mail", AT(MAIL), 0, 0, MEANS(OTHER, DOMAIN), 0),
    SMTP("smtp-rcpt", AT(RCPT), 0, 0, MEANS(OTHER, RECIPIENT), 0),
    SMTP("smtp-body", BODY, 0, 0, MEANS(OTHER, CONTENT), 0),
    SMTP("smtp-other", 0, 0, 0, MEANS(OTHER, CONNECTION), 0),
};

const size_t classify_rules_count = sizeof classify_rules / sizeof *classify_rules;
