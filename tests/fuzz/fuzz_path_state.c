/* Any bytes as a path's stored state: refused, or a path that still answers. */
#include "common/policy/path_state.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct path_profile profile = {.name = "fuzz",
                                                .rate_first = 10,
                                                .connections_first = 2,
                                                .connections_most = 10,
                                                .messages_per_connection = 50};
    const struct path_state_now now = {1000000, 1800000000};
    struct path_control control;
    struct path_decisions decisions = {.count = 0};
    unsigned char written[PATH_STATE_BYTES_MAX];
    path_control_init(&control, &profile, now.ms);
    if (path_state_read(&control, (struct text){(const char *)data, size}, size % 2 == 0, &now) !=
        0) {
        return 0;
    }
    path_control_tick(&control, now.ms + 1000, &decisions);
    if (!(control.rate.rate > 0) || control.window.messages == 0 ||
        path_window_limit(&control.window, now.ms) == 0) {
        abort();
    }
    (void)path_control_may_send(&control, now.ms);
    (void)path_state_write(&control, &now, written);
    return 0;
}
