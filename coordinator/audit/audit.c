#include "coordinator/audit/audit.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/service/line_file.h"
#include "common/store/store_audit.h"
#include "coordinator/audit/audit_sums.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define SUM_MS 60000
#define ANCHOR_MS 600000
#define RETRY_MS 500
#define PATIENCE_MS 5000
#define ANCHORS_MAX 100
/* Ends of sessions are anchored by others for so long. */
#define HEAD_KEPT_MS (INT64_C(30) * 24 * 3600 * 1000)

/* An entry on its way. */
struct waiting {
    char *line; /* without its end */
    size_t size;
    uint64_t sequence;
    char hash[AUDIT_LINE_HASH_LENGTH + 1];
    char *principal;
    char *call;
    char *result;
    audit_done_fn *on_done; /* NULL: nobody waits (any more) */
    void *context;
    uint64_t since_ms;
    struct waiting *prev;
    struct waiting *next;
};

struct audit {
    struct audit_settings settings;
    struct audit_chain chain;
    struct waiting *waiting; /* in the order of their numbers */
    size_t waiting_count;
    uint64_t lost;
    struct audit_sums *sums;
    struct loop_timer *tick;  /* sums and anchors */
    struct loop_timer *retry; /* after a failure */
    uint64_t anchored_ms;     /* when heads were last looked at; 0: never */
    struct buffer anchored;   /* heads as they were told last: nothing new, no entry */
    /* The batch under way: the first `batch` of `waiting`. */
    size_t batch;
    bool is_filed;          /* the batch is in the file */
    struct buffer lines;    /* of the batch, for the pool */
    struct line_file *file; /* of the pool while a job runs */
    int64_t file_day;       /* days since 1970 of `file` */
    int file_error;
    bool is_writing;
};

static void write_next(struct audit *audit);

/* ------------------------------------------------------------------ entries */

static void drop(struct audit *audit, struct waiting *waiting)
{
    DL_DELETE(audit->waiting, waiting);
    audit->waiting_count--;
    free(waiting->line);
    free(waiting->principal);
    free(waiting->call);
    free(waiting->result);
    free(waiting);
}

static void add(struct audit *audit, const struct audit_entry *entry, audit_done_fn *on_done,
                void *context)
{
    struct buffer line = {0};
    struct waiting *waiting = xalloc_zero(1, sizeof *waiting);
    audit_line_append(&audit->chain, entry, &line);
    waiting->size = line.size - 1;
    waiting->line = text_to_string((struct text){line.data, waiting->size});
    buffer_finish(&line);
    waiting->sequence = audit->chain.sequence;
    memcpy(waiting->hash, audit->chain.hash, sizeof waiting->hash);
    waiting->principal = text_to_string(entry->principal);
    waiting->call = text_to_string(entry->call);
    waiting->result = text_to_string(entry->result);
    waiting->on_done = on_done;
    waiting->context = context;
    waiting->since_ms = loop_now_ms(audit->settings.loop);
    DL_APPEND(audit->waiting, waiting);
    audit->waiting_count++;
}

static void add_own(struct audit *audit, const char *what, uint64_t count)
{
    const struct audit_entry entry = {
        .at_unix_ms = clock_unix_ms(), .call = text_of(what), .result = TEXT("ok"), .count = count};
    add(audit, &entry, NULL, NULL);
}

void audit_write(struct audit *audit, const struct audit_entry *entry, audit_done_fn *on_done,
                 void *context)
{
    if (audit->waiting_count >= AUDIT_WAITING_MAX) {
        audit->lost++;
        metrics_add(metrics_counter("hikyaku_audit_lost_total",
                                    "Audit entries lost: Redis was away for too long.", NULL,
                                    TEXT("")),
                    1);
        if (on_done != NULL) {
            on_done(context, -ENOBUFS);
        }
        return;
    }
    if (audit->lost > 0) {
        add_own(audit, "audit.lost", audit->lost);
        audit->lost = 0;
    }
    add(audit, entry, on_done, context);
    write_next(audit);
}

void audit_sum(struct audit *audit, const struct audit_entry *entry)
{
    audit_sums_add(audit->sums, entry);
}

static void on_sum(void *context, const struct audit_entry *entry)
{
    audit_write(context, entry, NULL, NULL);
}

/* ------------------------------------------------------------------ writing, batch by batch */

