/* Campaigns in memory: what does not change of a campaign, its content opened, its keys. Shared by
 * the API (AddRecipients, previews), the event reader (refs) and the driver (content for workers).
 * Reference counted; those nobody holds stay while there is room. Parallel loads of one campaign
 * are one load; what is heavy runs in the thread pool. All calls on the loop's thread. */
#ifndef HIKYAKU_COORDINATOR_CATALOG_CATALOG_H
#define HIKYAKU_COORDINATOR_CATALOG_CATALOG_H

#include "common/security/key_directory.h"
#include "common/security/unsubscribe_token.h"
#include "common/store/store_campaign.h"
#include "coordinator/intake/intake_settings.h"

struct catalog;

/** What has become of a session that did not tell how its load of a campaign went. */
enum catalog_fate {
    CATALOG_UNKNOWN, /* it lives, or may live */
    CATALOG_DIED,
    CATALOG_LEFT, /* it drained */
};
typedef enum catalog_fate catalog_fate_fn(void *context, const char *session);

struct catalog_settings {
    struct loop *loop;               /* borrowed, as all below */
    struct store *store;             /* */
    struct key_directory *directory; /* */
    const struct wire_limits *limits;
    intake_provider_fn *find_provider; /* NULL: no domain has a provider */
    const void *provider_context;
    size_t bytes_max;  /* of campaigns that nobody holds; 0: 256 MiB */
    uint32_t grace_ms; /* how long a load is remembered after it went well; 0: 2 s */
    catalog_fate_fn *fate_of;
    void *fate_context;
};

struct catalog *catalog_create(const struct catalog_settings *settings);
/** Before the store is destroyed: loads that wait for their turn end with -ECANCELED. */
void catalog_stop(struct catalog *catalog);
/** The store must be destroyed before (its answers are in); loads in the pool end by themselves.
 *  References still held stay valid. Accepts NULL, nulls the pointer. */
void catalog_destroy(struct catalog **catalog);

/** A loaded campaign. Read only; texts end with a NUL. */
struct catalog_campaign {
    unsigned char id[IDENTITY_CAMPAIGN_BYTES];
    char id_text[IDENTITY_CAMPAIGN_LENGTH + 1];
    struct text tenant;
    struct text name;
    struct text pool;
    struct text from_domain;
    uint8_t lane; /* Hikyaku__V1__Lane */
    uint8_t mode; /* Hikyaku__V1__Mode */
    uint8_t content_class;
    bool is_hold;
    bool is_container;
    uint32_t buckets;
    uint32_t expires_after_s;
    int64_t created_unix_ms;
    struct text request_digest;                   /* 32 bytes */
    const Hikyaku__V1__StoredCampaign *stored;    /* content and effective settings */
    struct text sealed_content;                   /* as stored, for the workers */
    unsigned char data_key[SEAL_KEY_BYTES];       /* secret */
    struct token_campaign_key token_key;          /* secret; of the token key it was made with */
    struct unsubscribe_token_key unsubscribe_key; /* secret; of the same; HIKYAKU only */
    bool has_unsubscribe_key;
    unsigned char duplicate_hash_key[IDENTITY_DUPLICATE_KEY_BYTES]; /* secret */
    unsigned char address_hash_key[ADDRESS_HASH_KEY_BYTES];         /* secret; the tenant's */
};

/**
 * @param error     0; -ENOENT (no such campaign); -ENOKEY and other errors of the key directory
 *                  (gate KEY_UNAVAILABLE); -EPROTO, -EBADMSG (damaged); -EOWNERDEAD (three
 *                  coordinators died of it: QUARANTINED); -EAGAIN, -ECONNRESET, -ECANCELED (the
 *                  store; -EAGAIN also while some of the three may live)
 * @param campaign  with 0: a reference, the callee's: catalog_release() ends it
 */
typedef void catalog_loaded_fn(void *context, int error, struct catalog_campaign *campaign);

/** @callback on_loaded  exactly once; at once (inside this call) when it is in memory */
void catalog_load(struct catalog *catalog, const unsigned char campaign[IDENTITY_CAMPAIGN_BYTES],
                  catalog_loaded_fn *on_loaded, void *context);

/** One more reference. */
struct catalog_campaign *catalog_retain(struct catalog_campaign *campaign);
/** End a reference; accepts NULL, nulls the pointer. With the last one the campaign may go, its
 *  secrets wiped. */
void catalog_release(struct catalog_campaign **campaign);

/**
 * What intake needs of it, made when asked for first and kept. Borrowed from the campaign: hold a
 * reference as long as it is in use (also by the pool).
 * @return NULL with a problem: its content cannot be composed
 */
const struct intake_settings *catalog_intake_settings(struct catalog_campaign *campaign,
                                                      struct problem *problem);

/** What store_campaign_create() needs of a new campaign. Borrowed for the callback. */
struct catalog_sealed {
    struct text sealed_content;
    struct text wrapped_key;
    uint8_t token_key_id;
};
/** @param error  0; -EROFS, -EACCES and others of the key directory (KEY_UNAVAILABLE); -EIO;
 *                -EMSGSIZE; -ECANCELED */
typedef void catalog_sealed_fn(void *context, int error, const struct catalog_sealed *sealed,
                               const struct problem *problem);
/**
 * Make a new campaign's key, wrap it under its month's (made when missing), seal its content.
 *
 * @param stored           borrowed until on_sealed (packed in the thread pool)
 * @param created_unix_ms  chooses the month
 * @callback on_sealed     exactly once, never inside this call
 */
void catalog_seal_new(struct catalog *catalog,
                      const unsigned char campaign[IDENTITY_CAMPAIGN_BYTES],
                      const Hikyaku__V1__StoredCampaign *stored, int64_t created_unix_ms,
                      catalog_sealed_fn *on_sealed, void *context);

#endif
