#include "coordinator/retention/retention_streams.h"

#include "common/base/xalloc.h"

#include <stdlib.h>

struct retention_streams {
    struct retention_stream *items;
    size_t count;
    size_t capacity;
};

struct retention_streams *retention_streams_create(void)
{
    return xalloc_zero(1, sizeof(struct retention_streams));
}

void retention_streams_destroy(struct retention_streams **streams)
{
    if (*streams != NULL) {
        retention_streams_reset(*streams);
        free((*streams)->items);
        free(*streams);
        *streams = NULL;
    }
}

void retention_streams_reset(struct retention_streams *streams)
{
    for (size_t i = 0; i < streams->count; i++) {
        free(streams->items[i].tenant);
    }
    streams->count = 0;
}

/* Tenants are few. */
static struct retention_stream *obtain(struct retention_streams *streams, struct text tenant)
{
    for (size_t i = 0; i < streams->count; i++) {
        if (text_equal(text_of(streams->items[i].tenant), tenant)) {
            return &streams->items[i];
        }
    }
    if (streams->count == streams->capacity) {
        streams->capacity = 2 * streams->capacity + 8;
        streams->items = xalloc_resize(streams->items, streams->capacity, sizeof *streams->items);
    }
    struct retention_stream *stream = &streams->items[streams->count++];
    *stream = (struct retention_stream){.tenant = text_to_string(tenant)};
    return stream;
}

void retention_streams_add(struct retention_streams *streams, struct text tenant,
                           uint64_t recipients)
{
    obtain(streams, tenant)->recipients += recipients;
}

const struct retention_stream *retention_streams_at(const struct retention_streams *streams,
                                                    size_t place)
{
    return place < streams->count ? &streams->items[place] : NULL;
}
