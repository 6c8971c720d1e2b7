#include "coordinator/catalog/catalog_trials.h"

#include "common/base/log.h"
#include "common/net/loop.h"
#include "common/store/store_trial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define REASON "three coordinators died while they loaded it"

/* A load from the moment when it is wanted until it is forgotten. */
struct trial {
    struct catalog_trials *trials;
    unsigned char campaign[IDENTITY_CAMPAIGN_BYTES];
    catalog_trials_fn *on_answer;
    void *context;
    bool is_alone; /* two died with it: nothing else is loaded meanwhile */
    bool is_over;  /* its grace */
    bool is_asking;
    uint64_t due_ms;
    struct trial *prev;
    struct trial *next;
};

struct catalog_trials {
    const struct catalog_settings *settings;
    struct loop_timer *timer;
    struct trial *waiting; /* list: for their turn */
    struct trial *endings; /* list: opened, not forgotten yet */
    unsigned int active;   /* noted or about to be, their grace is not over */
    bool is_alone;         /* the active one is */
    bool is_stopped;
};

static void pump(struct catalog_trials *trials);

static void take_out(struct trial **list, struct trial *trial)
{
    DL_DELETE(*list, trial);
}

static void leave(struct trial *trial)
{
    struct catalog_trials *trials = trial->trials;
    trials->active--;
    trials->is_alone = trials->is_alone && !trial->is_alone;
}

static void refuse(struct trial *trial, int error)
{
    struct catalog_trials *trials = trial->trials;
    leave(trial);
    trial->on_answer(trial->context, error, NULL);
    free(trial);
    pump(trials);
}

/* ------------------------------------------------------------------ what has been noted */

static void on_forgotten(void *context, int error)
{
    struct trial *ending = context;
    struct catalog_trials *trials = ending->trials;
    ending->is_asking = false;
    if (error == 0) {
        take_out(&trials->endings, ending);
        free(ending);
    } else if (error != -ECANCELED) {
        ending->due_ms = loop_now_ms(trials->settings->loop) + trials->settings->grace_ms;
    }
}

static void on_look(void *context)
{
    struct catalog_trials *trials = context;
    uint64_t now_ms = loop_now_ms(trials->settings->loop);
    struct trial *after = NULL;
    for (struct trial *ending = trials->endings; ending != NULL; ending = after) {
        after = ending->next;
        if (ending->is_asking || now_ms < ending->due_ms) {
            continue;
        }
        if (!ending->is_over) {
            ending->is_over = true;
            leave(ending);
        }
        ending->is_asking = true;
        store_trial_end(trials->settings->store, ending->campaign, NULL, on_forgotten, ending);
    }
    if (trials->endings == NULL) {
        loop_timer_stop(trials->timer);
    }
    pump(trials);
}

static void end(struct trial *trial)
{
    struct catalog_trials *trials = trial->trials;
    uint32_t step_ms = trials->settings->grace_ms / 4;
    /* Alone it is clear whose doing it would be, and others wait. */
    trial->due_ms = loop_now_ms(trials->settings->loop) +
                    (trial->is_alone ? step_ms : trials->settings->grace_ms);
    DL_APPEND(trials->endings, trial);
    if (!loop_timer_is_active(trials->timer)) {
        loop_timer_start(trials->timer, step_ms, step_ms);
    }
}

void catalog_trials_end(struct trial **trial)
{
    struct trial *ended = *trial;
    *trial = NULL;
    end(ended);
}

/* ------------------------------------------------------------------ noting */

static void on_quarantined(void *context, int error, const struct store_campaign *header)
{
    (void)header;
    struct trial *trial = context;
    if (error == 0) {
        char id[IDENTITY_CAMPAIGN_LENGTH + 1];
        identity_campaign_to_text(trial->campaign, id);
        LOG(LOG_CAMPAIGN_QUARANTINED, NULL, log_string("campaign", id),
            log_string("reason", REASON));
    }
    bool is_away = error == -EAGAIN || error == -ECONNRESET || error == -ECANCELED;
    refuse(trial, is_away ? error : -EOWNERDEAD);
}

