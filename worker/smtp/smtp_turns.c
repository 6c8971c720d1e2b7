#include "worker/smtp/smtp_turns.h"

#include <assert.h>

void smtp_turns_init(struct smtp_turns *turns)
{
    *turns = (struct smtp_turns){0};
    turns->current = &turns->turns[0];
}

struct smtp_turn *smtp_turns_older(struct smtp_turns *turns)
{
    return &turns->turns[turns->current == &turns->turns[0]];
}

void smtp_turns_begin(struct smtp_turns *turns, struct smtp_message *message)
{
    struct smtp_turn *next = smtp_turns_older(turns);
    assert(next->message == NULL && !smtp_turns_is_awaited(turns, next));
    *next = (struct smtp_turn){.message = message};
    turns->current = next;
}

/* At most: the dot of one, RSET, MAIL, RCPT and DATA of the next. */
void smtp_turns_expect(struct smtp_turns *turns, enum smtp_stage stage)
{
    assert(turns->count < SMTP_TURNS_EXPECTED_MAX);
    unsigned place = (turns->first + turns->count) % SMTP_TURNS_EXPECTED_MAX;
    turns->expected[place] = (struct smtp_expected){stage, turns->current};
    turns->count++;
}

struct smtp_expected smtp_turns_next(const struct smtp_turns *turns, enum smtp_stage idle)
{
    return turns->count > 0 ? turns->expected[turns->first]
                            : (struct smtp_expected){idle, turns->current};
}

void smtp_turns_answered(struct smtp_turns *turns)
{
    if (turns->count > 0) {
        turns->first = (turns->first + 1) % SMTP_TURNS_EXPECTED_MAX;
        turns->count--;
    }
}

enum smtp_stage smtp_turns_stage(const struct smtp_turns *turns, const struct smtp_turn *turn,
                                 enum smtp_stage idle)
{
    for (unsigned i = 0; i < turns->count; i++) {
        unsigned place = (turns->first + i) % SMTP_TURNS_EXPECTED_MAX;
        if (turns->expected[place].turn == turn) {
            return turns->expected[place].stage;
        }
    }
    return idle;
}

bool smtp_turns_is_awaited(const struct smtp_turns *turns, const struct smtp_turn *turn)
{
    return smtp_turns_stage(turns, turn, SMTP_STAGE_COUNT) != SMTP_STAGE_COUNT;
}
