/* restore status, restore resume: a store that was loaded from a backup waits for a decision. */
#include "cli/commands/commands.h"
#include "cli/connect.h"
#include "cli/enum_word.h"
#include "cli/format.h"
#include "cli/progress.h"
#include "cli/table_print.h"
#include "cli/tell.h"

#include <string.h>
#include <time.h>

#define PAGE_SIZE 200
#define WAIT_MS 500

#define STATE(name) HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_##name

/* ---------------------------------------------------------------- status */

static void append_restored(const Hikyaku__V1__RestoredStore *restored, struct buffer *out)
{
    char text[FORMAT_BYTES];
    buffer_printf(out, "restore  %s",
                  enum_word(&hikyaku__v1__restore_state__descriptor, restored->state));
    if (restored->state == HIKYAKU__V1__RESTORE_STATE__RESTORE_STATE_NONE) {
        buffer_append_string(out, ": the cluster works; nothing waits\n");
        return;
    }
    buffer_append_string(out, "  backup ");
    table_print_append_clean(out, text_of(restored->backup_id));
    buffer_printf(out, " of %s", format_time(restored->taken_unix_ms, text));
    if (restored->restored_unix_ms > 0) {
        buffer_printf(out, ", loaded %s", format_time(restored->restored_unix_ms, text));
    }
    if (restored->state == HIKYAKU__V1__RESTORE_STATE__RESTORE_STATE_DECIDED) {
        buffer_printf(out, "\ndecided  %s, lost %s, %u of 64 partitions in order",
                      enum_word(&hikyaku__v1__restore_assume__descriptor, restored->assume),
                      format_time(restored->lost_unix_ms, text), restored->partitions_done);
    }
    buffer_append_byte(out, '\n');
}

static void add_rows(struct table_print *table, const Hikyaku__V1__ListCampaignsResponse *page)
{
    char text[FORMAT_BYTES];
    for (size_t i = 0; i < page->n_campaigns; i++) {
        const Hikyaku__V1__Campaign *campaign = page->campaigns[i];
        table_print_cell(table, text_of(campaign->campaign_id));
        table_print_cell(
            table, text_of(enum_word(&hikyaku__v1__campaign_state__descriptor, campaign->state)));
        table_print_cell(table,
                         text_of(format_count(campaign->accepted - progress_done(campaign), text)));
        table_print_cell(table, text_of(format_time(campaign->scheduled_at_unix_ms, text)));
        table_print_cell(table,
                         text_of(campaign->container ? "(single messages)" : campaign->name));
    }
}

/* What was open at the backup. */
static enum exit_code list_open(const struct options *options, const struct connection *connection,
                                struct table_print *table)
{
    Hikyaku__V1__CampaignState states[] = {STATE(DRAFT),     STATE(AWAITING_APPROVAL),
                                           STATE(SCHEDULED), STATE(RUNNING),
                                           STATE(PAUSED),    STATE(CANCELLING)};
    Hikyaku__V1__ListCampaignsRequest request;
    hikyaku__v1__list_campaigns_request__init(&request);
    request.states = states;
    request.n_states = sizeof states / sizeof states[0];
    request.with_containers = true;
    request.page_size = PAGE_SIZE;
    enum exit_code code = EXIT_CODE_OK;
    for (bool is_more = true; is_more && code == EXIT_CODE_OK;) {
        struct api_result result;
        code = connect_call(connection, options, API_METHOD_LIST_CAMPAIGNS, &request.base, &result);
        is_more = false;
        if (code == EXIT_CODE_OK) {
            const Hikyaku__V1__ListCampaignsResponse *page =
                (const Hikyaku__V1__ListCampaignsResponse *)result.response;
            add_rows(table, page);
            is_more = page->next_page_token[0] != '\0';
            request.page_token =
                arena_copy(connection->arena, page->next_page_token, strlen(page->next_page_token));
        }
        api_client_finish(&result);
    }
    return code;
}

static const char advice[] =
    "Nothing is sent or taken. What of these was sent after the backup is not known here. Pause "
    "or\n"
    "cancel what must not go on, then say what is assumed of recipients that were open:\n"
    "  hikyaku restore resume --assume policy      HOLD becomes UNCERTAIN, RESEND goes out again\n"
    "  hikyaku restore resume --assume uncertain   all become UNCERTAIN\n"
    "  hikyaku restore resume --assume unsent      nothing was sent after the backup\n"
    "--lost-at TIME (when the old Redis was lost) leaves alone what was due only later.\n";

