/* stop, start: what operators hold back. */
#include "cli/commands/commands.h"
#include "cli/commands/single_call.h"
#include "cli/enum_word.h"
#include "cli/format.h"
#include "cli/message_string.h"
#include "cli/table_print.h"
#include "cli/tell.h"
#include "common/base/clock.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *option;
    Hikyaku__V1__StopKind kind;
} kinds[] = {
    {"tenant", HIKYAKU__V1__STOP_KIND__STOP_KIND_TENANT},
    {"pool", HIKYAKU__V1__STOP_KIND__STOP_KIND_POOL},
    {"site", HIKYAKU__V1__STOP_KIND__STOP_KIND_SITE},
    {"ip", HIKYAKU__V1__STOP_KIND__STOP_KIND_IP},
    {"from-domain", HIKYAKU__V1__STOP_KIND__STOP_KIND_FROM_DOMAIN},
};

/* Which one of --all, --tenant, ... was given. @return false: none, or several; told */
static bool read_target(const struct options *options, Hikyaku__V1__StopKind *ret_kind,
                        char **ret_target)
{
    size_t given = options_flag(options, "all") ? 1 : 0;
    *ret_kind = HIKYAKU__V1__STOP_KIND__STOP_KIND_ALL;
    *ret_target = message_string("");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const char *value = options_text(options, kinds[i].option);
        if (value != NULL) {
            given++;
            *ret_kind = kinds[i].kind;
            *ret_target = message_string(value);
        }
    }
    if (given != 1) {
        tell("say one of --all, --tenant, --pool, --site, --ip, --from-domain");
    }
    return given == 1;
}

/* --for or --until; 0: neither. @return false: told */
static bool read_until(const struct options *options, int64_t *ret_unix_ms)
{
    const char *until = options_text(options, "until");
    uint64_t length_ms = options_duration_ms(options, "for", 0);
    *ret_unix_ms = length_ms == 0 ? 0 : clock_unix_ms() + (int64_t)length_ms;
    if (until != NULL && length_ms != 0) {
        tell("say --until or --for, not both");
        return false;
    }
    if (until != NULL && format_parse_time(text_of(until), ret_unix_ms) != 0) {
        tell("--until: must be a time with its offset, such as 2026-11-28T09:00+09:00");
        return false;
    }
    return true;
}

/* Whoever is logged in here, unless --by says otherwise. */
static char *author_of(const struct options *options)
{
    const char *given = options_text(options, "by");
    /* Nothing of this program changes the environment. NOLINTNEXTLINE(concurrency-mt-unsafe) */
    return message_string(given != NULL ? given : getenv("USER"));
}

static void append_stop(const Hikyaku__V1__OperatorStop *stop, struct table_print *table)
{
    char text[FORMAT_BYTES];
    table_print_cell(table, text_of(enum_word(&hikyaku__v1__stop_kind__descriptor, stop->kind)));
    table_print_cell(table, text_of(stop->target));
    table_print_cell(table,
                     text_of(stop->until_unix_ms == 0 ? "started again"
                                                      : format_time(stop->until_unix_ms, text)));
    table_print_cell(table, text_of(stop->author));
    table_print_cell(table, text_of(format_time(stop->at_unix_ms, text)));
    table_print_cell(table, text_of(stop->reason));
}

static void print_stops(Hikyaku__V1__OperatorStop *const *stops, size_t count)
{
    OWNED(buffer_finish) struct buffer out = {0};
    OWNED(table_print_destroy)
    struct table_print *table = table_print_create("STOP,TARGET,UNTIL,BY,SINCE,REASON");
    for (size_t i = 0; i < count; i++) {
        append_stop(stops[i], table);
    }
    if (count == 0) {
        buffer_append_string(&out, "nothing is stopped\n");
    } else {
        table_print_append(table, &out);
    }
    tell_out(&out);
}

static void print_list(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__ListStopsResponse *list = (const Hikyaku__V1__ListStopsResponse *)response;
    (void)context;
    print_stops(list->stops, list->n_stops);
}

static void print_stop(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__StopResponse *answer = (const Hikyaku__V1__StopResponse *)response;
    (void)context;
    print_stops(&answer->stop, 1);
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
    if (!read_target(options, &request.kind, &request.target) ||
        !read_until(options, &request.until_unix_ms)) {
        return EXIT_CODE_USAGE;
    }
    if (options_text(options, "reason") == NULL) {
        tell("--reason is needed: others will ask why nothing is sent");
        return EXIT_CODE_USAGE;
    }
    request.reason = message_string(options_text(options, "reason"));
    request.author = author_of(options);
    return single_call_run(options, API_METHOD_STOP, &request.base, print_stop, NULL);
}

static enum exit_code run_start(const struct options *options)
{
    Hikyaku__V1__StartRequest request;
    hikyaku__v1__start_request__init(&request);
    if (!read_target(options, &request.kind, &request.target)) {
        return EXIT_CODE_USAGE;
    }
    request.author = author_of(options);
    return single_call_run(options, API_METHOD_START, &request.base, print_started, NULL);
}

#define TARGETS                                                                         \
    {"all", NULL, "everything", .kind = OPTION_FLAG},                                   \
        {"tenant", "NAME", "mail of this tenant", .kind = OPTION_TEXT},                 \
        {"pool", "NAME", "mail of this pool", .kind = OPTION_TEXT},                     \
        {"site", "NAME", "mail to this site or recipient domain", .kind = OPTION_TEXT}, \
        {"ip", "ADDRESS", "mail from this sending IP", .kind = OPTION_TEXT},            \
        {"from-domain", "NAME", "mail with this From domain", .kind = OPTION_TEXT},     \
    {                                                                                   \
        "by", "NAME", "who asks; default: the user logged in", .kind = OPTION_TEXT      \
    }

static const struct option_spec stop_options[] = {
    TARGETS,
    {"reason", "TEXT", "why: stands wherever something waits for it", .kind = OPTION_TEXT},
    {"until", "TIME", "ends by itself then; default: not before start", .kind = OPTION_TEXT},
    {"for", "LENGTH", "ends by itself after so long (90m)", .kind = OPTION_DURATION},
    {"list", NULL, "show the stops in force", .kind = OPTION_FLAG},
    {.name = NULL},
};

static const struct option_spec start_options[] = {
    TARGETS,
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
