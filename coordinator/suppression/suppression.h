/* Suppression lists: whoever stands there is not written to. The entry for all parts of the
 * coordinator that put an address there, and the hashes under which it is kept. */
#ifndef HIKYAKU_COORDINATOR_SUPPRESSION_SUPPRESSION_H
#define HIKYAKU_COORDINATOR_SUPPRESSION_SUPPRESSION_H

#include "common/policy/suppression_record.h"
#include "common/security/address_hash.h"
#include "common/security/key_directory.h"
#include "common/store/store_suppression.h"
#include "coordinator/catalog/catalog.h"
#include "coordinator/tenants/tenants.h"

struct suppression;

struct suppression_settings {
    struct loop *loop; /* borrowed, as all of these */
    struct store *store;
    struct catalog *catalog;
    const struct key_directory *keys;
    const struct tenants *tenants;
    /** Does this coordinator drive the partition? Its events are then read here. */
    bool (*drives)(void *context, unsigned int partition);
    void *context;
};

struct suppression *suppression_create(const struct suppression_settings *settings);
/** The store is destroyed before: all answers are in. Accepts NULL, nulls the pointer. */
void suppression_destroy(struct suppression **suppression);

/** For /metrics. */
void suppression_set_gauges(const struct suppression *suppression);

/**
 * The hash that stands for an address on this tenant's lists.
 * @return 0, or -EINVAL with a problem: it is no address (address.h)
 */
MUST_USE int suppression_hash(const struct suppression *suppression, struct text tenant,
                              struct text address, unsigned char ret_hash[ADDRESS_HASH_BYTES],
                              struct problem *problem);

/** One address for one list. Texts are borrowed for the call. */
struct suppression_entry {
    struct text tenant;
    struct text stream; /* STORE_SUPPRESSION_ALL: all of the tenant's */
    unsigned char hash[ADDRESS_HASH_BYTES];
    enum suppression_reason reason;
    enum suppression_source source;
    struct text actor;       /* principal, rule; may be empty */
    int64_t at_unix_ms;      /* 0: now */
    int64_t expires_unix_ms; /* 0: never; MANUAL only */
};

/** @param error   0; -ENOSPC, -EINVAL (store_suppression.h); -EAGAIN, -ECONNRESET: repeat it
 *  @param status  with 0: CHANGED, KNOWN, or LIFTED (it was lifted after `at_unix_ms`) */
typedef void suppression_added_fn(void *context, int error, enum store_suppression_status status);
/** Durable when answered. May be repeated. @callback on_added  exactly once, may be NULL */
void suppression_add(struct suppression *suppression, const struct suppression_entry *entry,
                     suppression_added_fn *on_added, void *context);

#endif
