/* The states of a dialogue: which command is written, what a reply to it means. The dialogue's own;
 * smtp_dialogue.h is its face. */
#ifndef HIKYAKU_WORKER_SMTP_SMTP_STATES_H
#define HIKYAKU_WORKER_SMTP_SMTP_STATES_H

#include "worker/smtp/dot_stuffer.h"
#include "worker/smtp/reply_parser.h"
#include "worker/smtp/smtp_dialogue.h"
#include "worker/smtp/smtp_turns.h"

struct smtp_dialogue {
    struct smtp_dialogue_settings settings;
    struct smtp_dialogue_hooks hooks;
    enum smtp_stage state;
    enum smtp_stage before; /* the state before this one */
    struct smtp_capabilities capabilities;
    struct smtp_turns turns;
    struct dot_stuffer stuffer;    /* of the current turn, in BODY */
    struct buffer output;          /* to be written */
    size_t unflushed;              /* bytes taken that are not yet in the kernel */
    struct smtp_turn *untaken_dot; /* borrowed; the one whose dot stands in `output` */
    struct smtp_result end;        /* why it ended; its reply lies in `end_text` */
    struct buffer end_text;
    uint32_t messages; /* taken so far */
    uint32_t progress;
    bool has_end;
    bool is_tls;
    bool is_pipelining;
    bool needs_rset; /* the server holds an open transaction of a message that is over */
    bool is_woken;
    bool is_quitting;
    bool is_aborting;
    bool is_busy; /* inside a call: hooks only leave flags for settle() */
    struct reply_parser parser;
};

/** The only place that changes the state; follows on while commands may be sent at once. */
void smtp_states_enter(struct smtp_dialogue *dialogue, enum smtp_stage next);
/** A complete reply: find the command it answers, do what its state says. */
void smtp_states_take_reply(struct smtp_dialogue *dialogue, const struct smtp_reply *reply);
/** The stage whose reply is awaited; the state itself when no command is outstanding. */
enum smtp_stage smtp_states_awaited(const struct smtp_dialogue *dialogue);
/** RFC 5321's timeout of a stage; 0: the owner's idle time. */
uint64_t smtp_states_timeout_ms(enum smtp_stage stage);

/** Note the reason; the next state is FINISHED. @param reply  NULL: none */
enum smtp_stage smtp_states_fail(struct smtp_dialogue *dialogue, enum smtp_failure failure,
                                 const struct smtp_reply *reply);
/** In READY, BODY: go on if there is reason to. */
void smtp_states_resume(struct smtp_dialogue *dialogue);

#endif
