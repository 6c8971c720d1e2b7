/* Offers in, claims held, claims given back: what this worker has in hand and why. */
#ifndef HIKYAKU_WORKER_CLAIM_CLAIMS_H
#define HIKYAKU_WORKER_CLAIM_CLAIMS_H

#include "worker/claim/campaigns.h"
#include "worker/claim/claim.h"
#include "worker/claim/credit.h"
#include "worker/paths/sending_ips.h"

struct claims;
struct service_windows;

struct claims_settings {
    struct loop *loop; /* borrowed, like all of these */
    struct store *store;
    struct sending_ips *ips;
    struct service_windows *windows; /* NULL: campaigns have none */
    struct credit_limits limits;
    uint64_t idle_ms; /* what has not started by then goes back */
    /** A campaign's content came: say how its messages are signed. */
    void (*on_campaign)(void *context, struct campaign *campaign);
    /** A batch is ours: its letters stand at LETTER_FILING or LETTER_IDLE. */
    void (*on_open)(void *context, struct claim *claim);
    /** The claim is_recalled: give back what has not started. */
    void (*on_recall)(void *context, struct claim *claim);
    /** The operator stops changed: give back what of the claim they hold. */
    void (*on_stops)(void *context, struct claim *claim);
    /** Its campaign's waiting letters may go on: a second has passed. */
    void (*on_wait)(void *context, struct campaign *campaign);
    void (*send)(void *context, uint64_t link, Hikyaku__V1__FleetMessage__BodyCase body_case,
                 ProtobufCMessage *body);
    /** What can be taken has changed. */
    void (*on_credit)(void *context);
    void *context;
};

struct claims *claims_create(const struct claims_settings *settings);
/** All claims have ended. Accepts NULL, nulls the pointer. */
void claims_destroy(struct claims **claims);

/** Content, Offer or Control of a coordinator. */
void claims_on_message(struct claims *claims, uint64_t link,
                       const Hikyaku__V1__FleetMessage *message);
/** The control word and the time left, as an answer of the store told them. */
void claims_on_word(struct claims *claims, struct claim *claim, enum store_word word,
                    uint64_t ms_left);
/** The claim is lost: recall what has not started. */
void claims_on_lost(struct claims *claims, struct claim *claim);
/** One of its letters has its outcome. @param is_sent  it was tried; false: it goes back */
void claims_on_outcome(struct claim *claim, bool is_sent);
/** All of it is written or lost: forget it. */
void claims_on_end(struct claims *claims, struct claim *claim);

/** The control word of a campaign may have changed (notice of the store): ask. */
void claims_on_notice(struct claims *claims, const unsigned char campaign[16]);
/** The first-message check of a domain is through: its campaigns' letters may go on. */
void claims_on_verdict(struct claims *claims, const struct dkim_keys_domain *domain);

/** The operator stops changed. */
void claims_on_stops(struct claims *claims);

/** Take nothing more, give back what has not started. */
void claims_drain(struct claims *claims);
/** Is this batch ("<campaign id>:<batch>") claimed here, or being asked for? */
bool claims_has(const struct claims *claims, struct text name);
/** The claim of this name, borrowed until the loop goes on; NULL: it is not held here. */
const struct claim *claims_find(const struct claims *claims, struct text name);
/** Visit all claims of a campaign. */
typedef void claims_visit_fn(void *context, const struct claim *claim);
void claims_visit(const struct claims *claims, const unsigned char campaign[16],
                  claims_visit_fn *visit, void *context);
/** It works, or is about to work, on a suspect batch and on nothing else. */
bool claims_is_isolated(const struct claims *claims);
size_t claims_count(const struct claims *claims);
/** Recipients in hand. */
uint32_t claims_in_hand(const struct claims *claims);

#endif
