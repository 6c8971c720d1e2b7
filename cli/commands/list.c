/* list: campaigns, the newest first. */
#include "cli/commands/commands.h"
#include "cli/connect.h"
#include "cli/enum_word.h"
#include "cli/format.h"
#include "cli/progress.h"
#include "cli/table_print.h"
#include "cli/tell.h"
#include "common/base/clock.h"

#include <string.h>

enum { PAGE_MAX = 200, DEFAULT_LIMIT = 50, STATES_MAX = 9 };

static void add_row(struct table_print *table, const Hikyaku__V1__Campaign *campaign)
{
    char text[FORMAT_BYTES];
    table_print_cell(table, text_of(campaign->campaign_id));
    table_print_cell(table,
                     text_of(enum_word(&hikyaku__v1__campaign_state__descriptor, campaign->state)));
    table_print_cell(table,
                     text_of(format_time_near(campaign->created_unix_ms, clock_unix_ms(), text)));
    table_print_cell(table, text_of(format_count(campaign->accepted, text)));
    table_print_cell(table, text_of(format_count(progress_done(campaign), text)));
    table_print_cell(
        table, text_of(format_count(
                   progress_outcome(campaign, HIKYAKU__V1__OUTCOME__OUTCOME_DELIVERED), text)));
    table_print_cell(table, text_of(campaign->pool));
    table_print_cell(table, text_of(campaign->container ? "(single messages)" : campaign->name));
}

/* @return false when a word is no state */
static bool take_states(const struct options *options, Hikyaku__V1__ListCampaignsRequest *request,
                        Hikyaku__V1__CampaignState states[STATES_MAX])
{
    request->states = states;
    const char *word;
    while ((word = options_item(options, "state", request->n_states)) != NULL) {
        int state;
        if (request->n_states == STATES_MAX ||
            enum_word_parse(&hikyaku__v1__campaign_state__descriptor, text_of(word), &state) != 0) {
            OWNED(buffer_finish) struct buffer choices = {0};
            enum_word_append_choices(&hikyaku__v1__campaign_state__descriptor, &choices);
            tell("--state: must be one of %.*s", TEXT_PRINT(buffer_text(&choices)));
            return false;
        }
        states[request->n_states++] = (Hikyaku__V1__CampaignState)state;
    }
    return true;
}

static void take_label(const struct options *options, struct arena *arena,
                       Hikyaku__V1__ListCampaignsRequest *request)
{
    const char *label = options_text(options, "label");
    if (label != NULL) {
        size_t name = strcspn(label, "=");
        request->label_name = arena_copy(arena, label, name);
        request->label_value =
            arena_printf(arena, "%s", label[name] == '=' ? label + name + 1 : "");
    }
}

static void take_page(const Hikyaku__V1__ListCampaignsResponse *page, struct table_print *table,
                      bool is_json)
{
    for (size_t i = 0; i < page->n_campaigns; i++) {
        if (is_json) {
            tell_json(&page->campaigns[i]->base);
        } else {
            add_row(table, page->campaigns[i]);
        }
    }
}

/* Page after page, up to the limit. */
static enum exit_code list(const struct options *options, const struct connection *connection,
                           Hikyaku__V1__ListCampaignsRequest *request, struct table_print *table)
{
    uint64_t left = options_number(options, "limit", DEFAULT_LIMIT);
    enum exit_code code = EXIT_CODE_OK;
    while (code == EXIT_CODE_OK && left > 0) {
        struct api_result result;
        request->page_size = left > PAGE_MAX ? PAGE_MAX : (uint32_t)left;
        code =
            connect_call(connection, options, API_METHOD_LIST_CAMPAIGNS, &request->base, &result);
        if (code == EXIT_CODE_OK) {
            const Hikyaku__V1__ListCampaignsResponse *page =
                (const Hikyaku__V1__ListCampaignsResponse *)result.response;
            take_page(page, table, options_flag(options, "json"));
            left -= page->n_campaigns < left ? page->n_campaigns : left;
            left = page->next_page_token[0] == '\0' ? 0 : left;
            request->page_token =
                arena_copy(connection->arena, page->next_page_token, strlen(page->next_page_token));
        }
        api_client_finish(&result);
    }
    return code;
}

static enum exit_code run(const struct options *options)
{
    Hikyaku__V1__CampaignState states[STATES_MAX];
    Hikyaku__V1__ListCampaignsRequest request;
    struct connection connection = {0};
    OWNED(table_print_destroy)
    struct table_print *table =
        table_print_create("CAMPAIGN,STATE,CREATED,>ACCEPTED,>DONE,>DELIVERED,POOL,NAME");
    hikyaku__v1__list_campaigns_request__init(&request);
    request.with_containers = options_flag(options, "containers");
    if (!take_states(options, &request, states)) {
        return EXIT_CODE_USAGE;
    }
    enum exit_code code = connect_open(options, &connection);
    if (code == EXIT_CODE_OK) {
        take_label(options, connection.arena, &request);
        code = list(options, &connection, &request, table);
    }
    if (code == EXIT_CODE_OK && !options_flag(options, "json")) {
        OWNED(buffer_finish) struct buffer out = {0};
        table_print_append(table, &out);
        tell_out(&out);
    }
    connect_close(&connection);
    return code;
}

static const struct option_spec option_table[] = {
    {"state", "STATE", "only these (may be given several times)", .kind = OPTION_LIST},
    {"label", "NAME=VALUE", "only with this label", .kind = OPTION_TEXT},
    {"limit", "N", "at most so many (50)", .maximum = 1000000, .kind = OPTION_NUMBER},
    {"containers", NULL, "also the containers of single messages", .kind = OPTION_FLAG},
    {.name = NULL},
};

const struct command list_command = {
    .name = "list",
    .words = "",
    .summary = "campaigns and how far they are",
    .help = "--json prints one object a line.\n"
            "\n"
            "  hikyaku list --state RUNNING --state PAUSED --label season=spring",
    .options = option_table,
    .minimum_words = 0,
    .maximum_words = 0,
    .run = run,
};
