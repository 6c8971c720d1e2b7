/* One recipient on its way from the request to its batch, and the check that lets it in. Internal
 * to this folder. */
#ifndef HIKYAKU_COORDINATOR_INTAKE_INTAKE_ENTRY_H
#define HIKYAKU_COORDINATOR_INTAKE_INTAKE_ENTRY_H

#include "common/wire/wire_store.h"
#include "coordinator/intake/intake_settings.h"

struct intake_entry {
    const Hikyaku__V1__Recipient *recipient; /* borrowed */
    struct address address;                  /* borrows from the recipient or the result's arena */
    struct text fields;                      /* canonical JSON, only what the template uses */
    struct text override;                    /* SendMessages: packed MessageItem */
    const struct wire_store_header *labels;  /* SendMessages */
    size_t label_count;
    uint64_t address_hash; /* for the Message-ID */
    int64_t hash;          /* for the duplicate buckets */
    uint32_t position;     /* in the chunk */
    uint32_t group;        /* set by intake_groups */
    uint32_t ordinal;      /* of its batch; set by intake_groups */
    bool is_duplicate;
    bool is_canary; /* goes out before the others */
};

/** Working memory of intake_entry_check(), reusable. */
struct intake_entry_scratch {
    struct compose_scratch *compose; /* owned */
    struct arena *arena;             /* owned; of one recipient */
    struct arena *keep;              /* owned; what entries hold; reset with them */
    struct buffer fields;            /* owned */
};

void intake_entry_scratch_init(struct intake_entry_scratch *scratch);
void intake_entry_scratch_finish(struct intake_entry_scratch *scratch);

/**
 * Check one recipient and normalise it: address, fields, header values. Its rules have been
 * checked (wire_rules_recipient(), wire_rules_message()).
 *
 * @param scratch    its `keep` holds what the entry does not borrow from the recipient
 * @param prepared   what it will be composed with
 * @param ret_entry  recipient, address, fields, hashes are set; the rest zeroed
 * @return 0 or -EINVAL with field (relative), rule and message
 */
MUST_USE int intake_entry_check(struct intake_entry_scratch *scratch,
                                const struct intake_settings *settings,
                                const struct compose_prepared *prepared,
                                const Hikyaku__V1__Recipient *recipient,
                                struct intake_entry *ret_entry, struct problem *problem);

/** Duplicates inside one chunk: a set of keyed hashes. Zeroed: empty. */
#define INTAKE_ENTRY_SEEN_SLOTS 8192
struct intake_entry_seen {
    int64_t hashes[INTAKE_ENTRY_SEEN_SLOTS];
    bool taken[INTAKE_ENTRY_SEEN_SLOTS];
};

/** @return true when the hash was there; else it is now. At most 4,096 hashes go in. */
bool intake_entry_seen_before(struct intake_entry_seen *seen, int64_t hash);

#endif
