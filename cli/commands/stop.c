/* stop, start: what operators hold back. */
#include "cli/commands/commands.h"
#include "cli/commands/single_call.h"
#include "cli/commands/stop_target.h"
#include "cli/message_string.h"
#include "cli/tell.h"

#include <stdio.h>

static void print_list(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__ListStopsResponse *list = (const Hikyaku__V1__ListStopsResponse *)response;
    (void)context;
    stop_target_print(list->stops, list->n_stops);
}

static void print_stop(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__StopResponse *answer = (const Hikyaku__V1__StopResponse *)response;
    (void)context;
    stop_target_print(&answer->stop, 1);
}

static void print_started(const ProtobufCMessage *response, const void *context)
{
    (void)context;
    (void)response;
    (void)puts("started");
}

static enum exit_code run_stop(const struct options *options)
{
    if (options_flag(options, "list")) {
        Hikyaku__V1__ListStopsRequest list;
        hikyaku__v1__list_stops_request__init(&list);
        return single_call_run(options, API_METHOD_LIST_STOPS, &list.base, print_list, NULL);
    }
    Hikyaku__V1__StopRequest request;
    hikyaku__v1__stop_request__init(&request);
    if (!stop_target_read(options, &request.kind, &request.target) ||
        !stop_target_read_until(options, &request.until_unix_ms)) {
        return EXIT_CODE_USAGE;
    }
    if (options_text(options, "reason") == NULL) {
        tell("--reason is needed: others will ask why nothing is sent");
        return EXIT_CODE_USAGE;
    }
    request.reason = message_string(options_text(options, "reason"));
    request.author = stop_target_author(options);
    return single_call_run(options, API_METHOD_STOP, &request.base, print_stop, NULL);
}

static enum exit_code run_start(const struct options *options)
{
    Hikyaku__V1__StartRequest request;
    hikyaku__v1__start_request__init(&request);
    if (!stop_target_read(options, &request.kind, &request.target)) {
        return EXIT_CODE_USAGE;
    }
    request.author = stop_target_author(options);
    return single_call_run(options, API_METHOD_START, &request.base, print_started, NULL);
}

static const struct option_spec stop_options[] = {
    STOP_TARGET_OPTIONS,
    {"reason", "TEXT", "why: stands wherever something waits for it", .kind = OPTION_TEXT},
    {"until", "TIME", "ends by itself then; default: not before start", .kind = OPTION_TEXT},
    {"for", "LENGTH", "ends by itself after so long (90m)", .kind = OPTION_DURATION},
    {"list", NULL, "show the stops in force", .kind = OPTION_FLAG},
    {.name = NULL},
};

static const struct option_spec start_options[] = {
    STOP_TARGET_OPTIONS,
    {.name = NULL},
};

const struct command stop_command = {
    .name = "stop",
    .words = "",
    .summary = "send nothing that matches, at once and everywhere",
    .help =
        "Workers know it within a second; messages on the wire are finished. What waits stands\n"
        "under the gate OPERATOR_STOP; no attempt is counted. Expiry goes on.\n"
        "\n"
        "  hikyaku stop --site docomo.ne.jp --for 2h --reason \"carrier maintenance\"\n"
        "  hikyaku stop --all --reason \"wrong template\"\n"
        "  hikyaku stop --list",
    .options = stop_options,
    .minimum_words = 0,
    .maximum_words = 0,
    .run = run_stop,
};

const struct command stop_start_command = {
    .name = "start",
    .words = "",
    .summary = "end a stop",
    .help = "Ends the stop that was made with the same words; others stay.\n"
            "\n"
            "  hikyaku start --site docomo.ne.jp",
    .options = start_options,
    .minimum_words = 0,
    .maximum_words = 0,
    .run = run_start,
};
