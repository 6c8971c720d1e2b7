/* Numbers, times and lengths of time as people read them. Pure but for the time zone, which comes
 * from TZ. */
#ifndef HIKYAKU_CLI_FORMAT_H
#define HIKYAKU_CLI_FORMAT_H

#include "common/base/buffer.h"

/** Room for any text that these functions make. */
#define FORMAT_BYTES 48

/** "1,204,500". @return ret_text */
const char *format_count(uint64_t count, char ret_text[FORMAT_BYTES]);
/** "2026-11-25 09:40:07 JST"; "-" for 0. @return ret_text */
const char *format_time(int64_t unix_ms, char ret_text[FORMAT_BYTES]);
/** As short as `now` allows: "09:40:07" today, "11-26 09:40" else. @return ret_text */
const char *format_time_near(int64_t unix_ms, int64_t now_unix_ms, char ret_text[FORMAT_BYTES]);
/** "850 ms", "14 s", "6 min 20 s", "2 h 07 min", "3 d 4 h". @return ret_text */
const char *format_length(uint64_t length_ms, char ret_text[FORMAT_BYTES]);
/** "12.5 MiB". @return ret_text */
const char *format_bytes(uint64_t bytes, char ret_text[FORMAT_BYTES]);

/**
 * Read a time with its offset: "2026-11-28T09:00:00+09:00", "2026-11-28T00:00Z"; a space may
 * stand for the T, seconds and their fraction may be left out.
 * @return 0 or -EINVAL
 * @source RFC 3339, 5.6
 */
MUST_USE int format_parse_time(struct text text, int64_t *ret_unix_ms);

#endif
