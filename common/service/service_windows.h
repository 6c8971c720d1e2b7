/* Sending windows as headers and contents hold them, asked for now: zones are read from the
 * machine's tzdata at first use and kept, answers are kept until they change. One thread. */
#ifndef HIKYAKU_COMMON_SERVICE_SERVICE_WINDOWS_H
#define HIKYAKU_COMMON_SERVICE_SERVICE_WINDOWS_H

#include "common/policy/send_window.h"
#include "hikyaku/v1/api.pb-c.h"

struct service_windows;

struct service_windows *service_windows_create(void);
/** Accepts NULL, nulls the pointer. */
void service_windows_destroy(struct service_windows **windows);

/** Append the windows of effective settings that passed the API's check, packed. */
void service_windows_pack(const Hikyaku__V1__CreateCampaignRequest *settings, struct buffer *out);
/** Is it there, and can it be read? */
bool service_windows_has_zone(struct service_windows *windows, struct text name);
/** @return NULL: it is not there, or cannot be read; lives as long as `windows` */
const struct time_zone *service_windows_zone(struct service_windows *windows, struct text name);
/**
 * A time as a clock on the wall shows it, "2026-12-31T00:00", told of a zone: the first moment at
 * which it does, and the last.
 * @return 0; -EINVAL (no such time); -ENOENT (no such zone here)
 */
MUST_USE int service_windows_read_local(struct service_windows *windows, struct text zone,
                                        struct text local, int64_t *ret_first_unix_s,
                                        int64_t *ret_last_unix_s);
/**
 * @param packed  of send_window_pack(); empty: open. What cannot be read, or whose zone is not
 *                there, is closed: nothing is sent at a wrong hour
 */
struct send_window_state service_windows_ask(struct service_windows *windows, struct text packed,
                                             int64_t now_unix_s);

/**
 * The windows themselves, for who asks about other times than now.
 * @param ret_windows  zones are borrowed from `windows`
 * @return how many; -EPROTO: they cannot be read, or a zone is not there
 */
MUST_USE int service_windows_list(struct service_windows *windows, struct text packed,
                                  struct send_window ret_windows[SEND_WINDOWS_MAX]);

#endif
