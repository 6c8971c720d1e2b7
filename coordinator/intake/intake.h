/* Intake: a chunk of recipients becomes batches, by a pure function: no DNS, no store, no clock.
 * The same request with the same settings gives the same result, at any coordinator.
 *
 *   intake_chunk()  check, normalise, find duplicates inside the chunk, group, pack
 *   intake_seal()   compress and encrypt the batches: the only part that draws random numbers
 *
 * Both run on the loop or in the pool; then the caller gives the result to the store in one
 * transition. Single messages: intake_messages.h. */
#ifndef HIKYAKU_COORDINATOR_INTAKE_INTAKE_H
#define HIKYAKU_COORDINATOR_INTAKE_INTAKE_H

#include "common/security/digest.h"
#include "coordinator/intake/intake_settings.h"
#include "hikyaku/v1/api.pb-c.h"

#define INTAKE_REJECTED_MAX 1000 /* that are named; more are only counted */
#define INTAKE_BATCH_ROWS_MAX 500
#define INTAKE_GROUP_ROWS_MIN 50 /* in the chunk; smaller groups share mixed batches */
#define INTAKE_MIXED "other"     /* provider key of mixed batches */
/** zstd level of seals: see README.md for the measurement. */
#define INTAKE_SEAL_LEVEL 1

/** One row, in batch and row order. */
struct intake_row {
    int64_t hash;      /* for the duplicate buckets; 0 with duplicates KEEP */
    uint32_t bucket;   /* hash mod buckets */
    uint32_t position; /* in the chunk */
    bool is_duplicate; /* of an earlier row of this chunk: its state is DUPLICATE from the start */
};

struct intake_batch {
    uint32_t number;         /* chunk << 16 | ordinal */
    struct text provider;    /* provider key, domain, or INTAKE_MIXED */
    struct intake_row *rows; /* borrowed from the result */
    uint32_t row_count;
    struct buffer recipients; /* StoredRecipients; empty once sealed */
    struct buffer refs;       /* StoredRefs; empty once sealed */
    struct buffer sealed_recipients;
    struct buffer sealed_refs;
};

struct intake_rejected {
    uint32_t index;    /* chunk x 4,096 + position; SendMessages: place in the call */
    struct text field; /* relative: "address" */
    struct text rule;
    struct text message;
};

/** One per message of SendMessages, in the order given. */
struct intake_message {
    uint32_t index; /* of its recipient in the container; when accepted */
    bool is_accepted;
    char token[TOKEN_LENGTH + 1];                   /* local part of its Message-ID */
    unsigned char key_hash[IDENTITY_MESSAGE_BYTES]; /* for the idempotency record */
    unsigned char digest[DIGEST_BYTES];             /* of its payload */
};

/** Owns all it holds. */
struct intake_result {
    struct arena *arena;
    uint32_t chunk;
    struct intake_batch *batches;
    size_t batch_count;
    uint32_t canary_batches; /* of the first ones: what goes out before all else */
    struct intake_row *rows; /* of all batches, one after the other */
    size_t row_count;
    uint32_t accepted;   /* rows that are not duplicates inside the chunk */
    uint32_t duplicates; /* inside the chunk */
    struct intake_rejected *rejected;
    size_t rejected_count;
    uint32_t rejected_total;
    struct text map; /* position -> ordinal, intake_map.h; to be stored as it is */
    unsigned char digest[DIGEST_BYTES]; /* of the request: the chunk marker */
    struct intake_message *messages;    /* SendMessages only */
    size_t message_count;
};

/** Working memory, reusable: one thread at a time. */
struct intake;

struct intake *intake_create(void);
/** Accepts NULL, nulls the pointer. */
void intake_destroy(struct intake **intake);

/**
 * Turn a chunk into batches.
 *
 * @param request     passed wire_unpack() and wire_rules_check(); borrowed for the call
 * @param ret_result  out, also with -EINVAL and -EEXIST: `rejected` then says why; the caller
 *                    destroys it
 * @return 0; -EINVAL: a recipient is bad and on_invalid is REFUSE_CHUNK; -EEXIST: a recipient
 *         stands twice in the chunk and duplicates is REFUSE. Nothing is to be stored then
 */
MUST_USE int intake_chunk(struct intake *intake, const struct intake_settings *settings,
                          const Hikyaku__V1__AddRecipientsRequest *request,
                          struct intake_result **ret_result);

/**
 * Seal the batches of a result and drop the plaintext. May run in another thread than
 * intake_chunk() with an intake of its own.
 * @return 0; -EIO: the random source failed, nothing may be stored
 */
MUST_USE int intake_seal(struct intake *intake, const struct intake_settings *settings,
                         struct intake_result *result);

/** Frees, and wipes what was not sealed. Accepts NULL, nulls the pointer. */
void intake_result_destroy(struct intake_result **result);

#endif