static enum exit_code print_status(const struct options *options,
                                   const struct connection *connection,
                                   const Hikyaku__V1__RestoredStore *restored)
{
    OWNED(buffer_finish) struct buffer out = {0};
    OWNED(table_print_destroy)
    struct table_print *table = table_print_create("CAMPAIGN,STATE,>OPEN,SCHEDULED,NAME");
    enum exit_code code = EXIT_CODE_OK;
    append_restored(restored, &out);
    if (restored->state == HIKYAKU__V1__RESTORE_STATE__RESTORE_STATE_WAITING) {
        code = list_open(options, connection, table);
        table_print_append(table, &out);
        buffer_append_string(&out, advice);
    }
    tell_out(&out);
    return code;
}

static enum exit_code get_restored(const struct options *options,
                                   const struct connection *connection,
                                   struct api_result *ret_result)
{
    Hikyaku__V1__GetRestoredRequest request;
    hikyaku__v1__get_restored_request__init(&request);
    return connect_call(connection, options, API_METHOD_GET_RESTORED, &request.base, ret_result);
}

static const Hikyaku__V1__RestoredStore *restored_of(const struct api_result *result)
{
    return ((const Hikyaku__V1__GetRestoredResponse *)result->response)->restored;
}

static enum exit_code run_status(const struct options *options)
{
    struct connection connection = {0};
    struct api_result result = {0};
    enum exit_code code = connect_open(options, &connection);
    if (code == EXIT_CODE_OK) {
        code = get_restored(options, &connection, &result);
    }
    if (code == EXIT_CODE_OK && options_flag(options, "json")) {
        tell_json(&restored_of(&result)->base);
    } else if (code == EXIT_CODE_OK) {
        code = print_status(options, &connection, restored_of(&result));
    }
    api_client_finish(&result);
    connect_close(&connection);
    return code;
}

static const struct option_spec no_options[] = {{.name = NULL}};

const struct command restored_status_command = {
    .name = "restore status",
    .words = "",
    .summary = "does a restored cluster wait for a decision, and about what?",
    .help = "Lists what was open at the backup, while the decision is out.\n"
            "\n"
            "  hikyaku restore status",
    .options = no_options,
    .minimum_words = 0,
    .maximum_words = 0,
    .run = run_status,
};

/* ---------------------------------------------------------------- resume */

static enum exit_code take_drafts(const struct options *options,
                                  Hikyaku__V1__ResumeRestoredRequest *request)
{
    const char *drafts = options_text(options, "drafts");
    bool is_known = drafts == NULL || strcmp(drafts, "keep") == 0 || strcmp(drafts, "cancel") == 0;
    if (!is_known) {
        tell("--drafts: must be keep or cancel");
        return EXIT_CODE_USAGE;
    }
    request->keep_drafts = drafts != NULL && strcmp(drafts, "keep") == 0;
    return EXIT_CODE_OK;
}

static enum exit_code take_decision(const struct options *options,
                                    Hikyaku__V1__ResumeRestoredRequest *request)
{
    const char *assume = options_text(options, "assume");
    const char *lost_at = options_text(options, "lost-at");
    int value = 0;
    if (assume == NULL ||
        enum_word_parse(&hikyaku__v1__restore_assume__descriptor, text_of(assume), &value) != 0) {
        tell("--assume: must be policy, uncertain or unsent; hikyaku restore status tells more");
        return EXIT_CODE_USAGE;
    }
    request->assume = (Hikyaku__V1__RestoreAssume)value;
    if (lost_at != NULL && format_parse_time(text_of(lost_at), &request->lost_unix_ms) != 0) {
        tell("--lost-at: needs a time with its offset, such as 2026-11-25T03:12:00+09:00");
        return EXIT_CODE_USAGE;
    }
    return take_drafts(options, request);
}

