#include "cli/upload.h"

#include "cli/format.h"
#include "cli/screen.h"
#include "cli/tell.h"
#include "common/base/clock.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_ROWS = 4096,
    CHUNKS_MAX = 16384,
    CALLS_AT_ONCE = 4,
    DRAW_EVERY_MS = 200,
};
/* A body is at most 4 MiB; an id and the frames of the rows come on top of what is counted. */
#define CHUNK_BYTES (((size_t)4 << 20) - ((size_t)128 << 10))
/* Tag, length of a recipient in the chunk. */
#define FRAME_BYTES 6

struct upload {
    const struct connection *connection;
    const struct options *options;
    const struct upload_settings *settings;
    const struct recipients_file *file;
    struct recipient_columns *columns;
    struct arena *arena; /* of the chunk at hand; a call holds its own packed bytes */
    Hikyaku__V1__Recipient *recipients[CHUNK_ROWS];
    size_t count;
    size_t bytes;
    uint64_t first_row[CHUNKS_MAX]; /* as the file numbers it: rejections name rows */
    struct upload_report report;
    FILE *rejected;
    struct screen screen;
    uint64_t drawn_at_ms;
    enum exit_code code; /* why it ended early */
};

/* A field of a CSV line: in quotes where it must be. */
static void write_field(FILE *out, const char *text, char end)
{
    bool needs_quotes = strpbrk(text, ",\"\r\n") != NULL;
    (void)fputs(needs_quotes ? "\"" : "", out);
    for (; *text != '\0'; text++) {
        (void)fputs(*text == '"' ? "\"" : "", out);
        (void)fputc(*text, out);
    }
    (void)fputs(needs_quotes ? "\"" : "", out);
    (void)fputc(end, out);
}

static int open_rejected(struct upload *upload)
{
    if (upload->rejected != NULL) {
        return 0;
    }
    const char *path = upload->settings->rejected_path;
    upload->rejected = fopen(path, "we");
    if (upload->rejected == NULL) {
        char reason[128];
        tell("%s: cannot be written: %s", path, strerror_r(errno, reason, sizeof reason));
        upload->code = EXIT_CODE_BAD_FILE;
        return -EIO;
    }
    (void)fputs("row,field,rule,message\n", upload->rejected);
    return 0;
}

static int note_rejected(struct upload *upload, const Hikyaku__V1__Rejected *rejected)
{
    uint32_t chunk = rejected->index / CHUNK_ROWS;
    if (open_rejected(upload) != 0) {
        return -EIO;
    }
    if (chunk >= upload->report.chunks) {
        return 0; /* no row of ours */
    }
    uint64_t row = upload->first_row[chunk] + rejected->index % CHUNK_ROWS;
    (void)fprintf(upload->rejected, "%llu,", (unsigned long long)row);
    write_field(upload->rejected, rejected->field, ',');
    write_field(upload->rejected, rejected->rule, ',');
    write_field(upload->rejected, rejected->message, '\n');
    upload->report.rejected_listed++;
    return 0;
}

static void draw(struct upload *upload, bool is_last)
{
    char done[FORMAT_BYTES];
    char total[FORMAT_BYTES];
    uint64_t now = clock_monotonic_ms();
    bool is_due = is_last || now - upload->drawn_at_ms >= DRAW_EVERY_MS;
    if (upload->settings->is_quiet || !is_due || (!upload->screen.is_terminal && !is_last)) {
        return;
    }
    OWNED(buffer_finish) struct buffer line = {0};
    upload->drawn_at_ms = now;
    uint64_t answered =
        upload->report.accepted + upload->report.duplicates + upload->report.rejected;
    buffer_printf(&line, "uploaded %s / %s rows, %u chunks, %s\n", format_count(answered, done),
                  format_count(upload->file->rows, total), upload->report.chunks,
                  csv_encoding_name(upload->file->encoding));
    screen_draw(&upload->screen, &line);
}

/* "recipients[17].address" of a chunk is "row 4115 address" of the file. */
static void name_row(struct problem *problem, uint64_t first_row)
{
    static const char prefix[] = "recipients[";
    uint64_t position;
    struct text rest = text_skip(text_of(problem->field), sizeof prefix - 1);
    struct text digits = {rest.data, text_find(rest, ']')};
    if (strncmp(problem->field, prefix, sizeof prefix - 1) != 0 ||
        text_to_u64(digits, CHUNK_ROWS, &position) != 0) {
        return;
    }
    char name[sizeof problem->field];
    uint64_t row = first_row + position;
    rest = text_skip(rest, digits.size + 1);
    rest = text_skip(rest, rest.size > 0 ? 1 : 0);
    (void)snprintf(name, sizeof name, "row %llu%s%.*s", (unsigned long long)row,
                   rest.size > 0 ? " " : "", TEXT_PRINT(rest));
    memcpy(problem->field, name, sizeof name);
}

static void tell_chunk(struct upload *upload, const struct api_result *result)
{
    uint64_t first_row = upload->first_row[result->tag];
    struct problem_list *problems = &result->error->problems;
    for (size_t i = 0; i < problems->count; i++) {
        name_row(&problems->items[i], first_row);
    }
    tell("rows from %llu of the file on could not be added:", (unsigned long long)first_row);
    upload->code = tell_result(upload->options, result);
    tell("campaign %s stays a draft: nothing of it is sent", upload->settings->campaign_id);
}

