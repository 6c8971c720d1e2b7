#include "cli/audit_summary.h"

#include "cli/format.h"
#include "cli/table_print.h"
#include "common/base/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Calls of one principal, or refusals of one kind. */
struct tally {
    char *name;
    uint64_t calls;
    uint64_t refused;
    int64_t last_unix_ms;
};

enum list { LIST_ACCESS, LIST_OVERRIDES, LIST_COUNT };

struct audit_summary {
    int64_t since_unix_ms;
    int64_t until_unix_ms;
    struct table *principals; /* of struct tally */
    struct table *refusals;
    struct table_print *lists[LIST_COUNT];
    uint64_t listed[LIST_COUNT];
    uint64_t opened; /* coordinator sessions */
    uint64_t closed;
    uint64_t lost;
};

/* Calls that change who may do what, and those by which a person overrides what the cluster would
 * do. */
static const char *const access_calls[] = {"AccessService/PutPrincipal", "AccessService/CreateKey",
                                           "AccessService/RotateKey", "AccessService/RevokeKey",
                                           NULL};
static const char *const override_calls[] = {"FleetService/Stop",
                                             "FleetService/Start",
                                             "FleetService/SetThrottle",
                                             "FleetService/SuspendPath",
                                             "FleetService/ResumePath",
                                             "FleetService/SetWarmup",
                                             "FleetService/ChangeWarmup",
                                             "FleetService/ResumeRestored",
                                             "CampaignService/CancelCampaign",
                                             "CampaignService/ResolveUncertain",
                                             "CampaignService/ResolveQuarantine",
                                             NULL};

struct audit_summary *audit_summary_create(int64_t since_unix_ms, int64_t until_unix_ms)
{
    struct audit_summary *summary = xalloc_zero(1, sizeof *summary);
    summary->since_unix_ms = since_unix_ms;
    summary->until_unix_ms = until_unix_ms;
    summary->principals = table_create();
    summary->refusals = table_create();
    for (size_t i = 0; i < LIST_COUNT; i++) {
        summary->lists[i] = table_print_create("TIME,PRINCIPAL,CALL,RESULT,WHAT");
    }
    return summary;
}

static void drop_tallies(struct table **table)
{
    struct table_walk walk;
    for (struct tally *tally = table_first(*table, &walk); tally != NULL;
         tally = table_next(&walk)) {
        free(tally->name);
        free(tally);
    }
    table_destroy(table);
}

void audit_summary_destroy(struct audit_summary **summary)
{
    if (*summary == NULL) {
        return;
    }
    drop_tallies(&(*summary)->principals);
    drop_tallies(&(*summary)->refusals);
    for (size_t i = 0; i < LIST_COUNT; i++) {
        table_print_destroy(&(*summary)->lists[i]);
    }
    free(*summary);
    *summary = NULL;
}

/* ------------------------------------------------------------------ adding */

static void count(struct table *table, const char *name, const struct audit_entry *entry)
{
    struct tally *tally = table_get(table, text_of(name));
    if (tally == NULL) {
        tally = xalloc_zero(1, sizeof *tally);
        tally->name = xalloc_string(name);
        (void)table_put(table, text_of(name), tally);
    }
    tally->calls += entry->count;
    tally->refused += strcmp(entry->result, "ok") == 0 ? 0 : entry->count;
    if (entry->at_unix_ms > tally->last_unix_ms) {
        tally->last_unix_ms = entry->at_unix_ms;
    }
}

static void list(struct audit_summary *summary, enum list which, const struct audit_entry *entry)
{
    char text[FORMAT_BYTES];
    struct table_print *table = summary->lists[which];
    if (summary->listed[which]++ >= AUDIT_SUMMARY_LISTED_MAX) {
        return;
    }
    table_print_cell(table, text_of(format_time(entry->at_unix_ms, text)));
    table_print_cell(table, text_of(entry->principal));
    table_print_cell(table, text_of(entry->call));
    table_print_format(table, "%s%s%s", entry->result, entry->rule[0] == '\0' ? "" : " ",
                       entry->rule);
    table_print_format(table, "%s%s%s", entry->target, entry->reason[0] == '\0' ? "" : ": ",
                       entry->reason);
}

static bool is_among(const char *const *calls, const char *call)
{
    while (*calls != NULL && strcmp(*calls, call) != 0) {
        calls++;
    }
    return *calls != NULL;
}

static void add_call(struct audit_summary *summary, const struct audit_entry *entry)
{
    bool is_refused = strcmp(entry->result, "ok") != 0;
    count(summary->principals, entry->principal[0] == '\0' ? "(key refused)" : entry->principal,
          entry);
    if (is_refused) {
        count(summary->refusals, entry->rule[0] == '\0' ? entry->result : entry->rule, entry);
    }
    if (is_among(access_calls, entry->call)) {
        list(summary, LIST_ACCESS, entry);
    } else if (is_among(override_calls, entry->call)) {
        list(summary, LIST_OVERRIDES, entry);
    }
}

