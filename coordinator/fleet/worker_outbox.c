#include "coordinator/fleet/worker_outbox.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct waiting {
    struct waiting *prev;
    struct waiting *next;
    size_t size;
    char data[];
};

struct worker_outbox {
    struct waiting *list;
    size_t bytes;
};

struct worker_outbox *worker_outbox_create(void)
{
    return xalloc_zero(1, sizeof(struct worker_outbox));
}

void worker_outbox_clear(struct worker_outbox *outbox)
{
    while (outbox->list != NULL) {
        worker_outbox_drop_first(outbox);
    }
}

void worker_outbox_destroy(struct worker_outbox **outbox)
{
    if (*outbox == NULL) {
        return;
    }
    worker_outbox_clear(*outbox);
    free(*outbox);
    *outbox = NULL;
}

bool worker_outbox_add(struct worker_outbox *outbox, struct text frame)
{
    if (outbox->bytes + frame.size > WORKER_OUTBOX_BYTES_MAX) {
        return false;
    }
    struct waiting *waiting = xalloc(sizeof *waiting + frame.size);
    waiting->size = frame.size;
    memcpy(waiting->data, frame.data, frame.size);
    DL_APPEND(outbox->list, waiting);
    outbox->bytes += frame.size;
    return true;
}

bool worker_outbox_first(const struct worker_outbox *outbox, struct text *ret_frame)
{
    if (outbox->list == NULL) {
        return false;
    }
    *ret_frame = (struct text){outbox->list->data, outbox->list->size};
    return true;
}

void worker_outbox_drop_first(struct worker_outbox *outbox)
{
    struct waiting *first = outbox->list;
    DL_DELETE(outbox->list, first);
    outbox->bytes -= first->size;
    free(first);
}
