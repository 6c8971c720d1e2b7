#include "coordinator/retention/retention_steps.h"

#include "common/mail/rows.h"

#include <stdlib.h>
#include <string.h>

/* Batch numbers are chunk x 65,536 + ordinal. */
#define CHUNK_SHIFT 16

struct retention_steps {
    struct retention_steps_settings settings;
    unsigned char id[16];
    enum retention_step step;
    uint32_t buckets;
    store_retention_done_fn *on_done;
    void *context;
    struct store_chunk_marker *markers; /* owned while a step needs them */
    size_t marker_count;
    size_t at; /* bucket or marker */
    uint32_t ordinal;
};

struct retention_steps *retention_steps_create(const struct retention_steps_settings *settings)
{
    struct retention_steps *steps = xalloc_zero(1, sizeof *steps);
    steps->settings = *settings;
    return steps;
}

void retention_steps_destroy(struct retention_steps **steps)
{
    if (*steps == NULL) {
        return;
    }
    free((*steps)->markers);
    free(*steps);
    *steps = NULL;
}

static void on_end(void *context, int error)
{
    struct retention_steps *steps = context;
    free(steps->markers);
    steps->markers = NULL;
    steps->on_done(steps->context, error);
}

static void note(struct retention_steps *steps)
{
    static const enum store_shed shed[] = {[RETENTION_DROP_DUPLICATES] = STORE_SHED_DUPLICATES,
                                           [RETENTION_DROP_ANSWERS] = STORE_SHED_ANSWERS,
                                           [RETENTION_ARCHIVE] = STORE_SHED_ARCHIVED,
                                           [RETENTION_DROP_ROWS] = STORE_SHED_ROWS,
                                           [RETENTION_DROP_CONTENT] = STORE_SHED_CONTENT};
    store_retention_shed(steps->settings.store, steps->id, shed[steps->step],
                         steps->settings.stubs_ms / 1000, on_end, steps);
}

static uint32_t piece_of(size_t left)
{
    return left < STORE_RETENTION_PIECE ? (uint32_t)left : STORE_RETENTION_PIECE;
}

static void on_piece(void *context, int error);

/* Each of these sends the next piece, or returns false when there is none. */

static bool drop_buckets(struct retention_steps *steps)
{
    if (steps->at == steps->buckets) {
        return false;
    }
    uint32_t first = (uint32_t)steps->at;
    uint32_t count = piece_of(steps->buckets - steps->at);
    steps->at += count;
    store_retention_drop_buckets(steps->settings.store, steps->id, first, count, on_piece, steps);
    return true;
}

static bool drop_answers(struct retention_steps *steps)
{
    uint32_t chunks[STORE_RETENTION_PIECE];
    size_t count = 0;
    while (steps->at < steps->marker_count && count < STORE_RETENTION_PIECE) {
        chunks[count++] = steps->markers[steps->at++].number;
    }
    if (count == 0) {
        return false;
    }
    store_retention_drop_answers(steps->settings.store, steps->id, chunks, count, on_piece, steps);
    return true;
}

static bool drop_batches(struct retention_steps *steps)
{
    while (steps->at < steps->marker_count && steps->ordinal == steps->markers[steps->at].batches) {
        steps->at++;
        steps->ordinal = 0;
    }
    if (steps->at == steps->marker_count) {
        return false;
    }
    const struct store_chunk_marker *marker = &steps->markers[steps->at];
    uint32_t first = marker->number << CHUNK_SHIFT | steps->ordinal;
    uint32_t count = piece_of(marker->batches - steps->ordinal);
    steps->ordinal += count;
    store_retention_drop_batches(steps->settings.store, steps->id, first, count, on_piece, steps);
    return true;
}

static void next_piece(struct retention_steps *steps)
{
    typedef bool piece_fn(struct retention_steps * steps);
    static piece_fn *const pieces[] = {[RETENTION_DROP_DUPLICATES] = drop_buckets,
                                       [RETENTION_DROP_ANSWERS] = drop_answers,
                                       [RETENTION_DROP_ROWS] = drop_batches};
    if (!pieces[steps->step](steps)) {
        note(steps);
    }
}

static void on_piece(void *context, int error)
{
    if (error != 0) {
        on_end(context, error);
        return;
    }
    next_piece(context);
}

static void on_markers(void *context, int error, const struct store_chunk_marker *markers,
                       size_t count)
{
    struct retention_steps *steps = context;
    if (error != 0) {
        on_end(steps, error);
        return;
    }
    steps->markers = xalloc_zero(count + 1, sizeof *markers);
    steps->marker_count = count;
    if (count > 0) {
        memcpy(steps->markers, markers, count * sizeof *markers);
    }
    next_piece(steps);
}

static void on_cancelled(void *context, int error, const struct store_campaign *campaign)
{
    (void)campaign;
    on_end(context, error);
}

static void on_archived(void *context, int error)
{
    if (error != 0) {
        on_end(context, error);
        return;
    }
    note(context);
}

void retention_steps_run(struct retention_steps *steps, const struct store_campaign *campaign,
                         enum retention_step step, store_retention_done_fn *on_done, void *context)
{
    struct store *store = steps->settings.store;
    memcpy(steps->id, campaign->id, sizeof steps->id);
    steps->step = step;
    steps->buckets = campaign->buckets;
    steps->at = 0;
    steps->ordinal = 0;
    steps->on_done = on_done;
    steps->context = context;
    switch (step) {
    case RETENTION_CANCEL:
        store_campaign_control(store, steps->id, STORE_CONTROL_CANCEL,
                               TEXT("a draft that was not submitted in time"), on_cancelled, steps);
        return;
    case RETENTION_DROP_DUPLICATES:
        next_piece(steps);
        return;
    case RETENTION_DROP_ANSWERS:
    case RETENTION_DROP_ROWS:
        store_campaign_markers(store, steps->id, on_markers, steps);
        return;
    case RETENTION_ARCHIVE:
        retention_archive_run(steps->settings.archive, campaign, on_archived, steps);
        return;
    case RETENTION_DROP_CONTENT:
    case RETENTION_NOTHING:
    default:
        note(steps);
        return;
    }
}