void audit_summary_add(struct audit_summary *summary, const struct audit_entry *entry)
{
    if (entry->at_unix_ms < summary->since_unix_ms || entry->at_unix_ms >= summary->until_unix_ms) {
        return;
    }
    if (strcmp(entry->call, "audit.opened") == 0) {
        summary->opened++;
    } else if (strcmp(entry->call, "audit.closed") == 0) {
        summary->closed++;
    } else if (strcmp(entry->call, "audit.lost") == 0) {
        summary->lost += entry->count;
    } else if (strcmp(entry->call, "audit.anchored") != 0) {
        add_call(summary, entry);
    }
}

/* ------------------------------------------------------------------ telling */

static int compare_tallies(const void *a, const void *b)
{
    const struct tally *left = *(const struct tally *const *)a;
    const struct tally *right = *(const struct tally *const *)b;
    return strcmp(left->name, right->name);
}

/* By name. The caller frees it. */
static const struct tally **sorted(const struct table *table)
{
    const struct tally **tallies = xalloc_zero(table_count(table) + 1, sizeof(void *));
    struct table_walk walk;
    size_t filled = 0;
    for (struct tally *tally = table_first(table, &walk); tally != NULL;
         tally = table_next(&walk)) {
        tallies[filled++] = tally;
    }
    qsort(tallies, filled, sizeof(void *), compare_tallies);
    return tallies;
}

static void append_tallies(const struct table *table, const char *headings, bool has_last,
                           struct buffer *out)
{
    char text[FORMAT_BYTES];
    OWNED(table_print_destroy) struct table_print *screen = table_print_create(headings);
    const struct tally **tallies = sorted(table);
    for (const struct tally **at = tallies; *at != NULL; at++) {
        table_print_cell(screen, text_of((*at)->name));
        table_print_cell(screen, text_of(format_count((*at)->calls, text)));
        if (has_last) {
            table_print_cell(screen, text_of(format_count((*at)->refused, text)));
            table_print_cell(screen, text_of(format_time((*at)->last_unix_ms, text)));
        }
    }
    table_print_append(screen, out);
    free(tallies);
}

static void append_list(const struct audit_summary *summary, enum list which, const char *title,
                        struct buffer *out)
{
    buffer_printf(out, "\n%s: %llu\n", title, (unsigned long long)summary->listed[which]);
    if (summary->listed[which] > 0) {
        table_print_append(summary->lists[which], out);
    }
    if (summary->listed[which] > AUDIT_SUMMARY_LISTED_MAX) {
        buffer_printf(out, "and %llu more\n",
                      (unsigned long long)(summary->listed[which] - AUDIT_SUMMARY_LISTED_MAX));
    }
}

void audit_summary_append(const struct audit_summary *summary, struct buffer *out)
{
    char text[FORMAT_BYTES];
    buffer_printf(out, "from %s", format_time(summary->since_unix_ms, text));
    buffer_printf(out, " to %s\n\nwho called\n", format_time(summary->until_unix_ms, text));
    append_tallies(summary->principals, "PRINCIPAL,>CALLS,>REFUSED,LAST", true, out);
    if (table_count(summary->refusals) > 0) {
        buffer_append_string(out, "\nwhat was refused\n");
        append_tallies(summary->refusals, "RULE,>CALLS", false, out);
    }
    append_list(summary, LIST_ACCESS, "changes of principals and keys", out);
    append_list(summary, LIST_OVERRIDES, "decisions of persons over what the cluster does", out);
    buffer_printf(out,
                  "\nthe log: %llu coordinator sessions began, %llu ended in order, %llu entries "
                  "lost\n",
                  (unsigned long long)summary->opened, (unsigned long long)summary->closed,
                  (unsigned long long)summary->lost);
}

static int64_t first_of_month(int year, int month)
{
    struct tm day = {.tm_year = year - 1900, .tm_mon = month, .tm_mday = 1};
    return (int64_t)timegm(&day) * 1000;
}

int audit_summary_quarter(struct text text, int64_t *ret_since_unix_ms, int64_t *ret_until_unix_ms)
{
    uint64_t year = 0;
    uint64_t quarter = 0;
    bool is_quarter = text.size == 7 && text.data[4] == '-' && text.data[5] == 'Q' &&
                      text_to_u64((struct text){text.data, 4}, 9999, &year) == 0 &&
                      text_to_u64(text_skip(text, 6), 4, &quarter) == 0 && year >= 1970 &&
                      quarter >= 1;
    if (!is_quarter) {
        return -EINVAL;
    }
    int month = ((int)quarter - 1) * 3;
    *ret_since_unix_ms = first_of_month((int)year, month);
    *ret_until_unix_ms = first_of_month((int)year, month + 3);
    return 0;
}
