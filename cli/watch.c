#include "cli/watch.h"

#include "cli/progress.h"
#include "cli/screen.h"
#include "cli/tell.h"
#include "cli/watch_paths.h"
#include "cli/why_text.h"
#include "common/base/clock.h"

#include <signal.h>
#include <string.h>

enum { DRAW_EVERY_MS = 1000 };

/* Ctrl-C leaves as q does: the terminal must not stay without echo. */
static volatile sig_atomic_t is_interrupted;

static void on_signal(int number)
{
    is_interrupted = number;
}

struct watch {
    const struct connection *connection;
    const struct options *options;
    const char *campaign_id;
    struct progress progress;
    struct screen screen;
    struct watch_paths paths;
    bool is_quiet;
    bool has_keys;
    char asked; /* 'c': asked once, the second time it is meant */
};

enum exit_code watch_get(const struct connection *connection, const struct options *options,
                         const char *campaign_id, bool with_settings, struct api_result *ret_result)
{
    Hikyaku__V1__GetCampaignRequest request;
    hikyaku__v1__get_campaign_request__init(&request);
    request.campaign_id = arena_copy(connection->arena, campaign_id, strlen(campaign_id));
    request.with_settings = with_settings;
    enum exit_code code =
        connect_call(connection, options, API_METHOD_GET_CAMPAIGN, &request.base, ret_result);
    const Hikyaku__V1__GetCampaignResponse *answer =
        (const Hikyaku__V1__GetCampaignResponse *)ret_result->response;
    if (code == EXIT_CODE_OK && answer->campaign == NULL) {
        tell("%s: the server answered without a campaign", campaign_id);
        return EXIT_CODE_UNREACHABLE;
    }
    return code;
}

/* Pause, resume, cancel by key: what goes wrong is told, watching goes on. */
static void control(const struct watch *watch, enum api_method method)
{
    Hikyaku__V1__PauseCampaignRequest pause;
    Hikyaku__V1__ResumeCampaignRequest resume;
    Hikyaku__V1__CancelCampaignRequest cancel;
    struct api_result result;
    char *id = arena_copy(watch->connection->arena, watch->campaign_id, strlen(watch->campaign_id));
    hikyaku__v1__pause_campaign_request__init(&pause);
    hikyaku__v1__resume_campaign_request__init(&resume);
    hikyaku__v1__cancel_campaign_request__init(&cancel);
    pause.campaign_id = id;
    resume.campaign_id = id;
    cancel.campaign_id = id;
    const ProtobufCMessage *request = method == API_METHOD_PAUSE_CAMPAIGN    ? &pause.base
                                      : method == API_METHOD_RESUME_CAMPAIGN ? &resume.base
                                                                             : &cancel.base;
    (void)connect_call(watch->connection, watch->options, method, request, &result);
    api_client_finish(&result);
}

/* What holds it, below what was drawn; watching goes on under it. */
static void explain(struct watch *watch)
{
    Hikyaku__V1__WhyRequest request;
    struct api_result result;
    OWNED(buffer_finish) struct buffer out = {0};
    hikyaku__v1__why_request__init(&request);
    request.campaign_id =
        arena_copy(watch->connection->arena, watch->campaign_id, strlen(watch->campaign_id));
    if (connect_call(watch->connection, watch->options, API_METHOD_WHY, &request.base, &result) ==
        EXIT_CODE_OK) {
        why_text_append((const Hikyaku__V1__WhyResponse *)result.response, false, &out);
        screen_keep(&watch->screen);
        tell_out(&out);
    }
    api_client_finish(&result);
}

/* @return false to leave */
static bool take_key(struct watch *watch, char key)
{
    char asked = watch->asked;
    watch->asked = key == 'c' ? 'c' : 0;
    switch (key) {
    case 'p':
        control(watch, API_METHOD_PAUSE_CAMPAIGN);
        break;
    case 'r':
        control(watch, API_METHOD_RESUME_CAMPAIGN);
        break;
    case 'c':
        if (asked == 'c') {
            control(watch, API_METHOD_CANCEL_CAMPAIGN);
            watch->asked = 0;
        }
        break;
    case 'w':
        explain(watch);
        break;
    case 'q':
        return false;
    default:
        watch->asked = key == 0 ? asked : 0; /* time passing is no answer */
        break;
    }
    return true;
}

static void draw(struct watch *watch, const Hikyaku__V1__Campaign *campaign)
{
    OWNED(buffer_finish) struct buffer lines = {0};
    if (watch->is_quiet) {
        return;
    }
    if (!watch->screen.is_terminal) {
        progress_append_line(&watch->progress, campaign, clock_unix_ms(), &lines);
        watch_paths_append_new(&watch->paths, &lines);
        tell_out(&lines);
        return;
    }
    progress_append_screen(&watch->progress, campaign, clock_unix_ms(), &lines);
    watch_paths_append(&watch->paths, &lines);
    if (watch->has_keys) {
        buffer_append_string(&lines, watch->asked == 'c'
                                         ? " c again cancels for good; any other key goes on\n"
                                         : " keys: p pause  r resume  c cancel  w why  q leave "
                                           "(sending goes on)\n");
    }
    screen_draw(&watch->screen, &lines);
}

static enum exit_code finish(struct watch *watch, const Hikyaku__V1__Campaign *campaign)
{
    OWNED(buffer_finish) struct buffer out = {0};
    bool is_completed = campaign->state == HIKYAKU__V1__CAMPAIGN_STATE__CAMPAIGN_STATE_COMPLETED;
    if (!watch->is_quiet) {
        screen_keep(&watch->screen);
        progress_append_outcomes(campaign, clock_unix_ms(), &out);
        tell_out(&out);
    }
    return is_completed ? EXIT_CODE_OK : EXIT_CODE_REFUSED;
}

static enum exit_code loop(struct watch *watch, struct api_result *result)
{
    for (;;) {
        enum exit_code code =
            watch_get(watch->connection, watch->options, watch->campaign_id, false, result);
        if (code != EXIT_CODE_OK) {
            tell("sending goes on without us: hikyaku show %s --watch", watch->campaign_id);
            return code;
        }
        const Hikyaku__V1__Campaign *campaign =
            ((const Hikyaku__V1__GetCampaignResponse *)result->response)->campaign;
        progress_take(&watch->progress, campaign, clock_monotonic_ms());
        if (!watch->is_quiet) {
            watch_paths_look(&watch->paths, watch->connection->client, campaign);
        }
        draw(watch, campaign);
        if (progress_is_over(campaign)) {
            return finish(watch, campaign);
        }
        bool is_staying = take_key(watch, screen_wait(DRAW_EVERY_MS));
        if (!is_staying || is_interrupted != 0) {
            tell("left; sending goes on: hikyaku show %s --watch", watch->campaign_id);
            return EXIT_CODE_OK;
        }
        api_client_finish(result);
    }
}

enum exit_code watch_run(const struct connection *connection, const struct options *options,
                         const char *campaign_id, bool is_quiet, struct api_result *ret_result)
{
    struct watch watch = {
        .connection = connection,
        .options = options,
        .campaign_id = campaign_id,
        .screen = screen_open(),
        .is_quiet = is_quiet,
    };
    if (watch.screen.is_terminal && !is_quiet) {
        /* The second one ends us as ever. */
        struct sigaction leave = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
        (void)sigaction(SIGINT, &leave, NULL);
        (void)sigaction(SIGTERM, &leave, NULL);
        watch.has_keys = screen_keys_open();
    }
    enum exit_code code = loop(&watch, ret_result);
    screen_keys_close();
    watch_paths_finish(&watch.paths);
    return code;
}
