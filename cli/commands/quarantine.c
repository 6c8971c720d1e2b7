/* quarantine list, release, bounce: recipients and campaigns that killed workers. */
#include "cli/commands/commands.h"
#include "cli/connect.h"
#include "cli/enum_word.h"
#include "cli/format.h"
#include "cli/recipient_indexes.h"
#include "cli/table_print.h"
#include "cli/tell.h"

#include <stdio.h>

#define PAGE_SIZE 1000

/* protobuf-c's strings are char *; packing only reads them. */
static char *borrow(const char *string)
{
    union {
        const char *given;
        char *field;
    } bridge = {.given = string == NULL ? "" : string};
    return bridge.field;
}

/* ---------------------------------------------------------------- list */

static void add_rows(struct table_print *table, const Hikyaku__V1__ListQuarantineResponse *answer)
{
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

/* Page after page; with --json one object each. */
static enum exit_code print_pages(const struct options *options,
                                  const struct connection *connection, struct table_print *table)
{
    char *token = borrow("");
    do {
        struct api_result result;
        Hikyaku__V1__ListQuarantineRequest request;
        hikyaku__v1__list_quarantine_request__init(&request);
        request.campaign_id = borrow(options_positional(options, 0));
        request.page_size = PAGE_SIZE;
        request.page_token = token;
        enum exit_code code =
            connect_call(connection, options, API_METHOD_LIST_QUARANTINE, &request.base, &result);
        if (code != EXIT_CODE_OK) {
            api_client_finish(&result);
            return code;
        }
        const Hikyaku__V1__ListQuarantineResponse *answer =
            (const Hikyaku__V1__ListQuarantineResponse *)result.response;
        if (options_flag(options, "json")) {
            tell_json(result.response);
        } else {
            add_rows(table, answer);
        }
        token = arena_printf(connection->arena, "%s", answer->next_page_token);
        api_client_finish(&result);
    } while (token[0] != '\0');
    return EXIT_CODE_OK;
}

static enum exit_code run_list(const struct options *options)
{
    struct connection connection = {0};
    OWNED(table_print_destroy)
    struct table_print *table = table_print_create("WHO,REF,>TRIES,SINCE,WHY");
    enum exit_code code = connect_open(options, &connection);
    if (code == EXIT_CODE_OK) {
        code = print_pages(options, &connection, table);
    }
    if (code == EXIT_CODE_OK && table_print_rows(table) > 0) {
        OWNED(buffer_finish) struct buffer out = {0};
        table_print_append(table, &out);
        tell_out(&out);
    } else if (code == EXIT_CODE_OK && !options_flag(options, "json")) {
        tell("nothing is in quarantine");
    }
    connect_close(&connection);
    return code;
}

/* ---------------------------------------------------------------- decisions */

static enum exit_code decide(const struct options *options,
                             Hikyaku__V1__ResolveQuarantineRequest *request)
{
    struct connection connection = {0};
    struct api_result result = {0};
    enum exit_code code = connect_open(options, &connection);
    if (code == EXIT_CODE_OK) {
        code = connect_call(&connection, options, API_METHOD_RESOLVE_QUARANTINE, &request->base,
                            &result);
    }
    if (code == EXIT_CODE_OK && options_flag(options, "json")) {
        tell_json(result.response);
    } else if (code == EXIT_CODE_OK) {
        const Hikyaku__V1__ResolveQuarantineResponse *answer =
            (const Hikyaku__V1__ResolveQuarantineResponse *)result.response;
        (void)printf("%u left quarantine by %s; %s is %s\n", answer->resolved,
                     enum_word(&hikyaku__v1__quarantine_as__descriptor, request->as),
                     request->campaign_id,
                     enum_word(&hikyaku__v1__campaign_state__descriptor, answer->state));
    }
    api_client_finish(&result);
    connect_close(&connection);
    return code;
}

static enum exit_code run_as(const struct options *options, Hikyaku__V1__QuarantineAs as)
{
    bool releases = as == HIKYAKU__V1__QUARANTINE_AS__QUARANTINE_AS_RELEASE;
    uint32_t indexes[RECIPIENT_INDEXES_MAX];
    Hikyaku__V1__ResolveQuarantineRequest request;
    hikyaku__v1__resolve_quarantine_request__init(&request);
    request.campaign_id = borrow(options_positional(options, 0));
    request.as = as;
    request.all = options_flag(options, "all");
    request.campaign = releases && options_flag(options, "campaign");
    request.reason = borrow(options_text(options, "reason"));
    request.indexes = indexes;
    if (recipient_indexes_read(options, indexes, &request.n_indexes) != 0) {
        return EXIT_CODE_USAGE;
    }
    bool names_any = request.all || request.n_indexes > 0;
    if ((request.all && request.n_indexes > 0) || (!names_any && !request.campaign)) {
        tell(releases ? "give the indexes of recipients, --all or --campaign"
                      : "give the indexes of recipients, or --all");
        return EXIT_CODE_USAGE;
    }
    return decide(options, &request);
}

static enum exit_code run_release(const struct options *options)
{
    return run_as(options, HIKYAKU__V1__QUARANTINE_AS__QUARANTINE_AS_RELEASE);
}

static enum exit_code run_bounce(const struct options *options)
{
    return run_as(options, HIKYAKU__V1__QUARANTINE_AS__QUARANTINE_AS_BOUNCE);
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

static const struct option_spec list_options[] = {{.name = NULL}};

const struct command quarantine_list_command = {
    .name = "quarantine list",
    .words = "[CAMPAIGN]",
    .summary = "recipients and campaigns that killed workers and wait for a decision",
    .help = "A recipient stands here when workers died each time they had it, the last time with\n"
            "nothing else in their hands. A campaign stands here, paused, when three of its\n"
            "batches killed workers.\n"
            "\n"
            "  hikyaku quarantine list\n"
            "  hikyaku quarantine list 7RJD8QK7M2N4P6Q8R0S2T4V6W8 --json",
    .options = list_options,
    .minimum_words = 0,
    .maximum_words = 1,
    .run = run_list,
};

const struct command quarantine_release_command = {
    .name = "quarantine release",
    .words = "CAMPAIGN [INDEX...]",
    .summary = "try recipients in quarantine again, or let their campaign go on",
    .help = "Each is tried alone on a worker. One that kills it is in quarantine again: mend the\n"
            "workers first.\n"
            "\n"
            "  hikyaku quarantine release 7RJD8QK7M2N4P6Q8R0S2T4V6W8 17 402\n"
            "  hikyaku quarantine release 7RJD8QK7M2N4P6Q8R0S2T4V6W8 --all --campaign",
    .options = release_options,
    .minimum_words = 1,
    .maximum_words = 1 + RECIPIENT_INDEXES_MAX,
    .run = run_release,
};

const struct command quarantine_bounce_command = {
    .name = "quarantine bounce",
    .words = "CAMPAIGN [INDEX...]",
    .summary = "give up recipients in quarantine: they end as FAILED",
    .help = "FAILED, not BOUNCED: no server has refused them.\n"
            "\n"
            "  hikyaku quarantine bounce 7RJD8QK7M2N4P6Q8R0S2T4V6W8 17 --reason \"broken name\"",
    .options = bounce_options,
    .minimum_words = 1,
    .maximum_words = 1 + RECIPIENT_INDEXES_MAX,
    .run = run_bounce,
};
