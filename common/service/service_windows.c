#include "common/service/service_windows.h"

#include "common/base/log.h"
#include "common/base/table.h"
#include "common/policy/local_time.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define FOLDER "/usr/share/zoneinfo/"
/* Different sets of windows; beyond it all are forgotten and read again. */
#define KNOWN_MAX 1024
/* What cannot be read is looked at again so much later. */
#define DAMAGED_S 60

struct known {
    struct send_window list[SEND_WINDOWS_MAX];
    int count; /* negative: cannot be read */
    int64_t asked_unix_s;
    struct send_window_state state;
};

struct service_windows {
    struct table *zones; /* struct time_zone by name */
    struct table *known; /* by packed text */
};

struct service_windows *service_windows_create(void)
{
    struct service_windows *windows = xalloc_zero(1, sizeof *windows);
    windows->zones = table_create();
    windows->known = table_create();
    return windows;
}

static void forget_known(struct service_windows *windows)
{
    struct table_walk walk;
    struct known *known = table_first(windows->known, &walk);
    for (; known != NULL; known = table_next(&walk)) {
        free(known);
    }
    table_destroy(&windows->known);
}

void service_windows_destroy(struct service_windows **windows)
{
    if (*windows == NULL) {
        return;
    }
    struct table_walk walk;
    struct time_zone *zone = table_first((*windows)->zones, &walk);
    for (; zone != NULL; zone = table_next(&walk)) {
        time_zone_destroy(&zone);
    }
    table_destroy(&(*windows)->zones);
    forget_known(*windows);
    free(*windows);
    *windows = NULL;
}

void service_windows_pack(const Hikyaku__V1__CreateCampaignRequest *settings, struct buffer *out)
{
    for (size_t i = 0; i < settings->n_windows; i++) {
        const Hikyaku__V1__Window *given = settings->windows[i];
        int to = send_window_parse_clock(text_of(given->to), true);
        struct send_window window = {
            .from = (uint16_t)send_window_parse_clock(text_of(given->from), false),
            .to = (uint16_t)(to == 0 ? SEND_WINDOW_DAY_MINUTES : to)};
        for (size_t day = 0; day < given->n_days; day++) {
            window.days |= (uint8_t)(1U << (given->days[day] - 1));
        }
        (void)snprintf(window.zone_name, sizeof window.zone_name, "%s", given->zone);
        send_window_pack(&window, out);
    }
}

static struct time_zone *read_zone(struct text name)
{
    struct time_zone *zone = NULL;
    OWNED(buffer_finish) struct buffer bytes = {0};
    buffer_printf(&bytes, FOLDER "%.*s", TEXT_PRINT(name));
    buffer_append_byte(&bytes, '\0');
    FILE *file = time_zone_is_name(name) ? fopen(bytes.data, "rbe") : NULL;
    if (file == NULL) {
        return NULL;
    }
    buffer_clear(&bytes);
    bytes.size =
        fread(buffer_reserve(&bytes, TIME_ZONE_FILE_BYTES_MAX), 1, TIME_ZONE_FILE_BYTES_MAX, file);
    (void)fclose(file);
    return time_zone_parse(buffer_text(&bytes), &zone) == 0 ? zone : NULL;
}

static const struct time_zone *find_zone(struct service_windows *windows, struct text name)
{
    struct time_zone *zone = table_get(windows->zones, name);
    if (zone == NULL) {
        zone = read_zone(name);
        if (zone != NULL) {
            (void)table_put(windows->zones, name, zone);
        }
    }
    return zone;
}

bool service_windows_has_zone(struct service_windows *windows, struct text name)
{
    return find_zone(windows, name) != NULL;
}

const struct time_zone *service_windows_zone(struct service_windows *windows, struct text name)
{
    return find_zone(windows, name);
}

int service_windows_read_local(struct service_windows *windows, struct text zone, struct text local,
                               int64_t *ret_first_unix_s, int64_t *ret_last_unix_s)
{
    int64_t local_s = 0;
    const struct time_zone *found = find_zone(windows, zone);
    int error = found == NULL ? -ENOENT : local_time_parse(local, &local_s);
    if (error == 0) {
        local_time_to_unix(found, local_s, ret_first_unix_s, ret_last_unix_s);
    }
    return error;
}

static void read_list(struct service_windows *windows, struct text packed, struct known *known)
{
    known->count = send_window_unpack(packed, known->list);
    for (int i = 0; i < known->count; i++) {
        known->list[i].zone = find_zone(windows, text_of(known->list[i].zone_name));
        if (known->list[i].zone == NULL) {
            LOG(LOG_ZONE_MISSING, NULL, log_string("zone", known->list[i].zone_name));
            known->count = -1;
        }
    }
}

static struct known *obtain(struct service_windows *windows, struct text packed)
{
    struct known *known = table_get(windows->known, packed);
    if (known == NULL) {
        if (table_count(windows->known) >= KNOWN_MAX) {
            forget_known(windows);
            windows->known = table_create();
        }
        known = xalloc_zero(1, sizeof *known);
        known->count = -1;
        (void)table_put(windows->known, packed, known);
    }
    return known;
}

struct send_window_state service_windows_ask(struct service_windows *windows, struct text packed,
                                             int64_t now_unix_s)
{
    if (packed.size == 0) {
        return send_window_ask(NULL, 0, now_unix_s);
    }
    struct known *known = obtain(windows, packed);
    if (now_unix_s >= known->asked_unix_s && now_unix_s < known->state.change_unix_s) {
        return known->state;
    }
    if (known->count < 0) {
        read_list(windows, packed, known);
    }
    known->asked_unix_s = now_unix_s;
    if (known->count < 0) {
        known->state = (struct send_window_state){.change_unix_s = now_unix_s + DAMAGED_S};
    } else {
        known->state = send_window_ask(known->list, (size_t)known->count, now_unix_s);
    }
    return known->state;
}

int service_windows_list(struct service_windows *windows, struct text packed,
                         struct send_window ret_windows[SEND_WINDOWS_MAX])
{
    struct known known = {.count = 0};
    if (packed.size > 0) {
        read_list(windows, packed, &known);
    }
    for (int i = 0; i < known.count; i++) {
        ret_windows[i] = known.list[i];
    }
    return known.count < 0 ? -EPROTO : known.count;
}
