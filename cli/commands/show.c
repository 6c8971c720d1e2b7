/* show: one campaign. */
#include "cli/commands/commands.h"
#include "cli/enum_word.h"
#include "cli/format.h"
#include "cli/progress.h"
#include "cli/table_print.h"
#include "cli/tell.h"
#include "cli/watch.h"
#include "common/base/bytes.h"
#include "common/base/clock.h"

#include <inttypes.h>

static void append_time(struct buffer *out, const char *what, int64_t unix_ms)
{
    char text[FORMAT_BYTES];
    if (unix_ms > 0) {
        buffer_printf(out, "%-11s%s\n", what, format_time(unix_ms, text));
    }
}

static void append_labels(const Hikyaku__V1__Campaign *campaign, struct buffer *out)
{
    for (size_t i = 0; i < campaign->n_labels; i++) {
        buffer_append_string(out, i == 0 ? "labels     " : ", ");
        table_print_append_clean(out, text_of(campaign->labels[i]->key));
        buffer_append_byte(out, '=');
        table_print_append_clean(out, text_of(campaign->labels[i]->value));
    }
    buffer_append_string(out, campaign->n_labels > 0 ? "\n" : "");
}

static void append_canary(const Hikyaku__V1__CampaignCanary *canary, int64_t now_unix_ms,
                          struct buffer *out)
{
    char recipients[FORMAT_BYTES];
    char behind[FORMAT_BYTES];
    char when[FORMAT_BYTES];
    buffer_printf(out, "canary     %s %s recipients",
                  enum_word(&hikyaku__v1__canary_state__descriptor, canary->state),
                  format_count(canary->recipients, recipients));
    if (canary->behind > 0) {
        buffer_printf(out, ", %s wait for them", format_count(canary->behind, behind));
    }
    if (canary->judged_unix_ms > 0) {
        buffer_printf(out, ", judged %s",
                      format_time_near(canary->judged_unix_ms, now_unix_ms, when));
    }
    buffer_append_byte(out, '\n');
}

static void append_step(const Hikyaku__V1__Approval *step, struct buffer *out)
{
    char when[FORMAT_BYTES];
    buffer_printf(out, "           %s  %s", format_time(step->at_unix_ms, when),
                  enum_word(&hikyaku__v1__approval_action__descriptor, step->action));
    if (step->principal[0] != '\0') {
        buffer_append_string(out, " by ");
        table_print_append_clean(out, text_of(step->principal));
    }
    buffer_append_string(out, step->otp ? " (one-time code)" : "");
    if (step->reason[0] != '\0') {
        buffer_append_string(out, ": ");
        table_print_append_clean(out, text_of(step->reason));
    }
    buffer_append_byte(out, '\n');
}

static void append_approval(const Hikyaku__V1__Campaign *campaign, struct buffer *out)
{
    const Hikyaku__V1__CampaignApproval *approval = campaign->approval;
    char until[FORMAT_BYTES];
    buffer_append_string(out, "author     ");
    table_print_append_clean(out, text_of(approval->author));
    buffer_append_byte(out, '\n');
    if (approval->needed > 0) {
        buffer_printf(out, "approval   %u of %u", approval->given, approval->needed);
        bool waits =
            campaign->state == HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_AWAITING_APPROVAL;
        if (waits && approval->until_unix_ms > 0) {
            buffer_printf(out, ", a draft again at %s",
                          format_time(approval->until_unix_ms, until));
        }
        buffer_append_byte(out, '\n');
    } else if (approval->returned_unix_ms > 0) {
        buffer_printf(out, "returned   %s: ", format_time(approval->returned_unix_ms, until));
        table_print_append_clean(out, text_of(approval->returned_why));
        buffer_append_byte(out, '\n');
    }
    for (size_t i = 0; i < campaign->n_approvals; i++) {
        append_step(campaign->approvals[i], out);
    }
}

/* A canary that failed says why the campaign is paused; what it said when it was good is told too.
 */
