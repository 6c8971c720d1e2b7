/* events: what became of each recipient, as it is recorded. */
#include "cli/commands/commands.h"
#include "cli/connect.h"
#include "cli/enum_word.h"
#include "cli/format.h"
#include "cli/message_json.h"
#include "cli/table_print.h"
#include "cli/tell.h"
#include "cli/throttle_text.h"

#include <stdio.h>
#include <string.h>

enum { FILTERS_MAX = 100, PAGE = 1000, WAIT_MS = 20000, PLACE_WIDTH = 34 };

static void append_reply(const Hikyaku__V1__Event *event, struct buffer *out)
{
    if (event->smtp_code != 0) {
        buffer_printf(out, "  %u", event->smtp_code);
    }
    const char *const words[] = {event->enhanced_code, event->reply_class, event->reply_text,
                                 event->reason};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (words[i][0] != '\0') {
            buffer_append_string(out, "  ");
            table_print_append_clean(out, text_of(words[i]));
        }
    }
}

/* What is out of the ordinary about it. */
static void append_notes(const Hikyaku__V1__Event *event, struct buffer *out)
{
    buffer_append_string(out, event->late ? "  late" : "");
    buffer_append_string(out, event->possible_duplicate ? "  possible duplicate" : "");
    buffer_append_string(out, event->doubled ? "  delivered twice" : "");
}

/* Time, type, who, where, reply: one line. */
static void append_event(const Hikyaku__V1__Event *event, struct buffer *out)
{
    char text[FORMAT_BYTES];
    char place[64];
    buffer_printf(out, "%s  ", format_time(event->occurred_unix_ms, text));
    table_print_append_cell(
        out, text_of(enum_word(&hikyaku__v1__event_type__descriptor, event->type)), 12, false);
    if (event->throttle != NULL || event->shadow != NULL) {
        buffer_append_string(out, "  ");
        throttle_text_append(event, out);
        if (event->reply_text[0] != '\0') {
            buffer_append_string(out, "  ");
            table_print_append_clean(out, text_of(event->reply_text));
        }
        buffer_append_byte(out, '\n');
        return;
    }
    (void)snprintf(place, sizeof place, "%s/%u", event->campaign_id, event->index);
    buffer_append_string(out, "  ");
    table_print_append_cell(out, text_of(place), PLACE_WIDTH, false);
    if (event->ref[0] != '\0') {
        buffer_append_string(out, "  ref ");
        table_print_append_clean(out, text_of(event->ref));
    }
    if (event->recipient_domain[0] != '\0') {
        buffer_append_string(out, "  ");
        table_print_append_clean(out, text_of(event->recipient_domain));
    }
    if (event->type == HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_STATE) {
        buffer_printf(out, "  %s",
                      enum_word(&hikyaku__v1__campaign_state__descriptor, event->state));
    }
    if (event->outcome != HIKYAKU__V1__OUTCOME__OUTCOME_UNSPECIFIED) {
        buffer_printf(out, "  as %s", enum_word(&hikyaku__v1__outcome__descriptor, event->outcome));
    }
    if (event->gate != HIKYAKU__V1__GATE__GATE_NONE) {
        buffer_printf(out, "  %s", enum_word(&hikyaku__v1__gate__descriptor, event->gate));
    }
    append_reply(event, out);
    if (event->next_attempt_unix_ms > 0) {
        buffer_printf(out, "  next %s", format_time(event->next_attempt_unix_ms, text));
    }
    append_notes(event, out);
    buffer_append_byte(out, '\n');
}

/* @return false when a word is no type */
static bool take_filter(const struct options *options, struct arena *arena,
                        Hikyaku__V1__EventFilter *filter)
{
    const char *word;
    filter->campaign_ids = arena_zero(arena, FILTERS_MAX, sizeof *filter->campaign_ids);
    filter->types = arena_zero(arena, FILTERS_MAX, sizeof *filter->types);
    while (filter->n_campaign_ids < FILTERS_MAX &&
           (word = options_item(options, "campaign", filter->n_campaign_ids)) != NULL) {
        filter->campaign_ids[filter->n_campaign_ids++] = arena_printf(arena, "%s", word);
    }
    while (filter->n_types < FILTERS_MAX &&
           (word = options_item(options, "type", filter->n_types)) != NULL) {
        int type;
        if (enum_word_parse(&hikyaku__v1__event_type__descriptor, text_of(word), &type) != 0) {
            OWNED(buffer_finish) struct buffer choices = {0};
            enum_word_append_choices(&hikyaku__v1__event_type__descriptor, &choices);
            tell("--type: must be one of %.*s", TEXT_PRINT(buffer_text(&choices)));
            return false;
        }
        filter->types[filter->n_types++] = (Hikyaku__V1__EventType)type;
    }
    const char *label = options_text(options, "label");
    if (label != NULL) {
        size_t name = strcspn(label, "=");
        filter->label_name = arena_copy(arena, label, name);
        filter->label_value = arena_printf(arena, "%s", label[name] == '=' ? label + name + 1 : "");
    }
    return true;
}

