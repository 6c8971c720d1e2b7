/* person export: all that the cluster keeps of one person. */
#include "cli/commands/commands.h"
#include "cli/connect.h"
#include "cli/enum_word.h"
#include "cli/format.h"
#include "cli/message_string.h"
#include "cli/table_print.h"
#include "cli/tell.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* How it is printed, and what was found so far. */
struct export
{
    const struct options *options;
    struct table_print *table; /* owned; NULL: --json or --csv */
    uint64_t records;
    uint64_t campaigns;
    uint64_t unreadable;
    uint64_t left_out;
};

static const char *const columns[] = {
    "campaign", "campaign_name", "from_domain", "created",          "index",          "ref",
    "outcome",  "attempts",      "smtp_code",   "address",          "display_name",   "lang",
    "fields",   "consent_basis", "consent_at",  "consent_evidence", "consent_purpose"};
#define COLUMNS (sizeof columns / sizeof columns[0])

/* RFC 4180; a value that a spreadsheet would take for a formula gets a quote before it. */
static void append_cell(const char *value, struct buffer *out)
{
    buffer_append_byte(out, '"');
    if (value[0] != '\0' && strchr("=+-@\t\r", value[0]) != NULL) {
        buffer_append_byte(out, '\'');
    }
    for (; *value != '\0'; value++) {
        if (*value == '"') {
            buffer_append_byte(out, '"');
        }
        buffer_append_byte(out, *value);
    }
    buffer_append_byte(out, '"');
}

static void append_row(const char *const *values, size_t count, struct buffer *out)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            buffer_append_byte(out, ',');
        }
        append_cell(values[i], out);
    }
    buffer_append_string(out, "\r\n");
}

static void append_record(const Hikyaku__V1__PersonRecord *record, struct buffer *out)
{
    const Hikyaku__V1__FoundRecipient *found = record->recipient;
    const Hikyaku__V1__Consent *consent = record->consent;
    char created[FORMAT_BYTES];
    char agreed[FORMAT_BYTES] = "";
    char numbers[3][16];
    (void)snprintf(numbers[0], sizeof numbers[0], "%" PRIu32, found->index);
    (void)snprintf(numbers[1], sizeof numbers[1], "%" PRIu32, found->attempts);
    (void)snprintf(numbers[2], sizeof numbers[2], "%" PRIu32, found->smtp_code);
    format_time(record->created_unix_ms, created);
    if (consent != NULL) {
        format_time(consent->at_unix_ms, agreed);
    }
    const char *const values[COLUMNS] = {
        found->campaign_id,
        record->campaign_name,
        record->from_domain,
        created,
        numbers[0],
        found->ref,
        enum_word(&hikyaku__v1__outcome__descriptor, found->outcome),
        numbers[1],
        numbers[2],
        record->address,
        record->display_name,
        record->lang,
        record->fields,
        consent == NULL ? "" : enum_word(&hikyaku__v1__consent_basis__descriptor, consent->basis),
        agreed,
        consent == NULL ? "" : consent->evidence,
        consent == NULL ? "" : consent->purpose,
    };
    append_row(values, COLUMNS, out);
}

static void add_row(struct table_print *table, const Hikyaku__V1__PersonRecord *record)
{
    const Hikyaku__V1__FoundRecipient *found = record->recipient;
    char text[FORMAT_BYTES];
    table_print_format(table, "%s/%u", found->campaign_id, found->index);
    table_print_cell(table, text_of(record->campaign_name));
    table_print_cell(table, text_of(record->from_domain));
    table_print_cell(table, text_of(format_time(record->created_unix_ms, text)));
    table_print_cell(table, text_of(found->ref));
    table_print_cell(table, text_of(enum_word(&hikyaku__v1__outcome__descriptor, found->outcome)));
    table_print_cell(table, text_of(record->address[0] != '\0' ? "address, fields" : "-"));
    table_print_cell(table, text_of(record->consent == NULL
                                        ? "-"
                                        : enum_word(&hikyaku__v1__consent_basis__descriptor,
                                                    record->consent->basis)));
}

