#include "common/policy/path_state.h"

#include "common/base/bytes.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FORMAT = 1, HEAD_BYTES = 33, LENGTHS_BYTES = 9, MESSAGES_LEARNT = 1, LENGTHS_LEARNT = 2 };
/* No guessed pause is longer. */
#define LENGTH_MOST_MS 3600000

static bool is_usual(const struct path_control *control)
{
    return control->rate.ceiling <= 0 && control->window.learnt == 0 &&
           !control->window.is_messages_learnt &&
           control->suspension.state == PATH_SUSPENSION_OPEN && control->suspension.enough_ms == 0;
}

static uint32_t u32_of(double value)
{
    return value <= 0 ? 0 : value < UINT32_MAX ? (uint32_t)lround(value) : UINT32_MAX;
}

static uint16_t u16_of(uint64_t value)
{
    return value < UINT16_MAX ? (uint16_t)value : UINT16_MAX;
}

static uint32_t unix_s_of(uint64_t ms, const struct path_state_now *now)
{
    int64_t away_s = ((int64_t)ms - (int64_t)now->ms) / 1000;
    int64_t unix_s = now->unix_s + away_s;
    return unix_s < 0 ? 0 : unix_s > UINT32_MAX ? UINT32_MAX : (uint32_t)unix_s;
}

/* Before the clock began: as long ago as it can tell. */
static uint64_t ms_of(uint32_t unix_s, const struct path_state_now *now)
{
    int64_t ms = (int64_t)now->ms + ((int64_t)unix_s - now->unix_s) * 1000;
    return ms < 1 ? 1 : (uint64_t)ms;
}

static size_t write_lengths(const struct path_suspension *pause, unsigned char *ret_bytes)
{
    if (pause->enough_ms == 0) {
        return 0;
    }
    ret_bytes[0] = '\0';
    bytes_put_u32(ret_bytes + 1, u32_of(ceil((double)pause->enough_ms / 1000)));
    bytes_put_u32(ret_bytes + 5, u32_of(floor((double)pause->short_ms / 1000)));
    return LENGTHS_BYTES;
}

size_t path_state_write(const struct path_control *control, const struct path_state_now *now,
                        unsigned char ret_bytes[PATH_STATE_BYTES_MAX])
{
    const struct path_suspension *pause = &control->suspension;
    const struct path_window *window = &control->window;
    bool is_paused = pause->state != PATH_SUSPENSION_OPEN;
    size_t rule_size = is_paused ? strlen(pause->rule) : 0;
    if (is_usual(control)) {
        return 0;
    }
    const size_t rule_most = PATH_STATE_BYTES_MAX - HEAD_BYTES - LENGTHS_BYTES;
    rule_size = rule_size < rule_most ? rule_size : rule_most;
    ret_bytes[0] = FORMAT;
    ret_bytes[1] = window->is_messages_learnt ? MESSAGES_LEARNT : 0;
    bytes_put_u32(ret_bytes + 2, u32_of(control->rate.rate * 1000));
    bytes_put_u32(ret_bytes + 6, u32_of(control->rate.ceiling * 1000));
    bytes_put_u16(ret_bytes + 10, u16_of(control->rate.basis));
    bytes_put_u16(ret_bytes + 12, u16_of((uint64_t)window->size));
    bytes_put_u16(ret_bytes + 14, u16_of(window->learnt));
    bytes_put_u32(ret_bytes + 16, window->learnt > 0 ? unix_s_of(window->learnt_ms, now) : 0);
    bytes_put_u16(ret_bytes + 20, u16_of(window->messages));
    bytes_put_u32(ret_bytes + 22, is_paused ? unix_s_of(pause->until_ms + 999, now) : 0);
    bytes_put_u32(ret_bytes + 26, u32_of((double)pause->length_ms / 1000));
    ret_bytes[30] = pause->times < UINT8_MAX ? (unsigned char)pause->times : UINT8_MAX;
    memcpy(ret_bytes + HEAD_BYTES, pause->rule, rule_size);
    size_t lengths = write_lengths(pause, ret_bytes + HEAD_BYTES + rule_size);
    ret_bytes[1] |= lengths > 0 ? LENGTHS_LEARNT : 0;
    bytes_put_u16(ret_bytes + 31, (uint16_t)(rule_size + lengths));
    return HEAD_BYTES + rule_size + lengths;
}

