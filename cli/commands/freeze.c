/* freeze add, list, remove: stops that are planned ahead. */
#include "cli/commands/commands.h"
#include "cli/commands/single_call.h"
#include "cli/commands/stop_target.h"
#include "cli/connect.h"
#include "cli/format.h"
#include "cli/message_string.h"
#include "cli/tell.h"

#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- add */

/* A time with its offset, or without one when --zone is given. @return false: told */
static bool read_time(const struct options *options, const char *name, int64_t *ret_unix_ms,
                      char **ret_local)
{
    const char *value = options_text(options, name);
    if (value == NULL) {
        tell("--%s is needed", name);
        return false;
    }
    if (options_text(options, "zone") != NULL) {
        *ret_local = message_string(value);
        return true;
    }
    if (format_parse_time(text_of(value), ret_unix_ms) != 0) {
        tell("--%s: must be a time with its offset, such as 2026-12-31T00:00+09:00, or give --zone "
             "Asia/Tokyo besides",
             name);
        return false;
    }
    return true;
}

static void print_stop(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__StopResponse *answer = (const Hikyaku__V1__StopResponse *)response;
    (void)context;
    stop_target_print(&answer->stop, 1);
}

static enum exit_code run_add(const struct options *options)
{
    Hikyaku__V1__StopRequest request;
    hikyaku__v1__stop_request__init(&request);
    if (!stop_target_read(options, &request.kind, &request.target) ||
        !read_time(options, "from", &request.from_unix_ms, &request.from_local) ||
        !read_time(options, "to", &request.until_unix_ms, &request.until_local)) {
        return EXIT_CODE_USAGE;
    }
    if (options_text(options, "reason") == NULL) {
        tell("--reason is needed: others will ask why nothing is sent");
        return EXIT_CODE_USAGE;
    }
    request.time_zone = message_string(options_text(options, "zone"));
    request.reason = message_string(options_text(options, "reason"));
    request.author = stop_target_author(options);
    return single_call_run(options, API_METHOD_STOP, &request.base, print_stop, NULL);
}

/* ---------------------------------------------------------------- list */

/* Those with a beginning come first. @return how many */
static size_t keep_planned(Hikyaku__V1__OperatorStop **stops, size_t count)
{
    size_t planned = 0;
    for (size_t i = 0; i < count; i++) {
        if (stops[i]->from_unix_ms != 0) {
            Hikyaku__V1__OperatorStop *other = stops[planned];
            stops[planned++] = stops[i];
            stops[i] = other;
        }
    }
    return planned;
}

static void print_list(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__ListStopsResponse *list = (const Hikyaku__V1__ListStopsResponse *)response;
    (void)context;
    size_t planned = keep_planned(list->stops, list->n_stops);
    if (planned == 0) {
        (void)puts("no freeze is planned");
    } else {
        stop_target_print(list->stops, planned);
    }
}

static enum exit_code run_list(const struct options *options)
{
    Hikyaku__V1__ListStopsRequest list;
    hikyaku__v1__list_stops_request__init(&list);
    return single_call_run(options, API_METHOD_LIST_STOPS, &list.base, print_list, NULL);
}

/* ---------------------------------------------------------------- remove */

static void print_removed(const ProtobufCMessage *response, const void *context)
{
    (void)context;
    (void)response;
    (void)puts("removed");
}

/* Which one it is, when only one fits. @return the exit code; told */
static enum exit_code choose(const Hikyaku__V1__ListStopsResponse *list,
                             Hikyaku__V1__StartRequest *request)
{
    size_t found = 0;
    for (size_t i = 0; i < list->n_stops; i++) {
        const Hikyaku__V1__OperatorStop *stop = list->stops[i];
        if (stop->from_unix_ms != 0 && stop->kind == request->kind &&
            text_equal_nocase(text_of(stop->target), text_of(request->target))) {
            found++;
            request->from_unix_ms = stop->from_unix_ms;
        }
    }
    if (found == 1) {
        return EXIT_CODE_OK;
    }
    tell(found == 0
             ? "no freeze of these words; hikyaku freeze list shows them"
             : "several freezes have these words: say --from; hikyaku freeze list shows them");
    return found == 0 ? EXIT_CODE_REFUSED : EXIT_CODE_USAGE;
}