static void take_page(struct export *export, const Hikyaku__V1__ExportPersonResponse *page)
{
    OWNED(buffer_finish) struct buffer out = {0};
    export->records += page->n_records;
    export->campaigns += page->campaigns;
    export->unreadable += page->unreadable;
    export->left_out += page->left_out;
    if (options_flag(export->options, "json")) {
        tell_json(&page->base);
        return;
    }
    for (size_t i = 0; i < page->n_records; i++) {
        if (export->table != NULL) {
            add_row(export->table, page->records[i]);
        } else {
            append_record(page->records[i], &out);
        }
    }
    tell_out(&out);
}

static enum exit_code ask_all(struct export *export, const struct connection *connection,
                              const char *address)
{
    Hikyaku__V1__ExportPersonRequest request;
    hikyaku__v1__export_person_request__init(&request);
    request.address = message_string(address);
    request.page_token = message_string("");
    for (;;) {
        struct api_result result;
        enum exit_code code = connect_call(connection, export->options, API_METHOD_EXPORT_PERSON,
                                           &request.base, &result);
        bool is_last = true;
        if (code == EXIT_CODE_OK) {
            const Hikyaku__V1__ExportPersonResponse *page =
                (const Hikyaku__V1__ExportPersonResponse *)result.response;
            take_page(export, page);
            is_last = page->next_page_token[0] == '\0';
            request.page_token = arena_printf(connection->arena, "%s", page->next_page_token);
        }
        api_client_finish(&result);
        if (is_last) {
            return code;
        }
    }
}

static void print_end(struct export *export)
{
    OWNED(buffer_finish) struct buffer out = {0};
    if (export->table != NULL && export->records > 0) {
        table_print_append(export->table, &out);
        tell_out(&out);
    }
    tell("%" PRIu64 " recipients in %" PRIu64 " campaigns looked into; %" PRIu64
         " more cannot be read by anybody: their keys are destroyed",
         export->records, export->campaigns, export->unreadable);
    if (export->left_out > 0) {
        tell("%" PRIu64
             " campaigns or batches could not be looked into now (quarantined, damaged): "
             "ask again when they are released",
             export->left_out);
    }
}

static enum exit_code run_with(const struct options *options, const struct connection *connection)
{
    struct export export = {.options = options};
    OWNED(buffer_finish) struct buffer head = {0};
    bool is_csv = options_flag(options, "csv");
    if (is_csv) {
        append_row(columns, COLUMNS, &head);
        tell_out(&head);
    } else if (!options_flag(options, "json")) {
        export.table =
            table_print_create("RECIPIENT,CAMPAIGN,FROM,CREATED,REF,OUTCOME,KEPT,CONSENT");
    }
    enum exit_code code = ask_all(&export, connection, options_positional(options, 0));
    if (code == EXIT_CODE_OK) {
        print_end(&export);
    }
    table_print_destroy(&export.table);
    return code;
}

static enum exit_code run(const struct options *options)
{
    struct connection connection = {0};
    if (options_flag(options, "csv") && options_flag(options, "json")) {
        tell("give either --csv or --json");
        return EXIT_CODE_USAGE;
    }
    enum exit_code code = connect_open(options, &connection);
    if (code == EXIT_CODE_OK) {
        code = run_with(options, &connection);
    }
    connect_close(&connection);
    return code;
}

static const struct option_spec option_table[] = {
    {"csv", NULL, "as CSV (RFC 4180)", .kind = OPTION_FLAG},
    {.name = NULL},
};

const struct command person_export_command = {
    .name = "person export",
    .words = "ADDRESS",
    .summary = "all that is kept of a person",
    .help = "For who asks what is known of him: every recipient of every campaign that is this\n"
            "address, by name of the campaign, ref, outcome and consent; while mail may still go\n"
            "there, also address, name and fields. Needs person:export; it is in the audit log,\n"
            "without the address.\n"
            "\n"
            "  hikyaku person export taro@example.jp --csv > taro.csv",
    .options = option_table,
    .minimum_words = 1,
    .maximum_words = 1,
    .run = run,
};
