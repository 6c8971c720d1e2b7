/* A hostile server and a moody owner against the dialogue. The input is cut at 0xff; a piece that
 * starts with 0xe0 or above is something the owner, the kernel or the clock does. Held throughout:
 * one result a message, no dot without release and gate, nothing delivered without its dot. */
#include "worker/smtp/smtp_dialogue.h"

#include <assert.h>
#include <string.h>

#define LETTERS 6

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct letter {
    struct smtp_message message;
    bool is_taken;
    bool is_told;
    bool was_allowed; /* the gate said yes while it was released */
};

struct owner {
    struct smtp_dialogue *dialogue;
    struct letter letters[LETTERS];
    size_t taken;
    size_t available;
    bool is_gate_open;
    bool is_kernel_slow;
};

static const struct text parts[] = {{"Subject: hi\r\n\r\n.", 16}, {"\r\nbody\r\n", 8}};
static char long_part[40000];

static struct smtp_message *next_message(void *context)
{
    struct owner *owner = context;
    if (owner->taken == owner->available) {
        return NULL;
    }
    owner->letters[owner->taken].is_taken = true;
    return &owner->letters[owner->taken++].message;
}

static void on_mail_written(void *context, struct smtp_message *message)
{
    struct owner *owner = context;
    if (owner->is_gate_open && message->size_bytes % 2 == 0) {
        smtp_dialogue_release(owner->dialogue, message);
    }
}

static bool may_complete(void *context, const struct smtp_message *message)
{
    struct owner *owner = context;
    struct letter *letter = message->context;
    assert(message->is_released && !letter->is_told);
    letter->was_allowed |= owner->is_gate_open;
    return owner->is_gate_open;
}

static void on_result(void *context, struct smtp_message *message, struct smtp_result *result)
{
    struct owner *owner = context;
    struct letter *letter = message->context;
    assert(letter->is_taken && !letter->is_told);
    assert(!result->was_dot_written || letter->was_allowed);
    assert(!smtp_result_is_delivered(result) || result->was_dot_written);
    assert(result->failure != SMTP_FAILURE_NONE || result->code >= 400 ||
           smtp_result_is_delivered(result));
    letter->is_told = true;
    message->parts = NULL; /* it is the owner's again: nobody looks */
    message->part_count = 0;
    smtp_dialogue_wake(owner->dialogue);
}

static void pump(struct owner *owner)
{
    while (smtp_dialogue_output(owner->dialogue).size > 0) {
        assert(smtp_dialogue_output(owner->dialogue).size <= 2 * SMTP_DIALOGUE_CHUNK_BYTES);
        smtp_dialogue_on_taken(owner->dialogue);
        if (owner->is_kernel_slow) {
            return;
        }
        smtp_dialogue_on_flushed(owner->dialogue);
    }
}

static void act(struct owner *owner, uint8_t what)
{
    struct smtp_message *last = &owner->letters[owner->taken > 0 ? owner->taken - 1 : 0].message;
    switch (what & 0x0f) {
    case 0:
        smtp_dialogue_release(owner->dialogue, last);
        break;
    case 1:
        (void)!smtp_dialogue_abort(owner->dialogue, last);
        break;
    case 2:
        owner->is_gate_open = !owner->is_gate_open;
        break;
    case 3:
        owner->available += owner->available < LETTERS;
        smtp_dialogue_wake(owner->dialogue);
        break;
    case 4:
        smtp_dialogue_quit(owner->dialogue);
        break;
    case 5:
        owner->is_kernel_slow = !owner->is_kernel_slow;
        break;
    case 6:
        smtp_dialogue_on_flushed(owner->dialogue);
        break;
    case 7:
        smtp_dialogue_on_timeout(owner->dialogue);
        break;
    case 8:
        if (smtp_dialogue_wants_tls(owner->dialogue)) {
            smtp_dialogue_on_tls(owner->dialogue);
        }
        break;
    default:
        (void)smtp_dialogue_timeout_ms(owner->dialogue);
        break;
    }
}

static void prepare(struct owner *owner, uint8_t mood)
{
    const struct smtp_dialogue_settings settings = {
        .hello = TEXT("out.example"),
        .tls = (mood & 1) != 0 ? SMTP_TLS_NEVER : SMTP_TLS_OPPORTUNISTIC,
        .is_stepwise = (mood & 2) != 0,
        .waits_behind_dot = (mood & 4) != 0,
        .messages_max = (mood & 8) != 0 ? 3 : 0,
    };
    const struct smtp_dialogue_hooks hooks = {next_message, on_mail_written, may_complete,
                                              on_result, owner};
    memset(long_part, 'x', sizeof long_part);
    static const struct text long_parts[] = {{long_part, sizeof long_part}};
    owner->available = 1 + (mood >> 5) % LETTERS;
    owner->is_gate_open = (mood & 16) == 0;
    for (size_t i = 0; i < LETTERS; i++) {
        bool is_long = i % 3 == 2;
        owner->letters[i].message =
            (struct smtp_message){.sender = TEXT("a@example.org"),
                                  .recipient = TEXT("b@example.net"),
                                  .signature = TEXT("DKIM-Signature: v=1\r\n"),
                                  .parts = is_long ? long_parts : parts,
                                  .part_count = is_long ? 1 : 2,
                                  .size_bytes = is_long ? 40021 : 45,
                                  .is_released = i != 1,
                                  .context = &owner->letters[i]};
    }
    owner->dialogue = smtp_dialogue_create(&settings, &hooks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct owner owner = {0};
    struct text rest = {(const char *)data, size};
    struct text piece;
    prepare(&owner, size > 0 ? data[0] : 0);
    rest = text_skip(rest, 1);
    while (text_next_part(&rest, '\xff', &piece)) {
        if (piece.size > 0 && (uint8_t)piece.data[0] >= 0xe0) {
            act(&owner, (uint8_t)piece.data[0]);
            piece = text_skip(piece, 1);
        }
        smtp_dialogue_feed(owner.dialogue, piece);
        pump(&owner);
    }
    smtp_dialogue_fail(owner.dialogue, SMTP_FAILURE_RESET);
    assert(smtp_dialogue_stage(owner.dialogue) == SMTP_STAGE_FINISHED);
    for (size_t i = 0; i < LETTERS; i++) {
        assert(owner.letters[i].is_told == owner.letters[i].is_taken);
    }
    smtp_dialogue_destroy(&owner.dialogue);
    return 0;
}
