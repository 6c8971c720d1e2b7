/* suppression import, check: files of addresses. */
#include "cli/commands/commands.h"
#include "cli/connect.h"
#include "cli/enum_word.h"
#include "cli/message_string.h"
#include "cli/suppression_columns.h"
#include "cli/tell.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows of one call, and mistakes that are told one by one. */
#define ROWS_MAX 500
#define TOLD_MAX 100
#define BLOCK_BYTES 65536

/* A file on its way: rows are gathered for one call, then sent. */
struct reading {
    const struct options *options;
    struct connection connection;
    struct suppression_columns columns;
    struct arena *arena; /* of the rows gathered */
    Hikyaku__V1__SuppressionReason as;
    bool is_check;
    bool is_begun;
    enum exit_code code;
    size_t count;
    uint64_t lines[ROWS_MAX];
    char *addresses[ROWS_MAX];
    Hikyaku__V1__NewSuppression entries[ROWS_MAX];
    Hikyaku__V1__NewSuppression *list[ROWS_MAX];
    uint64_t rows;
    uint64_t added;
    uint64_t known;
    uint64_t lifted;
    uint64_t left_out;
    uint64_t refused;
    uint64_t found;
};

static void tell_refused(struct reading *reading, uint64_t line, const char *rule,
                         const char *message)
{
    if (++reading->refused <= TOLD_MAX) {
        tell("line %" PRIu64 ": %s (%s)", line, message, rule);
    }
}

static enum exit_code send_import(struct reading *reading)
{
    Hikyaku__V1__AddSuppressionsRequest request;
    struct api_result result;
    hikyaku__v1__add_suppressions_request__init(&request);
    request.stream = message_string(options_text(reading->options, "stream"));
    request.entries = reading->list;
    request.n_entries = reading->count;
    request.is_import = true;
    enum exit_code code = connect_call(&reading->connection, reading->options,
                                       API_METHOD_ADD_SUPPRESSIONS, &request.base, &result);
    if (code == EXIT_CODE_OK) {
        const Hikyaku__V1__AddSuppressionsResponse *answer =
            (const Hikyaku__V1__AddSuppressionsResponse *)result.response;
        reading->added += answer->added;
        reading->known += answer->known;
        reading->lifted += answer->lifted;
        for (size_t i = 0; i < answer->n_rejected; i++) {
            const Hikyaku__V1__Rejected *one = answer->rejected[i];
            uint64_t line = one->index < reading->count ? reading->lines[one->index] : 0;
            tell_refused(reading, line, one->rule, one->message);
        }
    }
    api_client_finish(&result);
    return code;
}

static void print_hits(struct reading *reading,
                       const Hikyaku__V1__CheckSuppressionsResponse *answer)
{
    for (size_t i = 0; i < answer->n_suppressions; i++) {
        const Hikyaku__V1__Suppression *one = answer->suppressions[i];
        if (one->index < reading->count && !one->lifted) {
            reading->found++;
            (void)printf("%" PRIu64 ",%s,%s,%s\n", reading->lines[one->index],
                         reading->addresses[one->index], one->stream,
                         enum_word(&hikyaku__v1__suppression_reason__descriptor, one->reason));
        }
    }
    for (size_t i = 0; i < answer->n_rejected; i++) {
        const Hikyaku__V1__Rejected *one = answer->rejected[i];
        uint64_t line = one->index < reading->count ? reading->lines[one->index] : 0;
        tell_refused(reading, line, one->rule, one->message);
    }
}

static enum exit_code send_check(struct reading *reading)
{
    Hikyaku__V1__CheckSuppressionsRequest request;
    struct api_result result;
    hikyaku__v1__check_suppressions_request__init(&request);
    request.stream = message_string(options_text(reading->options, "stream"));
    request.addresses = reading->columns.is_hash ? NULL : reading->addresses;
    request.n_addresses = reading->columns.is_hash ? 0 : reading->count;
    request.address_hashes = reading->columns.is_hash ? reading->addresses : NULL;
    request.n_address_hashes = reading->columns.is_hash ? reading->count : 0;
    enum exit_code code = connect_call(&reading->connection, reading->options,
                                       API_METHOD_CHECK_SUPPRESSIONS, &request.base, &result);
    if (code == EXIT_CODE_OK) {
        print_hits(reading, (const Hikyaku__V1__CheckSuppressionsResponse *)result.response);
    }
    api_client_finish(&result);
    return code;
}

/* @return 0, or -ECANCELED: told; the exit code stands in the reading */
static int send_rows(struct reading *reading)
{
    if (reading->count > 0) {
        reading->code = reading->is_check ? send_check(reading) : send_import(reading);
    }
    reading->count = 0;
    arena_reset(reading->arena);
    return reading->code == EXIT_CODE_OK ? 0 : -ECANCELED;
}

static int take_row(struct reading *reading, const struct csv_row *row)
{
    struct suppression_row read;
    struct problem problem = {.message = ""};
    reading->rows++;
    /* For a check nothing but the address counts. */
    Hikyaku__V1__SuppressionReason as =
        reading->is_check ? HIKYAKU__V1__SUPPRESSION_REASON__SUPPRESSION_REASON_MANUAL
                          : reading->as;
    if (suppression_columns_read(&reading->columns, row, as, &read, &problem) != 0) {
        tell_refused(reading, row->line, problem.rule, problem.message);
        return 0;
    }
    if (read.is_left_out && !reading->is_check) {
        reading->left_out++;
        return 0;
    }
    size_t at = reading->count++;
    Hikyaku__V1__NewSuppression *entry = &reading->entries[at];
    reading->lines[at] = row->line;
    reading->addresses[at] = arena_printf(reading->arena, "%.*s", TEXT_PRINT(read.address));
    hikyaku__v1__new_suppression__init(entry);
    *(reading->columns.is_hash ? &entry->address_hash : &entry->address) = reading->addresses[at];
    entry->reason = read.reason;
    entry->at_unix_ms = read.at_unix_ms;
    entry->expires_unix_ms = read.expires_unix_ms;
    reading->list[at] = entry;
    return reading->count == ROWS_MAX ? send_rows(reading) : 0;
}

