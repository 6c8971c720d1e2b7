/* preview: the message that one recipient would get. */
#include "cli/campaign_file.h"
#include "cli/commands/commands.h"
#include "cli/connect.h"
#include "cli/recipients_file.h"
#include "cli/tell.h"
#include "common/security/identity.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_ROW = 2, ROW_FOUND = 1 };

/* Look for one row of the recipients' file. */
struct search {
    struct recipient_columns *columns;
    struct arena *arena;
    uint64_t row; /* as a spreadsheet numbers it */
    Hikyaku__V1__Recipient *recipient;
};

static int on_row(void *context, const struct csv_row *row, struct problem *problem)
{
    struct search *search = context;
    if (search->columns == NULL) {
        return recipient_columns_create(row, &search->columns, problem);
    }
    if (row->row != search->row) {
        return 0;
    }
    recipient_columns_fill(search->columns, row, search->arena, search->recipient);
    return ROW_FOUND;
}

static enum exit_code read_recipient(const struct options *options, struct arena *arena,
                                     Hikyaku__V1__Recipient *recipient)
{
    const char *path = options_text(options, "csv");
    const char *to = options_text(options, "to");
    struct recipients_file file;
    struct problem problem = {0};
    hikyaku__v1__recipient__init(recipient);
    if (path == NULL) {
        recipient->address = arena_printf(arena, "%s", to == NULL ? "someone@example.com" : to);
        return EXIT_CODE_OK;
    }
    struct search search = {
        .arena = arena,
        .row = options_number(options, "row", FIRST_ROW),
        .recipient = recipient,
    };
    int found = recipients_file_look(path, NULL, &file, &problem);
    if (found == 0) {
        found = recipients_file_read(&file, on_row, &search, &problem);
    }
    recipient_columns_destroy(&search.columns);
    if (found == ROW_FOUND) {
        return EXIT_CODE_OK;
    }
    if (found == 0) {
        tell("%s: has no row %llu (the header is row 1)", path, (unsigned long long)search.row);
    } else {
        tell("%s: %s%s%s", path, problem.field, problem.field[0] == '\0' ? "" : ": ",
             problem.message);
    }
    return EXIT_CODE_BAD_FILE;
}

static void print(const struct options *options, const Hikyaku__V1__PreviewMessageResponse *answer)
{
    for (size_t i = 0; i < answer->n_warnings; i++) {
        tell("warning %s: %s: %s", answer->warnings[i]->id, answer->warnings[i]->field,
             answer->warnings[i]->message);
    }
    if (options_flag(options, "json")) {
        tell_json(&answer->base);
    } else if (options_flag(options, "eml")) {
        (void)fwrite(answer->message.data, 1, answer->message.len, stdout);
    } else {
        (void)printf("Subject: %s\n\n%s\n", answer->subject, answer->text);
        if (answer->html[0] != '\0') {
            (void)printf("(%zu bytes of HTML: --eml or --json shows it)\n", strlen(answer->html));
        }
    }
}

/* What is shown: a file, or a campaign that exists. */
struct source {
    const char *word;
    struct campaign_file file;
    bool is_campaign; /* `word` is its id; `file` is empty */
};

/* A file named like an id is a file all the same. */
static enum exit_code read_source(const char *word, struct arena *arena, struct source *ret_source)
{
    unsigned char id[IDENTITY_CAMPAIGN_BYTES];
    struct config_errors errors = {.file = word};
    *ret_source = (struct source){.word = word};
    ret_source->is_campaign =
        access(word, F_OK) != 0 && identity_campaign_from_text(text_of(word), id) == 0;
    if (!ret_source->is_campaign &&
        campaign_file_read(word, arena, &errors, &ret_source->file) != 0) {
        return tell_file(&errors);
    }
    return EXIT_CODE_OK;
}

static void fill_source(const struct source *source, struct arena *arena,
                        Hikyaku__V1__PreviewMessageRequest *request)
{
    if (source->is_campaign) {
        request->source_case = HIKYAKU__V1__PREVIEW_MESSAGE_REQUEST__SOURCE_CAMPAIGN_ID;
        request->campaign_id = arena_printf(arena, "%s", source->word);
        return;
    }
    request->source_case = HIKYAKU__V1__PREVIEW_MESSAGE_REQUEST__SOURCE_DRAFT;
    request->draft = source->file.request;
    if (request->draft->idempotency_key[0] == '\0') {
        request->draft->idempotency_key = arena_printf(arena, "preview");
    }
}

static enum exit_code preview(const struct options *options, const struct connection *connection,
                              const struct source *source, Hikyaku__V1__Recipient *recipient)
{
    Hikyaku__V1__PreviewMessageRequest request;
    struct api_result result;
    hikyaku__v1__preview_message_request__init(&request);
    fill_source(source, connection->arena, &request);
    request.recipient = recipient;
    enum exit_code code = EXIT_CODE_OK;
    api_client_call(connection->client, API_METHOD_PREVIEW_MESSAGE, &request.base, &result);
    if (result.status == API_STATUS_OK) {
        print(options, (const Hikyaku__V1__PreviewMessageResponse *)result.response);
    } else if (source->is_campaign) {
        code = tell_result(options, &result);
    } else {
        code = tell_campaign(options, source->word, &source->file, &result);
    }
    api_client_finish(&result);
    return code;
}

static enum exit_code run(const struct options *options)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct source source;
    struct connection connection = {0};
    Hikyaku__V1__Recipient recipient;
    enum exit_code code = read_source(options_positional(options, 0), arena, &source);
    if (code == EXIT_CODE_OK) {
        code = read_recipient(options, arena, &recipient);
    }
    if (code == EXIT_CODE_OK) {
        code = connect_open(options, &connection);
    }
    if (code == EXIT_CODE_OK) {
        code = preview(options, &connection, &source, &recipient);
    }
    connect_close(&connection);
    return code;
}

static const struct option_spec option_table[] = {
    {"csv", "FILE", "take the recipient from this file", .kind = OPTION_TEXT},
    {"row", "N", "its row; the header is row 1 (2)", .maximum = UINT32_MAX, .kind = OPTION_NUMBER},
    {"to", "ADDRESS", "without a file: for this address, with the default fields",
     .kind = OPTION_TEXT},
    {"eml", NULL, "the whole message as it would be sent, without signature", .kind = OPTION_FLAG},
    {.name = NULL},
};

const struct command preview_command = {
    .name = "preview",
    .words = "FILE.yaml|CAMPAIGN",
    .summary = "the message that one recipient would get; sends nothing",
    .help = "  hikyaku preview spring.yaml --csv customers.csv --row 88\n"
            "  hikyaku preview 06FMRX1S0C8W9T5V3E7H2K4N6P --csv customers.csv\n"
            "  hikyaku preview spring.yaml --csv customers.csv --eml > sample.eml",
    .options = option_table,
    .minimum_words = 1,
    .maximum_words = 1,
    .run = run,
};
