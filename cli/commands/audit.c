/* audit list, export, verify: who did what. */
#include "cli/audit_check.h"
#include "cli/commands/audit_lines.h"
#include "cli/commands/commands.h"
#include "cli/format.h"
#include "cli/table_print.h"
#include "cli/tell.h"

#include <stdio.h>

/* ---------------------------------------------------------------- list, export */

static void add_row(struct table_print *table, const struct audit_entry *entry)
{
    char text[FORMAT_BYTES];
    table_print_cell(table, text_of(format_time(entry->at_unix_ms, text)));
    table_print_cell(table, text_of(entry->principal));
    table_print_cell(table, text_of(entry->key));
    table_print_cell(table, text_of(entry->source));
    table_print_cell(table, text_of(entry->call));
    table_print_format(table, "%llu", (unsigned long long)entry->count);
    table_print_format(table, "%s%s%s", entry->result, entry->rule[0] == '\0' ? "" : " ",
                       entry->rule);
    table_print_format(table, "%s%s%s", entry->target, entry->reason[0] == '\0' ? "" : ": ",
                       entry->reason);
}

static bool on_listed(void *context, const char *place, struct text line)
{
    struct table_print *table = context;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct audit_entry entry;
    (void)place;
    if (audit_entry_read(line, arena, &entry) == 0) {
        add_row(table, &entry);
    }
    return true;
}

static bool on_exported(void *context, const char *place, struct text line)
{
    (void)context;
    (void)place;
    (void)printf("%.*s\n", TEXT_PRINT(line));
    return true;
}

static enum exit_code run_export(const struct options *options)
{
    return audit_lines_of_cluster(options, true, on_exported, NULL);
}

static enum exit_code run_list(const struct options *options)
{
    OWNED(buffer_finish) struct buffer out = {0};
    OWNED(table_print_destroy)
    struct table_print *table =
        table_print_create("TIME,PRINCIPAL,KEY,FROM,CALL,>CALLS,RESULT,WHAT");
    if (options_flag(options, "json")) {
        return run_export(options);
    }
    enum exit_code code = audit_lines_of_cluster(options, true, on_listed, table);
    if (code == EXIT_CODE_OK && table_print_rows(table) > 0) {
        table_print_append(table, &out);
        tell_out(&out);
    } else if (code == EXIT_CODE_OK) {
        tell("there is no such entry");
    }
    return code;
}

/* ---------------------------------------------------------------- verify */

static void on_found(void *context, const char *finding)
{
    (void)context;
    (void)printf("%s\n", finding);
}

static bool on_checked(void *context, const char *place, struct text line)
{
    audit_check_line(context, place, line);
    return true;
}

static enum exit_code run_verify(const struct options *options)
{
    struct audit_check *check =
        audit_check_create(options_flag(options, "partial"), on_found, NULL);
    enum exit_code code = options_positional_count(options) > 0
                              ? audit_lines_of_files(options, on_checked, check)
                              : audit_lines_of_cluster(options, false, on_checked, check);
    if (code == EXIT_CODE_OK) {
        audit_check_end(check);
        struct audit_check_result result = audit_check_result_of(check);
        if (options_flag(options, "json")) {
            (void)printf("{\"entries\":%zu,\"sessions\":%zu,\"unclosed\":%zu,"
                         "\"findings\":%zu}\n",
                         result.entries, result.sessions, result.unclosed, result.findings);
        } else {
            (void)printf("%zu entries of %zu sessions, %zu without an orderly end: %s\n",
                         result.entries, result.sessions, result.unclosed,
                         result.findings == 0 ? "whole and unchanged" : "see above");
        }
        code = result.findings == 0 ? EXIT_CODE_OK : EXIT_CODE_REFUSED;
    }
    audit_check_destroy(&check);
    return code;
}

#define FILTERS                                                                                    \
    {"since", "TIME", "entries from then on, such as 2026-11-28T09:00+09:00",                      \
     .kind = OPTION_TEXT},                                                                         \
        {"until", "TIME", "entries before then", .kind = OPTION_TEXT},                             \
        {"alarms", NULL, "only alarms: unusual uses of keys", .kind = OPTION_FLAG},                \
        {"principal", "NAME", "only what this principal did", .kind = OPTION_TEXT},                \
        {"call", "NAME", "only this call: AccessService/CreateKey", .kind = OPTION_TEXT},          \
    {                                                                                              \
        "result", "CODE", "only with this result: ok, permission_denied, ...", .kind = OPTION_TEXT \
    }

static const struct option_spec list_options[] = {
    FILTERS,
    {.name = NULL},
};

static const struct option_spec verify_options[] = {
    {"partial", NULL, "the lines begin somewhere: whole sessions may be missing",
     .kind = OPTION_FLAG},
    {.name = NULL},
};

const struct command audit_list_command = {
    .name = "audit list",
    .words = "",
    .summary = "who did what, from where, with which result",
    .help =
        "What Redis has, about the last 100,000 entries. Calls of which there are many are one\n"
        "entry a minute. Needs audit:read.\n"
        "\n"
        "  hikyaku audit list --since 2026-11-28T00:00+09:00\n"
        "  hikyaku audit list --principal yamada --result permission_denied",
    .options = list_options,
    .minimum_words = 0,
    .maximum_words = 0,
    .run = run_list,
};

const struct command audit_export_command = {
    .name = "audit export",
    .words = "",
    .summary = "the audit log as lines of JSON, as they were chained",
    .help = "  hikyaku audit export > audit.jsonl && hikyaku audit verify audit.jsonl",
    .options = list_options,
    .minimum_words = 0,
    .maximum_words = 0,
    .run = run_export,
};

const struct command audit_verify_command = {
    .name = "audit verify",
    .words = "[FILE..]",
    .summary = "find what was changed, left out, moved or cut off in the audit log",
    .help =
        "Without files it reads what Redis has. Give all files of all coordinators at once, in\n"
        "the order of their days: each coordinator session keeps the ends of the others. Exit\n"
        "code 1: something is wrong, each finding names its place.\n"
        "\n"
        "  hikyaku audit verify /var/lib/hikyaku/audit/audit-2026-11-*.jsonl",
    .options = verify_options,
    .minimum_words = 0,
    .maximum_words = 1000,
    .run = run_verify,
};
