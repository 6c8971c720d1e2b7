/* audit report: a quarter for auditors. */
#include "cli/audit_summary.h"
#include "cli/commands/audit_lines.h"
#include "cli/commands/commands.h"
#include "cli/connect.h"
#include "cli/enum_word.h"
#include "cli/format.h"
#include "cli/table_print.h"
#include "cli/tell.h"

static bool on_line(void *context, const char *place, struct text line)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct audit_entry entry;
    (void)place;
    if (audit_entry_read(line, arena, &entry) == 0) {
        audit_summary_add(context, &entry);
    }
    return true;
}

/* Keys that nobody uses are doors that nobody watches. */
static void append_unused(const Hikyaku__V1__ListKeysResponse *list, struct buffer *out)
{
    OWNED(table_print_destroy)
    struct table_print *table = table_print_create("KEY,PRINCIPAL,STATE,USED,NOTE");
    char text[FORMAT_BYTES];
    for (size_t i = 0; i < list->n_keys; i++) {
        const Hikyaku__V1__ApiKey *key = list->keys[i];
        bool is_dead = key->state == HIKYAKU__V1__KEY_STATE__KEY_STATE_REVOKED ||
                       key->state == HIKYAKU__V1__KEY_STATE__KEY_STATE_EXPIRED;
        bool is_unused =
            key->used_unix_ms == 0 || key->state == HIKYAKU__V1__KEY_STATE__KEY_STATE_UNUSED;
        if (is_unused && !is_dead) {
            table_print_cell(table, text_of(key->key_id));
            table_print_cell(table, text_of(key->principal));
            table_print_cell(table,
                             text_of(enum_word(&hikyaku__v1__key_state__descriptor, key->state)));
            table_print_cell(table, text_of(format_time(key->used_unix_ms, text)));
            table_print_cell(table, text_of(key->note));
        }
    }
    buffer_printf(out, "\nkeys that are not used: %zu\n", table_print_rows(table));
    if (table_print_rows(table) > 0) {
        table_print_append(table, out);
    }
}

static enum exit_code take_keys(const struct options *options, struct buffer *out)
{
    struct connection connection = {0};
    struct api_result result = {0};
    Hikyaku__V1__ListKeysRequest request;
    hikyaku__v1__list_keys_request__init(&request);
    enum exit_code code = connect_open(options, &connection);
    if (code == EXIT_CODE_OK) {
        code = connect_call(&connection, options, API_METHOD_LIST_KEYS, &request.base, &result);
    }
    if (code == EXIT_CODE_OK) {
        append_unused((const Hikyaku__V1__ListKeysResponse *)result.response, out);
    }
    api_client_finish(&result);
    connect_close(&connection);
    return code;
}

static enum exit_code run(const struct options *options)
{
    const char *quarter = options_text(options, "quarter");
    int64_t since_ms;
    int64_t until_ms;
    OWNED(buffer_finish) struct buffer out = {0};
    if (quarter == NULL || audit_summary_quarter(text_of(quarter), &since_ms, &until_ms) != 0) {
        tell("--quarter: needs a quarter such as 2026-Q4 (UTC)");
        return EXIT_CODE_USAGE;
    }
    bool has_files = options_positional_count(options) > 0;
    OWNED(audit_summary_destroy)
    struct audit_summary *summary = audit_summary_create(since_ms, until_ms);
    enum exit_code code = has_files ? audit_lines_of_files(options, on_line, summary)
                                    : audit_lines_of_cluster(options, false, on_line, summary);
    if (code == EXIT_CODE_OK) {
        audit_summary_append(summary, &out);
        code = has_files ? EXIT_CODE_OK : take_keys(options, &out);
    }
    if (code == EXIT_CODE_OK) {
        tell_out(&out);
    }
    return code;
}

static const struct option_spec report_options[] = {
    {"quarter", "YYYY-Qn", "which quarter, in UTC", .kind = OPTION_TEXT},
    {.name = NULL},
};

const struct command audit_report_command = {
    .name = "audit report",
    .words = "[FILE..]",
    .summary = "a quarter: who called, what was refused, who changed access, who overrode",
    .help =
        "From what Redis has, with the keys that are not used; or from the coordinators' files,\n"
        "which reach back further. Verify these first.\n"
        "\n"
        "  hikyaku audit report --quarter 2026-Q4\n"
        "  hikyaku audit report --quarter 2026-Q3 /var/lib/hikyaku/audit/audit-2026-*.jsonl",
    .options = report_options,
    .minimum_words = 0,
    .maximum_words = 1000,
    .run = run,
};
