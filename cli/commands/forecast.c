/* forecast: when a campaign ends if nothing changes, and which gate decides that. */
#include "cli/commands/commands.h"
#include "cli/commands/single_call.h"
#include "cli/enum_word.h"
#include "cli/format.h"
#include "cli/message_string.h"
#include "cli/table_print.h"
#include "cli/tell.h"

/* On a screen; --json has all. */
#define HOURS_SHOWN 48

static void append_end(const Hikyaku__V1__ForecastResponse *forecast, struct buffer *out)
{
    char end[FORMAT_BYTES];
    char from[FORMAT_BYTES];
    char to[FORMAT_BYTES];
    buffer_printf(out, "campaign   %s  %s  open %s\n", forecast->campaign_id,
                  enum_word(&hikyaku__v1__campaign_state__descriptor, forecast->state),
                  format_count(forecast->open, end));
    if (forecast->end_unix_ms != 0) {
        buffer_printf(out, "ends       %s (%s - %s)  ", format_time(forecast->end_unix_ms, end),
                      format_time(forecast->end_from_unix_ms, from),
                      format_time(forecast->end_to_unix_ms, to));
    } else {
        buffer_append_string(out, "ends       ");
    }
    table_print_append_clean(out, text_of(forecast->says));
    buffer_append_byte(out, '\n');
    if (forecast->waits_for_warmup > 0) {
        buffer_printf(out, "warm-up    %s wait for another day\n",
                      format_count(forecast->waits_for_warmup, end));
    }
    if (forecast->expires_unsent > 0) {
        buffer_printf(out, "! %s would not be sent before they expire\n",
                      format_count(forecast->expires_unsent, end));
    }
}

static void append_hours(const Hikyaku__V1__ForecastResponse *forecast, struct buffer *out)
{
    OWNED(table_print_destroy)
    struct table_print *table = table_print_create("HOUR,>SENT,HELD AT ITS END");
    char text[FORMAT_BYTES];
    for (size_t i = 0; i < forecast->n_hours && i < HOURS_SHOWN; i++) {
        const Hikyaku__V1__ForecastHour *hour = forecast->hours[i];
        OWNED(buffer_finish) struct buffer held = {0};
        table_print_cell(table, text_of(format_time(hour->begin_unix_ms, text)));
        table_print_cell(table, text_of(format_count(hour->sent, text)));
        for (size_t j = 0; j < hour->n_held; j++) {
            buffer_printf(&held, "%s%s %s", j == 0 ? "" : "  ",
                          enum_word(&hikyaku__v1__gate__descriptor, hour->held[j]->gate),
                          format_count(hour->held[j]->count, text));
        }
        table_print_cell(table, buffer_text(&held));
    }
    if (forecast->n_hours > 0) {
        table_print_append(table, out);
    }
    if (forecast->n_hours > HOURS_SHOWN) {
        buffer_append_string(out, "... --json has all hours\n");
    }
}

static void print(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__ForecastResponse *forecast = (const void *)response;
    OWNED(buffer_finish) struct buffer out = {0};
    (void)context;
    append_end(forecast, &out);
    append_hours(forecast, &out);
    tell_out(&out);
}

static enum exit_code run(const struct options *options)
{
    Hikyaku__V1__ForecastRequest request;
    hikyaku__v1__forecast_request__init(&request);
    request.campaign_id = message_string(options_positional(options, 0));
    return single_call_run(options, API_METHOD_FORECAST, &request.base, print, NULL);
}

const struct command forecast_command = {
    .name = "forecast",
    .words = "CAMPAIGN",
    .summary = "when a campaign ends if nothing changes, and what decides that",
    .help = "Reckoned from what is open now, the rates and pauses of its paths, shared limits and\n"
            "its windows; also for a campaign that is not submitted yet. Nine ends in ten lie in\n"
            "the range, if nothing else changes.\n"
            "\n"
            "  hikyaku forecast 7RJD8QK7M2N4P6Q8R0S2T4V6W8",
    .options = NULL,
    .minimum_words = 1,
    .maximum_words = 1,
    .run = run,
};
