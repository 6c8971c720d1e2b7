/* throttle list, show, set, suspend, resume: how fast each path goes, and an operator's word. */
#include "cli/throttle_text.h"
#include "cli/commands/commands.h"
#include "cli/commands/single_call.h"
#include "cli/commands/stop_target.h"
#include "cli/enum_word.h"
#include "cli/format.h"
#include "cli/message_string.h"
#include "cli/table_print.h"
#include "cli/tell.h"
#include "common/base/clock.h"

#include <stdio.h>
#include <string.h>

#define SUSPENDED HIKYAKU__V1__THROTTLE_STATE__THROTTLE_STATE_SUSPENDED

/* ---------------------------------------------------------------- paths */

static void append_state(const Hikyaku__V1__ThrottlePath *path, struct buffer *out)
{
    char text[FORMAT_BYTES];
    if (path->state == 0) {
        buffer_append_string(out, "no worker owns it now");
        return;
    }
    buffer_append_string(out, enum_word(&hikyaku__v1__throttle_state__descriptor, path->state));
    if (path->state == SUSPENDED) {
        buffer_printf(out, " until %s",
                      format_time_near(path->suspended_until_unix_ms, clock_unix_ms(), text));
        if (path->rule_id[0] != '\0') {
            buffer_append_string(out, ", rule ");
            table_print_append_clean(out, text_of(path->rule_id));
        }
    }
}

static void add_rate(struct table_print *table, uint64_t per_1000_s)
{
    OWNED(buffer_finish) struct buffer text = {0};
    if (per_1000_s > 0) {
        throttle_text_append_rate(per_1000_s, &text);
    } else {
        buffer_append_byte(&text, '-');
    }
    table_print_cell(table, buffer_text(&text));
}

static void add_share(struct table_print *table, const Hikyaku__V1__ThrottlePath *path)
{
    if (path->attempts == 0) {
        table_print_cell(table, TEXT("-"));
    } else {
        table_print_format(table, "%.1f %%",
                           100.0 * (double)path->deferred / (double)path->attempts);
    }
}

static void add_path(struct table_print *table, const Hikyaku__V1__ThrottlePath *path)
{
    OWNED(buffer_finish) struct buffer state = {0};
    append_state(path, &state);
    table_print_cell(table, text_of(path->sending_ip));
    table_print_cell(table, text_of(path->site));
    table_print_cell(table, text_of(path->owner));
    add_rate(table, path->actual_per_1000_s);
    add_rate(table, path->rate_per_1000_s);
    add_rate(table, path->ceiling_per_1000_s);
    table_print_format(table, "%u/%u", path->connections, path->connections_most);
    add_share(table, path);
    table_print_format(table, "%.*s%s", TEXT_PRINT(buffer_text(&state)),
                       path->n_orders > 0 ? " (operator)" : "");
}

static void append_paths(Hikyaku__V1__ThrottlePath *const *paths, size_t count, struct buffer *out)
{
    OWNED(table_print_destroy)
    struct table_print *table =
        table_print_create("IP,SITE,OWNER,>NOW,>ALLOWED,>LIMIT,>CONN,>DEFERRED,STATE");
    for (size_t i = 0; i < count; i++) {
        add_path(table, paths[i]);
    }
    table_print_append(table, out);
}

/* ---------------------------------------------------------------- an operator's word */

static void append_number(const char *word, uint32_t number, struct buffer *out)
{
    if (number > 0) {
        buffer_printf(out, "%s%s %u", out->size > 0 ? ", " : "", word, number);
    }
}

static void add_order(struct table_print *table, const Hikyaku__V1__ThrottleOrder *order)
{
    char text[FORMAT_BYTES];
    OWNED(buffer_finish) struct buffer what = {0};
    const Hikyaku__V1__ThrottleBound *bound = order->bound;
    if (order->suspended) {
        buffer_append_string(&what, "suspended");
    } else if (bound != NULL) {
        append_number("per minute at most", bound->per_minute_most, &what);
        append_number("per minute at least", bound->per_minute_least, &what);
        append_number("connections at most", bound->connections_most, &what);
        append_number("messages a connection", bound->messages_per_connection, &what);
    }
    table_print_cell(table, text_of(order->sending_ip));
    table_print_cell(table, text_of(order->site));
    table_print_cell(table, buffer_text(&what));
    table_print_cell(
        table,
        text_of(order->until_unix_ms == 0 ? "ended" : format_time(order->until_unix_ms, text)));
    table_print_cell(table, text_of(order->author));
    table_print_cell(table, text_of(order->reason));
}

static void append_orders(Hikyaku__V1__ThrottleOrder *const *orders, size_t count,
                          struct buffer *out)
{
    OWNED(table_print_destroy)
    struct table_print *table = table_print_create("IP,SITE,OPERATOR SAYS,UNTIL,BY,REASON");
    for (size_t i = 0; i < count; i++) {
        add_order(table, orders[i]);
    }
    if (count > 0) {
        table_print_append(table, out);
    }
}