static void on_one_forgotten(void *context, int error)
{
    (void)context;
    (void)error; /* then the next load finds it again */
}

/* Who drained did not die of it; who may live yet is waited for. */
static void judge(struct trial *trial, const char (*sessions)[33], size_t count)
{
    const struct catalog_settings *settings = trial->trials->settings;
    unsigned int deaths = 0;
    for (size_t i = 0; i < count; i++) {
        enum catalog_fate fate = settings->fate_of(settings->fate_context, sessions[i]);
        deaths += fate == CATALOG_DIED ? 1 : 0;
        if (fate == CATALOG_LEFT) {
            store_trial_end(settings->store, trial->campaign, sessions[i], on_one_forgotten, NULL);
        }
    }
    if (deaths < STORE_TRIAL_DEATHS) {
        refuse(trial, -EAGAIN);
        return;
    }
    store_campaign_control(settings->store, trial->campaign, STORE_CONTROL_QUARANTINE, TEXT(REASON),
                           on_quarantined, trial);
}

static void on_begun(void *context, int error, const char (*sessions)[33], size_t count)
{
    struct trial *trial = context;
    struct catalog_trials *trials = trial->trials;
    if (error == 0) {
        trial->on_answer(trial->context, 0, trial);
    } else if (error == -EBUSY && count >= STORE_TRIAL_DEATHS) {
        judge(trial, sessions, count);
    } else if (error == -EBUSY && !trials->is_stopped) {
        leave(trial);
        trial->is_alone = true;
        DL_APPEND(trials->waiting, trial);
        pump(trials);
    } else if (error == -ECONNRESET) {
        /* It may be noted, and is not tried. */
        trial->on_answer(trial->context, error, NULL);
        end(trial);
    } else {
        refuse(trial, error == -EBUSY ? -ECANCELED : error);
    }
}

static bool may_start(const struct catalog_trials *trials, const struct trial *trial)
{
    return trial->is_alone ? trials->active == 0 : !trials->is_alone;
}

/* In turn: who must be alone waits for those before it, and those behind wait for it. */
static void pump(struct catalog_trials *trials)
{
    while (trials->waiting != NULL && may_start(trials, trials->waiting)) {
        struct trial *trial = trials->waiting;
        take_out(&trials->waiting, trial);
        trials->active++;
        trials->is_alone = trial->is_alone;
        store_trial_begin(trials->settings->store, trial->campaign, trial->is_alone, on_begun,
                          trial);
    }
}

void catalog_trials_begin(struct catalog_trials *trials,
                          const unsigned char campaign[IDENTITY_CAMPAIGN_BYTES],
                          catalog_trials_fn *on_answer, void *context)
{
    if (trials->is_stopped) {
        on_answer(context, -ECANCELED, NULL);
        return;
    }
    struct trial *trial = xalloc_zero(1, sizeof *trial);
    *trial = (struct trial){.trials = trials, .on_answer = on_answer, .context = context};
    memcpy(trial->campaign, campaign, sizeof trial->campaign);
    DL_APPEND(trials->waiting, trial);
    pump(trials);
}

void catalog_trials_stop(struct catalog_trials *trials)
{
    trials->is_stopped = true;
    while (trials->waiting != NULL) {
        struct trial *trial = trials->waiting;
        take_out(&trials->waiting, trial);
        trial->on_answer(trial->context, -ECANCELED, NULL);
        free(trial);
    }
}

struct catalog_trials *catalog_trials_create(const struct catalog_settings *settings)
{
    struct catalog_trials *trials = xalloc_zero(1, sizeof *trials);
    trials->settings = settings;
    trials->timer = loop_timer_create(settings->loop, on_look, trials);
    return trials;
}

void catalog_trials_destroy(struct catalog_trials **trials)
{
    if (*trials == NULL) {
        return;
    }
    catalog_trials_stop(*trials);
    while ((*trials)->endings != NULL) {
        struct trial *ending = (*trials)->endings;
        take_out(&(*trials)->endings, ending);
        free(ending);
    }
    loop_timer_destroy(&(*trials)->timer);
    free(*trials);
    *trials = NULL;
}
