/* uncertain list, resend, assume-delivered, bounce: recipients of whom nobody knows whether their
 * message arrived. */
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
    const Hikyaku__V1__ListUncertainResponse *answer =
        (const Hikyaku__V1__ListUncertainResponse *)page;
    return (struct page_list_page){answer->next_page_token, answer->n_recipients};
}

static void add_rows(struct table_print *table, const ProtobufCMessage *page)
{
    const Hikyaku__V1__ListUncertainResponse *answer =
        (const Hikyaku__V1__ListUncertainResponse *)page;
    char text[FORMAT_BYTES];
    for (size_t i = 0; i < answer->n_recipients; i++) {
        const Hikyaku__V1__UncertainRecipient *found = answer->recipients[i];
        table_print_format(table, "%s/%u", found->campaign_id, found->index);
        table_print_cell(table, text_of(found->ref));
        table_print_format(table, "%u", found->attempts);
        table_print_cell(table, text_of(format_time(found->resolve_unix_ms, text)));
        table_print_cell(
            table, text_of(enum_word(&hikyaku__v1__resolve_as__descriptor, found->resolve_as)));
    }
}

static enum exit_code run_list(const struct options *options)
{
    Hikyaku__V1__ListUncertainRequest request;
    hikyaku__v1__list_uncertain_request__init(&request);
    request.campaign_id = message_string(options_positional(options, 0));
    return page_list_run(options,
                         &(struct page_list){.method = API_METHOD_LIST_UNCERTAIN,
                                             .request = &request.base,
                                             .page_size = &request.page_size,
                                             .page_token = &request.page_token,
                                             .limit = options_number(options, "limit", UINT64_MAX),
                                             .columns = "RECIPIENT,REF,>TRIES,DOUBT ENDS,THEN AS",
                                             .none = "nobody is in doubt",
                                             .look = look,
                                             .add_rows = add_rows});
}

/* ---------------------------------------------------------------- decisions */

static void print(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__ResolveUncertainRequest *request = context;
    const Hikyaku__V1__ResolveUncertainResponse *answer =
        (const Hikyaku__V1__ResolveUncertainResponse *)response;
    decision_print(answer->resolved, "resolved as",
                   enum_word(&hikyaku__v1__resolve_as__descriptor, request->as),
                   request->campaign_id, answer->state);
}

static enum exit_code run_as(const struct options *options, Hikyaku__V1__ResolveAs as)
{
    struct decision decision;
    Hikyaku__V1__ResolveUncertainRequest request;
    enum exit_code code =
        decision_read(options, false, "give the indexes of recipients, or --all", &decision);
    if (code != EXIT_CODE_OK) {
        return code;
    }
    hikyaku__v1__resolve_uncertain_request__init(&request);
    request.campaign_id = decision.campaign_id;
    request.as = as;
    request.all = decision.all;
    request.reason = decision.reason;
    request.n_indexes = decision.index_count;
    request.indexes = decision.indexes;
    return single_call_run(options, API_METHOD_RESOLVE_UNCERTAIN, &request.base, print, &request);
}

static enum exit_code run_resend(const struct options *options)
{
    return run_as(options, HIKYAKU__V1__RESOLVE_AS__RESOLVE_AS_RESEND);
}

static enum exit_code run_assume_delivered(const struct options *options)
{
    return run_as(options, HIKYAKU__V1__RESOLVE_AS__RESOLVE_AS_ASSUME_DELIVERED);
}

static enum exit_code run_bounce(const struct options *options)
{
    return run_as(options, HIKYAKU__V1__RESOLVE_AS__RESOLVE_AS_BOUNCED);
}

static const struct option_spec list_options[] = {
    {"limit", "N", "at most so many (all)", .maximum = 1000000, .kind = OPTION_NUMBER},
    {.name = NULL},
};

static const struct option_spec decision_options[] = {
    {"all", NULL, "all of the campaign that are in doubt", .kind = OPTION_FLAG},
    {"reason", "TEXT", "why: stands in the events RESOLVED", .kind = OPTION_TEXT},
    {.name = NULL},
};

const struct command uncertain_list_command = {
    .name = "uncertain list",
    .words = "[CAMPAIGN]",
    .summary = "recipients of whom nobody knows whether their message arrived",
    .help = "A worker died, or a connection broke, between the end of a message and its reply.\n"
            "Doubt ends by a late reply, by you, or by the campaign's rule at the time shown.\n"
            "\n"
            "  hikyaku uncertain list\n"
            "  hikyaku uncertain list 7RJD8QK7M2N4P6Q8R0S2T4V6W8 --json",
    .options = list_options,
    .minimum_words = 0,
    .maximum_words = 1,
    .run = run_list,
};

const struct command uncertain_resend_command = {
    .name = "uncertain resend",
    DECISION_WORDS,
    .summary = "send again to recipients in doubt: some may get it twice",
    .help = "The second message has the same Message-ID, its events say possible_duplicate. A\n"
            "completed campaign runs again until then.\n"
            "\n"
            "  hikyaku uncertain resend 7RJD8QK7M2N4P6Q8R0S2T4V6W8 17 402\n"
            "  hikyaku uncertain resend 7RJD8QK7M2N4P6Q8R0S2T4V6W8 --all --reason \"bills\"",
    .options = decision_options,
    .run = run_resend,
};

const struct command uncertain_assume_delivered_command = {
    .name = "uncertain assume-delivered",
    DECISION_WORDS,
    .summary = "take recipients in doubt for delivered",
    .help = "A bounce or reply that comes later still counts.\n"
            "\n"
            "  hikyaku uncertain assume-delivered 7RJD8QK7M2N4P6Q8R0S2T4V6W8 --all",
    .options = decision_options,
    .run = run_assume_delivered,
};

const struct command uncertain_bounce_command = {
    .name = "uncertain bounce",
    DECISION_WORDS,
    .summary = "take recipients in doubt for bounced",
    .help = "  hikyaku uncertain bounce 7RJD8QK7M2N4P6Q8R0S2T4V6W8 17 --reason \"told by phone\"",
    .options = decision_options,
    .run = run_bounce,
};
