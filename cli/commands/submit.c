/* submit: a campaign file and a file of recipients become a running campaign. */
#include "cli/campaign_file.h"
#include "cli/commands/commands.h"
#include "cli/enum_word.h"
#include "cli/format.h"
#include "cli/json_text.h"
#include "cli/message_json.h"
#include "cli/tell.h"
#include "cli/upload.h"
#include "cli/watch.h"
#include "common/base/bytes.h"
#include "common/wire/wire_canonical.h"

#include <stdio.h>
#include <string.h>

/* What one run carries along. */
struct submission {
    const struct options *options;
    const char *campaign_path;
    struct arena *arena;
    struct campaign_file campaign;
    struct recipients_file recipients;
    struct connection connection;
    struct upload_report report;
    char campaign_id[64];
    char key[80];
    Hikyaku__V1__CampaignState state;
    char digest[2 * 64 + 1]; /* hex; "" until submitted */
    bool is_replayed;        /* the campaign was there already */
    bool is_json;
};

/* ------------------------------------------------------------- the files */

/* "submit-" and a digest of what would be created and of the recipients: the same files are the
 * same campaign, however often they are submitted. */
static void make_key(struct submission *submission)
{
    OWNED(buffer_finish) struct buffer bytes = {0};
    unsigned char digest[DIGEST_BYTES];
    wire_canonical_append(&submission->campaign.request->base, &bytes);
    buffer_append(&bytes, submission->recipients.digest, sizeof submission->recipients.digest);
    digest_sha256(buffer_text(&bytes), digest);
    memcpy(submission->key, "submit-", 7);
    bytes_to_hex(digest, sizeof digest, submission->key + 7);
}

static enum exit_code read_campaign(struct submission *submission)
{
    struct config_errors errors = {.file = submission->campaign_path};
    if (campaign_file_read(submission->campaign_path, submission->arena, &errors,
                           &submission->campaign) != 0) {
        return tell_file(&errors);
    }
    return EXIT_CODE_OK;
}

static enum exit_code read_recipients(struct submission *submission)
{
    const char *path = options_positional(submission->options, 1);
    const char *name = options_text(submission->options, "encoding");
    enum csv_encoding encoding;
    struct problem problem = {0};
    if (name != NULL && csv_encoding_parse(text_of(name), &encoding) != 0) {
        tell("--encoding: must be utf-8 or cp932");
        return EXIT_CODE_USAGE;
    }
    if (recipients_file_look(path, name == NULL ? NULL : &encoding, &submission->recipients,
                             &problem) != 0) {
        bool is_path = strcmp(problem.field, path) == 0 || problem.field[0] == '\0';
        tell("%s: %s%s%s [%s]", path, is_path ? "" : problem.field, is_path ? "" : ": ",
             problem.message, problem.rule);
        return EXIT_CODE_BAD_FILE;
    }
    return EXIT_CODE_OK;
}

static enum exit_code read_files(struct submission *submission)
{
    enum exit_code code = read_campaign(submission);
    /* Mistakes of both files at once. */
    enum exit_code other = read_recipients(submission);
    code = code == EXIT_CODE_OK ? other : code;
    if (code != EXIT_CODE_OK) {
        return code;
    }
    Hikyaku__V1__CreateCampaignRequest *request = submission->campaign.request;
    const char *given = options_text(submission->options, "key");
    if (given != NULL) {
        request->idempotency_key = arena_copy(submission->arena, given, strlen(given));
    } else if (request->idempotency_key[0] == '\0') {
        make_key(submission);
        request->idempotency_key = submission->key;
    }
    if (request->estimated_rows == 0) {
        uint64_t rows = submission->recipients.rows;
        request->estimated_rows = rows > UINT32_MAX ? UINT32_MAX : (uint32_t)rows;
    }
    return EXIT_CODE_OK;
}

/* ------------------------------------------------------------- the calls */

static enum exit_code create(struct submission *submission)
{
    struct api_result result;
    enum exit_code code = EXIT_CODE_OK;
    api_client_call(submission->connection.client, API_METHOD_CREATE_CAMPAIGN,
                    &submission->campaign.request->base, &result);
    if (result.status != API_STATUS_OK) {
        code = tell_campaign(submission->options, submission->campaign_path, &submission->campaign,
                             &result);
        api_client_finish(&result);
        return code;
    }
    const Hikyaku__V1__CreateCampaignResponse *answer =
        (const Hikyaku__V1__CreateCampaignResponse *)result.response;
    (void)snprintf(submission->campaign_id, sizeof submission->campaign_id, "%s",
                   answer->campaign_id);
    submission->state = answer->state;
    submission->is_replayed = answer->replayed;
    for (size_t i = 0; i < answer->n_warnings; i++) {
        const Hikyaku__V1__Warning *warning = answer->warnings[i];
        tell("warning %s: %s: %s", warning->id, warning->field, warning->message);
    }
    api_client_finish(&result);
    return code;
}