static enum exit_code decide(const struct options *options, const struct connection *connection,
                             Hikyaku__V1__ResumeRestoredRequest *request)
{
    struct api_result result = {0};
    const char *given = options_text(options, "backup");
    enum exit_code code = EXIT_CODE_OK;
    if (given != NULL) {
        request->backup_id = arena_printf(connection->arena, "%s", given);
    } else {
        code = get_restored(options, connection, &result);
        request->backup_id = arena_printf(
            connection->arena, "%s", code == EXIT_CODE_OK ? restored_of(&result)->backup_id : "");
        api_client_finish(&result);
    }
    if (code == EXIT_CODE_OK && request->backup_id[0] == '\0') {
        tell("nothing waits: the store bears no mark of a restore");
        return EXIT_CODE_REFUSED;
    }
    if (code == EXIT_CODE_OK) {
        code =
            connect_call(connection, options, API_METHOD_RESUME_RESTORED, &request->base, &result);
        api_client_finish(&result);
    }
    return code;
}

/* Until all partitions are in order. */
static enum exit_code wait_and_tell(const struct options *options,
                                    const struct connection *connection)
{
    for (;;) {
        struct api_result result = {0};
        enum exit_code code = get_restored(options, connection, &result);
        bool is_over =
            code != EXIT_CODE_OK || !options_flag(options, "wait") ||
            restored_of(&result)->state == HIKYAKU__V1__RESTORE_STATE__RESTORE_STATE_NONE;
        if (is_over && code == EXIT_CODE_OK && options_flag(options, "json")) {
            tell_json(&restored_of(&result)->base);
        } else if (is_over && code == EXIT_CODE_OK) {
            OWNED(buffer_finish) struct buffer out = {0};
            append_restored(restored_of(&result), &out);
            tell_out(&out);
        }
        api_client_finish(&result);
        if (is_over) {
            return code;
        }
        const struct timespec pause = {.tv_nsec = WAIT_MS * 1000000L};
        (void)nanosleep(&pause, NULL);
    }
}

static enum exit_code run_resume(const struct options *options)
{
    struct connection connection = {0};
    Hikyaku__V1__ResumeRestoredRequest request;
    hikyaku__v1__resume_restored_request__init(&request);
    enum exit_code code = take_decision(options, &request);
    if (code != EXIT_CODE_OK) {
        return code;
    }
    code = connect_open(options, &connection);
    if (code == EXIT_CODE_OK) {
        code = decide(options, &connection, &request);
    }
    if (code == EXIT_CODE_OK) {
        code = wait_and_tell(options, &connection);
    }
    connect_close(&connection);
    return code;
}

static const struct option_spec resume_options[] = {
    {"assume", "WHAT", "of recipients open at the backup: policy, uncertain, unsent",
     .kind = OPTION_TEXT},
    {"lost-at", "TIME", "when the old Redis was lost (when this one was restored)",
     .kind = OPTION_TEXT},
    {"drafts", "WHAT", "keep or cancel (cancel): they may have been submitted and sent",
     .kind = OPTION_TEXT},
    {"backup", "ID", "only if it was restored from this one", .kind = OPTION_TEXT},
    {"wait", NULL, "until all is in order and the cluster works", .kind = OPTION_FLAG},
    {.name = NULL},
};

const struct command restored_resume_command = {
    .name = "restore resume",
    .words = "",
    .summary = "decide what a restored cluster assumes, and let it work",
    .help =
        "Recipients that were open at the backup may have been sent to after it. policy: as if\n"
        "every worker had died with them in its hands. Those of HOLD campaigns become UNCERTAIN\n"
        "and are not sent to again unless you say so (hikyaku uncertain; after resolve_after_s\n"
        "the campaign's rule decides); those of RESEND campaigns go out again, and events say\n"
        "possible_duplicate. uncertain: all become UNCERTAIN. unsent: nothing was sent after the\n"
        "backup, as when a cluster was stopped before it and moves. What was scheduled, or due\n"
        "again, only after --lost-at stays as it is. Decided once, for all; pause or cancel "
        "single\n"
        "campaigns before.\n"
        "\n"
        "  hikyaku restore resume --assume policy --lost-at 2026-11-25T03:12:00+09:00 --wait",
    .options = resume_options,
    .minimum_words = 0,
    .maximum_words = 0,
    .run = run_resume,
};
