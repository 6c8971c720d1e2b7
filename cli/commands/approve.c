/* approve, reject: what somebody else than its author says about a campaign that waits for it. */
#include "cli/commands/commands.h"
#include "cli/commands/single_call.h"
#include "cli/enum_word.h"
#include "cli/message_string.h"
#include "cli/tell.h"
#include "common/base/bytes.h"

#include <stdio.h>

#define DIGEST_BYTES 32

static void print_approved(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__ApproveCampaignResponse *answer =
        (const Hikyaku__V1__ApproveCampaignResponse *)response;
    const char *campaign_id = context;
    (void)printf("%s is %s", campaign_id,
                 enum_word(&hikyaku__v1__campaign_state__descriptor, answer->state));
    if (answer->approval != NULL) {
        (void)printf(", %u of %u approvals", answer->approval->given, answer->approval->needed);
    }
    (void)printf("%s\n", answer->replayed ? " (you had approved it)" : "");
}

static void print_rejected(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__RejectCampaignResponse *answer =
        (const Hikyaku__V1__RejectCampaignResponse *)response;
    (void)printf("%s is %s again: it must be submitted anew\n", (const char *)context,
                 enum_word(&hikyaku__v1__campaign_state__descriptor, answer->state));
}

/* @return whether --digest, where it is given, is one */
static bool read_digest(const struct options *options, unsigned char *ret_digest,
                        ProtobufCBinaryData *ret_field)
{
    const char *hex = options_text(options, "digest");
    if (hex == NULL) {
        return true;
    }
    if (bytes_from_hex(text_of(hex), ret_digest, DIGEST_BYTES) != 0) {
        tell("--digest: must be the 64 hex digits that `hikyaku show` tells");
        return false;
    }
    *ret_field = (ProtobufCBinaryData){DIGEST_BYTES, ret_digest};
    return true;
}

static enum exit_code run_approve(const struct options *options)
{
    Hikyaku__V1__ApproveCampaignRequest request;
    unsigned char digest[DIGEST_BYTES];
    hikyaku__v1__approve_campaign_request__init(&request);
    request.campaign_id = message_string(options_positional(options, 0));
    request.reason = message_string(options_text(options, "reason"));
    if (!read_digest(options, digest, &request.digest)) {
        return EXIT_CODE_USAGE;
    }
    if (request.digest.len == 0) {
        tell("--digest: say what you approve; `hikyaku show CAMPAIGN` tells its digest");
        return EXIT_CODE_USAGE;
    }
    return single_call_run(options, API_METHOD_APPROVE_CAMPAIGN, &request.base, print_approved,
                           request.campaign_id);
}

static enum exit_code run_reject(const struct options *options)
{
    Hikyaku__V1__RejectCampaignRequest request;
    unsigned char digest[DIGEST_BYTES];
    hikyaku__v1__reject_campaign_request__init(&request);
    request.campaign_id = message_string(options_positional(options, 0));
    request.reason = message_string(options_text(options, "reason"));
    if (!read_digest(options, digest, &request.digest)) {
        return EXIT_CODE_USAGE;
    }
    if (request.reason[0] == '\0') {
        tell("--reason: say why, for its author");
        return EXIT_CODE_USAGE;
    }
    return single_call_run(options, API_METHOD_REJECT_CAMPAIGN, &request.base, print_rejected,
                           request.campaign_id);
}

static const struct option_spec approve_options[] = {
    {"digest", "HEX", "what is approved: the digest that show and submit tell",
     .kind = OPTION_TEXT},
    {"reason", "TEXT", "a remark; it is kept with the approval", .kind = OPTION_TEXT},
    {.name = NULL},
};

static const struct option_spec reject_options[] = {
    {"reason", "TEXT", "why, for its author", .kind = OPTION_TEXT},
    {"digest", "HEX", "refuse only this version", .kind = OPTION_TEXT},
    {.name = NULL},
};

const struct command approve_command = {
    .name = "approve",
    .words = "CAMPAIGN",
    .summary = "let a campaign go that waits for approval",
    .help = "Neither its author nor who submitted it can; two approvals are two people's. The\n"
            "digest stands for content, recipients, From, pool and schedule.\n"
            "\n"
            "  hikyaku approve 7RJD8QK7M2N4P6Q8R0S2T4V6W8 --digest 7f3a..c9",
    .options = approve_options,
    .minimum_words = 1,
    .maximum_words = 1,
    .run = run_approve,
};

const struct command approve_reject_command = {
    .name = "reject",
    .words = "CAMPAIGN",
    .summary = "send a campaign that waits for approval back to its author",
    .help = "It is a draft again, and can be submitted anew, with further recipients or as it is;\n"
            "approvals begin anew.\n"
            "\n"
            "  hikyaku reject 7RJD8QK7M2N4P6Q8R0S2T4V6W8 --reason 'price is wrong'",
    .options = reject_options,
    .minimum_words = 1,
    .maximum_words = 1,
    .run = run_reject,
};
