/* An IANA time zone: how far local time is ahead of UTC at a moment. Pure: the bytes of a TZif file
 * come in, nothing is read. From local to UTC an hour may be missing or doubled. */
#ifndef HIKYAKU_COMMON_POLICY_TIME_ZONE_H
#define HIKYAKU_COMMON_POLICY_TIME_ZONE_H

#include "common/base/text.h"

/** Files of tzdata have some 3 KiB at most. */
#define TIME_ZONE_FILE_BYTES_MAX 65536
#define TIME_ZONE_NAME_BYTES_MAX 64

struct time_zone;

/**
 * Read a TZif file of version 1 to 4.
 * @return 0 or -EPROTO
 * @source RFC 8536, 3
 */
MUST_USE int time_zone_parse(struct text file, struct time_zone **ret_zone);
/** Accepts NULL, nulls the pointer. */
void time_zone_destroy(struct time_zone **zone);

/** Local time minus UTC, in seconds. Times beyond the file's table follow its footer.
 *  @source RFC 8536, 3.2 and 3.3 */
int32_t time_zone_offset_s(const struct time_zone *zone, int64_t unix_s);

/** May this be the name of a zone ("Asia/Tokyo", "Etc/GMT+9")? Never a path out of the folder. */
bool time_zone_is_name(struct text name);

#endif
