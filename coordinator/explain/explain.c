#include "coordinator/explain/explain_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void load_header(struct explain_ask *ask);

static explain_step_fn *const recipient_steps[] = {load_header,
                                                   explain_load_content,
                                                   explain_batch_find,
                                                   explain_batch_look,
                                                   explain_batch_ref,
                                                   explain_batch_domain,
                                                   explain_limits_read,
                                                   explain_tries_read,
                                                   explain_paths_sites,
                                                   explain_paths_inquire,
                                                   explain_paths_read,
                                                   explain_warmup_read,
                                                   explain_decisions_read,
                                                   explain_why_recipient,
                                                   NULL};
static explain_step_fn *const campaign_steps[] = {load_header,
                                                  explain_load_content,
                                                  explain_limits_read,
                                                  explain_tries_read,
                                                  explain_paths_sites,
                                                  explain_paths_inquire,
                                                  explain_paths_read,
                                                  explain_warmup_read,
                                                  explain_decisions_read,
                                                  explain_why_campaign,
                                                  NULL};
static explain_step_fn *const forecast_steps[] = {
    load_header,         explain_load_content,  explain_limits_read,
    explain_paths_sites, explain_paths_inquire, explain_paths_read,
    explain_warmup_read, explain_forecast_run,  NULL};
static explain_step_fn *const trace_steps[] = {load_header,
                                               explain_load_content,
                                               explain_batch_find,
                                               explain_batch_look,
                                               explain_tries_read,
                                               explain_tries_answer,
                                               NULL};

struct explain *explain_create(const struct explain_settings *settings)
{
    struct explain *explain = xalloc_zero(1, sizeof *explain);
    const struct config_list none = {NULL, 0};
    explain->settings = *settings;
    explain->batches = event_batches_create(settings->store);
    explain->seal = seal_create(0);
    explain->profiles = provider_profiles_create(&none);
    return explain;
}

void explain_destroy(struct explain **explain)
{
    if (*explain == NULL) {
        return;
    }
    event_batches_destroy(&(*explain)->batches);
    seal_destroy(&(*explain)->seal);
    provider_profiles_destroy(&(*explain)->profiles);
    free(*explain);
    *explain = NULL;
}

char *explain_text(const struct explain_ask *ask, struct text text)
{
    return arena_copy(ask->arena, text.data, text.size);
}

bool explain_is_broken(int error)
{
    return error == -EAGAIN || error == -ECONNRESET || error == -ECANCELED;
}

void explain_next(struct explain_ask *ask)
{
    explain_step_fn *step = *ask->steps++;
    step(ask);
}

void explain_end(struct explain_ask *ask, int error, const ProtobufCMessage *answer)
{
    catalog_release(&ask->content);
    if (ask->on_limit != NULL) {
        ask->on_limit(ask->context, GATE_NONE, 0); /* the store broke off: nothing is known */
        return;
    }
    ask->on_answer(ask->context, error, answer);
}

/* ---------------------------------------------------------------- the campaign */

/* What the answers need of it. */
void explain_copy_campaign(struct explain_ask *ask, const struct store_campaign *campaign)
{
    struct arena *arena = ask->arena;
    ask->campaign = *campaign;
    ask->campaign.tenant = arena_text(arena, campaign->tenant);
    ask->campaign.name = arena_text(arena, campaign->name);
    ask->campaign.pool = arena_text(arena, campaign->pool);
    ask->campaign.from_domain = arena_text(arena, campaign->from_domain);
    ask->campaign.windows = arena_text(arena, campaign->windows);
    ask->campaign.canary.why = arena_text(arena, campaign->canary.why);
    ask->campaign.tripped = arena_text(arena, campaign->tripped);
    ask->campaign.approval.author = arena_text(arena, campaign->approval.author);
    ask->campaign.approval.submitter = arena_text(arena, campaign->approval.submitter);
    ask->campaign.approval.returned_why = arena_text(arena, campaign->approval.returned_why);
    ask->campaign.labels = NULL;
    ask->campaign.label_count = 0;
    for (size_t i = 0; i < campaign->site_count; i++) {
        ask->campaign.sites[i].key = arena_text(arena, campaign->sites[i].key);
    }
}

static void on_header(void *context, int error, const struct store_campaign *campaign)
{
    struct explain_ask *ask = context;
    if (error == 0 && !text_equal(campaign->tenant, ask->question.tenant)) {
        error = -ENOENT;
    }
    if (error != 0) {
        explain_end(ask, error, NULL);
        return;
    }
    explain_copy_campaign(ask, campaign);
    fleet_reasons_of(ask->explain->settings.fleet, &ask->campaign, ask->arena, &ask->reasons);
    explain_next(ask);
}

static void load_header(struct explain_ask *ask)
{
    store_campaign_get(ask->explain->settings.store, ask->question.campaign, on_header, ask);
}

static void on_content(void *context, int error, struct catalog_campaign *content)
{
    struct explain_ask *ask = context;
    if (explain_is_broken(error)) {
        explain_end(ask, error, NULL);
        return;
    }
    ask->content = error == 0 ? content : NULL;
    /* Where it is not retention that took content and key. */
    ask->lacks_key = error != 0 && ask->campaign.ended_unix_ms == 0;
    explain_next(ask);
}

void explain_load_content(struct explain_ask *ask)
{
    catalog_load(ask->explain->settings.catalog, ask->question.campaign, on_content, ask);
}

/* ---------------------------------------------------------------- questions */

static void start(struct explain *explain, const struct explain_question *question,
                  explain_step_fn *const *steps, explain_fn *on_answer, void *context)
{
    struct explain_ask *ask = arena_zero(question->arena, 1, sizeof *ask);
    ask->explain = explain;
    ask->arena = question->arena;
    ask->question = *question;
    ask->steps = steps;
    ask->on_answer = on_answer;
    ask->context = context;
    ask->ref = ask->domain = ask->site = ask->worker = "";
    memcpy(ask->batch.campaign, question->campaign, sizeof ask->batch.campaign);
    explain_next(ask);
}

void explain_why(struct explain *explain, const struct explain_question *question,
                 explain_fn *on_answer, void *context)
{
    start(explain, question, question->has_index ? recipient_steps : campaign_steps, on_answer,
          context);
}

void explain_forecast(struct explain *explain, const struct explain_question *question,
                      explain_fn *on_answer, void *context)
{
    start(explain, question, forecast_steps, on_answer, context);
}

void explain_trace(struct explain *explain, const struct explain_question *question,
                   explain_fn *on_answer, void *context)
{
    start(explain, question, trace_steps, on_answer, context);
}