static int on_row(void *context, const struct csv_row *row, struct problem *problem)
{
    struct reading *reading = context;
    if (!reading->is_begun) {
        int error = suppression_columns_find(row, &reading->columns, problem);
        reading->is_begun = true;
        if (error != 0 || reading->columns.has_header) {
            return error;
        }
    }
    return take_row(reading, row);
}

static int read_file(struct reading *reading, FILE *file, struct problem *problem)
{
    static char block[BLOCK_BYTES];
    struct csv_reader *reader = csv_reader_create(on_row, reading);
    int error = 0;
    size_t got;
    while (error == 0 && (got = fread(block, 1, sizeof block, file)) > 0) {
        error = csv_reader_feed(reader, (struct text){block, got}, problem);
    }
    if (error == 0 && ferror(file) != 0) {
        problem_set(problem, "", "file", "cannot be read");
        error = -EIO;
    }
    error = error == 0 ? csv_reader_end(reader, problem) : error;
    csv_reader_destroy(&reader);
    return error == 0 ? send_rows(reading) : error;
}

static void tell_end(const struct reading *reading)
{
    if (reading->is_check) {
        tell("%" PRIu64 " of %" PRIu64 " rows stand on a list; %" PRIu64 " are no addresses",
             reading->found, reading->rows, reading->refused);
    } else {
        tell("%s: %" PRIu64 " rows, %" PRIu64 " added, %" PRIu64 " known, %" PRIu64
             " lifted since, %" PRIu64 " left out (no dead address), %" PRIu64 " refused",
             reading->columns.shape, reading->rows, reading->added, reading->known, reading->lifted,
             reading->left_out, reading->refused);
    }
}

static enum exit_code run_on(struct reading *reading)
{
    const char *path = options_positional(reading->options, 0);
    struct problem problem = {.message = ""};
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        tell("%s: %s", path, strerrordesc_np(errno));
        return EXIT_CODE_BAD_FILE;
    }
    reading->code = connect_open(reading->options, &reading->connection);
    if (reading->code == EXIT_CODE_OK) {
        reading->arena = arena_create(0);
        int error = read_file(reading, file, &problem);
        if (error == 0) {
            tell_end(reading);
        } else if (error != -ECANCELED) {
            tell("%s: %s: %s (%s)", path, problem.field, problem.message, problem.rule);
            reading->code = EXIT_CODE_BAD_FILE;
        }
        arena_destroy(&reading->arena);
    }
    connect_close(&reading->connection);
    (void)fclose(file);
    return reading->code == EXIT_CODE_OK && reading->refused > 0 ? EXIT_CODE_REFUSED
                                                                 : reading->code;
}

static enum exit_code run(const struct options *options, bool is_check)
{
    struct reading *reading = xalloc_zero(1, sizeof *reading);
    const char *as = is_check ? NULL : options_text(options, "as");
    int reason = 0;
    reading->options = options;
    reading->is_check = is_check;
    if (as != NULL &&
        enum_word_parse(&hikyaku__v1__suppression_reason__descriptor, text_of(as), &reason) != 0) {
        tell("--as: must be HARD_BOUNCE, COMPLAINT, UNSUBSCRIBE or MANUAL");
        free(reading);
        return EXIT_CODE_USAGE;
    }
    reading->as = (Hikyaku__V1__SuppressionReason)reason;
    enum exit_code code = run_on(reading);
    free(reading);
    return code;
}

static enum exit_code run_import(const struct options *options)
{
    return run(options, false);
}

static enum exit_code run_check(const struct options *options)
{
    return run(options, true);
}

static const struct option_spec import_options[] = {
    {"as", "REASON", "what all rows are; default: as the file says", .kind = OPTION_TEXT},
    {"stream", "STREAM", "of this stream only; default: all", .kind = OPTION_TEXT},
    {.name = NULL},
};

const struct command suppression_file_import_command = {
    .name = "suppression import",
    .words = "FILE",
    .summary = "take over lists of another system",
    .help = "CSV of SendGrid (bounces, invalid, spam reports, unsubscribes), SES, PowerMTA's "
            "accounting\n"
            "file, our own export, or addresses one a line; the first row tells which. Of bounces "
            "only\n"
            "those of dead addresses are taken. Bad rows are told with their line, the others are\n"
            "taken; a file may be imported again.\n"
            "\n"
            "  hikyaku suppression import bounces.csv\n"
            "  hikyaku suppression import unsubscribed.csv --stream news",
    .options = import_options,
    .minimum_words = 1,
    .maximum_words = 1,
    .run = run_import,
};

static const struct option_spec check_options[] = {
    {"stream", "STREAM", "besides the list of all streams; default: `default`",
     .kind = OPTION_TEXT},
    {.name = NULL},
};

const struct command suppression_file_check_command = {
    .name = "suppression check",
    .words = "FILE",
    .summary = "which addresses of a file are suppressed",
    .help = "Prints line, address, stream and reason of each that is, as CSV.\n"
            "\n"
            "  hikyaku suppression check recipients.csv --stream news",
    .options = check_options,
    .minimum_words = 1,
    .maximum_words = 1,
    .run = run_check,
};
