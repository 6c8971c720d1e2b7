/* pause, resume, cancel. */
#include "cli/commands/commands.h"
#include "cli/commands/single_call.h"
#include "cli/enum_word.h"
#include "cli/message_string.h"

#include <stdio.h>

static void print(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__ControlCampaignResponse *answer =
        (const Hikyaku__V1__ControlCampaignResponse *)response;
    const char *campaign_id = context;
    (void)printf("%s is %s", campaign_id,
                 enum_word(&hikyaku__v1__campaign_state__descriptor, answer->state));
    if (answer->batches_open > 0) {
        (void)printf(" (%u batches have still to change)", answer->batches_open);
    }
    (void)putchar('\n');
}

static enum exit_code run_pause(const struct options *options)
{
    Hikyaku__V1__PauseCampaignRequest request;
    hikyaku__v1__pause_campaign_request__init(&request);
    request.campaign_id = message_string(options_positional(options, 0));
    request.reason = message_string(options_text(options, "reason"));
    return single_call_run(options, API_METHOD_PAUSE_CAMPAIGN, &request.base, print,
                           request.campaign_id);
}

static enum exit_code run_resume(const struct options *options)
{
    Hikyaku__V1__ResumeCampaignRequest request;
    hikyaku__v1__resume_campaign_request__init(&request);
    request.campaign_id = message_string(options_positional(options, 0));
    return single_call_run(options, API_METHOD_RESUME_CAMPAIGN, &request.base, print,
                           request.campaign_id);
}

static enum exit_code run_cancel(const struct options *options)
{
    Hikyaku__V1__CancelCampaignRequest request;
    hikyaku__v1__cancel_campaign_request__init(&request);
    request.campaign_id = message_string(options_positional(options, 0));
    request.reason = message_string(options_text(options, "reason"));
    return single_call_run(options, API_METHOD_CANCEL_CAMPAIGN, &request.base, print,
                           request.campaign_id);
}

static const struct option_spec reason_options[] = {
    {"reason", "TEXT", "why: stands in the campaign's events", .kind = OPTION_TEXT},
    {.name = NULL},
};

const struct command control_pause = {
    .name = "pause",
    .words = "CAMPAIGN",
    .summary = "hold a campaign: what has not been sent waits",
    .help = "Workers learn it within a second; messages on the wire are finished.\n"
            "\n"
            "  hikyaku pause 7RJD8QK7M2N4P6Q8R0S2T4V6W8 --reason \"wrong price\"",
    .options = reason_options,
    .minimum_words = 1,
    .maximum_words = 1,
    .run = run_pause,
};

const struct command control_resume = {
    .name = "resume",
    .words = "CAMPAIGN",
    .summary = "let a paused campaign go on",
    .help = "  hikyaku resume 7RJD8QK7M2N4P6Q8R0S2T4V6W8",
    .options = NULL,
    .minimum_words = 1,
    .maximum_words = 1,
    .run = run_resume,
};

const struct command control_cancel = {
    .name = "cancel",
    .words = "CAMPAIGN",
    .summary = "end a campaign for good: what has not been sent never is",
    .help = "Recipients without an outcome become CANCELLED, batch by batch.\n"
            "\n"
            "  hikyaku cancel 7RJD8QK7M2N4P6Q8R0S2T4V6W8 --reason \"wrong list\"",
    .options = reason_options,
    .minimum_words = 1,
    .maximum_words = 1,
    .run = run_cancel,
};
