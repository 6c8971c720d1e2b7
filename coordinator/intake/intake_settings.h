/* What intake must know of a campaign: made once when the campaign is loaded, then shared by all
 * threads and chunks. */
#ifndef HIKYAKU_COORDINATOR_INTAKE_INTAKE_SETTINGS_H
#define HIKYAKU_COORDINATOR_INTAKE_INTAKE_SETTINGS_H

#include "common/mail/content.h"
#include "common/security/identity.h"
#include "common/security/seal.h"
#include "common/security/token.h"
#include "common/wire/wire_limits.h"
#include "hikyaku/v1/store.pb-c.h"

/** The provider of a domain (A-labels, lower case), "" when it belongs to none. Borrowed by the
 *  result: must live as long as the settings. Thread-safe. */
typedef struct text intake_provider_fn(const void *context, struct text domain);

/** Filled by intake_settings_init(); the caller sets what stands under "edge". */
struct intake_settings {
    unsigned char campaign[IDENTITY_CAMPAIGN_BYTES];
    uint32_t
        batch_rows; /* recipients of a batch, at most: INTAKE_BATCH_ROWS_MAX, or as limits say */
    uint32_t canary_rows; /* recipients that go first, of chunk 0; 0: no canary */
    uint32_t buckets;     /* of duplicate hashes; 0: duplicates KEEP */
    Hikyaku__V1__Duplicates duplicates;
    Hikyaku__V1__DuplicateKey duplicate_key;
    Hikyaku__V1__ExtraField extra_field;
    const Hikyaku__V1__StoredCampaign *stored; /* borrowed */
    struct compose_prepared *prepared; /* owned; NULL for a container whose content is not whole */
    const struct wire_limits *limits;  /* borrowed */
    /* Edge: keys, tables. */
    unsigned char duplicate_hash_key[IDENTITY_DUPLICATE_KEY_BYTES];
    struct token_campaign_key token_key;                    /* secret */
    unsigned char address_hash_key[ADDRESS_HASH_KEY_BYTES]; /* secret; the tenant's */
    unsigned char data_key[SEAL_KEY_BYTES];                 /* secret */
    const struct address_options *address_options;          /* borrowed; NULL: the defaults */
    intake_provider_fn *find_provider;                      /* NULL: no domain has a provider */
    const void *provider_context;                           /* borrowed */
};

/** Duplicate buckets of a campaign: estimated rows / 256, at least 16 (FORMATS). */
uint32_t intake_settings_buckets(uint32_t estimated_rows);

/**
 * Prepare a campaign's content and options. The edge fields are zeroed.
 *
 * @param stored  effective settings (wire_effective.h); borrowed as long as the settings live
 * @param limits  borrowed as long as the settings live
 * @return 0; -EINVAL or -EMSGSIZE: the content cannot be composed; `problem` names the field from
 *         the request's root ("content.variants.en.html") and, for templates, line and column
 */
MUST_USE int intake_settings_init(struct intake_settings *settings,
                                  const unsigned char campaign[IDENTITY_CAMPAIGN_BYTES],
                                  const Hikyaku__V1__StoredCampaign *stored,
                                  const struct wire_limits *limits, struct problem *problem);
/** Frees the prepared content and wipes the keys. */
void intake_settings_finish(struct intake_settings *settings);

/**
 * Prepare content for compose_message(), as intake_settings_init() does: for the check at Create
 * and for previews.
 * @param sender_id  G18; "" leaves Feedback-ID out
 */
MUST_USE int intake_settings_prepare(const Hikyaku__V1__Content *content, const char *sender_id,
                                     const struct wire_limits *limits,
                                     struct compose_prepared **ret_prepared,
                                     struct problem *problem);

#endif
