/* Letters in, drafts out: composing and signing in the thread pool, up to eight at a time per job,
 * and never more drafts at once than there is room for. */
#ifndef HIKYAKU_WORKER_PIPELINE_PIPELINE_H
#define HIKYAKU_WORKER_PIPELINE_PIPELINE_H

#include "common/net/loop.h"
#include "worker/pipeline/draft.h"

struct pipeline;

struct pipeline_settings {
    struct loop *loop; /* borrowed */
    unsigned int jobs; /* in the pool at once */
    size_t drafts_max; /* composing, ready and on the wire */
    /** The letter's draft is written, or its error says why not. It stands in no list; its place is
     *  LETTER_READY. */
    void (*on_written)(void *context, struct letter *letter);
    /** There is room again after pipeline_has_room() was false. */
    void (*on_room)(void *context);
    void *context;
};

struct pipeline *pipeline_create(const struct pipeline_settings *settings);
/** No draft is out, no job runs. Accepts NULL, nulls the pointer. */
void pipeline_destroy(struct pipeline **pipeline);

/** May another letter be added? Asked too often it only costs time. */
bool pipeline_has_room(struct pipeline *pipeline);
/** Write out a letter that stands in no list: its place becomes LETTER_COMPOSING. */
void pipeline_add(struct pipeline *pipeline, struct letter *letter);
/** Give back a letter's draft (not while it is composing). No-op without one. */
void pipeline_drop(struct pipeline *pipeline, struct letter *letter);
/** Drafts in use. */
size_t pipeline_drafts(const struct pipeline *pipeline);
/** CPU time that signing took so far, all threads. */
uint64_t pipeline_sign_cpu_us(const struct pipeline *pipeline);

#endif
