#include "cli/watch_paths.h"

#include "cli/format.h"
#include "cli/throttle_text.h"

#include <string.h>

#define PAGE 100

/* The campaign's mail goes there, or it has mail for sites that are not counted apart. */
static bool is_of_interest(const Hikyaku__V1__Campaign *campaign, const Hikyaku__V1__Event *event)
{
    bool is_its = false;
    const Hikyaku__V1__Throttle *throttle = event->throttle;
    for (size_t i = 0; i < campaign->n_sites; i++) {
        const char *site = campaign->sites[i]->site;
        is_its = is_its || strcmp(site, event->site) == 0 || strcmp(site, "other") == 0;
    }
    return is_its && throttle != NULL &&
           (strcmp(throttle->decision, "suspended") == 0 ||
            strcmp(throttle->decision, "resumed") == 0);
}

static void add(struct watch_paths *paths, const Hikyaku__V1__Event *event)
{
    char text[FORMAT_BYTES];
    struct buffer *line = &paths->lines[paths->count++ % WATCH_PATHS_LINES];
    buffer_clear(line);
    buffer_printf(line, " ! %s ",
                  format_time_near(event->occurred_unix_ms, event->occurred_unix_ms, text));
    throttle_text_append(event, line);
    buffer_append_byte(line, '\n');
}

void watch_paths_look(struct watch_paths *paths, struct api_client *client,
                      const Hikyaku__V1__Campaign *campaign)
{
    static char latest[] = "latest";
    Hikyaku__V1__EventType type = HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_THROTTLE;
    Hikyaku__V1__EventFilter filter;
    Hikyaku__V1__ReadEventsRequest request;
    struct api_result result;
    if (paths->is_silent) {
        return;
    }
    hikyaku__v1__event_filter__init(&filter);
    hikyaku__v1__read_events_request__init(&request);
    filter.types = &type;
    filter.n_types = 1;
    request.filter = &filter;
    request.max_events = PAGE;
    request.cursor = paths->cursor.size == 0 ? latest : paths->cursor.data;
    api_client_call(client, API_METHOD_READ_EVENTS, &request.base, &result);
    if (result.status == API_STATUS_OK) {
        const Hikyaku__V1__ReadEventsResponse *page =
            (const Hikyaku__V1__ReadEventsResponse *)result.response;
        buffer_clear(&paths->cursor);
        buffer_append_string(&paths->cursor, page->next_cursor);
        buffer_append_byte(&paths->cursor, '\0');
        for (size_t i = 0; i < page->n_events; i++) {
            if (is_of_interest(campaign, page->events[i])) {
                add(paths, page->events[i]);
            }
        }
    }
    paths->is_silent = result.status == API_STATUS_REFUSED;
    api_client_finish(&result);
}

static void append_from(const struct watch_paths *paths, size_t first, struct buffer *out)
{
    bool has_more = paths->count > WATCH_PATHS_LINES && first < paths->count - WATCH_PATHS_LINES;
    for (size_t i = has_more ? paths->count - WATCH_PATHS_LINES : first; i < paths->count; i++) {
        buffer_append_text(out, buffer_text(&paths->lines[i % WATCH_PATHS_LINES]));
    }
}

void watch_paths_append(const struct watch_paths *paths, struct buffer *out)
{
    append_from(paths, 0, out);
}

void watch_paths_append_new(struct watch_paths *paths, struct buffer *out)
{
    append_from(paths, paths->told, out);
    paths->told = paths->count;
}

void watch_paths_finish(struct watch_paths *paths)
{
    buffer_finish(&paths->cursor);
    for (size_t i = 0; i < WATCH_PATHS_LINES; i++) {
        buffer_finish(&paths->lines[i]);
    }
}
