/* Outcomes become durable: gathered per claim, written by one flush at a time, the last of which
 * ends the claim. Marks (HOLD) are asked for here too, as both are writes of one claim.
 *
 * A flush whose answer got lost is repeated under its number until it is answered: the store
 * changes nothing for a number that it has seen. */
#ifndef HIKYAKU_WORKER_REPORT_REPORT_H
#define HIKYAKU_WORKER_REPORT_REPORT_H

#include "worker/claim/claim.h"
#include "worker/report/flush_window.h"
#include "worker/report/outcome.h"

/** No answer to a mark for so long: the connection is reset instead. */
#define REPORT_MARK_MS 30000

struct report;

/** What a durable flush told of its claim; for the hint to the coordinator. */
struct report_progress {
    uint32_t delivered;
    uint32_t deferred;
    uint32_t bounced;
    uint32_t other;
    uint32_t open; /* letters of the claim that are not settled, and rows not due */
    int64_t next_due_unix_ms;
    bool is_finished;
};

struct report_settings {
    struct loop *loop;   /* borrowed */
    struct store *store; /* borrowed */
    uint64_t interval_ms;
    uint32_t outcomes;       /* a claim with so many is flushed at once */
    uint32_t retry_permille; /* of the usual delays before a retry; 0: 1000 */
    /** A mark stands: the completing write may go out. */
    void (*on_marked)(void *context, struct letter *letter);
    /** No answer to its mark: reset its connection. */
    void (*on_mark_failed)(void *context, struct letter *letter);
    /** The control word came with an answer. */
    void (*on_word)(void *context, struct claim *claim, enum store_word word, uint64_t ms_left);
    void (*on_durable)(void *context, struct claim *claim, const struct report_progress *progress);
    /** The claim is not ours any more: start nothing of it. Its end follows when its last letter is
     *  settled. */
    void (*on_lost)(void *context, struct claim *claim);
    /** All is written (or lost), no answer is awaited: the claim may be freed. */
    void (*on_end)(void *context, struct claim *claim);
    void *context;
};

struct report *report_create(const struct report_settings *settings);
/** Claims are ended first. Accepts NULL, nulls the pointer. */
void report_destroy(struct report **report);

/** The claim was opened. One without working letters ends at once. */
void report_add(struct report *report, struct claim *claim);
/** A letter has its outcome. It stands in no list and has no draft. */
void report_settle(struct report *report, struct letter *letter,
                   const struct outcome_report *outcome);
/** Ask for a letter's mark; on_marked or on_mark_failed follows, unless it is settled before. */
void report_mark(struct report *report, struct letter *letter);
/** I5: may a message start? */
bool report_is_open(const struct report *report);
/** The store is there again: repeat what is unanswered. */
void report_resume(struct report *report);
/** Flush everything now (drain). */
void report_flush_all(struct report *report);
/** The session was taken over: no claim is ours any more. What is known of messages that went out
 *  becomes evidence. */
void report_lose_all(struct report *report);
size_t report_claims(const struct report *report);
/** Flushes that wait to be taken as evidence. */
size_t report_evidence(const struct report *report);

#endif
