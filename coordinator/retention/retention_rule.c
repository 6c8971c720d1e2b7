#include "coordinator/retention/retention_rule.h"

#include "hikyaku/v1/api.pb-c.h"

#define STATE(name) HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_##name
#define DAY_MS ((int64_t)86400 * 1000)
/* A stream of a few large or many small entries is never cut below this. */
#define STREAM_BYTES_MIN ((uint64_t)16 * 1024 * 1024)
#define ROUND_MAX_MS 60000
#define ROUND_MIN_MS 1000
#define ROUNDS_PER_TIME 10

static bool is_past(int64_t since_unix_ms, uint64_t after_ms, int64_t now_unix_ms)
{
    return now_unix_ms >= since_unix_ms && (uint64_t)(now_unix_ms - since_unix_ms) >= after_ms;
}

static bool has_ended(const struct store_campaign *campaign)
{
    return campaign->ended_unix_ms != 0 && campaign->batches_open == 0 &&
           (campaign->state == STATE(COMPLETED) || campaign->state == STATE(CANCELLED));
}

static enum retention_step after_end(const struct store_campaign *campaign,
                                     const struct retention_times *times, bool has_archive,
                                     int64_t now_unix_ms)
{
    int64_t ended = campaign->ended_unix_ms;
    bool is_archived = !has_archive || campaign->shed >= STORE_SHED_ARCHIVED;
    if (campaign->shed < STORE_SHED_ANSWERS) {
        return RETENTION_DROP_ANSWERS;
    }
    /* Rows that are due wait for the archive, however late it is. */
    if (!is_archived && (is_past(ended, times->archive_ms, now_unix_ms) ||
                         is_past(ended, times->rows_ms, now_unix_ms))) {
        return RETENTION_ARCHIVE;
    }
    if (campaign->shed < STORE_SHED_ROWS) {
        bool is_due = is_archived && is_past(ended, times->rows_ms, now_unix_ms);
        return is_due ? RETENTION_DROP_ROWS : RETENTION_NOTHING;
    }
    bool is_due =
        campaign->shed < STORE_SHED_CONTENT && is_past(ended, times->content_ms, now_unix_ms);
    return is_due ? RETENTION_DROP_CONTENT : RETENTION_NOTHING;
}

enum retention_step retention_rule_next(const struct store_campaign *campaign,
                                        const struct retention_times *times, bool has_archive,
                                        int64_t now_unix_ms)
{
    if (campaign->state == STATE(DRAFT)) {
        int64_t returned = campaign->approval.returned_unix_ms;
        int64_t since = returned > campaign->created_unix_ms ? returned : campaign->created_unix_ms;
        return is_past(since, times->drafts_ms, now_unix_ms) ? RETENTION_CANCEL : RETENTION_NOTHING;
    }
    /* It may be a draft again, and be given more recipients. */
    if (campaign->state == STATE(AWAITING_APPROVAL)) {
        return RETENTION_NOTHING;
    }
    /* The coordinator that submitted it drops them at once, unless it died right then. */
    if (campaign->shed < STORE_SHED_DUPLICATES && campaign->buckets > 0) {
        return RETENTION_DROP_DUPLICATES;
    }
    return has_ended(campaign) ? after_end(campaign, times, has_archive, now_unix_ms)
                               : RETENTION_NOTHING;
}

bool retention_rule_has_events(const struct store_campaign *campaign,
                               const struct retention_times *times, int64_t now_unix_ms)
{
    return !has_ended(campaign) || !is_past(campaign->ended_unix_ms, times->events_ms, now_unix_ms);
}

uint64_t retention_rule_stream_bytes(const struct retention_times *times, uint64_t recipients)
{
    uint64_t bytes = recipients * times->event_bytes;
    return bytes > STREAM_BYTES_MIN ? bytes : STREAM_BYTES_MIN;
}

uint64_t retention_rule_round_ms(const struct retention_times *times)
{
    const uint64_t all[] = {times->events_ms, times->rows_ms,    times->content_ms,
                            times->drafts_ms, times->archive_ms, ROUND_MAX_MS * ROUNDS_PER_TIME};
    uint64_t shortest = all[0];
    for (size_t i = 1; i < sizeof all / sizeof all[0]; i++) {
        shortest = all[i] < shortest ? all[i] : shortest;
    }
    uint64_t round = shortest / ROUNDS_PER_TIME;
    return round < ROUND_MIN_MS ? ROUND_MIN_MS : round;
}

/* Days from 1970-01-01 to the first of a month (proleptic Gregorian). */
static int64_t days_to_month(int64_t year, int64_t month)
{
    int64_t shifted = month <= 2 ? year - 1 : year; /* the year begins in March */
    int64_t era_years = shifted % 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5;
    int64_t day_of_era = era_years * 365 + era_years / 4 - era_years / 100 + day_of_year;
    return shifted / 400 * 146097 + day_of_era - 719468;
}

bool retention_rule_month_is_over(uint32_t month, const struct retention_times *times,
                                  int64_t now_unix_ms, struct store_retention_count *ret_range)
{
    int64_t year = month / 100;
    int64_t of_year = month % 100;
    if (year < 1970 || of_year < 1 || of_year > 12) {
        return false;
    }
    int64_t first = days_to_month(year, of_year) * DAY_MS;
    int64_t end =
        (of_year == 12 ? days_to_month(year + 1, 1) : days_to_month(year, of_year + 1)) * DAY_MS;
    *ret_range = (struct store_retention_count){.from_unix_ms = first, .to_unix_ms = end - 1};
    return is_past(end, times->life_ms + times->content_ms, now_unix_ms);
}
