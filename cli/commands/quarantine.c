/* quarantine list, release, bounce: recipients and campaigns that killed workers. */
#include "cli/commands/commands.h"
#include "cli/commands/decision.h"
#include "cli/commands/page_list.h"
#include "cli/commands/single_call.h"
#include "cli/enum_word.h"
#include "cli/format.h"
#include "cli/message_string.h"

/* ---------------------------------------------------------------- list */

static struct page_list_page look(const ProtobufCMessage *page)
{
    const Hikyaku__V1__ListQuarantineResponse *answer =
        (const Hikyaku__V1__ListQuarantineResponse *)page;
    return (struct page_list_page){answer->next_page_token, answer->n_recipients};
}

static void add_rows(struct table_print *table, const ProtobufCMessage *page)
{
    const Hikyaku__V1__ListQuarantineResponse *answer =
        (const Hikyaku__V1__ListQuarantineResponse *)page;
    char text[FORMAT_BYTES];
    for (size_t i = 0; i < answer->n_campaigns; i++) {
        const Hikyaku__V1__QuarantinedCampaign *found = answer->campaigns[i];
        table_print_cell(table, text_of(found->campaign_id));
        table_print_cell(table, text_of(found->name));
        table_print_cell(table, text_of("-"));
        table_print_cell(table, text_of(format_time(found->since_unix_ms, text)));
        table_print_format(table, "the campaign: %s", found->reason);
    }
    for (size_t i = 0; i < answer->n_recipients; i++) {
        const Hikyaku__V1__QuarantinedRecipient *found = answer->recipients[i];
        table_print_format(table, "%s/%u", found->campaign_id, found->index);
        table_print_cell(table, text_of(found->ref));
        table_print_format(table, "%u", found->attempts);
        table_print_cell(table, text_of(format_time(found->since_unix_ms, text)));
        table_print_cell(table, text_of("killed workers, the last one alone"));
    }
}

static enum exit_code run_list(const struct options *options)
{
    Hikyaku__V1__ListQuarantineRequest request;
    hikyaku__v1__list_quarantine_request__init(&request);
    request.campaign_id = message_string(options_positional(options, 0));
    return page_list_run(options, &(struct page_list){.method = API_METHOD_LIST_QUARANTINE,
                                                      .request = &request.base,
                                                      .page_size = &request.page_size,
                                                      .page_token = &request.page_token,
                                                      .limit = UINT64_MAX,
                                                      .columns = "WHO,REF,>TRIES,SINCE,WHY",
                                                      .none = "nothing is in quarantine",
                                                      .look = look,
                                                      .add_rows = add_rows});
}

/* ---------------------------------------------------------------- decisions */

static void print(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__ResolveQuarantineRequest *request = context;
    const Hikyaku__V1__ResolveQuarantineResponse *answer =
        (const Hikyaku__V1__ResolveQuarantineResponse *)response;
    decision_print(answer->resolved, "left quarantine by",
                   enum_word(&hikyaku__v1__quarantine_as__descriptor, request->as),
                   request->campaign_id, answer->state);
}

static enum exit_code run_as(const struct options *options, Hikyaku__V1__QuarantineAs as,
                             bool campaign, const char *choices)
{
    struct decision decision;
    Hikyaku__V1__ResolveQuarantineRequest request;
    enum exit_code code = decision_read(options, campaign, choices, &decision);
    if (code != EXIT_CODE_OK) {
        return code;
    }
    hikyaku__v1__resolve_quarantine_request__init(&request);
    request.campaign_id = decision.campaign_id;
    request.as = as;
    request.all = decision.all;
    request.campaign = campaign;
    request.reason = decision.reason;
    request.n_indexes = decision.index_count;
    request.indexes = decision.indexes;
    return single_call_run(options, API_METHOD_RESOLVE_QUARANTINE, &request.base, print, &request);
}

static enum exit_code run_release(const struct options *options)
{
    return run_as(options, HIKYAKU__V1__QUARANTINE_AS__QUARANTINE_AS_RELEASE,
                  options_flag(options, "campaign"),
                  "give the indexes of recipients, --all or --campaign");
}

static enum exit_code run_bounce(const struct options *options)
{
    return run_as(options, HIKYAKU__V1__QUARANTINE_AS__QUARANTINE_AS_BOUNCE, false,
                  "give the indexes of recipients, or --all");
}

static const struct option_spec release_options[] = {
    {"all", NULL, "all recipients of the campaign that are in quarantine", .kind = OPTION_FLAG},
    {"campaign", NULL, "the campaign itself goes on", .kind = OPTION_FLAG},
    {"reason", "TEXT", "why: stands in the event STATE", .kind = OPTION_TEXT},
    {.name = NULL},
};

static const struct option_spec bounce_options[] = {
    {"all", NULL, "all recipients of the campaign that are in quarantine", .kind = OPTION_FLAG},
    {"reason", "TEXT", "why: stands in the events FAILED", .kind = OPTION_TEXT},
    {.name = NULL},
};

const struct command quarantine_list_command = {
    .name = "quarantine list",
    .words = "[CAMPAIGN]",
    .summary = "what killed workers or coordinators and waits for a decision",
    .help = "A recipient stands here when workers died each time they had it, the last time with\n"
            "nothing else in their hands. A campaign stands here, paused, when three of its\n"
            "batches killed workers, or three coordinators died while they loaded it.\n"
            "\n"
            "  hikyaku quarantine list\n"
            "  hikyaku quarantine list 7RJD8QK7M2N4P6Q8R0S2T4V6W8 --json",
    .minimum_words = 0,
    .maximum_words = 1,
    .run = run_list,
};

const struct command quarantine_release_command = {
    .name = "quarantine release",
    DECISION_WORDS,
    .summary = "try recipients in quarantine again, or let their campaign go on",
    .help = "Each is tried alone on a worker. One that kills it is in quarantine again: mend the\n"
            "workers first.\n"
            "\n"
            "  hikyaku quarantine release 7RJD8QK7M2N4P6Q8R0S2T4V6W8 17 402\n"
            "  hikyaku quarantine release 7RJD8QK7M2N4P6Q8R0S2T4V6W8 --all --campaign",
    .options = release_options,
    .run = run_release,
};

const struct command quarantine_bounce_command = {
    .name = "quarantine bounce",
    DECISION_WORDS,
    .summary = "give up recipients in quarantine: they end as FAILED",
    .help = "FAILED, not BOUNCED: no server has refused them.\n"
            "\n"
            "  hikyaku quarantine bounce 7RJD8QK7M2N4P6Q8R0S2T4V6W8 17 --reason \"broken name\"",
    .options = bounce_options,
    .run = run_bounce,
};