static void read_rate(struct path_rate *rate, const unsigned char *bytes, bool is_from_crash,
                      uint64_t now_ms)
{
    double ceiling = bytes_get_u32(bytes + 6) / 1000.0;
    double most = rate->most > 0 ? rate->most : PATH_RATE_MOST;
    if (ceiling > 0) {
        rate->ceiling = fmin(fmax(ceiling, PATH_RATE_LEAST), most);
        rate->basis = bytes_get_u16(bytes + 10);
        path_rate_continue(rate, bytes_get_u32(bytes + 2) / 1000.0 * (is_from_crash ? 0.5 : 1),
                           now_ms);
    }
}

static void read_window(struct path_window *window, const unsigned char *bytes, bool is_from_crash,
                        const struct path_state_now *now)
{
    uint16_t size = bytes_get_u16(bytes + 12);
    uint16_t messages = bytes_get_u16(bytes + 20);
    window->size = fmin(size > 0 ? size : 1, window->most);
    window->learnt = bytes_get_u16(bytes + 14);
    window->learnt_ms = ms_of(bytes_get_u32(bytes + 16), now);
    if ((bytes[1] & MESSAGES_LEARNT) != 0 && messages > 0 && messages < window->messages) {
        window->messages = messages;
        window->is_messages_learnt = true;
    }
    window->half_until_ms = is_from_crash ? now->ms + PATH_WINDOW_HALF_MS : 0;
}

static void read_lengths(struct path_suspension *pause, const unsigned char *bytes)
{
    pause->enough_ms = 1000 * (uint64_t)bytes_get_u32(bytes + 1);
    pause->short_ms = 1000 * (uint64_t)bytes_get_u32(bytes + 5);
    pause->enough_ms = pause->enough_ms < LENGTH_MOST_MS ? pause->enough_ms : LENGTH_MOST_MS;
    pause->short_ms = pause->short_ms < pause->enough_ms ? pause->short_ms : pause->enough_ms;
}

static void read_pause(struct path_suspension *pause, const unsigned char *bytes,
                       const struct path_state_now *now)
{
    uint32_t until_s = bytes_get_u32(bytes + 22);
    size_t size = bytes_get_u16(bytes + 31);
    if ((bytes[1] & LENGTHS_LEARNT) != 0 && size >= LENGTHS_BYTES) {
        size -= LENGTHS_BYTES;
        read_lengths(pause, bytes + HEAD_BYTES + size);
    }
    pause->length_ms = 1000 * (uint64_t)bytes_get_u32(bytes + 26);
    pause->times = bytes[30];
    if (until_s > 0) {
        pause->state = PATH_SUSPENSION_CLOSED;
        pause->since_ms = now->ms;
        pause->until_ms = ms_of(until_s, now);
        (void)snprintf(pause->rule, sizeof pause->rule, "%.*s", (int)size,
                       (const char *)bytes + HEAD_BYTES);
    }
}

int path_state_read(struct path_control *control, struct text bytes, bool is_from_crash,
                    const struct path_state_now *now)
{
    const unsigned char *data = (const unsigned char *)bytes.data;
    bool is_state = bytes.size >= HEAD_BYTES && bytes.size <= PATH_STATE_BYTES_MAX &&
                    data[0] == FORMAT && bytes_get_u16(data + 31) == bytes.size - HEAD_BYTES;
    if (!is_state) {
        return -EINVAL;
    }
    if (is_usual(control)) {
        read_rate(&control->rate, data, is_from_crash, now->ms);
        read_window(&control->window, data, is_from_crash, now);
        read_pause(&control->suspension, data, now);
    }
    return 0;
}
