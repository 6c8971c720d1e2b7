#include "worker/suppress/suppress_news.h"

#include "common/base/log.h"
#include "common/store/store_suppression.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* One address, as the log tells it. */
struct added {
    const unsigned char *hash; /* and its reason behind it */
    struct text stream;
};

static int compare(const void *a, const void *b)
{
    const struct added *left = a;
    const struct added *right = b;
    return memcmp(left->hash, right->hash, ADDRESS_HASH_BYTES);
}

/* @return sorted by hash, owned by the caller */
static struct added *sort_added(const struct store_suppression_news *news, size_t count,
                                size_t *ret_count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += news[i].added.size;
    }
    struct added *all = xalloc_zero(bytes / STORE_SUPPRESSION_NEWS_BYTES + 1, sizeof *all);
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t at = 0; at < news[i].added.size; at += STORE_SUPPRESSION_NEWS_BYTES) {
            all[found++] =
                (struct added){(const unsigned char *)news[i].added.data + at, news[i].stream};
        }
    }
    qsort(all, found, sizeof *all, compare);
    *ret_count = found;
    return all;
}

static bool concerns(const struct added *added, const struct campaign *campaign)
{
    const struct suppression_record record = {
        .reason = (enum suppression_reason)added->hash[ADDRESS_HASH_BYTES]};
    bool is_its_list = text_equal(added->stream, TEXT(STORE_SUPPRESSION_ALL)) ||
                       text_equal(added->stream, campaign->suppression_stream);
    return is_its_list && record.reason < SUPPRESSION_REASONS &&
           suppression_record_holds(&record, campaign->is_advertising, 0);
}

/* @return NONE: nothing that was added keeps it away */
static enum suppression_reason reason_of(const struct added *all, size_t count,
                                         const struct letter *letter)
{
    const struct added wanted = {.hash = letter->person};
    const struct added *first = bsearch(&wanted, all, count, sizeof *all, compare);
    if (first == NULL) {
        return SUPPRESSION_NONE;
    }
    while (first > all && compare(first - 1, &wanted) == 0) {
        first--;
    }
    for (; first < all + count && compare(first, &wanted) == 0; first++) {
        if (concerns(first, letter->claim->campaign)) {
            return (enum suppression_reason)first->hash[ADDRESS_HASH_BYTES];
        }
    }
    return SUPPRESSION_NONE;
}

static void look_through(struct suppress_check *check, const struct added *all, size_t count)
{
    struct claim *claim = check->claim;
    for (size_t i = 0; i < claim->count; i++) {
        struct letter *letter = &claim->letters[i];
        enum suppression_reason reason = SUPPRESSION_NONE;
        if (suppress_may_be_sent(letter)) {
            reason = reason_of(all, count, letter);
        }
        if (reason != SUPPRESSION_NONE) {
            suppress_tell(check, letter, reason);
        }
    }
}

static void take(struct suppress_watch *watch, const struct store_suppression_news *news,
                 size_t count)
{
    size_t added = 0;
    struct added *all = sort_added(news, count, &added);
    struct suppress_check *check = NULL;
    struct suppress_check *next = NULL;
    DL_FOREACH_SAFE(watch->checks, check, next)
    {
        look_through(check, all, added);
    }
    free(all);
    watch->number = news[count - 1].number;
}

/* What is missing may concern any letter. */
static void begin_again(struct suppress_watch *watch)
{
    struct suppress_check *check = NULL;
    LOG(LOG_SUPPRESSION_GAP, NULL, log_string("tenant", watch->tenant),
        log_number("behind", (int64_t)watch->number));
    watch->has_number = false;
    DL_FOREACH(watch->checks, check)
    {
        check->is_asked = false;
    }
}

static bool is_all_asked(const struct suppress_watch *watch)
{
    const struct suppress_check *check = NULL;
    DL_FOREACH(watch->checks, check)
    {
        if (check->claim->is_checked && !check->is_asked) {
            return false;
        }
    }
    return true;
}

static void on_news(void *context, int error, bool is_whole,
                    const struct store_suppression_news *news, size_t count)
{
    struct suppress_watch *watch = context;
    watch->is_reading = false;
    if (error != 0 || !watch->has_number) {
        return; /* read again, from where the look-ups that are under way begin */
    }
    if (!is_whole) {
        begin_again(watch);
        return;
    }
    if (count > 0) {
        take(watch, news, count);
    }
    if (count == STORE_SUPPRESSION_NEWS_MAX) {
        watch->read_ms -= SUPPRESS_READ_MS; /* there is more */
    } else if (is_all_asked(watch)) {
        watch->known_ms = watch->asked_ms;
    }
}

void suppress_news_read(struct suppress_watch *watch, uint64_t now_ms)
{
    if (!watch->has_number || watch->is_reading || now_ms - watch->read_ms < SUPPRESS_READ_MS) {
        return;
    }
    watch->is_reading = true;
    watch->read_ms = watch->asked_ms = now_ms;
    store_suppression_read_news(watch->suppress->settings.store, text_of(watch->tenant),
                                watch->number, on_news, watch);
}
