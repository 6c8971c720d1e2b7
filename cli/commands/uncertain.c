/* uncertain list, resend, assume-delivered, bounce: recipients of whom nobody knows whether their
 * message arrived. */
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

static void add_rows(struct table_print *table, const Hikyaku__V1__ListUncertainResponse *answer)
{
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

/* Page after page; with --json one object each. */
static enum exit_code print_pages(const struct options *options,
                                  const struct connection *connection, struct table_print *table)
{
    char *token = borrow("");
    uint64_t left = options_number(options, "limit", UINT64_MAX);
    while (left > 0) {
        struct api_result result;
        Hikyaku__V1__ListUncertainRequest request;
        hikyaku__v1__list_uncertain_request__init(&request);
        request.campaign_id = borrow(options_positional(options, 0));
        request.page_size = (uint32_t)(left < PAGE_SIZE ? left : PAGE_SIZE);
        request.page_token = token;
        enum exit_code code =
            connect_call(connection, options, API_METHOD_LIST_UNCERTAIN, &request.base, &result);
        if (code != EXIT_CODE_OK) {
            api_client_finish(&result);
            return code;
        }
        const Hikyaku__V1__ListUncertainResponse *answer =
            (const Hikyaku__V1__ListUncertainResponse *)result.response;
        if (options_flag(options, "json")) {
            tell_json(result.response);
        } else {
            add_rows(table, answer);
        }
        left -= answer->n_recipients < left ? answer->n_recipients : left;
        token = arena_printf(connection->arena, "%s", answer->next_page_token);
        api_client_finish(&result);
        if (token[0] == '\0') {
            break;
        }
    }
    return EXIT_CODE_OK;
}

static enum exit_code run_list(const struct options *options)
{
    struct connection connection = {0};
    OWNED(table_print_destroy)
    struct table_print *table = table_print_create("RECIPIENT,REF,>TRIES,DOUBT ENDS,THEN AS");
    enum exit_code code = connect_open(options, &connection);
    if (code == EXIT_CODE_OK) {
        code = print_pages(options, &connection, table);
    }
    if (code == EXIT_CODE_OK && table_print_rows(table) > 0) {
        OWNED(buffer_finish) struct buffer out = {0};
        table_print_append(table, &out);
        tell_out(&out);
    } else if (code == EXIT_CODE_OK && !options_flag(options, "json")) {
        tell("nobody is in doubt");
    }
    connect_close(&connection);
    return code;
}

/* ---------------------------------------------------------------- decisions */

static enum exit_code resolve(const struct options *options,
                              Hikyaku__V1__ResolveUncertainRequest *request)
{
    struct connection connection = {0};
    struct api_result result = {0};
    enum exit_code code = connect_open(options, &connection);
    if (code == EXIT_CODE_OK) {
        code = connect_call(&connection, options, API_METHOD_RESOLVE_UNCERTAIN, &request->base,
                            &result);
    }
    if (code == EXIT_CODE_OK && options_flag(options, "json")) {
        tell_json(result.response);
    } else if (code == EXIT_CODE_OK) {
        const Hikyaku__V1__ResolveUncertainResponse *answer =
            (const Hikyaku__V1__ResolveUncertainResponse *)result.response;
        (void)printf("%u resolved as %s; %s is %s\n", answer->resolved,
                     enum_word(&hikyaku__v1__resolve_as__descriptor, request->as),
                     request->campaign_id,
                     enum_word(&hikyaku__v1__campaign_state__descriptor, answer->state));
    }
    api_client_finish(&result);
    connect_close(&connection);
    return code;
}

static enum exit_code run_as(const struct options *options, Hikyaku__V1__ResolveAs as)
{
    uint32_t indexes[RECIPIENT_INDEXES_MAX];
    Hikyaku__V1__ResolveUncertainRequest request;
    hikyaku__v1__resolve_uncertain_request__init(&request);
    request.campaign_id = borrow(options_positional(options, 0));
    request.as = as;
    request.all = options_flag(options, "all");
    request.reason = borrow(options_text(options, "reason"));
    request.indexes = indexes;
    if (recipient_indexes_read(options, indexes, &request.n_indexes) != 0) {
        return EXIT_CODE_USAGE;
    }
    if (request.all == (request.n_indexes > 0)) {
        tell("give the indexes of recipients, or --all");
        return EXIT_CODE_USAGE;
    }
    return resolve(options, &request);
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
    .words = "CAMPAIGN [INDEX...]",
    .summary = "send again to recipients in doubt: some may get it twice",
    .help = "The second message has the same Message-ID, its events say possible_duplicate. A\n"
            "completed campaign runs again until then.\n"
            "\n"
            "  hikyaku uncertain resend 7RJD8QK7M2N4P6Q8R0S2T4V6W8 17 402\n"
            "  hikyaku uncertain resend 7RJD8QK7M2N4P6Q8R0S2T4V6W8 --all --reason \"bills\"",
    .options = decision_options,
    .minimum_words = 1,
    .maximum_words = 1 + RECIPIENT_INDEXES_MAX,
    .run = run_resend,
};

const struct command uncertain_assume_delivered_command = {
    .name = "uncertain assume-delivered",
    .words = "CAMPAIGN [INDEX...]",
    .summary = "take recipients in doubt for delivered",
    .help = "A bounce or reply that comes later still counts.\n"
            "\n"
            "  hikyaku uncertain assume-delivered 7RJD8QK7M2N4P6Q8R0S2T4V6W8 --all",
    .options = decision_options,
    .minimum_words = 1,
    .maximum_words = 1 + RECIPIENT_INDEXES_MAX,
    .run = run_assume_delivered,
};

const struct command uncertain_bounce_command = {
    .name = "uncertain bounce",
    .words = "CAMPAIGN [INDEX...]",
    .summary = "take recipients in doubt for bounced",
    .help = "  hikyaku uncertain bounce 7RJD8QK7M2N4P6Q8R0S2T4V6W8 17 --reason \"told by phone\"",
    .options = decision_options,
    .minimum_words = 1,
    .maximum_words = 1 + RECIPIENT_INDEXES_MAX,
    .run = run_bounce,
};
