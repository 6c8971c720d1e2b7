/* One campaign in memory and how it gets there: header and content from the store, keys from the
 * key directory, then opening in the pool. Internal to this folder. */
#ifndef HIKYAKU_COORDINATOR_CATALOG_CATALOG_ENTRY_H
#define HIKYAKU_COORDINATOR_CATALOG_CATALOG_ENTRY_H

#include "common/base/arena.h"
#include "common/base/buffer.h"
#include "coordinator/catalog/catalog.h"

struct catalog_entry {
    struct catalog_campaign campaign; /* first: callers hold a pointer to it */
    struct catalog *catalog;          /* borrowed; NULL once the catalog is destroyed */
    struct catalog_load *load;        /* while it is being loaded */
    struct arena *arena;              /* texts and `stored` */
    struct buffer sealed_content;
    struct intake_settings intake;
    bool has_intake;
    uint32_t references;
    size_t bytes;
    struct catalog_entry *prev; /* among those nobody holds, used longest ago first */
    struct catalog_entry *next;
};

struct catalog_entry *catalog_entry_create(struct catalog *catalog,
                                           const unsigned char campaign[IDENTITY_CAMPAIGN_BYTES]);
/** Wipes the secrets. */
void catalog_entry_destroy(struct catalog_entry *entry);

/** Copy what does not change of the header. */
void catalog_entry_take_header(struct catalog_entry *entry, const struct store_campaign *header);

/** Unwrap the data key, derive the others. @return 0; errors of the key directory; -EPROTO,
 *  -EBADMSG */
MUST_USE int catalog_entry_take_keys(struct catalog_entry *entry, struct key_directory *directory,
                                     struct seal *seal, struct text wrapped_key,
                                     uint8_t token_key_id);

/** Open the sealed content; in the pool: touches nothing but the entry. @return 0, -EPROTO,
 *  -EBADMSG, -EMSGSIZE */
MUST_USE int catalog_entry_open(struct catalog_entry *entry);

/** Once it is open: derive the key of its unsubscribe tokens, if its links are ours.
 *  @return 0, -ENOKEY, -EPROTO */
MUST_USE int catalog_entry_take_unsubscribe_key(struct catalog_entry *entry,
                                                struct key_directory *directory);

/** The settings and the seal for wrapping keys; in catalog.c. */
const struct catalog_settings *catalog_inside(struct catalog *catalog, struct seal **ret_seal);

#endif
