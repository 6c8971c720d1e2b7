/* What a campaign sheds next. Pure: its header and the time come in. */
#ifndef HIKYAKU_COORDINATOR_RETENTION_RETENTION_RULE_H
#define HIKYAKU_COORDINATOR_RETENTION_RETENTION_RULE_H

#include "common/store/store_retention.h"

struct retention_times {
    uint64_t events_ms;
    uint64_t event_bytes; /* of a partition's stream, for each recipient in it */
    uint64_t rows_ms;
    uint64_t content_ms;
    uint64_t drafts_ms;
    uint64_t stubs_ms;
    uint64_t archive_ms; /* after the end of the campaign, when there is an archive */
    /** How long after its creation a campaign may still be under way: schedule and expiry. */
    uint64_t life_ms;
};

enum retention_step {
    RETENTION_NOTHING,
    RETENTION_CANCEL, /* a draft that nobody submitted */
    RETENTION_DROP_DUPLICATES,
    RETENTION_DROP_ANSWERS,
    RETENTION_ARCHIVE,
    RETENTION_DROP_ROWS,
    RETENTION_DROP_CONTENT,
};

/** The earliest step that is due; do it, note it (`shed`), ask again. */
enum retention_step retention_rule_next(const struct store_campaign *campaign,
                                        const struct retention_times *times, bool has_archive,
                                        int64_t now_unix_ms);

/** Its events may still stand in the stream, or more of them come. */
bool retention_rule_has_events(const struct store_campaign *campaign,
                               const struct retention_times *times, int64_t now_unix_ms);

/** What a stream may take that tells of so many recipients. */
uint64_t retention_rule_stream_bytes(const struct retention_times *times, uint64_t recipients);

/** How often all campaigns are looked at: a fraction of the shortest time, 1 to 60 s. */
uint64_t retention_rule_round_ms(const struct retention_times *times);

/** Nothing created in the month can be retained any more, as far as time tells.
 *  @param ret_range  its first and last ms @return false also when it is no month */
bool retention_rule_month_is_over(uint32_t month, const struct retention_times *times,
                                  int64_t now_unix_ms, struct store_retention_count *ret_range);

#endif
