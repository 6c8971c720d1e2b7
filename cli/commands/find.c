/* find: one recipient, by the caller's ref or by Message-ID. */
#include "cli/commands/commands.h"
#include "cli/connect.h"
#include "cli/enum_word.h"
#include "cli/format.h"
#include "cli/table_print.h"
#include "cli/tell.h"

static void print(const Hikyaku__V1__FindRecipientsResponse *answer)
{
    OWNED(buffer_finish) struct buffer out = {0};
    OWNED(table_print_destroy)
    struct table_print *table =
        table_print_create("RECIPIENT,REF,OUTCOME,GATE,>TRIES,REPLY,CLASS,NEXT TRY");
    char text[FORMAT_BYTES];
    for (size_t i = 0; i < answer->n_recipients; i++) {
        const Hikyaku__V1__FoundRecipient *found = answer->recipients[i];
        table_print_format(table, "%s/%u", found->campaign_id, found->index);
        table_print_cell(table, text_of(found->ref));
        table_print_format(table, "%s%s",
                           enum_word(&hikyaku__v1__outcome__descriptor, found->outcome),
                           found->possible_duplicate ? " (possible duplicate)" : "");
        table_print_cell(table,
                         text_of(found->gate == HIKYAKU__V1__GATE__GATE_NONE
                                     ? "-"
                                     : enum_word(&hikyaku__v1__gate__descriptor, found->gate)));
        table_print_format(table, "%u", found->attempts);
        if (found->smtp_code == 0) {
            table_print_cell(table, TEXT("-"));
        } else {
            table_print_format(table, "%u %s", found->smtp_code, found->enhanced_code);
        }
        table_print_cell(table, text_of(found->reply_class));
        table_print_cell(table, text_of(format_time(found->next_attempt_unix_ms, text)));
    }
    table_print_append(table, &out);
    tell_out(&out);
}

static enum exit_code find(const struct options *options, const struct connection *connection)
{
    Hikyaku__V1__FindRecipientsRequest request;
    struct api_result result;
    const char *ref = options_text(options, "ref");
    const char *campaign = options_text(options, "campaign");
    hikyaku__v1__find_recipients_request__init(&request);
    request.campaign_id = arena_printf(connection->arena, "%s", campaign == NULL ? "" : campaign);
    request.limit = (uint32_t)options_number(options, "limit", 20);
    if (ref != NULL) {
        request.by_case = HIKYAKU__V1__FIND_RECIPIENTS_REQUEST__BY_REF;
        request.ref = arena_printf(connection->arena, "%s", ref);
    } else {
        request.by_case = HIKYAKU__V1__FIND_RECIPIENTS_REQUEST__BY_MESSAGE_ID;
        request.message_id =
            arena_printf(connection->arena, "%s", options_text(options, "message-id"));
    }
    enum exit_code code =
        connect_call(connection, options, API_METHOD_FIND_RECIPIENTS, &request.base, &result);
    if (code == EXIT_CODE_OK) {
        const Hikyaku__V1__FindRecipientsResponse *answer =
            (const Hikyaku__V1__FindRecipientsResponse *)result.response;
        if (options_flag(options, "json")) {
            tell_json(result.response);
        } else if (answer->n_recipients > 0) {
            print(answer);
        }
        if (answer->n_recipients == 0) {
            tell("no such recipient");
            code = EXIT_CODE_REFUSED;
        }
    }
    api_client_finish(&result);
    return code;
}

static enum exit_code run(const struct options *options)
{
    struct connection connection = {0};
    bool has_ref = options_text(options, "ref") != NULL;
    bool has_message_id = options_text(options, "message-id") != NULL;
    if (has_ref == has_message_id) {
        tell("give either --ref (with --campaign) or --message-id");
        return EXIT_CODE_USAGE;
    }
    if (has_ref && options_text(options, "campaign") == NULL) {
        tell("--ref: needs --campaign too");
        return EXIT_CODE_USAGE;
    }
    enum exit_code code = connect_open(options, &connection);
    if (code == EXIT_CODE_OK) {
        code = find(options, &connection);
    }
    connect_close(&connection);
    return code;
}

static const struct option_spec option_table[] = {
    {"ref", "REF", "your own name of the recipient", .kind = OPTION_TEXT},
    {"campaign", "CAMPAIGN", "the campaign in which to look for the ref", .kind = OPTION_TEXT},
    {"message-id", "ID", "the Message-ID of a mail, with or without < >", .kind = OPTION_TEXT},
    {"limit", "N", "at most so many (20)", .maximum = 100, .kind = OPTION_NUMBER},
    {.name = NULL},
};

const struct command find_command = {
    .name = "find",
    .words = "",
    .summary = "what became of one recipient",
    .help = "Exit code 1 when there is none.\n"
            "\n"
            "  hikyaku find --ref cust-4471 --campaign 7RJD8QK7M2N4P6Q8R0S2T4V6W8\n"
            "  hikyaku find --message-id '<01hk...@shop.example.jp>'",
    .options = option_table,
    .minimum_words = 0,
    .maximum_words = 0,
    .run = run,
};