static void append_verdict(const Hikyaku__V1__Campaign *campaign, struct buffer *out)
{
    const Hikyaku__V1__CampaignCanary *canary = campaign->canary;
    if (canary == NULL || canary->why[0] == '\0') {
        return;
    }
    bool is_failed = canary->state == HIKYAKU__V1__CANARY_STATE__CANARY_STATE_FAILED;
    buffer_append_string(out, is_failed ? "\npaused by its " : "\n");
    table_print_append_clean(out, text_of(canary->why));
    buffer_append_string(out, is_failed ? "; `hikyaku resume` lets it go on\n" : "\n");
}

static void print(const Hikyaku__V1__Campaign *campaign)
{
    OWNED(buffer_finish) struct buffer out = {0};
    struct progress progress = {0};
    int64_t now_unix_ms = clock_unix_ms();
    progress_append_screen(&progress, campaign, now_unix_ms, &out);
    buffer_append_byte(&out, '\n');
    append_labels(campaign, &out);
    buffer_append_string(&out, "from       ");
    table_print_append_clean(&out, text_of(campaign->from_domain));
    buffer_append_byte(&out, '\n');
    append_time(&out, "created", campaign->created_unix_ms);
    append_time(&out, "submitted", campaign->submitted_unix_ms);
    append_time(&out, "scheduled", campaign->scheduled_at_unix_ms);
    append_time(&out, "expires", campaign->expires_unix_ms);
    if (campaign->canary != NULL) {
        append_canary(campaign->canary, now_unix_ms, &out);
    }
    if (campaign->approval != NULL) {
        append_approval(campaign, &out);
    }
    if (campaign->digest.len > 0) {
        size_t size = campaign->digest.len;
        buffer_append_string(&out, "digest     ");
        bytes_to_hex(campaign->digest.data, size, buffer_reserve(&out, 2 * size + 1));
        out.size += 2 * size;
        buffer_append_byte(&out, '\n');
    }
    buffer_append_byte(&out, '\n');
    progress_append_outcomes(campaign, now_unix_ms, &out);
    if (campaign->breaker[0] != '\0') {
        bool is_paused = campaign->state == HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_PAUSED;
        buffer_append_string(&out, is_paused ? "\npaused by a " : "\nwas paused by a ");
        table_print_append_clean(&out, text_of(campaign->breaker));
        buffer_append_string(&out, is_paused ? "; `hikyaku resume` lets it go on\n" : "\n");
    }
    append_verdict(campaign, &out);
    if (campaign->doubled > 0) {
        buffer_printf(&out, "\ndelivered more than once: %" PRIu64 " (events with doubled)\n",
                      campaign->doubled);
    }
    tell_out(&out);
}

static enum exit_code show(const struct options *options, const struct connection *connection)
{
    struct api_result result = {0};
    const char *id = options_positional(options, 0);
    bool is_json = options_flag(options, "json");
    bool is_watched = options_flag(options, "watch");
    enum exit_code code = is_watched ? watch_run(connection, options, id, is_json, &result)
                                     : watch_get(connection, options, id, is_json, &result);
    if (result.response != NULL && is_json) {
        tell_json(result.response);
    } else if (result.response != NULL && !is_watched && code == EXIT_CODE_OK) {
        print(((const Hikyaku__V1__GetCampaignResponse *)result.response)->campaign);
    }
    api_client_finish(&result);
    return code;
}

static enum exit_code run(const struct options *options)
{
    struct connection connection = {0};
    enum exit_code code = connect_open(options, &connection);
    if (code == EXIT_CODE_OK) {
        code = show(options, &connection);
    }
    connect_close(&connection);
    return code;
}

static const struct option_spec option_table[] = {
    {"watch", NULL, "stay until it is over", .kind = OPTION_FLAG},
    {.name = NULL},
};

const struct command show_command = {
    .name = "show",
    .words = "CAMPAIGN",
    .summary = "where a campaign stands: outcomes, gates, sites",
    .help =
        "Every recipient that waits stands under a gate, the named reason why.\n"
        "--json adds the effective settings. With --watch the exit code is 1 when the campaign\n"
        "ends CANCELLED.\n"
        "\n"
        "  hikyaku show 7RJD8QK7M2N4P6Q8R0S2T4V6W8 --watch",
    .options = option_table,
    .minimum_words = 1,
    .maximum_words = 1,
    .run = run,
};
