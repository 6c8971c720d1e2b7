/* The dialogue with one SMTP server, from greeting to QUIT: bytes in, bytes out. Knows no socket,
 * loop or clock. Messages are pulled when they can go out at once, never earlier, and with
 * PIPELINING the next one's MAIL, RCPT and DATA leave together with the dot of the one before.
 *
 * The completing write is gated: the dot of a message is written only when it is released and
 * may_complete() says so, asked right before. Pure. */
#ifndef HIKYAKU_WORKER_SMTP_SMTP_DIALOGUE_H
#define HIKYAKU_WORKER_SMTP_SMTP_DIALOGUE_H

#include "worker/smtp/smtp_message.h"

/** Most bytes of a message in the output at once. */
#define SMTP_DIALOGUE_CHUNK_BYTES ((size_t)32 * 1024)
/** A message up to this size goes out in one write with its dot. */
#define SMTP_DIALOGUE_ONE_WRITE_BYTES ((size_t)16 * 1024)

struct smtp_dialogue;

enum smtp_tls_policy { SMTP_TLS_OPPORTUNISTIC, SMTP_TLS_REQUIRED, SMTP_TLS_NEVER };

struct smtp_dialogue_settings {
    struct text hello; /* EHLO name (S13); borrowed for the dialogue's life */
    enum smtp_tls_policy tls;
    bool is_stepwise;          /* one command at a time, whatever is offered */
    bool waits_behind_dot;     /* the next MAIL waits for the reply to the dot */
    uint32_t messages_max;     /* messages before QUIT; 0: no limit of ours */
    uint64_t idle_ms;          /* without a message before QUIT */
    unsigned timeout_permille; /* of RFC 5321's timeouts; 0: 1000 */
};

/** What the owner is asked and told. From inside any of these it may call what is marked so. */
struct smtp_dialogue_hooks {
    /** A message can go out now. @return NULL: none; smtp_dialogue_wake() tells when there is */
    struct smtp_message *(*next_message)(void *context);
    /** MAIL FROM stands in the output: ask for the mark (HOLD). */
    void (*on_mail_written)(void *context, struct smtp_message *message);
    /** Asked right before the final dot, afresh each time. When false: smtp_dialogue_release()
     *  again, or abort. */
    bool (*may_complete)(void *context, const struct smtp_message *message);
    /** Once per message taken; it is the owner's again. */
    void (*on_result)(void *context, struct smtp_message *message, struct smtp_result *result);
    void *context;
};

/** @param hooks  copied */
struct smtp_dialogue *smtp_dialogue_create(const struct smtp_dialogue_settings *settings,
                                           const struct smtp_dialogue_hooks *hooks);
/** Tells no results: smtp_dialogue_fail() first. Accepts NULL, nulls the pointer. */
void smtp_dialogue_destroy(struct smtp_dialogue **dialogue);

/** Bytes from the server. */
void smtp_dialogue_feed(struct smtp_dialogue *dialogue, struct text bytes);
/** What has to be written now; borrowed until the next call. Then smtp_dialogue_on_taken(). */
struct text smtp_dialogue_output(const struct smtp_dialogue *dialogue);
void smtp_dialogue_on_taken(struct smtp_dialogue *dialogue);
/** All that was taken is in the kernel: a long message goes on. */
void smtp_dialogue_on_flushed(struct smtp_dialogue *dialogue);
/** Time for the TLS handshake; nothing is read or written until it is done. */
bool smtp_dialogue_wants_tls(const struct smtp_dialogue *dialogue);
void smtp_dialogue_on_tls(struct smtp_dialogue *dialogue);
/** The connection is gone, or the handshake failed: tells all results. */
void smtp_dialogue_fail(struct smtp_dialogue *dialogue, enum smtp_failure failure);

/** Milliseconds from the last progress after which to call smtp_dialogue_on_timeout(). */
uint64_t smtp_dialogue_timeout_ms(const struct smtp_dialogue *dialogue);
/** Changes whenever the timeout starts anew. Bytes that complete no reply change nothing. */
uint32_t smtp_dialogue_progress(const struct smtp_dialogue *dialogue);
void smtp_dialogue_on_timeout(struct smtp_dialogue *dialogue);

/** There is a message: pull it when idle. May be called from inside a hook. */
void smtp_dialogue_wake(struct smtp_dialogue *dialogue);
/** The mark is answered, or may_complete() would say yes now. May be called from inside a hook. */
void smtp_dialogue_release(struct smtp_dialogue *dialogue, struct smtp_message *message);
/**
 * Never complete this message. The connection ends without its dot, once the reply to the dot of
 * the message before has been read. May be called from inside a hook.
 * @return 0: its result (ABORTED) comes; -EALREADY: its dot is out, its reply or loss will tell
 */
MUST_USE int smtp_dialogue_abort(struct smtp_dialogue *dialogue, struct smtp_message *message);
/** No further message; QUIT when the ones on the wire are through. From inside a hook, too. */
void smtp_dialogue_quit(struct smtp_dialogue *dialogue);

/** The command whose reply is awaited, READY, BODY, TLS, or FINISHED: close the connection. */
enum smtp_stage smtp_dialogue_stage(const struct smtp_dialogue *dialogue);
/** Ended without the server's consent while a message stood before its dot: reset, not close. */
bool smtp_dialogue_needs_reset(const struct smtp_dialogue *dialogue);
/** Why it ended: failure NONE and code 0 after our QUIT; valid when FINISHED. */
const struct smtp_result *smtp_dialogue_end(const struct smtp_dialogue *dialogue);
const struct smtp_capabilities *smtp_dialogue_capabilities(const struct smtp_dialogue *dialogue);

#endif
