#include "coordinator/retention/retention_archive.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/net/loop.h"
#include "coordinator/events/event_batches.h"
#include "common/service/line_file.h"
#include "coordinator/retention/archive_line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SHIFT 16

struct retention_archive {
    struct retention_archive_settings settings;
    struct event_batches *batches; /* owned */
    /* The campaign in work */
    unsigned char id[16];
    int64_t ended_unix_ms;
    store_retention_done_fn *on_done;
    void *context;
    struct catalog_campaign *campaign;  /* a reference; NULL: it cannot be read any more */
    struct store_chunk_marker *markers; /* owned */
    size_t marker_count;
    size_t marker_at;
    uint32_t ordinal;
    struct store_batch_name batch;
    struct buffer rows;
    struct buffer lines;
    struct line_file *file; /* of the pool while a job runs */
    bool is_last;           /* the job in the pool syncs and closes */
    int error;              /* of the job in the pool */
    struct problem problem;
    bool is_failing; /* told once, until it works again */
};

struct retention_archive *
retention_archive_create(const struct retention_archive_settings *settings)
{
    struct retention_archive *archive = xalloc_zero(1, sizeof *archive);
    archive->settings = *settings;
    archive->batches = event_batches_create(settings->store);
    return archive;
}

static void clear(struct retention_archive *archive)
{
    catalog_release(&archive->campaign);
    free(archive->markers);
    archive->markers = NULL;
    archive->marker_count = 0;
    buffer_finish(&archive->rows);
    buffer_finish(&archive->lines);
    line_file_close(&archive->file);
}

void retention_archive_destroy(struct retention_archive **archive)
{
    if (*archive == NULL) {
        return;
    }
    clear(*archive);
    event_batches_destroy(&(*archive)->batches);
    free(*archive);
    *archive = NULL;
}

static void finish(struct retention_archive *archive, int error)
{
    char id[IDENTITY_CAMPAIGN_LENGTH + 1];
    identity_campaign_to_text(archive->id, id);
    if (error == 0) {
        archive->is_failing = false;
        LOG(LOG_ARCHIVED, NULL, log_string("campaign", id));
    } else if (archive->problem.message[0] != '\0' && !archive->is_failing) {
        archive->is_failing = true;
        LOG(LOG_ARCHIVE_FAILED, NULL, log_string("campaign", id), log_number("error", error),
            log_string("reason", archive->problem.message));
    }
    clear(archive);
    archive->on_done(archive->context, error);
}

/* ------------------------------------------------------------------ in the pool */

static int write_lines(struct retention_archive *archive)
{
    const struct line_file_name name = {.directory = archive->settings.directory,
                                        .field = "archive.directory",
                                        .kind = "outcomes",
                                        .name = archive->settings.name};
    int error = archive->file != NULL ? 0
                                      : line_file_open(&name, clock_unix_ms() / 1000,
                                                       &archive->file, &archive->problem);
    if (error != 0) {
        return error;
    }
    error = line_file_append(archive->file, buffer_text(&archive->lines));
    if (error == 0 && archive->is_last) {
        error = line_file_sync(archive->file);
    }
    if (error != 0) {
        problem_set(&archive->problem, "archive.directory", "archive", "cannot be written (%d)",
                    -error);
    }
    if (error != 0 || archive->is_last) {
        line_file_close(&archive->file);
    }
    return error;
}

static void write_in_pool(void *context)
{
    struct retention_archive *archive = context;
    archive->error = write_lines(archive);
}

static void next_batch(struct retention_archive *archive);

static void on_written(void *context)
{
    struct retention_archive *archive = context;
    buffer_clear(&archive->lines);
    if (archive->error != 0 || archive->is_last) {
        finish(archive, archive->error);
        return;
    }
    next_batch(archive);
}

static void write_out(struct retention_archive *archive, bool is_last)
{
    archive->is_last = is_last;
    loop_run_in_pool(archive->settings.loop, write_in_pool, on_written, archive);
}

/* ------------------------------------------------------------------ batch by batch */

