/* why: what holds a campaign, or one of its recipients, and until when. */
#include "cli/commands/commands.h"
#include "cli/commands/one_recipient.h"
#include "cli/message_string.h"
#include "cli/tell.h"
#include "cli/why_text.h"

static enum exit_code ask(const struct options *options, const struct connection *connection,
                          const struct one_recipient *recipient)
{
    Hikyaku__V1__WhyRequest request;
    struct api_result result = {0};
    hikyaku__v1__why_request__init(&request);
    request.campaign_id = message_string(recipient->campaign);
    if (recipient->has_index) {
        request.who_case = HIKYAKU__V1__WHY_REQUEST__WHO_INDEX;
        request.index = recipient->index;
    }
    enum exit_code code = connect_call(connection, options, API_METHOD_WHY, &request.base, &result);
    if (code == EXIT_CODE_OK && options_flag(options, "json")) {
        tell_json(result.response);
    } else if (code == EXIT_CODE_OK) {
        OWNED(buffer_finish) struct buffer out = {0};
        why_text_append((const void *)result.response, recipient->has_index, &out);
        tell_out(&out);
    }
    api_client_finish(&result);
    return code;
}

static enum exit_code run(const struct options *options)
{
    return one_recipient_run(options, false, ask);
}

static const struct option_spec option_table[] = {
    {"ref", "REF", "your own name of the recipient, instead of its index", .kind = OPTION_TEXT},
    {.name = NULL},
};

const struct command why_command = {
    .name = "why",
    .words = "CAMPAIGN [INDEX]",
    .summary = "what holds a campaign or a recipient, until when, who ends it",
    .help = "The first gate binds: until it opens the others do not matter. Behind it stand those\n"
            "that are closed too, then those that have still to be passed. docs/why.md explains\n"
            "every gate.\n"
            "\n"
            "  hikyaku why 7RJD8QK7M2N4P6Q8R0S2T4V6W8\n"
            "  hikyaku why 7RJD8QK7M2N4P6Q8R0S2T4V6W8 88213\n"
            "  hikyaku why 7RJD8QK7M2N4P6Q8R0S2T4V6W8 --ref cust-4471",
    .options = option_table,
    .minimum_words = 1,
    .maximum_words = 2,
    .run = run,
};