static void print_page(const Hikyaku__V1__ReadEventsResponse *page, size_t count, bool is_json)
{
    OWNED(buffer_finish) struct buffer out = {0};
    for (size_t i = 0; i < count; i++) {
        if (is_json) {
            message_json_append(&page->events[i]->base, &out);
            buffer_append_byte(&out, '\n');
        } else {
            append_event(page->events[i], &out);
        }
    }
    tell_out(&out);
}

/* Page after page. @param request  its cursor is where reading begins, and ended */
static enum exit_code read_events(const struct options *options,
                                  const struct connection *connection,
                                  Hikyaku__V1__ReadEventsRequest *request)
{
    bool is_followed = options_flag(options, "follow");
    uint64_t left = options_number(options, "limit", UINT64_MAX);
    OWNED(buffer_finish) struct buffer cursor = {0};
    enum exit_code code = EXIT_CODE_OK;
    bool has_more = true;
    while (code == EXIT_CODE_OK && left > 0 && (has_more || is_followed)) {
        struct api_result result;
        request->max_events = left < PAGE ? (uint32_t)left : PAGE;
        request->wait_ms = is_followed ? WAIT_MS : 0;
        code = connect_call(connection, options, API_METHOD_READ_EVENTS, &request->base, &result);
        if (code == EXIT_CODE_OK) {
            const Hikyaku__V1__ReadEventsResponse *page =
                (const Hikyaku__V1__ReadEventsResponse *)result.response;
            print_page(page, page->n_events, options_flag(options, "json"));
            left -= page->n_events < left ? page->n_events : left;
            has_more = page->more;
            buffer_clear(&cursor);
            buffer_append_string(&cursor, page->next_cursor);
            buffer_append_byte(&cursor, '\0');
            request->cursor = cursor.data;
        }
        api_client_finish(&result);
    }
    if (code == EXIT_CODE_OK) {
        tell("cursor %s", request->cursor);
    }
    return code;
}

static enum exit_code run(const struct options *options)
{
    Hikyaku__V1__ReadEventsRequest request;
    Hikyaku__V1__EventFilter filter;
    struct connection connection = {0};
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    const char *cursor = options_text(options, "cursor");
    hikyaku__v1__read_events_request__init(&request);
    hikyaku__v1__event_filter__init(&filter);
    request.filter = &filter;
    request.cursor = arena_printf(arena, "%s", cursor == NULL ? "" : cursor);
    if (!take_filter(options, arena, &filter)) {
        return EXIT_CODE_USAGE;
    }
    enum exit_code code = connect_open(options, &connection);
    if (code == EXIT_CODE_OK) {
        code = read_events(options, &connection, &request);
    }
    connect_close(&connection);
    return code;
}

static const struct option_spec option_table[] = {
    {"follow", NULL, "stay and print what comes", .kind = OPTION_FLAG},
    {"campaign", "CAMPAIGN", "only of these (may be given several times)", .kind = OPTION_LIST},
    {"type", "TYPE", "only of these types, such as BOUNCED", .kind = OPTION_LIST},
    {"label", "NAME=VALUE", "only with this label", .kind = OPTION_TEXT},
    {"cursor", "CURSOR", "where to begin: the oldest, \"latest\", or where a run ended",
     .kind = OPTION_TEXT},
    {"limit", "N", "at most so many", .maximum = UINT32_MAX, .kind = OPTION_NUMBER},
    {.name = NULL},
};

const struct command events_command = {
    .name = "events",
    .words = "",
    .summary = "what became of each recipient, as it happens or again",
    .help = "Recipients are named by campaign, index and your own ref, never by address. The last\n"
            "line on stderr is the cursor: the next run goes on there. Events come at least once.\n"
            "--json prints one object a line.\n"
            "\n"
            "  hikyaku events --campaign 7RJD8QK7M2N4P6Q8R0S2T4V6W8 --type BOUNCED\n"
            "  hikyaku events --follow --cursor latest --json | my-importer",
    .options = option_table,
    .minimum_words = 0,
    .maximum_words = 0,
    .run = run,
};