static void end_batch(struct audit *audit)
{
    audit->is_writing = false;
    while (audit->batch > 0 && audit->waiting != NULL) {
        struct waiting *done = audit->waiting;
        audit_done_fn *on_done = done->on_done;
        void *context = done->context;
        audit->batch--;
        drop(audit, done);
        if (on_done != NULL) {
            on_done(context, 0);
        }
    }
    write_next(audit);
}

/* It is tried again, but nobody is kept waiting. */
static void fail_batch(struct audit *audit, int error)
{
    size_t left = audit->batch;
    audit->is_writing = false;
    for (struct waiting *at = audit->waiting; left > 0; left--, at = at->next) {
        audit_done_fn *on_done = at->on_done;
        at->on_done = NULL;
        if (on_done != NULL) {
            on_done(at->context, error);
        }
    }
    if (error != -ECANCELED) {
        loop_timer_start(audit->retry, RETRY_MS, 0);
    }
}

static void on_appended(void *context, int error, uint64_t missing)
{
    struct audit *audit = context;
    if (error != 0) {
        fail_batch(audit, error);
        return;
    }
    if (missing > 0) {
        LOG(LOG_AUDIT_GAP, NULL, log_number("missing", (int64_t)missing));
    }
    end_batch(audit);
}

static void send_batch(struct audit *audit)
{
    struct store_audit_line lines[STORE_AUDIT_LINES_MAX];
    const struct waiting *at = audit->waiting;
    const struct waiting *last = at;
    for (size_t i = 0; i < audit->batch && at != NULL; i++, at = at->next) {
        lines[i] = (struct store_audit_line){.line = {at->line, at->size},
                                             .principal = text_of(at->principal),
                                             .call = text_of(at->call),
                                             .result = text_of(at->result)};
        last = at;
    }
    const struct store_audit_append append = {.session = audit->chain.session,
                                              .first = audit->waiting->sequence,
                                              .hash = text_of(last->hash),
                                              .lines = lines,
                                              .count = audit->batch};
    store_audit_append(audit->settings.store, &append, on_appended, audit);
}

/* In the pool. */
static void write_file(void *context)
{
    struct audit *audit = context;
    int64_t now_s = clock_unix_ms() / 1000;
    const struct line_file_name name = {.directory = audit->settings.directory,
                                        .field = "audit.directory",
                                        .kind = "audit",
                                        .name = audit->settings.name};
    struct problem problem;
    if (audit->file != NULL && audit->file_day != now_s / 86400) {
        line_file_close(&audit->file);
    }
    audit->file_error =
        audit->file != NULL ? 0 : line_file_open(&name, now_s, &audit->file, &problem);
    audit->file_day = now_s / 86400;
    if (audit->file_error == 0) {
        audit->file_error = line_file_append(audit->file, buffer_text(&audit->lines));
    }
    if (audit->file_error == 0) {
        audit->file_error = line_file_sync(audit->file);
    }
    if (audit->file_error != 0) {
        line_file_close(&audit->file);
    }
}

static void on_filed(void *context)
{
    struct audit *audit = context;
    audit->is_filed = true;
    if (audit->file_error != 0) {
        LOG(LOG_AUDIT_FILE_FAILED, NULL, log_string("directory", audit->settings.directory),
            log_number("error", -audit->file_error));
        metrics_add(metrics_counter("hikyaku_audit_file_failures_total",
                                    "Batches of audit entries that are in Redis but in no file.",
                                    NULL, TEXT("")),
                    1);
    }
    send_batch(audit);
}

static void file_batch(struct audit *audit)
{
    const struct waiting *at = audit->waiting;
    audit->lines.size = 0;
    for (size_t i = 0; i < audit->batch; i++, at = at->next) {
        buffer_append_text(&audit->lines, (struct text){at->line, at->size});
        buffer_append_byte(&audit->lines, '\n');
    }
    loop_run_in_pool(audit->settings.loop, write_file, on_filed, audit);
}

static void write_next(struct audit *audit)
{
    if (audit->is_writing || audit->waiting == NULL || !store_is_ready(audit->settings.store)) {
        return;
    }
    audit->is_writing = true;
    if (audit->batch == 0) {
        audit->batch = audit->waiting_count < STORE_AUDIT_LINES_MAX ? audit->waiting_count
                                                                    : STORE_AUDIT_LINES_MAX;
        audit->is_filed = audit->settings.directory == NULL;
    }
    if (audit->is_filed) {
        send_batch(audit);
    } else {
        file_batch(audit);
    }
}

