/* SendMessages: messages become batches of a container campaign. Pure, as intake.h. */
#ifndef HIKYAKU_COORDINATOR_INTAKE_INTAKE_MESSAGES_H
#define HIKYAKU_COORDINATOR_INTAKE_INTAKE_MESSAGES_H

#include "coordinator/intake/intake.h"

/** What names a message and its payload to the store. */
struct intake_identity {
    unsigned char key_hash[IDENTITY_MESSAGE_BYTES]; /* identity_partition() of it: its partition */
    unsigned char digest[DIGEST_BYTES];             /* of the message and all the call says of it */
    bool is_repeated;                               /* an earlier message of the call has its key */
};

/**
 * Identify every message of a call, before the store is asked which of them it knows. The digest
 * does not depend on the other messages: a retry may cut its calls differently.
 *
 * @param id_key          IDENTITY_KEY_BYTES
 * @param ret_identities  one for each message of the request, in its order
 */
void intake_messages_identify(struct intake *intake, const unsigned char *id_key,
                              struct text tenant, const Hikyaku__V1__SendMessagesRequest *request,
                              struct intake_identity *ret_identities);

/** Messages of one call that go into one container: same partition, same From domain. */
struct intake_messages {
    const Hikyaku__V1__SendMessagesRequest *request; /* borrowed */
    const struct intake_identity *identities;        /* borrowed; of all its messages */
    const uint32_t *places;                          /* borrowed: which of its messages */
    size_t count;                                    /* at most 1,000 */
    uint32_t chunk;                                  /* reserved in the container */
};

/**
 * Turn messages into batches of a container campaign; what a message overrides is sealed with its
 * recipient. A bad message is rejected (index = its place, fields as the message names them), its
 * neighbours go on; a repeated key is rejected.
 *
 * @param settings    of the container
 * @param ret_result  owned by the caller; nothing is to be stored when `accepted` is 0
 */
void intake_messages(struct intake *intake, const struct intake_settings *settings,
                     const struct intake_messages *messages, struct intake_result **ret_result);

#endif
