/* Shared limits (I6): each batch is charged before it is offered, to every limit that holds it, and
 * settled when its claim has ended: what was sent counts for a window more, what came back
 * untouched is free at once. So mail in any window never exceeds a limit, however slow anybody is;
 * a coordinator that dies leaves its charges behind for a minute and a half. */
#ifndef HIKYAKU_COORDINATOR_FLEET_TOKENS_H
#define HIKYAKU_COORDINATOR_FLEET_TOKENS_H

#include "common/mail/rows.h"
#include "common/store/store_tokens.h"
#include "coordinator/schedule/limit_rules.h"

struct loop;
struct tokens;

struct tokens_settings {
    struct loop *loop;       /* borrowed */
    struct store *store;     /* borrowed */
    uint32_t share_permille; /* of a limit that one lane may have */
};

struct tokens *tokens_create(const struct tokens_settings *settings);
/** The store is destroyed before: all answers are in. Accepts NULL, nulls the pointer. */
void tokens_destroy(struct tokens **tokens);
/** The configuration's limits, copied. */
void tokens_set_rules(struct tokens *tokens, const struct limit_rule *rules, size_t count);

/** Bytes of a limit's name, with NUL. */
#define TOKENS_NAME_BYTES 320

/** The limits that hold a subject's mail, by the rules set. @return how many */
size_t tokens_find(const struct tokens *tokens, const struct limit_subject *subject,
                   struct limit_found ret_found[LIMIT_RULES_FOUND_MAX]);
/** How Redis calls it (store_tokens.h): "from:shop.test", the pool's name, "" of a campaign. */
void tokens_print_name(const struct limit_found *found, char *out, size_t size);

struct tokens_batch {
    unsigned char campaign[16];
    uint32_t number;
};

struct tokens_charge {
    struct tokens_batch batch;
    struct limit_subject subject;
    enum store_tokens_lane lane;
    uint32_t rows;
};

/** @param gate  GATE_NONE: charged; else what holds it, for about wait_ms */
typedef void tokens_fn(void *context, enum gate gate, uint64_t wait_ms);
/**
 * Charge a batch. One that was charged before and never settled counts as sent.
 * @callback on_answer  once, perhaps at once
 */
void tokens_charge(struct tokens *tokens, const struct tokens_charge *charge, tokens_fn *on_answer,
                   void *context);

/* What became of a batch; none of these minds one that was not charged. */

/** It was not claimed. */
void tokens_refund(struct tokens *tokens, const struct tokens_batch *batch);
/** So many of its messages have an outcome; the last call says that the claim has ended. */
void tokens_progress(struct tokens *tokens, const struct tokens_batch *batch, uint32_t messages,
                     bool is_finished);

#endif