static enum exit_code upload(struct submission *submission)
{
    const char *on_invalid = options_text(submission->options, "on-invalid");
    const char *rejected = options_text(submission->options, "rejected");
    struct upload_settings settings = {
        .campaign_id = submission->campaign_id,
        .on_invalid = HIKYAKU__V1__ON_INVALID__ON_INVALID_SKIP,
        .rejected_path = rejected == NULL ? "rejected.csv" : rejected,
        .is_quiet = submission->is_json,
    };
    if (on_invalid != NULL && strcmp(on_invalid, "refuse") == 0) {
        settings.on_invalid = HIKYAKU__V1__ON_INVALID__ON_INVALID_REFUSE_CHUNK;
    }
    enum exit_code code = upload_run(&submission->connection, submission->options, &settings,
                                     &submission->recipients, &submission->report);
    if (submission->report.rejected > 0 && !submission->is_json) {
        char listed[FORMAT_BYTES];
        (void)printf("rejected rows: %s listed in %s\n",
                     format_count(submission->report.rejected_listed, listed),
                     settings.rejected_path);
    }
    return code;
}

static void take_submitted(struct submission *submission,
                           const Hikyaku__V1__SubmitCampaignResponse *answer)
{
    submission->state = answer->state;
    if (answer->digest.len <= sizeof submission->digest / 2) {
        bytes_to_hex(answer->digest.data, answer->digest.len, submission->digest);
    }
    for (size_t i = 0; i < answer->n_findings; i++) {
        tell("%s %s: %s", answer->findings[i]->blocks ? "blocked by" : "finding",
             answer->findings[i]->rule, answer->findings[i]->message);
    }
}

static enum exit_code start(struct submission *submission)
{
    Hikyaku__V1__SubmitCampaignRequest request;
    struct api_result result;
    hikyaku__v1__submit_campaign_request__init(&request);
    request.campaign_id = submission->campaign_id;
    request.expected_rows = (uint32_t)submission->report.rows;
    if (options_text(submission->options, "max-rejected") != NULL) {
        request.max_rejected_case =
            HIKYAKU__V1__SUBMIT_CAMPAIGN_REQUEST__MAX_REJECTED_MAX_REJECTED_PERMILLE;
        request.max_rejected_permille =
            (uint32_t)options_number(submission->options, "max-rejected", 0);
    }
    enum exit_code code = connect_call(&submission->connection, submission->options,
                                       API_METHOD_SUBMIT_CAMPAIGN, &request.base, &result);
    if (code == EXIT_CODE_OK) {
        take_submitted(submission, (const Hikyaku__V1__SubmitCampaignResponse *)result.response);
    } else {
        tell("campaign %s was not started: nothing of it is sent", submission->campaign_id);
    }
    api_client_finish(&result);
    return code;
}

/* ------------------------------------------------------------- what is shown */

static void print_uploaded(const struct submission *submission)
{
    char accepted[FORMAT_BYTES];
    char duplicates[FORMAT_BYTES];
    char rejected[FORMAT_BYTES];
    const struct upload_report *report = &submission->report;
    (void)printf(
        "accepted %s   duplicate %s   rejected %s%s\n", format_count(report->accepted, accepted),
        format_count(report->duplicates, duplicates), format_count(report->rejected, rejected),
        report->chunks_replayed > 0 ? "   (chunks sent before were not stored again)" : "");
    (void)printf("campaign %s submitted, %s%s%s\n", submission->campaign_id,
                 enum_word(&hikyaku__v1__campaign_state__descriptor, submission->state),
                 submission->digest[0] == '\0' ? "" : ", digest ", submission->digest);
    (void)fflush(stdout);
}

static void print_json(const struct submission *submission, const struct api_result *watched)
{
    OWNED(buffer_finish) struct buffer out = {0};
    const struct upload_report *report = &submission->report;
    buffer_append_string(&out, "{\"campaign_id\":");
    json_text_append(&out, text_of(submission->campaign_id));
    buffer_append_string(&out, ",\"idempotency_key\":");
    json_text_append(&out, text_of(submission->campaign.request->idempotency_key));
    buffer_printf(&out,
                  ",\"replayed\":%s,\"state\":\"%s\",\"digest\":\"%s\",\"rows\":%llu,"
                  "\"chunks\":%u,\"accepted\":%llu,\"duplicates\":%llu,\"rejected\":%llu",
                  submission->is_replayed ? "true" : "false",
                  enum_word(&hikyaku__v1__campaign_state__descriptor, submission->state),
                  submission->digest, (unsigned long long)report->rows, report->chunks,
                  (unsigned long long)report->accepted, (unsigned long long)report->duplicates,
                  (unsigned long long)report->rejected);
    if (watched->response != NULL) {
        const Hikyaku__V1__GetCampaignResponse *answer =
            (const Hikyaku__V1__GetCampaignResponse *)watched->response;
        buffer_append_string(&out, ",\"campaign\":");
        message_json_append(&answer->campaign->base, &out);
    }
    buffer_append_string(&out, "}\n");
    tell_out(&out);
}

