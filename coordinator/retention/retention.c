#include "coordinator/retention/retention.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/net/loop.h"
#include "common/security/identity.h"
#include "coordinator/retention/retention_months.h"
#include "coordinator/retention/retention_steps.h"
#include "coordinator/retention/retention_streams.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 256
/* Nothing is shed while Redis' clock and ours differ by more. */
#define SKEW_MAX_MS 60000
#define MARKS_PER_TIME 72
/* Without a partition to drive. */
#define IDLE_MS 1000

struct retention {
    struct retention_settings settings;
    struct retention_archive *archive; /* NULL: none */
    struct retention_steps *steps;
    struct retention_months *months;
    struct retention_streams *streams; /* of the partition in work */
    struct loop_timer *timer;
    bool is_stopped;
    bool has_driven; /* any partition in this round */
    /* The round */
    unsigned int partition;
    size_t first; /* of the page, in the partition's list */
    unsigned char ids[PAGE][16];
    size_t count;
    size_t at;
    size_t stream; /* to be trimmed next */
    enum retention_step step;
    enum retention_step last_step; /* of the campaign in work */
    struct metric *shed;
    struct metric *trimmed_old;
    struct metric *trimmed_large;
    struct metric *failed;
};

static const char *const step_names[] = {[RETENTION_NOTHING] = "nothing",
                                         [RETENTION_CANCEL] = "cancel_draft",
                                         [RETENTION_DROP_DUPLICATES] = "duplicates",
                                         [RETENTION_DROP_ANSWERS] = "answers",
                                         [RETENTION_ARCHIVE] = "archive",
                                         [RETENTION_DROP_ROWS] = "rows",
                                         [RETENTION_DROP_CONTENT] = "content"};

static void end_round(struct retention *retention, int error)
{
    if (error != 0) {
        metrics_add(retention->failed, 1);
    }
    if (!retention->is_stopped) {
        uint64_t round_ms = retention_rule_round_ms(&retention->settings.times);
        loop_timer_start(retention->timer, retention->has_driven ? round_ms : IDLE_MS, 0);
    }
}

static void on_months(void *context, int error)
{
    (void)error; /* told by the months; the store's come again */
    end_round(context, 0);
}

static void list(struct retention *retention);

static void next_partition(struct retention *retention)
{
    const struct retention_settings *settings = &retention->settings;
    while (retention->partition < IDENTITY_PARTITIONS &&
           !settings->drives(settings->context, retention->partition)) {
        retention->partition++;
    }
    if (settings->is_stopped(settings->context)) {
        end_round(retention, 0);
        return;
    }
    if (retention->is_stopped || retention->partition == IDENTITY_PARTITIONS) {
        retention_months_look(retention->months, on_months, retention);
        return;
    }
    retention->has_driven = true;
    retention->first = 0;
    retention->stream = 0;
    retention_streams_reset(retention->streams);
    const struct tenant *tenant;
    for (size_t i = 0; (tenant = tenants_at(settings->tenants, i)) != NULL; i++) {
        retention_streams_add(retention->streams, text_of(tenant->name), 0);
    }
    list(retention);
}

static void trim(struct retention *retention);

static void on_trimmed(void *context, int error, uint64_t old, uint64_t large)
{
    struct retention *retention = context;
    if (error != 0) {
        end_round(retention, error);
        return;
    }
    metrics_add(retention->trimmed_old, old);
    metrics_add(retention->trimmed_large, large);
    if (large > 0) {
        LOG(LOG_EVENTS_TRIMMED, NULL, log_number("partition", (int64_t)retention->partition),
            log_number("entries", (int64_t)large));
    }
    retention->stream++;
    trim(retention);
}

static void trim(struct retention *retention)
{
    const struct retention_times *times = &retention->settings.times;
    const struct retention_stream *stream =
        retention_streams_at(retention->streams, retention->stream);
    if (stream == NULL) {
        retention->partition++;
        next_partition(retention);
        return;
    }
    const struct store_retention_trim request = {
        .partition = retention->partition,
        .tenant = text_of(stream->tenant),
        .keep_ms = times->events_ms,
        .mark_ms = times->events_ms / MARKS_PER_TIME,
        .bytes_max = retention_rule_stream_bytes(times, stream->recipients),
    };
    store_retention_trim(retention->settings.store, &request, on_trimmed, retention);
}

static void look(struct retention *retention);

static void on_step(void *context, int error)
{
    struct retention *retention = context;
    char id[IDENTITY_CAMPAIGN_LENGTH + 1];
    identity_campaign_to_text(retention->ids[retention->at], id);
    if (error == 0) {
        metrics_add(retention->shed, 1);
        LOG(LOG_RETENTION, NULL, log_string("campaign", id),
            log_string("step", step_names[retention->step]));
    } else {
        metrics_add(retention->failed, 1);
        retention->at++; /* the next round tries again */
        retention->last_step = RETENTION_NOTHING;
    }
    look(retention); /* with success: what comes next for this one */
}