/* Take the answer of one call. @return 0, or -ECANCELED when the upload must end */
static int take_answer(struct upload *upload)
{
    struct api_result result;
    int failed = 0;
    api_client_wait(upload->connection->client, &result);
    if (result.status != API_STATUS_OK) {
        tell_chunk(upload, &result);
        api_client_finish(&result);
        return -ECANCELED;
    }
    const Hikyaku__V1__AddRecipientsResponse *answer =
        (const Hikyaku__V1__AddRecipientsResponse *)result.response;
    upload->report.accepted += answer->accepted;
    upload->report.duplicates += answer->duplicates;
    upload->report.rejected += answer->rejected_total;
    upload->report.chunks_replayed += answer->replayed ? 1 : 0;
    for (size_t i = 0; i < answer->n_rejected && failed == 0; i++) {
        failed = note_rejected(upload, answer->rejected[i]);
    }
    api_client_finish(&result);
    draw(upload, false);
    return failed == 0 ? 0 : -ECANCELED;
}

static int send_chunk(struct upload *upload)
{
    Hikyaku__V1__AddRecipientsRequest request;
    if (upload->count == 0) {
        return 0;
    }
    hikyaku__v1__add_recipients_request__init(&request);
    request.campaign_id = arena_copy(upload->arena, upload->settings->campaign_id,
                                     strlen(upload->settings->campaign_id));
    request.chunk = upload->report.chunks;
    request.recipients = upload->recipients;
    request.n_recipients = upload->count;
    request.on_invalid = upload->settings->on_invalid;
    int failed = 0;
    while (failed == 0 && api_client_pending(upload->connection->client) >= CALLS_AT_ONCE) {
        failed = take_answer(upload);
    }
    if (failed == 0) {
        api_client_start(upload->connection->client, API_METHOD_ADD_RECIPIENTS, &request.base,
                         request.chunk);
        upload->report.chunks++;
    }
    arena_reset(upload->arena);
    upload->count = 0;
    upload->bytes = 0;
    return failed;
}

/* A csv_reader_row_fn. */
static int on_row(void *context, const struct csv_row *row, struct problem *problem)
{
    struct upload *upload = context;
    if (upload->columns == NULL) {
        return recipient_columns_create(row, &upload->columns, problem);
    }
    Hikyaku__V1__Recipient *recipient = arena_alloc(upload->arena, sizeof *recipient);
    recipient_columns_fill(upload->columns, row, upload->arena, recipient);
    size_t bytes = hikyaku__v1__recipient__get_packed_size(recipient) + FRAME_BYTES;
    if (upload->report.chunks == CHUNKS_MAX) {
        problem_set(problem, "", "csv_rows", "holds more than 16,384 chunks of 4,096 rows");
        return -E2BIG;
    }
    if (upload->count == 0) {
        upload->first_row[upload->report.chunks] = row->row;
    }
    upload->recipients[upload->count++] = recipient;
    upload->bytes += bytes;
    upload->report.rows++;
    /* One row is at most 64 KiB, so that the next one still fits. */
    bool is_full = upload->count == CHUNK_ROWS || upload->bytes > CHUNK_BYTES - (128U << 10);
    return is_full ? send_chunk(upload) : 0;
}

static void tell_changed(struct upload *upload, const struct problem *problem)
{
    if (problem->message[0] != '\0') {
        tell("%s: %s%s%s", upload->file->path, problem->field,
             problem->field[0] == '\0' ? "" : ": ", problem->message);
    } else {
        tell("%s: changed while it was read", upload->file->path);
    }
    tell("campaign %s stays a draft: nothing of it is sent", upload->settings->campaign_id);
    upload->code = EXIT_CODE_BAD_FILE;
}

static void run(struct upload *upload)
{
    struct problem problem = {0};
    int failed = recipients_file_read(upload->file, on_row, upload, &problem);
    if (failed == 0) {
        failed = send_chunk(upload);
    }
    while (failed == 0 && api_client_pending(upload->connection->client) > 0) {
        failed = take_answer(upload);
    }
    if (upload->code == EXIT_CODE_OK &&
        (failed != 0 || upload->report.rows != upload->file->rows)) {
        tell_changed(upload, &problem);
    }
    draw(upload, true);
}

enum exit_code upload_run(const struct connection *connection, const struct options *options,
                          const struct upload_settings *settings,
                          const struct recipients_file *file, struct upload_report *ret_report)
{
    struct upload *upload = xalloc_zero(1, sizeof *upload);
    upload->connection = connection;
    upload->options = options;
    upload->settings = settings;
    upload->file = file;
    upload->arena = arena_create(0);
    upload->screen = screen_open();
    run(upload);
    enum exit_code code = upload->code;
    if (upload->rejected != NULL && fclose(upload->rejected) != 0 && code == EXIT_CODE_OK) {
        tell("%s: could not be written to its end", settings->rejected_path);
        code = EXIT_CODE_BAD_FILE;
    }
    *ret_report = upload->report;
    recipient_columns_destroy(&upload->columns);
    arena_destroy(&upload->arena);
    free(upload);
    return code;
}
