/* What a worker knows of a campaign: its content, decrypted and prepared once, and its keys. It
 * lives as long as claims hold it and a while longer; then it is wiped. */
#ifndef HIKYAKU_WORKER_CLAIM_CAMPAIGN_H
#define HIKYAKU_WORKER_CLAIM_CAMPAIGN_H

#include "common/mail/content.h"
#include "common/security/seal.h"
#include "common/security/token.h"
#include "common/security/unsubscribe_token.h"
#include "hikyaku/v1/fleet.pb-c.h"
#include "worker/claim/letter.h"

struct dkim_keys_domain;

struct campaign {
    unsigned char id[16];
    unsigned char data_key[SEAL_KEY_BYTES];                 /* secret */
    struct token_campaign_key token_key;                    /* secret */
    unsigned char address_hash_key[ADDRESS_HASH_KEY_BYTES]; /* secret; the tenant's */
    struct text tenant;
    struct text from_domain;
    struct text pool;
    struct text return_path_domain;
    struct text suppression_stream;
    struct text windows;         /* when it may be sent, packed; empty: at any time */
    struct text unsubscribe_url; /* before the token; empty: none */
    struct text unsubscribe_mailto;
    Hikyaku__V1__UnsubscribeMode unsubscribe_mode;
    struct unsubscribe_token_key unsubscribe_key; /* secret; HIKYAKU */
    struct unsubscribe_token_list unsubscribe_list;
    bool has_unsubscribe_key;
    bool is_advertising;
    bool is_verp;
    Hikyaku__V1__Mode mode;
    Hikyaku__V1__Lane lane;
    const Hikyaku__V1__Content *content; /* for messages that override it */
    struct content_options options;
    struct compose_prepared *prepared; /* NULL: each message brings its own texts (containers) */
    struct dkim_keys_domain *signing;  /* borrowed; NULL: not signed */
    bool lacks_key;                    /* must be signed, but there is no key */
    struct letter_list waiting;        /* letters before the first-message check is through */
    uint64_t tended_ms;                /* monotonic: when `waiting` was last looked at */
    uint32_t holders;                  /* claims that hold it */
    uint64_t released_ms;              /* monotonic: since when nobody does */
    struct arena *arena;               /* everything above that is borrowed */
};

/**
 * Decrypt and prepare a campaign's content. 10 ms or so for the largest.
 *
 * @param seal  borrowed
 * @return 0; -EPROTO, -EBADMSG, -EMSGSIZE (the sealed part), -EINVAL (keys or content: the problem
 *         says which)
 */
MUST_USE int campaign_create(const Hikyaku__V1__CampaignContent *message, struct seal *seal,
                             struct campaign **ret_campaign, struct problem *problem);
/** Wipes the keys. Nobody holds it, no thread composes with it. Accepts NULL, nulls the pointer. */
void campaign_destroy(struct campaign **campaign);

#endif