static enum exit_code look_up(const struct options *options, Hikyaku__V1__StartRequest *request)
{
    struct connection connection = {0};
    struct api_result result = {0};
    Hikyaku__V1__ListStopsRequest list;
    hikyaku__v1__list_stops_request__init(&list);
    enum exit_code code = connect_open(options, &connection);
    if (code == EXIT_CODE_OK) {
        code = connect_call(&connection, options, API_METHOD_LIST_STOPS, &list.base, &result);
    }
    if (code == EXIT_CODE_OK) {
        code = choose((const Hikyaku__V1__ListStopsResponse *)result.response, request);
    }
    api_client_finish(&result);
    connect_close(&connection);
    return code;
}

static enum exit_code run_remove(const struct options *options)
{
    Hikyaku__V1__StartRequest request;
    const char *from = options_text(options, "from");
    hikyaku__v1__start_request__init(&request);
    if (!stop_target_read(options, &request.kind, &request.target)) {
        return EXIT_CODE_USAGE;
    }
    if (from != NULL && format_parse_time(text_of(from), &request.from_unix_ms) != 0) {
        tell("--from: must be a time with its offset, such as 2026-12-31T00:00+09:00");
        return EXIT_CODE_USAGE;
    }
    request.author = stop_target_author(options);
    enum exit_code code = from != NULL ? EXIT_CODE_OK : look_up(options, &request);
    return code != EXIT_CODE_OK
               ? code
               : single_call_run(options, API_METHOD_START, &request.base, print_removed, NULL);
}

/* ---------------------------------------------------------------- the table */

static const struct option_spec add_options[] = {
    STOP_TARGET_OPTIONS,
    {"from", "TIME", "begins by itself then", .kind = OPTION_TEXT},
    {"to", "TIME", "ends by itself then", .kind = OPTION_TEXT},
    {"zone", "NAME", "both are local times of this IANA time zone", .kind = OPTION_TEXT},
    {"reason", "TEXT", "why: stands wherever something waits for it", .kind = OPTION_TEXT},
    {.name = NULL},
};

static const struct option_spec list_options[] = {
    {.name = NULL},
};

static const struct option_spec remove_options[] = {
    STOP_TARGET_OPTIONS,
    {"from", "TIME", "which one, when several have these words", .kind = OPTION_TEXT},
    {.name = NULL},
};

const struct command freeze_add_command = {
    .name = "freeze add",
    .words = "",
    .summary = "plan a time in which nothing that matches is sent",
    .help = "A stop that begins and ends by itself: New Year at the carriers, a tenant's release.\n"
            "What waits then stands under the gate OPERATOR_STOP, with the reason and the end.\n"
            "\n"
            "  hikyaku freeze add --site docomo --from 2026-12-31T18:00 --to 2027-01-01T06:00 \\\n"
            "      --zone Asia/Tokyo --reason \"New Year's greetings\"\n"
            "  hikyaku freeze add --tenant shop --from 2027-02-01T09:00+09:00 \\\n"
            "      --to 2027-02-01T18:00+09:00 --reason \"release 4\"",
    .options = add_options,
    .minimum_words = 0,
    .maximum_words = 0,
    .run = run_add,
};

const struct command freeze_list_command = {
    .name = "freeze list",
    .words = "",
    .summary = "freezes that are planned or hold now",
    .help = "  hikyaku freeze list --json",
    .options = list_options,
    .minimum_words = 0,
    .maximum_words = 0,
    .run = run_list,
};

const struct command freeze_remove_command = {
    .name = "freeze remove",
    .words = "",
    .summary = "take a freeze back, or end it early",
    .help = "  hikyaku freeze remove --site docomo\n"
            "  hikyaku freeze remove --tenant shop --from 2027-02-01T09:00+09:00",
    .options = remove_options,
    .minimum_words = 0,
    .maximum_words = 0,
    .run = run_remove,
};
