/* Whose reply comes next. A connection has at most two messages on it: one whose final dot is out,
 * and the next, whose commands went right behind (RFC 2920, 3.1). Replies come in the order of the
 * commands. Pure; the dialogue's own. */
#ifndef HIKYAKU_WORKER_SMTP_SMTP_TURNS_H
#define HIKYAKU_WORKER_SMTP_SMTP_TURNS_H

#include "worker/smtp/smtp_message.h"

#define SMTP_TURNS_EXPECTED_MAX 8

/** One message's time on the connection: from RSET or MAIL until no reply to it is outstanding. */
struct smtp_turn {
    struct smtp_message *message; /* borrowed; NULL: free, or its result was told already */
    bool is_open;                 /* the server has a transaction open for it */
    bool has_recipient;           /* the server took its recipient */
    bool is_dot_written;
    bool is_answered;
};

struct smtp_expected {
    enum smtp_stage stage; /* of the command */
    struct smtp_turn *turn;
};

struct smtp_turns {
    struct smtp_turn turns[2];
    struct smtp_turn *current;                              /* the one begun last; never NULL */
    struct smtp_expected expected[SMTP_TURNS_EXPECTED_MAX]; /* a ring */
    unsigned first;
    unsigned count;
};

void smtp_turns_init(struct smtp_turns *turns);
/** Begin the next message's turn. The one before the last must be over. */
void smtp_turns_begin(struct smtp_turns *turns, struct smtp_message *message);
/** The turn that is not the current one. */
struct smtp_turn *smtp_turns_older(struct smtp_turns *turns);

/** A command was written for the current turn: its reply will come. */
void smtp_turns_expect(struct smtp_turns *turns, enum smtp_stage stage);
/** The command whose reply comes next; `idle` when none is outstanding. */
struct smtp_expected smtp_turns_next(const struct smtp_turns *turns, enum smtp_stage idle);
/** Its reply has come. No-op when none is outstanding. */
void smtp_turns_answered(struct smtp_turns *turns);
/** True while a reply to the turn's commands is outstanding. */
bool smtp_turns_is_awaited(const struct smtp_turns *turns, const struct smtp_turn *turn);
/** How far the turn has come: its first outstanding command, else `idle`. */
enum smtp_stage smtp_turns_stage(const struct smtp_turns *turns, const struct smtp_turn *turn,
                                 enum smtp_stage idle);

#endif
