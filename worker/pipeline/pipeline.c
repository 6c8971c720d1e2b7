#include "worker/pipeline/pipeline.h"

#include "common/base/clock.h"
#include "common/base/trap.h"

#include <assert.h>
#include <stdlib.h>

/* What a thread of the pool works on; the loop touches it only while it is idle. */
struct job {
    struct pipeline *pipeline;
    struct job *next;
    struct draft_scratch *scratch;
    struct draft *drafts[DKIM_SIGNER_BATCH_MAX];
    size_t count;
};

struct pipeline {
    struct pipeline_settings settings;
    struct draft *spare; /* empty drafts */
    struct draft *first; /* waiting for a job */
    struct draft *last;
    struct job *idle;
    size_t waiting;
    size_t drafts;  /* in use */
    size_t running; /* jobs in the pool */
    uint64_t sign_cpu_us;
    bool is_deferred;
    bool was_full;
};

static void start_jobs(void *context);

struct pipeline *pipeline_create(const struct pipeline_settings *settings)
{
    struct pipeline *pipeline = xalloc_zero(1, sizeof *pipeline);
    pipeline->settings = *settings;
    trap_arm(TRAP_COMPOSE);
    for (unsigned int i = 0; i < settings->jobs; i++) {
        struct job *job = xalloc_zero(1, sizeof *job);
        job->pipeline = pipeline;
        job->scratch = draft_scratch_create();
        job->next = pipeline->idle;
        pipeline->idle = job;
    }
    return pipeline;
}

void pipeline_destroy(struct pipeline **pipeline)
{
    if (*pipeline == NULL) {
        return;
    }
    assert((*pipeline)->drafts == 0 && (*pipeline)->running == 0);
    for (struct draft *draft = (*pipeline)->spare; draft != NULL;) {
        struct draft *next = draft->next;
        draft_finish(draft);
        free(draft);
        draft = next;
    }
    for (struct job *job = (*pipeline)->idle; job != NULL;) {
        struct job *next = job->next;
        draft_scratch_destroy(&job->scratch);
        free(job);
        job = next;
    }
    free(*pipeline);
    *pipeline = NULL;
}

bool pipeline_has_room(struct pipeline *pipeline)
{
    pipeline->was_full = pipeline->drafts >= pipeline->settings.drafts_max;
    return !pipeline->was_full;
}

static void run_job(void *context)
{
    struct job *job = context;
    draft_write_all(job->scratch, job->drafts, job->count);
}

static void on_job_done(void *context)
{
    struct job *job = context;
    struct pipeline *pipeline = job->pipeline;
    struct draft *done[DKIM_SIGNER_BATCH_MAX];
    size_t count = job->count;
    for (size_t i = 0; i < count; i++) {
        done[i] = job->drafts[i];
    }
    job->count = 0;
    job->next = pipeline->idle;
    pipeline->idle = job;
    pipeline->running--;
    pipeline->sign_cpu_us += draft_scratch_take_sign_cpu_us(job->scratch);
    start_jobs(pipeline); /* the thread has work while the loop takes these */
    for (size_t i = 0; i < count; i++) {
        done[i]->letter->place = LETTER_READY;
        pipeline->settings.on_written(pipeline->settings.context, done[i]->letter);
    }
}

static void start_job(struct pipeline *pipeline)
{
    struct job *job = pipeline->idle;
    int64_t now_unix_s = clock_unix_ms() / 1000;
    while (job->count < DKIM_SIGNER_BATCH_MAX && pipeline->first != NULL) {
        struct draft *draft = pipeline->first;
        pipeline->first = draft->next;
        draft->now_unix_s = now_unix_s;
        job->drafts[job->count++] = draft;
        pipeline->waiting--;
    }
    pipeline->idle = job->next;
    pipeline->running++;
    loop_run_in_pool(pipeline->settings.loop, run_job, on_job_done, job);
}

static void start_jobs(void *context)
{
    struct pipeline *pipeline = context;
    pipeline->is_deferred = false;
    while (pipeline->first != NULL && pipeline->idle != NULL) {
        start_job(pipeline);
    }
}

void pipeline_add(struct pipeline *pipeline, struct letter *letter)
{
    assert(letter->draft == NULL && letter->list == NULL);
    struct draft *draft = pipeline->spare;
    if (draft != NULL) {
        pipeline->spare = draft->next;
    } else {
        draft = xalloc_zero(1, sizeof *draft);
    }
    draft->letter = letter;
    draft->next = NULL;
    letter->draft = draft;
    letter->place = LETTER_COMPOSING;
    *(pipeline->first != NULL ? &pipeline->last->next : &pipeline->first) = draft;
    pipeline->last = draft;
    pipeline->waiting++;
    pipeline->drafts++;
    if (pipeline->waiting >= DKIM_SIGNER_BATCH_MAX && pipeline->idle != NULL) {
        start_job(pipeline);
    } else if (!pipeline->is_deferred) {
        pipeline->is_deferred = true;
        loop_defer(pipeline->settings.loop, start_jobs, pipeline);
    }
}

void pipeline_drop(struct pipeline *pipeline, struct letter *letter)
{
    struct draft *draft = letter->draft;
    if (draft == NULL) {
        return;
    }
    assert(letter->place != LETTER_COMPOSING);
    letter->draft = NULL;
    draft_clear(draft);
    draft->next = pipeline->spare;
    pipeline->spare = draft;
    pipeline->drafts--;
    if (pipeline->was_full) {
        pipeline->was_full = false;
        pipeline->settings.on_room(pipeline->settings.context);
    }
}

size_t pipeline_drafts(const struct pipeline *pipeline)
{
    return pipeline->drafts;
}

uint64_t pipeline_sign_cpu_us(const struct pipeline *pipeline)
{
    return pipeline->sign_cpu_us;
}
