/* One connection to one server: the dialogue on a stream of the loop. Connects from a given source
 * address, tries STARTTLS as the policy says, sends message after message, closes when idle.
 *
 * Opportunistic TLS takes any certificate; when the handshake fails, the session connects once more
 * and stays in plain text (RFC 7435, T1). No message has been taken by then. */
#ifndef HIKYAKU_WORKER_SMTP_SMTP_SESSION_H
#define HIKYAKU_WORKER_SMTP_SMTP_SESSION_H

#include "common/net/stream.h"
#include "worker/smtp/smtp_dialogue.h"

#define SMTP_SESSION_CONNECT_TIMEOUT_MS 30000

struct smtp_session;

struct smtp_session_settings {
    struct stream_address remote;
    const struct stream_address *source; /* borrowed for open; NULL: the system's choice */
    const char *mx_host;                 /* SNI (T2) and results; copied; "" for none */
    const char *hello;                   /* EHLO name of the source address (S13); copied */
    const struct stream_tls *tls;        /* borrowed for the session's life; NULL: plain text */
    enum smtp_tls_policy tls_policy;
    bool is_stepwise;            /* one command at a time, whatever is offered */
    bool waits_behind_dot;       /* the next MAIL waits for the reply to the dot */
    uint32_t messages_max;       /* messages before QUIT; 0: no limit of ours */
    uint64_t idle_ms;            /* without a message before QUIT */
    uint64_t connect_timeout_ms; /* 0: SMTP_SESSION_CONNECT_TIMEOUT_MS */
    unsigned timeout_permille;   /* of RFC 5321's timeouts; 0: 1000 */
};

/**
 * What the owner is asked and told; `context` is one a session. From inside any of the first four
 * the owner may call smtp_session_wake(), _release(), _abort(), _quit() of any session.
 */
struct smtp_session_callbacks {
    /** The session can take a message now: the suppression check, the lease and the throttle have
     *  their last word here, MAIL FROM follows at once. @return NULL: none; the session is idle
     *  until smtp_session_wake() */
    struct smtp_message *(*next_message)(void *context);
    /** MAIL FROM was written: ask for the mark, when it is HOLD. */
    void (*on_mail_written)(void *context, struct smtp_message *message);
    /** Asked right before the final dot: read the clock afresh. False: it waits for
     *  smtp_session_release() or smtp_session_abort(). */
    bool (*may_complete)(void *context, const struct smtp_message *message);
    /** Once per message taken; message and memory are the owner's again. `result` is valid during
     *  the call. */
    void (*on_result)(void *context, struct smtp_message *message,
                      const struct smtp_result *result);
    /** Last of all, from the loop; the session is gone when it returns. `end` says why: failure
     *  NONE at stage QUIT is in good order; CONNECT to STARTTLS tell why no message was taken. */
    void (*on_closed)(void *context, const struct smtp_result *end);
    void *context;
};

/** Start connecting; the first callback comes after this returns. @param callbacks  copied */
struct smtp_session *smtp_session_open(struct loop *loop,
                                       const struct smtp_session_settings *settings,
                                       const struct smtp_session_callbacks *callbacks);

/** There is a message for it. No-op unless it is idle. */
void smtp_session_wake(struct smtp_session *session);
/** The store has answered the mark (or RESEND after a refused gate): the dot may be written. */
void smtp_session_release(struct smtp_session *session, struct smtp_message *message);
/**
 * Never complete this message: its result (ABORTED) comes, mostly from inside this call; the
 * connection is reset as soon as no other message on it is in doubt.
 * @return 0, or -EALREADY: its dot is out, the reply or its loss will tell
 */
MUST_USE int smtp_session_abort(struct smtp_session *session, struct smtp_message *message);
/** No further message; QUIT when those on the wire are through. */
void smtp_session_quit(struct smtp_session *session);
/** End it at once: results (ABORTED; in doubt behind the dot) come from inside, on_closed later.
 *  Not from inside a callback of this session. */
void smtp_session_close(struct smtp_session *session);

/** READY: idle, or the command whose reply is awaited; CONNECT before the greeting is awaited. */
enum smtp_stage smtp_session_stage(const struct smtp_session *session);

#endif