static void add_line(struct retention_archive *archive, const struct wire_store_ref *ref,
                     size_t position, struct arena *arena)
{
    struct archive_recipient recipient = {.campaign = archive->campaign->id_text,
                                          .ended_unix_ms = archive->ended_unix_ms,
                                          .index = ref->index,
                                          .ref = ref->ref};
    Hikyaku__V1__StoredRef *own = NULL;
    rows_decode((const unsigned char *)archive->rows.data + position * ROWS_SIZE, &recipient.row);
    if (archive->campaign->is_container && wire_store_read_ref(ref->packed, arena, &own) == 0) {
        recipient.own = own;
    }
    archive_line_recipient(&recipient, &archive->lines);
}

static void on_refs(void *context, int error, const struct wire_store_ref *refs, size_t count)
{
    struct retention_archive *archive = context;
    if (error != 0 && error != -ENOENT) {
        finish(archive, error);
        return;
    }
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    size_t rows = archive->rows.size / ROWS_SIZE;
    for (size_t i = 0; i < count && i < rows; i++) {
        add_line(archive, &refs[i], i, arena);
    }
    write_out(archive, false);
}

static void on_rows(void *context, int error, struct text provider, struct text rows)
{
    struct retention_archive *archive = context;
    (void)provider;
    if (error != 0 && error != -ENOENT) {
        finish(archive, error);
        return;
    }
    buffer_clear(&archive->rows);
    buffer_append_text(&archive->rows, error == 0 ? rows : TEXT(""));
    event_batches_find(archive->batches, archive->campaign, &archive->batch, on_refs, archive);
}

static void next_batch(struct retention_archive *archive)
{
    while (archive->marker_at < archive->marker_count &&
           archive->ordinal == archive->markers[archive->marker_at].batches) {
        archive->marker_at++;
        archive->ordinal = 0;
    }
    if (archive->marker_at == archive->marker_count) {
        write_out(archive, true);
        return;
    }
    memcpy(archive->batch.campaign, archive->id, sizeof archive->batch.campaign);
    archive->batch.number =
        archive->markers[archive->marker_at].number << CHUNK_SHIFT | archive->ordinal++;
    store_batch_rows(archive->settings.store, &archive->batch, on_rows, archive);
}

static void on_markers(void *context, int error, const struct store_chunk_marker *markers,
                       size_t count)
{
    struct retention_archive *archive = context;
    if (error != 0) {
        finish(archive, error);
        return;
    }
    archive->markers = xalloc_zero(count + 1, sizeof *markers);
    archive->marker_count = count;
    if (count > 0) {
        memcpy(archive->markers, markers, count * sizeof *markers);
    }
    next_batch(archive);
}

static void on_header(void *context, int error, const struct store_campaign *campaign)
{
    struct retention_archive *archive = context;
    if (error != 0) {
        finish(archive, error);
        return;
    }
    archive->ended_unix_ms = campaign->ended_unix_ms;
    archive_line_campaign(campaign, archive->campaign != NULL, &archive->lines);
    if (archive->campaign == NULL) {
        write_out(archive, true);
        return;
    }
    store_campaign_markers(archive->settings.store, archive->id, on_markers, archive);
}

/* Its key or content is gone for good, or kills who loads it: the counters are all that can be
 * told. */
static bool is_unreadable(int error)
{
    return error == -EOWNERDEAD || error == -ENOKEY || error == -EPROTO || error == -EBADMSG ||
           error == -ENOENT;
}

static void on_loaded(void *context, int error, struct catalog_campaign *campaign)
{
    struct retention_archive *archive = context;
    if (error != 0 && !is_unreadable(error)) {
        finish(archive, error);
        return;
    }
    archive->campaign = error == 0 ? campaign : NULL;
    store_campaign_get(archive->settings.store, archive->id, on_header, archive);
}

void retention_archive_run(struct retention_archive *archive, const struct store_campaign *campaign,
                           store_retention_done_fn *on_done, void *context)
{
    memcpy(archive->id, campaign->id, sizeof archive->id);
    archive->on_done = on_done;
    archive->context = context;
    archive->marker_at = 0;
    archive->ordinal = 0;
    archive->problem.message[0] = '\0';
    catalog_load(archive->settings.catalog, archive->id, on_loaded, archive);
}
