#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_state.h"
#include "coordinator/events/event_reader.h"

#define EVENTS_DEFAULT 1000
#define LATEST "latest"

static void on_read(void *context, int error, const struct event_reading_answer *answer)
{
    struct api_call *call = context;
    call->on_gone = NULL;
    if (error != 0) {
        api_call_refuse_error(call, error);
        return;
    }
    Hikyaku__V1__ReadEventsResponse response;
    hikyaku__v1__read_events_response__init(&response);
    struct buffer cursor = {NULL, 0, 0};
    event_cursor_append(&answer->next, &cursor);
    response.events = answer->events;
    response.n_events = answer->count;
    response.next_cursor = api_call_string(call, buffer_text(&cursor));
    response.more = answer->has_more;
    response.oldest_unix_ms = answer->oldest_unix_ms;
    buffer_finish(&cursor);
    api_call_answer(call, &response.base);
}

static void on_gone(void *reading)
{
    event_reader_hurry(reading);
}

/* Connect's time-out ends a wait early, with what there is. */
static uint32_t wait_of(const struct api_call *call, uint32_t wait_ms)
{
    bool is_bounded = call->wait_limit_ms > 0 && call->wait_limit_ms < wait_ms;
    return is_bounded ? call->wait_limit_ms : wait_ms;
}

void api_events_handle(struct api_call *call)
{
    const Hikyaku__V1__ReadEventsRequest *request = (const void *)call->request;
    bool is_of_mail = (call->caller.scopes & ACCESS_BIT(ACCESS_EVENT_READ)) != 0;
    /* Who runs the cluster reads of its paths, and of nobody's mail. */
    struct event_reading_request reading = {
        .tenant = is_of_mail ? call->tenant : TEXT(TENANTS_ALL),
        .hides_fleet = is_of_mail && !call->caller.sees_all,
        .from_latest = text_equal(text_of(request->cursor), TEXT(LATEST)),
        .max_events = request->max_events > 0 ? request->max_events : EVENTS_DEFAULT,
        .wait_ms = wait_of(call, request->wait_ms),
        .filter = request->filter,
        .arena = call->arena,
    };
    event_cursor_init(&reading.cursor);
    if (!reading.from_latest && request->cursor[0] != '\0' &&
        event_cursor_parse(text_of(request->cursor), &reading.cursor) != 0) {
        api_call_refuse_with(call, WIRE_CODE_FAILED_PRECONDITION, "cursor", "cursor",
                             "is not one that ReadEvents gave; \"\" begins with the oldest event");
        return;
    }
    call->waiting = event_reader_read(call->api->events, &reading, on_read, call);
    call->on_gone = on_gone;
}
