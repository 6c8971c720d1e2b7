/* throttle shadow: what rules or profiles that are tried would do otherwise. */
#include "cli/commands/commands.h"
#include "cli/commands/single_call.h"
#include "cli/enum_word.h"
#include "cli/format.h"
#include "cli/message_string.h"
#include "cli/table_print.h"
#include "cli/tell.h"
#include "cli/throttle_text.h"
#include "common/base/clock.h"

#define SUSPENDED HIKYAKU__V1__THROTTLE_STATE__THROTTLE_STATE_SUSPENDED

static void append_trials(const Hikyaku__V1__GetShadowResponse *answer, struct buffer *out)
{
    OWNED(table_print_destroy)
    struct table_print *table =
        table_print_create("WORKER,SINCE,TRIES,>REFUSALS,>JUDGED OTHERWISE");
    char text[FORMAT_BYTES];
    for (size_t i = 0; i < answer->n_trials; i++) {
        const Hikyaku__V1__ShadowTrial *trial = answer->trials[i];
        table_print_cell(table, text_of(trial->worker));
        table_print_cell(table, text_of(format_time(trial->since_unix_ms, text)));
        table_print_format(table, "%s%s%s", trial->reply_rules ? "rules" : "",
                           trial->reply_rules && trial->profiles ? ", " : "",
                           trial->profiles ? "profiles" : "");
        table_print_cell(table, text_of(format_count(trial->replies, text)));
        table_print_cell(table, text_of(format_count(trial->otherwise, text)));
    }
    table_print_append(table, out);
}

static void add_meaning(struct table_print *table, const char *reply_class, const char *blame,
                        const char *rule)
{
    table_print_format(table, "%s, blames %s: %s", reply_class, blame[0] != '\0' ? blame : "nobody",
                       rule);
}

static void append_replies(const Hikyaku__V1__GetShadowResponse *answer, struct buffer *out)
{
    OWNED(table_print_destroy)
    struct table_print *table = table_print_create(">REPLIES,IN USE,IN SHADOW,LIKE");
    char text[FORMAT_BYTES];
    for (size_t i = 0; i < answer->n_replies; i++) {
        const Hikyaku__V1__ShadowReply *reply = answer->replies[i];
        table_print_cell(table, text_of(format_count(reply->count, text)));
        add_meaning(table, reply->fact_class, reply->fact_blame, reply->fact_rule);
        add_meaning(table, reply->shadow_class, reply->shadow_blame, reply->shadow_rule);
        table_print_format(table, "%s: %u %s %s", reply->site, reply->smtp_code,
                           reply->enhanced_code, reply->reply_text);
    }
    if (answer->n_replies > 0) {
        buffer_append_byte(out, '\n');
        table_print_append(table, out);
    }
    if (answer->replies_beyond > 0) {
        buffer_printf(out, "and %s replies of other kinds\n",
                      format_count(answer->replies_beyond, text));
    }
}

static void add_control(struct table_print *table, const Hikyaku__V1__ShadowControl *control)
{
    OWNED(buffer_finish) struct buffer rate = {0};
    OWNED(buffer_finish) struct buffer state = {0};
    char text[FORMAT_BYTES];
    if (control == NULL) {
        table_print_cell(table, TEXT("-"));
        table_print_cell(table, TEXT("-"));
        table_print_cell(table, TEXT("-"));
        return;
    }
    throttle_text_append_rate(control->rate_per_1000_s, &rate);
    buffer_append_string(&state,
                         enum_word(&hikyaku__v1__throttle_state__descriptor, control->state));
    if (control->state == SUSPENDED) {
        buffer_printf(&state, " until %s, rule %s",
                      format_time_near(control->suspended_until_unix_ms, clock_unix_ms(), text),
                      control->rule_id);
    }
    table_print_cell(table, buffer_text(&rate));
    table_print_format(table, "%llu, %s", (unsigned long long)control->pauses,
                       format_length(1000 * control->paused_s, text));
    table_print_cell(table, buffer_text(&state));
}

static void append_paths(const Hikyaku__V1__GetShadowResponse *answer, struct buffer *out)
{
    OWNED(table_print_destroy)
    struct table_print *table = table_print_create(
        "SITE,IP,>MESSAGES,>WOULD WAIT,>REFUSED,>OTHERWISE,>RATE,>PAUSES,IN USE,>RATE,>PAUSES,IN "
        "SHADOW");
    char text[FORMAT_BYTES];
    for (size_t i = 0; i < answer->n_paths; i++) {
        const Hikyaku__V1__ShadowPath *path = answer->paths[i];
        const uint64_t numbers[] = {path->messages, path->held, path->replies, path->otherwise};
        table_print_cell(table, text_of(path->site));
        table_print_cell(table, text_of(path->sending_ip));
        for (size_t j = 0; j < sizeof numbers / sizeof *numbers; j++) {
            table_print_cell(table, text_of(format_count(numbers[j], text)));
        }
        add_control(table, path->fact);
        add_control(table, path->shadow);
    }
    if (answer->n_paths > 0) {
        buffer_append_byte(out, '\n');
        table_print_append(table, out);
    }
    if (answer->paths_left_out > 0) {
        buffer_printf(out, "and %u paths more: ask for one --site\n", answer->paths_left_out);
    }
}

static void print(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__GetShadowResponse *answer = (const Hikyaku__V1__GetShadowResponse *)response;
    OWNED(buffer_finish) struct buffer out = {0};
    (void)context;
    if (answer->n_trials == 0) {
        buffer_append_string(&out, "no worker tries anything in shadow\n");
    } else {
        append_trials(answer, &out);
        append_replies(answer, &out);
        append_paths(answer, &out);
    }
    tell_out(&out);
}

static enum exit_code run(const struct options *options)
{
    Hikyaku__V1__GetShadowRequest request;
    hikyaku__v1__get_shadow_request__init(&request);
    request.site = message_string(options_text(options, "site"));
    return single_call_run(options, API_METHOD_GET_SHADOW, &request.base, print, NULL);
}

static const struct option_spec options[] = {
    {"site", "NAME", "only paths to this site", .kind = OPTION_TEXT},
    {.name = NULL},
};

const struct command throttle_shadow_command = {
    .name = "throttle shadow",
    .words = "",
    .summary = "what rules or profiles that workers try in shadow would do otherwise",
    .help = "Workers whose configuration has shadow.reply_rules or shadow.profiles judge every\n"
            "reply by these too and have a second controller for each path; nothing of it is\n"
            "done. PAUSES: how many, and how long together; WOULD WAIT: messages that went out\n"
            "and that the controller in shadow would have held.\n"
            "\n"
            "  hikyaku throttle shadow --site docomo",
    .options = options,
    .minimum_words = 0,
    .maximum_words = 0,
    .run = run,
};