static void on_header(void *context, int error, const struct store_campaign *campaign)
{
    struct retention *retention = context;
    const struct retention_settings *settings = &retention->settings;
    if (error == -EAGAIN || error == -ECONNRESET || error == -ECANCELED) {
        end_round(retention, error);
        return;
    }
    int64_t now_unix_ms = clock_unix_ms();
    enum retention_step step = error != 0
                                   ? RETENTION_NOTHING
                                   : retention_rule_next(campaign, &settings->times,
                                                         retention->archive != NULL, now_unix_ms);
    bool is_repeated = step == retention->last_step; /* a step that does not end: not for ever */
    retention->last_step = step;
    if (step != RETENTION_NOTHING && !is_repeated) {
        retention->step = step;
        retention_steps_run(retention->steps, campaign, step, on_step, retention);
        return;
    }
    if (error == 0 && retention_rule_has_events(campaign, &settings->times, now_unix_ms)) {
        retention_streams_add(retention->streams, campaign->tenant, campaign->accepted);
    }
    retention->last_step = RETENTION_NOTHING;
    retention->at++;
    look(retention);
}

static void look(struct retention *retention)
{
    if (retention->is_stopped) {
        return;
    }
    if (retention->at < retention->count) {
        store_campaign_get(retention->settings.store, retention->ids[retention->at], on_header,
                           retention);
        return;
    }
    /* Stubs left the list meanwhile: who moved up into this page comes in the next round. */
    if (retention->count == PAGE) {
        retention->first += PAGE;
        list(retention);
        return;
    }
    trim(retention);
}

static void on_list(void *context, int error, const unsigned char (*ids)[16], size_t count)
{
    struct retention *retention = context;
    if (error != 0) {
        end_round(retention, error);
        return;
    }
    retention->count = count;
    retention->at = 0;
    retention->last_step = RETENTION_NOTHING;
    memcpy(retention->ids, ids, count * sizeof retention->ids[0]);
    look(retention);
}

static void list(struct retention *retention)
{
    store_retention_list(retention->settings.store, retention->partition, retention->first, PAGE,
                         on_list, retention);
}

static void on_timer(void *context)
{
    struct retention *retention = context;
    retention->has_driven = false;
    int64_t skew_ms = store_clock_skew_ms(retention->settings.store);
    const struct retention_settings *settings = &retention->settings;
    if (!store_is_ready(settings->store) || settings->is_stopped(settings->context) ||
        skew_ms > SKEW_MAX_MS || skew_ms < -SKEW_MAX_MS) {
        end_round(retention, 0);
        return;
    }
    retention->partition = 0;
    next_partition(retention);
}

static struct metric *trimmed(struct text reason)
{
    return metrics_counter("hikyaku_retention_events_total",
                           "Event entries trimmed, for their age or their stream's size.", "reason",
                           reason);
}

static void open_metrics(struct retention *retention)
{
    retention->trimmed_old = trimmed(TEXT("old"));
    retention->trimmed_large = trimmed(TEXT("large"));
    retention->shed = metrics_counter("hikyaku_retention_steps_total",
                                      "Steps by which finished campaigns shrank.", NULL, TEXT(""));
    retention->failed = metrics_counter(
        "hikyaku_retention_failed_total",
        "Steps and rounds of retention that failed; they are tried again.", NULL, TEXT(""));
}

struct retention *retention_create(const struct retention_settings *settings)
{
    struct retention *retention = xalloc_zero(1, sizeof *retention);
    retention->settings = *settings;
    if (settings->archive != NULL) {
        retention->archive = retention_archive_create(
            &(struct retention_archive_settings){.loop = settings->loop,
                                                 .store = settings->store,
                                                 .catalog = settings->catalog,
                                                 .directory = settings->archive,
                                                 .name = settings->name});
    }
    retention->steps = retention_steps_create(
        &(struct retention_steps_settings){.store = settings->store,
                                           .archive = retention->archive,
                                           .stubs_ms = settings->times.stubs_ms});
    retention->months =
        retention_months_create(settings->store, settings->keys, &retention->settings.times);
    retention->streams = retention_streams_create();
    retention->timer = loop_timer_create(settings->loop, on_timer, retention);
    open_metrics(retention);
    return retention;
}

void retention_destroy(struct retention **retention)
{
    if (*retention == NULL) {
        return;
    }
    loop_timer_destroy(&(*retention)->timer);
    retention_months_destroy(&(*retention)->months);
    retention_steps_destroy(&(*retention)->steps);
    retention_streams_destroy(&(*retention)->streams);
    retention_archive_destroy(&(*retention)->archive);
    free(*retention);
    *retention = NULL;
}

void retention_start(struct retention *retention)
{
    loop_timer_start(retention->timer, 0, 0);
}

void retention_stop(struct retention *retention)
{
    retention->is_stopped = true;
    loop_timer_stop(retention->timer);
}
