#include "coordinator/suppression/suppression.h"

#include "common/base/arena.h"
#include "common/base/metrics.h"
#include "common/mail/address.h"
#include "common/security/seal.h"
#include "coordinator/suppression/suppression_feeds.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct suppression {
    struct suppression_settings settings;
    struct suppression_feeds *feeds;
};

struct addition {
    suppression_added_fn *on_added;
    void *context;
};

struct suppression *suppression_create(const struct suppression_settings *settings)
{
    struct suppression *suppression = xalloc_zero(1, sizeof *suppression);
    suppression->settings = *settings;
    suppression->feeds = suppression_feeds_create(settings);
    return suppression;
}

void suppression_destroy(struct suppression **suppression)
{
    if (*suppression == NULL) {
        return;
    }
    suppression_feeds_destroy(&(*suppression)->feeds);
    free(*suppression);
    *suppression = NULL;
}

void suppression_set_gauges(const struct suppression *suppression)
{
    metrics_set(metrics_gauge("hikyaku_suppression_lag_seconds",
                              "How long ago the event stream that is furthest behind was read for "
                              "dead addresses.",
                              NULL, TEXT("")),
                (int64_t)(suppression_feeds_lag_ms(suppression->feeds) / 1000));
}

int suppression_hash(const struct suppression *suppression, struct text tenant, struct text address,
                     unsigned char ret_hash[ADDRESS_HASH_BYTES], struct problem *problem)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct address parsed;
    int error = address_parse(address, NULL, arena, &parsed, problem);
    if (error != 0) {
        return error;
    }
    char normalised[ADDRESS_KEY_BYTES_MAX];
    unsigned char key[ADDRESS_HASH_KEY_BYTES];
    size_t size = address_key(&parsed, normalised);
    address_hash_key(key_directory_hash_key(suppression->settings.keys), tenant, key);
    address_hash_make(key, (struct text){normalised, size}, ret_hash);
    seal_wipe(key, sizeof key);
    return 0;
}

static void on_done(void *context, int error, struct text statuses)
{
    struct addition *addition = context;
    if (addition->on_added != NULL) {
        addition->on_added(addition->context, error,
                           error == 0 ? (enum store_suppression_status)statuses.data[0]
                                      : STORE_SUPPRESSION_BAD);
    }
    free(addition);
}

static uint32_t seconds_of(int64_t unix_ms)
{
    int64_t seconds = unix_ms / 1000;
    return seconds < 0 ? 0 : seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds;
}

void suppression_add(struct suppression *suppression, const struct suppression_entry *entry,
                     suppression_added_fn *on_added, void *context)
{
    struct store *store = suppression->settings.store;
    int64_t at_unix_ms = entry->at_unix_ms != 0 ? entry->at_unix_ms : store_now_unix_ms(store);
    struct addition *addition = xalloc_zero(1, sizeof *addition);
    OWNED(buffer_finish) struct buffer record = {0};
    assert(entry->expires_unix_ms == 0 || suppression_record_may_expire(entry->reason));
    suppression_record_append(
        &(struct suppression_record){.reason = entry->reason,
                                     .source = entry->source,
                                     .at_unix_s = seconds_of(at_unix_ms),
                                     .expires_unix_s = seconds_of(entry->expires_unix_ms),
                                     .actor = entry->actor},
        &record);
    struct store_suppression one = {.record = buffer_text(&record)};
    memcpy(one.hash, entry->hash, sizeof one.hash);
    *addition = (struct addition){on_added, context};
    const struct store_suppression_list list = {entry->tenant, entry->stream};
    store_suppression_add(store, &list, &one, 1, on_done, addition);
}
