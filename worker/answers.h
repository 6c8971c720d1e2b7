/* What coordinators ask this worker: which of its parts tells what. */
#ifndef HIKYAKU_WORKER_ANSWERS_H
#define HIKYAKU_WORKER_ANSWERS_H

#include "worker/claim/claims.h"
#include "worker/outbox/outbox.h"

struct answers_sources {
    struct paths *paths; /* borrowed, like all of these */
    struct outbox *outbox;
    const struct claims *claims;
};

/** @param answer  initialised by the caller; what it points to lives in `arena` */
void answers_fill(const struct answers_sources *sources, const Hikyaku__V1__Inquiry *inquiry,
                  struct arena *arena, Hikyaku__V1__InquiryAnswer *answer);

#endif
