/* The event streams of a partition: one for each tenant of the configuration, and of whoever has a
 * campaign there; and how many recipients each may tell of. Pure. */
#ifndef HIKYAKU_COORDINATOR_RETENTION_RETENTION_STREAMS_H
#define HIKYAKU_COORDINATOR_RETENTION_RETENTION_STREAMS_H

#include "common/base/text.h"

#include <stdint.h>

struct retention_streams;

struct retention_stream {
    char *tenant;
    uint64_t recipients;
};

struct retention_streams *retention_streams_create(void);
/** Accepts NULL, nulls the pointer. */
void retention_streams_destroy(struct retention_streams **streams);
/** Another partition: none. */
void retention_streams_reset(struct retention_streams *streams);
void retention_streams_add(struct retention_streams *streams, struct text tenant,
                           uint64_t recipients);
/** Borrowed until the next addition; NULL: there are no more. */
const struct retention_stream *retention_streams_at(const struct retention_streams *streams,
                                                    size_t place);

#endif
