/* The footer of a TZif file: a POSIX TZ string, which tells all times beyond the table. Pure.
 * Internal to this folder. */
#ifndef HIKYAKU_COMMON_POLICY_TIME_ZONE_RULE_H
#define HIKYAKU_COMMON_POLICY_TIME_ZONE_RULE_H

#include "common/base/text.h"

/** When daylight saving begins or ends in each year. */
struct time_zone_day {
    enum { TIME_ZONE_MONTH_WEEK_DAY, TIME_ZONE_JULIAN, TIME_ZONE_DAY_OF_YEAR } form;
    int month;    /* 1..12 */
    int week;     /* 1..5; 5: the last */
    int day;      /* of the week 0..6 (Sunday 0), or of the year: 1..365 (J), 0..365 */
    int32_t at_s; /* of the local day; may lie outside of it */
};

struct time_zone_rule {
    int32_t standard_s; /* ahead of UTC */
    int32_t daylight_s;
    bool has_daylight;
    struct time_zone_day start;
    struct time_zone_day end;
};

/** @return 0 or -EPROTO @source RFC 8536, 3.3; POSIX.1-2017, 8.3 (TZ) */
MUST_USE int time_zone_rule_parse(struct text string, struct time_zone_rule *ret_rule);
int32_t time_zone_rule_offset_s(const struct time_zone_rule *rule, int64_t unix_s);

#endif