static void print_order(const Hikyaku__V1__ThrottleOrder *order)
{
    OWNED(buffer_finish) struct buffer out = {0};
    Hikyaku__V1__ThrottleOrder copy = *order;
    Hikyaku__V1__ThrottleOrder *orders[] = {&copy};
    append_orders(orders, 1, &out);
    tell_out(&out);
}

/* ---------------------------------------------------------------- list and show */

static void print_list(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__ListThrottlesResponse *list =
        (const Hikyaku__V1__ListThrottlesResponse *)response;
    OWNED(buffer_finish) struct buffer out = {0};
    (void)context;
    if (list->n_paths == 0) {
        buffer_append_string(&out, "no worker tells of such a path\n");
    } else {
        append_paths(list->paths, list->n_paths, &out);
    }
    if (list->left_out > 0) {
        buffer_printf(&out, "and %u more: ask for one --site or --ip\n", list->left_out);
    }
    append_orders(list->orders, list->n_orders, &out);
    tell_out(&out);
}

static enum exit_code run_list(const struct options *options)
{
    Hikyaku__V1__ListThrottlesRequest request;
    hikyaku__v1__list_throttles_request__init(&request);
    request.site = message_string(options_text(options, "site"));
    request.sending_ip = message_string(options_text(options, "ip"));
    return single_call_run(options, API_METHOD_LIST_THROTTLES, &request.base, print_list, NULL);
}

static void append_decisions(const Hikyaku__V1__GetThrottleResponse *answer, struct buffer *out)
{
    char text[FORMAT_BYTES];
    for (size_t i = 0; i < answer->n_decisions; i++) {
        const Hikyaku__V1__Event *event = answer->decisions[i];
        buffer_printf(out, "%s  ", format_time(event->occurred_unix_ms, text));
        throttle_text_append_what(event, out);
        if (event->reply_text[0] != '\0') {
            buffer_append_string(out, "  ");
            table_print_append_clean(out, text_of(event->reply_text));
        }
        buffer_append_byte(out, '\n');
    }
}

static void print_one(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__GetThrottleResponse *answer =
        (const Hikyaku__V1__GetThrottleResponse *)response;
    OWNED(buffer_finish) struct buffer out = {0};
    Hikyaku__V1__ThrottlePath *path = answer->path;
    (void)context;
    if (path == NULL) {
        return;
    }
    append_paths(&path, 1, &out);
    if (path->state != 0) {
        buffer_printf(&out,
                      "profile %s   messages a connection %u   last hour: %llu tries, %llu "
                      "deferred\n",
                      path->profile, path->messages_per_connection,
                      (unsigned long long)path->attempts, (unsigned long long)path->deferred);
    }
    append_orders(path->orders, path->n_orders, &out);
    append_decisions(answer, &out);
    tell_out(&out);
}

static enum exit_code run_show(const struct options *options)
{
    Hikyaku__V1__GetThrottleRequest request;
    hikyaku__v1__get_throttle_request__init(&request);
    request.sending_ip = message_string(options_positional(options, 0));
    request.site = message_string(options_positional(options, 1));
    return single_call_run(options, API_METHOD_GET_THROTTLE, &request.base, print_one, NULL);
}

/* ---------------------------------------------------------------- set, suspend, resume */

static bool has_reason(const struct options *options)
{
    bool is_there = options_text(options, "reason") != NULL;
    if (!is_there) {
        tell("--reason is needed: others will ask");
    }
    return is_there;
}

static void print_set(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__SetThrottleResponse *answer =
        (const Hikyaku__V1__SetThrottleResponse *)response;
    (void)context;
    if (answer->order == NULL) {
        (void)puts("taken away");
    } else {
        print_order(answer->order);
    }
}

static uint32_t number_of(const struct options *options, const char *name)
{
    return (uint32_t)options_number(options, name, 0);
}

static enum exit_code run_set(const struct options *options)
{
    Hikyaku__V1__SetThrottleRequest request;
    Hikyaku__V1__ThrottleBound bound;
    hikyaku__v1__set_throttle_request__init(&request);
    hikyaku__v1__throttle_bound__init(&bound);
    request.sending_ip = message_string(options_positional(options, 0));
    request.site = message_string(options_positional(options, 1));
    request.author = stop_target_author(options);
    if (!options_flag(options, "clear")) {
        if (!has_reason(options) || !stop_target_read_until(options, &request.until_unix_ms)) {
            return EXIT_CODE_USAGE;
        }
        bound.per_minute_most = number_of(options, "per-minute-most");
        bound.per_minute_least = number_of(options, "per-minute-least");
        bound.connections_most = number_of(options, "connections-most");
        bound.messages_per_connection = number_of(options, "messages-per-connection");
        request.bound = &bound;
        request.reason = message_string(options_text(options, "reason"));
    }
    return single_call_run(options, API_METHOD_SET_THROTTLE, &request.base, print_set, NULL);
}

static void print_suspended(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__SuspendPathResponse *answer =
        (const Hikyaku__V1__SuspendPathResponse *)response;
    (void)context;
    if (answer->order != NULL) {
        print_order(answer->order);
    }
}