static void on_retry(void *context)
{
    write_next(context);
}

/* ------------------------------------------------------------------ anchors */

static void on_heads(void *context, int error, const struct store_audit_head *heads, size_t count)
{
    struct audit *audit = context;
    struct audit_anchor anchors[ANCHORS_MAX];
    struct buffer told = {0};
    size_t anchor_count = 0;
    int64_t now_ms = clock_unix_ms();
    for (size_t i = 0; error == 0 && i < count; i++) {
        if (text_equal(heads[i].session, audit->chain.session)) {
            continue;
        }
        if (now_ms - heads[i].at_unix_ms > HEAD_KEPT_MS) {
            store_audit_forget(audit->settings.store, heads[i].session);
        } else if (anchor_count < ANCHORS_MAX) {
            anchors[anchor_count++] = (struct audit_anchor){
                .session = heads[i].session, .sequence = heads[i].sequence, .hash = heads[i].hash};
            buffer_append_text(&told, heads[i].hash);
        }
    }
    if (anchor_count > 0 && !text_equal(buffer_text(&told), buffer_text(&audit->anchored))) {
        const struct audit_entry entry = {.at_unix_ms = now_ms,
                                          .call = TEXT("audit.anchored"),
                                          .result = TEXT("ok"),
                                          .anchors = anchors,
                                          .anchor_count = anchor_count};
        audit_write(audit, &entry, NULL, NULL);
        buffer_finish(&audit->anchored);
        audit->anchored = told;
        return;
    }
    buffer_finish(&told);
}

/* No caller waits for longer, whatever Redis does: the entry stays, and is written when it can. */
static void let_go(struct audit *audit, uint64_t now_ms)
{
    for (struct waiting *at = audit->waiting; at != NULL; at = at->next) {
        audit_done_fn *on_done = at->on_done;
        if (on_done != NULL && now_ms - at->since_ms >= PATIENCE_MS) {
            at->on_done = NULL;
            on_done(at->context, -EAGAIN);
        }
    }
}

static void on_tick(void *context)
{
    struct audit *audit = context;
    uint64_t now_ms = loop_now_ms(audit->settings.loop);
    let_go(audit, now_ms);
    audit_sums_take(audit->sums, now_ms, on_sum, audit);
    bool is_due = audit->anchored_ms == 0 || now_ms - audit->anchored_ms >= ANCHOR_MS;
    if (is_due && store_is_ready(audit->settings.store)) {
        audit->anchored_ms = now_ms;
        store_audit_heads(audit->settings.store, on_heads, audit);
    }
    write_next(audit);
}

/* ------------------------------------------------------------------ opening and closing */

struct audit *audit_create(const struct audit_settings *settings)
{
    struct audit *audit = xalloc_zero(1, sizeof *audit);
    audit->settings = *settings;
    audit->chain.session = text_of(settings->session);
    audit->chain.coordinator = text_of(settings->name);
    audit->sums = audit_sums_create(SUM_MS);
    audit->retry = loop_timer_create(settings->loop, on_retry, audit);
    audit->tick = loop_timer_create(settings->loop, on_tick, audit);
    loop_timer_start(audit->tick, 1000, 1000);
    add_own(audit, "audit.opened", 0);
    return audit;
}

void audit_stop(struct audit *audit)
{
    audit_sums_take(audit->sums, UINT64_MAX, on_sum, audit);
    add_own(audit, "audit.closed", 0);
    write_next(audit);
}

bool audit_is_idle(const struct audit *audit)
{
    return audit->waiting == NULL;
}

void audit_destroy(struct audit **audit)
{
    if (*audit == NULL) {
        return;
    }
    struct audit *closing = *audit;
    loop_timer_destroy(&closing->tick);
    loop_timer_destroy(&closing->retry);
    while (closing->waiting != NULL) {
        drop(closing, closing->waiting);
    }
    audit_sums_destroy(&closing->sums);
    line_file_close(&closing->file);
    buffer_finish(&closing->lines);
    buffer_finish(&closing->anchored);
    free(closing);
    *audit = NULL;
}
