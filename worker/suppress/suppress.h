/* Whoever stands on a suppression list is not written to: each claim's recipients are looked up in
 * one call, and what is added later is followed in the tenant's log. Letters that are on no list
 * when their claim was looked up are handed out; those that come on one before they start are told.
 *
 * Fails closed: without an answer no letter is handed out, and when the log could not be read for a
 * while nothing starts. */
#ifndef HIKYAKU_WORKER_SUPPRESS_SUPPRESS_H
#define HIKYAKU_WORKER_SUPPRESS_SUPPRESS_H

#include "worker/claim/claim.h"

/** How often a tenant's log is read, and how old what is known of it may be when a message starts.
 */
#define SUPPRESS_READ_MS 2000
#define SUPPRESS_KNOWN_MS 30000

struct suppress;

struct suppress_settings {
    struct loop *loop;   /* borrowed */
    struct store *store; /* borrowed */
    /** All letters of the claim are looked up: letter->suppressed says which must not go. */
    void (*on_checked)(void *context, struct claim *claim);
    /** A letter came on a list; it may be on the wire. */
    void (*on_added)(void *context, struct letter *letter);
    void *context;
};

struct suppress *suppress_create(const struct suppress_settings *settings);
/** The store is destroyed before: all answers are in. Accepts NULL, nulls the pointer. */
void suppress_destroy(struct suppress **suppress);

/** A claim was opened: look its letters up that stand at LETTER_FILING. on_checked follows, unless
 *  it ends before. */
void suppress_add(struct suppress *suppress, struct claim *claim);
/** The claim ends. */
void suppress_remove(struct claim *claim);
/** The store is there again, perhaps with another history: look everything up anew. */
void suppress_resume(struct suppress *suppress);
/** Are the logs of all tenants with claims known well enough for a message to start? */
bool suppress_is_known(const struct suppress *suppress);

#endif