static enum exit_code run_suspend(const struct options *options)
{
    Hikyaku__V1__SuspendPathRequest request;
    hikyaku__v1__suspend_path_request__init(&request);
    if (!has_reason(options) || !stop_target_read_until(options, &request.until_unix_ms)) {
        return EXIT_CODE_USAGE;
    }
    request.sending_ip = message_string(options_positional(options, 0));
    request.site = message_string(options_positional(options, 1));
    request.reason = message_string(options_text(options, "reason"));
    request.author = stop_target_author(options);
    return single_call_run(options, API_METHOD_SUSPEND_PATH, &request.base, print_suspended, NULL);
}

static void print_resumed(const ProtobufCMessage *response, const void *context)
{
    (void)context;
    (void)response;
    (void)puts("resumed");
}

static enum exit_code run_resume(const struct options *options)
{
    Hikyaku__V1__ResumePathRequest request;
    hikyaku__v1__resume_path_request__init(&request);
    request.sending_ip = message_string(options_positional(options, 0));
    request.site = message_string(options_positional(options, 1));
    request.author = stop_target_author(options);
    return single_call_run(options, API_METHOD_RESUME_PATH, &request.base, print_resumed, NULL);
}

/* ---------------------------------------------------------------- the table */

static const struct option_spec list_options[] = {
    {"site", "NAME", "only paths to this site", .kind = OPTION_TEXT},
    {"ip", "ADDRESS", "only paths from this sending IP", .kind = OPTION_TEXT},
    {.name = NULL},
};

static const struct option_spec show_options[] = {
    {.name = NULL},
};

static const struct option_spec set_options[] = {
    {"per-minute-most", "N", "messages a minute at most", .maximum = 1200000,
     .kind = OPTION_NUMBER},
    {"per-minute-least", "N", "not slower, whatever the server refuses", .maximum = 1200000,
     .kind = OPTION_NUMBER},
    {"connections-most", "N", "connections at most", .maximum = 10000, .kind = OPTION_NUMBER},
    {"messages-per-connection", "N", "messages on each at most", .maximum = 100000,
     .kind = OPTION_NUMBER},
    {"clear", NULL, "take the bound away", .kind = OPTION_FLAG},
    STOP_TARGET_UNTIL_OPTIONS,
    {.name = NULL},
};

static const struct option_spec suspend_options[] = {
    STOP_TARGET_UNTIL_OPTIONS,
    {.name = NULL},
};

static const struct option_spec resume_options[] = {
    {"by", "NAME", "who asks; default: the user logged in", .kind = OPTION_TEXT},
    {.name = NULL},
};

const struct command throttle_list_command = {
    .name = "throttle list",
    .words = "",
    .summary = "how fast each path (sending IP and site) goes, and why",
    .help = "NOW is how fast it really went, ALLOWED what its controller allows, LIMIT what the\n"
            "server was found to allow. Those that are suspended come first.\n"
            "\n"
            "  hikyaku throttle list --site docomo",
    .options = list_options,
    .minimum_words = 0,
    .maximum_words = 0,
    .run = run_list,
};

const struct command throttle_show_command = {
    .name = "throttle show",
    .words = "IP SITE",
    .summary = "one path, with what it decided lately and by which rule",
    .help = "  hikyaku throttle show 203.0.113.7 docomo",
    .options = show_options,
    .minimum_words = 2,
    .maximum_words = 2,
    .run = run_show,
};

const struct command throttle_set_command = {
    .name = "throttle set",
    .words = "IP|* SITE",
    .summary = "bound a path, or each path of a site",
    .help = "Holds at all workers within a second, until it is taken away or its time is over. Of\n"
            "this and the profile's bounds the tighter holds; what is set for one IP goes before\n"
            "what is set for *.\n"
            "\n"
            "  hikyaku throttle set 203.0.113.7 docomo --per-minute-most 300 --for 2h \\\n"
            "      --reason \"asked by the carrier\"\n"
            "  hikyaku throttle set '*' docomo --clear",
    .options = set_options,
    .minimum_words = 2,
    .maximum_words = 2,
    .run = run_set,
};

const struct command throttle_suspend_command = {
    .name = "throttle suspend",
    .words = "IP|* SITE",
    .summary = "send nothing over a path, or to a site, for a while",
    .help = "What waits stands under SITE_SUSPENDED, no attempt is counted; other paths go on.\n"
            "\n"
            "  hikyaku throttle suspend '*' docomo --for 30m --reason \"carrier maintenance\"",
    .options = suspend_options,
    .minimum_words = 2,
    .maximum_words = 2,
    .run = run_suspend,
};

const struct command throttle_resume_command = {
    .name = "throttle resume",
    .words = "IP|* SITE",
    .summary = "end a pause early, whoever made it",
    .help = "The path begins gently: one message, then one connection more at a time.\n"
            "\n"
            "  hikyaku throttle resume 203.0.113.7 docomo",
    .options = resume_options,
    .minimum_words = 2,
    .maximum_words = 2,
    .run = run_resume,
};
