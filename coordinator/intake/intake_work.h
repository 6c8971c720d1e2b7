/* The working memory behind struct intake. Internal to this folder. */
#ifndef HIKYAKU_COORDINATOR_INTAKE_INTAKE_WORK_H
#define HIKYAKU_COORDINATOR_INTAKE_INTAKE_WORK_H

#include "coordinator/intake/intake_groups.h"

#define INTAKE_WORK_ROWS_MAX 4096

struct intake {
    struct intake_entry_scratch scratch;
    struct intake_entry_seen seen;
    struct intake_groups groups;
    struct intake_entry entries[INTAKE_WORK_ROWS_MAX];
    size_t entry_count;
    bool stands_twice;     /* a recipient was rejected because it stands twice in the chunk */
    struct digest *digest; /* owned */
    struct seal *seal;     /* owned */
    struct buffer bytes;   /* owned; canonical form of a request */
};

/** Make ready for a chunk and create its empty result. */
struct intake_result *intake_work_begin(struct intake *intake, uint32_t chunk);

/** Digest of a message in its canonical form, for `purpose`. */
void intake_work_digest(struct intake *intake, struct text purpose, const ProtobufCMessage *message,
                        unsigned char ret_digest[DIGEST_BYTES]);

#endif
