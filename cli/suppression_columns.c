#include "cli/suppression_columns.h"

#include "cli/enum_word.h"
#include "cli/format.h"

#include <errno.h>
#include <stdio.h>

#define REASON(name) HIKYAKU__V1__SUPPRESSION_REASON__SUPPRESSION_REASON_##name
#define TIME_BYTES 40

static int column_of(const struct csv_row *row, const char *name)
{
    for (size_t i = 0; i < row->count && i < CSV_READER_COLUMNS_MAX; i++) {
        if (text_equal_nocase(text_trim(row->fields[i]), text_of(name))) {
            return (int)i;
        }
    }
    return -1;
}

static int first_of(int one, int other)
{
    return one >= 0 ? one : other;
}

/* What a file with a column `email` lists. */
static void find_sendgrid(const struct csv_row *first, struct suppression_columns *columns)
{
    bool has_reason = column_of(first, "reason") >= 0;
    columns->address = column_of(first, "email");
    columns->status = has_reason ? column_of(first, "status") : -1;
    if (has_reason) {
        columns->shape = columns->status >= 0 ? "SendGrid (bounces)" : "SendGrid (invalid)";
        columns->reason = REASON(HARD_BOUNCE);
    } else if (column_of(first, "ip") >= 0) {
        columns->shape = "SendGrid (spam reports)";
        columns->reason = REASON(COMPLAINT);
    } else {
        columns->shape = "SendGrid (unsubscribes)";
        columns->reason = REASON(UNSUBSCRIBE);
    }
}

static void find_shape(const struct csv_row *first, struct suppression_columns *columns)
{
    int hash = column_of(first, "address_hash");
    int ses = column_of(first, "EmailAddress");
    int rcpt = column_of(first, "rcpt");
    if (hash >= 0) {
        columns->shape = "Hikyaku";
        columns->is_hash = true;
        columns->address = hash;
        columns->reason_column = column_of(first, "reason");
        columns->expires = column_of(first, "expires");
    } else if (ses >= 0) {
        columns->shape = "SES";
        columns->address = ses;
        columns->reason_column = column_of(first, "Reason");
    } else if (rcpt >= 0 && column_of(first, "type") >= 0) {
        columns->shape = "PowerMTA";
        columns->address = rcpt;
        columns->type = column_of(first, "type");
        columns->bounce_cat = column_of(first, "bounceCat");
        columns->reason = REASON(HARD_BOUNCE);
    } else if (column_of(first, "email") >= 0) {
        find_sendgrid(first, columns);
    } else if (column_of(first, "address") >= 0) {
        columns->shape = "addresses";
        columns->address = column_of(first, "address");
    }
}

int suppression_columns_find(const struct csv_row *first, struct suppression_columns *ret_columns,
                             struct problem *problem)
{
    struct suppression_columns columns = {.has_header = true,
                                          .address = -1,
                                          .reason_column = -1,
                                          .expires = -1,
                                          .status = -1,
                                          .type = -1,
                                          .bounce_cat = -1};
    columns.at =
        first_of(first_of(column_of(first, "created"), column_of(first, "at")),
                 first_of(column_of(first, "LastUpdateTime"), column_of(first, "timeLogged")));
    find_shape(first, &columns);
    struct text head = first->fields[0];
    if (columns.address < 0 && text_find(head, '@') < head.size) {
        columns.shape = first->count > 1 ? "SES (import form)" : "addresses";
        columns.has_header = false;
        columns.address = 0;
        columns.reason_column = first->count > 1 ? 1 : -1;
    }
    if (columns.address < 0) {
        problem_set(problem, "header", "csv_header",
                    "is of no system that is known: the first row must name a column address_hash, "
                    "EmailAddress, email, rcpt (with type) or address");
        return -EINVAL;
    }
    *ret_columns = columns;
    return 0;
}

/* ------------------------------------------------------------------ rows */

static struct text field_of(const struct csv_row *row, int column)
{
    return column >= 0 && (size_t)column < row->count ? text_trim(row->fields[column]) : TEXT("");
}

