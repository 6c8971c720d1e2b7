/* Messages of one SendMessages call that share a container: same partition, same From domain. A
 * group goes its way alone: known keys, container, chunk, intake, one script. Internal. */
#ifndef HIKYAKU_COORDINATOR_API_API_GROUP_H
#define HIKYAKU_COORDINATOR_API_API_GROUP_H

#include "coordinator/api/api_call.h"
#include "coordinator/intake/intake_messages.h"

struct api_group;

/** What all groups of a call share. */
struct api_group_batch {
    struct api_call *call;                    /* borrowed */
    const struct intake_identity *identities; /* of all messages */
    Hikyaku__V1__MessageResult **results;     /* of all messages; each group fills its own */
    /** A group has ended: 0, or an error that fails the call (store.h). */
    void (*on_ended)(void *context, int error);
    void *context;
};

struct api_group *api_group_create(const struct api_group_batch *batch, unsigned int partition,
                                   struct text from_domain, Hikyaku__V1__Mailbox *from,
                                   size_t capacity);
bool api_group_fits(const struct api_group *group, unsigned int partition, struct text from_domain);
void api_group_add(struct api_group *group, uint32_t place);
/** Go; on_ended follows once, never inside this call. Lives in the call's arena. */
void api_group_run(struct api_group *group);

/** Refuse one message. */
void api_group_reject(struct api_call *call, Hikyaku__V1__MessageResult *result,
                      Hikyaku__V1__MessageStatus status, const struct problem *problem);

#endif
