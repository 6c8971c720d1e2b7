#include "coordinator/intake/intake_work.h"

#include "common/wire/wire_canonical.h"

#include <string.h>

struct intake_result *intake_work_begin(struct intake *intake, uint32_t chunk)
{
    memset(intake->seen.taken, 0, sizeof intake->seen.taken);
    intake_groups_clear(&intake->groups);
    intake->entry_count = 0;
    intake->stands_twice = false;
    arena_reset(intake->scratch.keep);
    struct intake_result *result = xalloc_zero(1, sizeof *result);
    result->arena = arena_create(0);
    result->chunk = chunk;
    return result;
}

void intake_work_digest(struct intake *intake, struct text purpose, const ProtobufCMessage *message,
                        unsigned char ret_digest[DIGEST_BYTES])
{
    buffer_clear(&intake->bytes);
    wire_canonical_append(message, &intake->bytes);
    digest_begin(intake->digest, purpose);
    digest_add_bytes(intake->digest, 1, buffer_text(&intake->bytes));
    digest_finish(intake->digest, ret_digest);
}