/* Unix seconds, or a time: without an offset it is UTC; PowerMTA's has no colon in its own. */
static int read_time(struct text given, int64_t *ret_unix_ms, struct problem *problem)
{
    char text[TIME_BYTES];
    uint64_t seconds = 0;
    if (given.size == 0 || text_to_u64(given, INT64_MAX / 1000, &seconds) == 0) {
        *ret_unix_ms = (int64_t)seconds * 1000;
        return 0;
    }
    if (given.size < sizeof text - 2) {
        char sign = given.size > 5 ? given.data[given.size - 5] : '\0';
        bool has_plain_offset = given.size > 16 && (sign == '+' || sign == '-');
        struct text head = {given.data, given.size - (has_plain_offset ? 2 : 0)};
        struct text tail = text_skip(given, head.size);
        (void)snprintf(text, sizeof text, "%.*s%s%.*s", TEXT_PRINT(head),
                       has_plain_offset ? ":" : "", TEXT_PRINT(tail));
        if (format_parse_time(text_of(text), ret_unix_ms) == 0) {
            return 0;
        }
        (void)snprintf(text, sizeof text, "%.*sZ", TEXT_PRINT(given));
        if (format_parse_time(text_of(text), ret_unix_ms) == 0) {
            return 0;
        }
    }
    problem_set(problem, "time", "csv_time",
                "must be Unix seconds, or a time such as 2026-11-25T09:00:00Z");
    return -EINVAL;
}

static int read_reason(const struct suppression_columns *columns, struct text word,
                       Hikyaku__V1__SuppressionReason *ret_reason, struct problem *problem)
{
    int value = (int)columns->reason;
    if (columns->reason_column < 0) {
        *ret_reason = columns->reason;
    } else if (text_equal_nocase(word, TEXT("BOUNCE"))) {
        *ret_reason = REASON(HARD_BOUNCE);
    } else if (enum_word_parse(&hikyaku__v1__suppression_reason__descriptor, word, &value) == 0) {
        *ret_reason = (Hikyaku__V1__SuppressionReason)value;
    } else {
        problem_set(problem, "reason", "csv_reason",
                    "must be BOUNCE, HARD_BOUNCE, COMPLAINT, UNSUBSCRIBE or MANUAL");
        return -EINVAL;
    }
    if (*ret_reason == 0) {
        problem_set(problem, "reason", "csv_reason", "the file does not say it: give --as");
        return -EINVAL;
    }
    return 0;
}

/* Only what says that the mailbox or its domain is no more: other refusals pass. */
static bool is_dead(const struct suppression_columns *columns, const struct csv_row *row)
{
    struct text status = field_of(row, columns->status);
    struct text category = field_of(row, columns->bounce_cat);
    if (columns->type >= 0 && !text_equal(field_of(row, columns->type), TEXT("b"))) {
        return false;
    }
    if (columns->bounce_cat >= 0 && !text_equal(category, TEXT("bad-mailbox"))) {
        return false;
    }
    return columns->status < 0 || text_equal(status, TEXT("5.1.1")) ||
           text_equal(status, TEXT("5.1.2")) || text_equal(status, TEXT("5.1.3")) ||
           text_equal(status, TEXT("5.1.6")) || text_equal(status, TEXT("5.1.10"));
}

int suppression_columns_read(const struct suppression_columns *columns, const struct csv_row *row,
                             Hikyaku__V1__SuppressionReason as, struct suppression_row *ret_row,
                             struct problem *problem)
{
    struct suppression_row read = {.address = field_of(row, columns->address), .reason = as};
    read.is_left_out = !is_dead(columns, row);
    if (!read.is_left_out && read.address.size == 0) {
        problem_set(problem, "address", "csv_address", "is empty");
        return -EINVAL;
    }
    int error = as != 0 ? 0
                        : read_reason(columns, field_of(row, columns->reason_column), &read.reason,
                                      problem);
    error = error == 0 ? read_time(field_of(row, columns->at), &read.at_unix_ms, problem) : error;
    error = error == 0 ? read_time(field_of(row, columns->expires), &read.expires_unix_ms, problem)
                       : error;
    if (error == 0) {
        *ret_row = read;
    }
    return error;
}
