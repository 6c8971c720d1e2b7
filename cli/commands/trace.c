/* trace: all that is known of the tries of one recipient. */
#include "cli/commands/commands.h"
#include "cli/commands/one_recipient.h"
#include "cli/message_string.h"
#include "cli/tell.h"
#include "cli/why_text.h"

static void print(const Hikyaku__V1__TraceResponse *trace)
{
    OWNED(buffer_finish) struct buffer out = {0};
    why_text_append_tries(trace->events, trace->n_events, &out);
    if (trace->n_events == 0 && !trace->cut) {
        buffer_append_string(&out, "it has not been tried yet\n");
    }
    buffer_append_string(&out, trace->cut ? "           older ones were not looked for\n" : "");
    tell_out(&out);
}

static enum exit_code ask(const struct options *options, const struct connection *connection,
                          const struct one_recipient *recipient)
{
    Hikyaku__V1__TraceRequest request;
    struct api_result result = {0};
    hikyaku__v1__trace_request__init(&request);
    request.campaign_id = message_string(recipient->campaign);
    request.index = recipient->index;
    enum exit_code code =
        connect_call(connection, options, API_METHOD_TRACE, &request.base, &result);
    if (code == EXIT_CODE_OK && options_flag(options, "json")) {
        tell_json(result.response);
    } else if (code == EXIT_CODE_OK) {
        print((const void *)result.response);
    }
    api_client_finish(&result);
    return code;
}

static enum exit_code run(const struct options *options)
{
    return one_recipient_run(options, true, ask);
}

static const struct option_spec option_table[] = {
    {"ref", "REF", "your own name of the recipient, instead of its index", .kind = OPTION_TEXT},
    {.name = NULL},
};

const struct command trace_command = {
    .name = "trace",
    .words = "CAMPAIGN [INDEX]",
    .summary = "each try of one recipient: from where, to where, what was answered",
    .help = "The oldest try comes first. Addresses in replies are removed, as in events.\n"
            "\n"
            "  hikyaku trace 7RJD8QK7M2N4P6Q8R0S2T4V6W8 88213\n"
            "  hikyaku trace 7RJD8QK7M2N4P6Q8R0S2T4V6W8 --ref cust-4471 --json",
    .options = option_table,
    .minimum_words = 1,
    .maximum_words = 2,
    .run = run,
};