/* ------------------------------------------------------------- the command */

/* A campaign that an earlier run started is only looked at. */
static enum exit_code send_all(struct submission *submission)
{
    enum exit_code code = create(submission);
    if (code != EXIT_CODE_OK) {
        return code;
    }
    bool is_started = submission->state != HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_DRAFT;
    if (submission->is_replayed && is_started) {
        tell("campaign %s was submitted before from the same files: nothing is sent twice (--key "
             "NEW sends once more)",
             submission->campaign_id);
        return EXIT_CODE_OK;
    }
    if (submission->is_replayed) {
        tell("campaign %s was begun before from the same files: going on with it",
             submission->campaign_id);
    }
    code = upload(submission);
    if (code == EXIT_CODE_OK) {
        code = start(submission);
    }
    if (code == EXIT_CODE_OK && !submission->is_json) {
        print_uploaded(submission);
    }
    return code;
}

static enum exit_code show_result(struct submission *submission)
{
    enum exit_code code = EXIT_CODE_OK;
    struct api_result watched = {0};
    if (options_flag(submission->options, "watch")) {
        code = watch_run(&submission->connection, submission->options, submission->campaign_id,
                         submission->is_json, &watched);
    } else if (!submission->is_json) {
        (void)printf("see it: hikyaku show %s --watch\n", submission->campaign_id);
    }
    if (submission->is_json && watched.error == NULL) {
        print_json(submission, &watched);
    }
    api_client_finish(&watched);
    return code;
}

static enum exit_code run_submission(struct submission *submission)
{
    const char *on_invalid = options_text(submission->options, "on-invalid");
    if (on_invalid != NULL && strcmp(on_invalid, "skip") != 0 &&
        strcmp(on_invalid, "refuse") != 0) {
        tell("--on-invalid: must be skip or refuse");
        return EXIT_CODE_USAGE;
    }
    enum exit_code code = read_files(submission);
    if (code == EXIT_CODE_OK) {
        code = connect_open(submission->options, &submission->connection);
    }
    if (code == EXIT_CODE_OK) {
        code = send_all(submission);
    }
    return code == EXIT_CODE_OK ? show_result(submission) : code;
}

static enum exit_code run(const struct options *options)
{
    struct submission submission = {
        .options = options,
        .campaign_path = options_positional(options, 0),
        .arena = arena_create(0),
        .is_json = options_flag(options, "json"),
    };
    enum exit_code code = run_submission(&submission);
    connect_close(&submission.connection);
    arena_destroy(&submission.arena);
    return code;
}

static const struct option_spec option_table[] = {
    {"watch", NULL, "stay until every recipient has an outcome", .kind = OPTION_FLAG},
    {"key", "KEY", "idempotency key (a digest of both files)", .kind = OPTION_TEXT},
    {"on-invalid", "WHAT", "skip rows that the server rejects, or refuse the file (skip)",
     .kind = OPTION_TEXT},
    {"max-rejected", "PERMILLE", "start nothing when more rows are rejected (the server's: 20)",
     .maximum = 1000, .kind = OPTION_NUMBER},
    {"rejected", "FILE", "where rejected rows are listed (rejected.csv)", .kind = OPTION_TEXT},
    {"encoding", "NAME", "utf-8 or cp932, where looking at the file misleads", .kind = OPTION_TEXT},
    {.name = NULL},
};

const struct command submit_command = {
    .name = "submit",
    .words = "FILE.yaml FILE.csv",
    .summary = "send a campaign: content from YAML, recipients from CSV",
    .help =
        "Reads both files, creates the campaign, uploads the recipients and starts it. Both are\n"
        "checked as a whole before anything is created. Submitting the same files again does\n"
        "not send twice: it goes on where the last run ended.\n"
        "\n"
        "FILE.yaml holds the fields of the API at the top, for example\n"
        "\n"
        "  name: 春の感謝祭\n"
        "  content_class: ADVERTISING\n"
        "  pool: mkt-a\n"
        "  from: 感謝祭事務局 <news@shop.example.jp>\n"
        "  subject: 【春の感謝祭】{{name}}様へ\n"
        "  text: file:spring.txt\n"
        "  unsubscribe: {mode: OWN_URL, url: \"https://shop.example.jp/unsubscribe\"}\n"
        "\n"
        "FILE.csv (UTF-8 or CP932) names its columns in the first row: address is needed; ref,\n"
        "lang and display_name are the recipient's; all others are merge fields: {{name}}.\n"
        "\n"
        "  hikyaku submit spring.yaml customers.csv --watch",
    .options = option_table,
    .minimum_words = 2,
    .maximum_words = 2,
    .run = run,
};
