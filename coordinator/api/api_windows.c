#include "coordinator/api/api_windows.h"

#include "common/service/service_windows.h"
#include "coordinator/api/api_state.h"

#include <errno.h>
#include <stdio.h>

#define FIELD_BYTES 48

static int note(struct api_call *call, size_t place, const char *member, const char *rule,
                const char *message)
{
    char field[FIELD_BYTES];
    (void)snprintf(field, sizeof field, "windows[%zu].%s", place, member);
    api_call_note(call, field, rule, "%s", message);
    return -EINVAL;
}

static int check_one(struct api_call *call, const Hikyaku__V1__Window *window, size_t place)
{
    int from = send_window_parse_clock(text_of(window->from), false);
    int to = send_window_parse_clock(text_of(window->to), true);
    int error = 0;
    if (from < 0) {
        error = note(call, place, "from", "clock", "must be a time such as 09:00");
    }
    if (to < 0) {
        error = note(call, place, "to", "clock", "must be a time such as 21:00, at most 24:00");
    }
    if (from >= 0 && from == to) {
        error = note(call, place, "to", "empty_window", "must differ from the beginning");
    }
    if (!service_windows_has_zone(call->api->settings.windows, text_of(window->zone))) {
        error = note(call, place, "zone", "zone", "must be an IANA zone such as Asia/Tokyo");
    }
    return error;
}

int api_windows_check(struct api_call *call, const Hikyaku__V1__CreateCampaignRequest *settings)
{
    int error = 0;
    for (size_t i = 0; i < settings->n_windows; i++) {
        if (check_one(call, settings->windows[i], i) != 0) {
            error = -EINVAL;
        }
    }
    return error;
}

struct text api_windows_pack(struct api_call *call,
                             const Hikyaku__V1__CreateCampaignRequest *settings)
{
    OWNED(buffer_finish) struct buffer packed = {0};
    service_windows_pack(settings, &packed);
    return arena_text(call->arena, buffer_text(&packed));
}
