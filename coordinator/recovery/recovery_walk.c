#include "coordinator/recovery/recovery_walk.h"

#include "common/store/store_reclaim.h"
#include "common/store/store_retention.h"
#include "coordinator/recovery/recovery_rule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 256
/* Batches without answer: Redis syncs their changes together. */
#define AT_ONCE 32

/* A campaign's batches: those claimed, then those free, a page of them at a time. */
struct work {
    unsigned char id[16];
    char *tenant; /* owned */
    struct recovery_step step;
    size_t claim;      /* the next of the walk's claims to look at */
    uint32_t *numbers; /* owned */
    size_t count;
    size_t at;
    uint64_t cursor;
    bool is_scanning;
    bool is_last_page;
    unsigned int open; /* without answer */
};

struct recovery_walk {
    struct recovery_walk_settings settings;
    recovery_walk_fn *on_done;
    void *context;
    struct recovery_walk_counts counts;
    int error;                    /* the first; the walk ends when all is answered */
    struct store_claimed *claims; /* owned */
    size_t claim_count;
    unsigned char ids[PAGE][16];
    size_t id_count;
    size_t at;
    size_t first;  /* of the page, in the partition's list */
    size_t tenant; /* whose stream comes next */
    struct work work;
};

static void next_campaign(struct recovery_walk *walk);
static void pump(struct recovery_walk *walk);

static void forget_work(struct recovery_walk *walk)
{
    free(walk->work.tenant);
    free(walk->work.numbers);
    walk->work = (struct work){.cursor = 0};
}

static void end(struct recovery_walk *walk, int error)
{
    forget_work(walk);
    free(walk->claims);
    walk->on_done(walk->context, walk->settings.partition, error, &walk->counts);
    free(walk);
}

static void end_campaign(struct recovery_walk *walk)
{
    forget_work(walk);
    walk->counts.campaigns++;
    walk->at++;
    next_campaign(walk);
}

/* ---------------------------------------------------------------- batches */

/* One that is gone, or that another session holds by now, is nothing to us. */
static void on_batch(void *context, int error, uint32_t changed, uint8_t campaign_state)
{
    (void)campaign_state;
    struct recovery_walk *walk = context;
    walk->work.open--;
    if (error == 0) {
        walk->counts.batches++;
        walk->counts.rows += changed;
    } else if (error != -ENOENT && error != -ESTALE && walk->error == 0) {
        walk->error = error;
    }
    pump(walk);
}

static void step_batch(struct recovery_walk *walk, uint32_t number, const char *session)
{
    const struct store_restored_decision *decision = &walk->settings.decision;
    struct store_restored_step step = {
        .name = {.number = number},
        .tenant = text_of(walk->work.tenant),
        .session = session,
        .may_all_be_sent = walk->work.step.may_all_be_sent,
        .holds = walk->work.step.holds,
        .lost_unix_s = decision->lost_unix_ms / 1000 + 1,
    };
    memcpy(step.name.campaign, walk->work.id, sizeof step.name.campaign);
    walk->work.open++;
    store_restored_batch(walk->settings.store, &step, on_batch, walk);
}

/* @return false: there is no other claim of this campaign */
static bool step_claim(struct recovery_walk *walk)
{
    for (; walk->work.claim < walk->claim_count; walk->work.claim++) {
        const struct store_claimed *claim = &walk->claims[walk->work.claim];
        if (memcmp(claim->name.campaign, walk->work.id, sizeof walk->work.id) == 0) {
            walk->work.claim++;
            step_batch(walk, claim->name.number, claim->session);
            return true;
        }
    }
    return false;
}

static bool step_free(struct recovery_walk *walk)
{
    if (walk->work.at == walk->work.count) {
        return false;
    }
    step_batch(walk, walk->work.numbers[walk->work.at++], "");
    return true;
}

static void on_page(void *context, int error, const uint32_t *numbers, size_t count, uint64_t next)
{
    struct recovery_walk *walk = context;
    struct work *work = &walk->work;
    work->is_scanning = false;
    if (error != 0) {
        walk->error = error;
    } else {
        free(work->numbers);
        work->numbers = xalloc_copy(numbers, count * sizeof *numbers);
        work->count = count;
        work->at = 0;
        work->cursor = next;
        work->is_last_page = next == 0;
    }
    pump(walk);
}

/* Claims come first: freed, they are among the free ones, and nothing is left to do there. */
static void pump(struct recovery_walk *walk)
{
    struct work *work = &walk->work;
    bool has_more = walk->error == 0 && !work->is_scanning;
    while (has_more && work->open < AT_ONCE) {
        has_more = step_claim(walk) || step_free(walk);
    }
    if (work->open > 0 || work->is_scanning) {
        return;
    }
    if (walk->error != 0) {
        end(walk, walk->error);
    } else if (work->is_last_page || !work->step.may_all_be_sent) {
        end_campaign(walk);
    } else {
        work->is_scanning = true;
        store_restored_batches(walk->settings.store, work->id, work->cursor, on_page, walk);
    }
}

/* ---------------------------------------------------------------- campaigns */

static void on_cancelled(void *context, int error, const struct store_campaign *campaign)
{
    (void)campaign;
    struct recovery_walk *walk = context;
    if (error != 0 && error != -EBUSY && error != -ENOENT) {
        end(walk, error);
        return;
    }
    end_campaign(walk);
}

static void on_apart(void *context, int error)
{
    struct recovery_walk *walk = context;
    struct work *work = &walk->work;
    if (error != 0 && error != -ENOENT) {
        end(walk, error);
    } else if (work->step.cancels) {
        store_campaign_control(walk->settings.store, work->id, STORE_CONTROL_CANCEL,
                               TEXT("restored from a backup: it may have been submitted and sent "
                                    "after it"),
                               on_cancelled, walk);
    } else if (work->step.frees) {
        pump(walk);
    } else {
        end_campaign(walk);
    }
}

static void on_header(void *context, int error, const struct store_campaign *campaign)
{
    struct recovery_walk *walk = context;
    struct work *work = &walk->work;
    if (error == -ENOENT) {
        end_campaign(walk);
        return;
    }
    if (error != 0) {
        end(walk, error);
        return;
    }
    memcpy(work->id, campaign->id, sizeof work->id);
    work->tenant = text_to_string(campaign->tenant);
    recovery_rule_decide(campaign->state, campaign->scheduled_unix_ms, &walk->settings.decision,
                         &work->step);
    store_restored_campaign(walk->settings.store, work->id, on_apart, walk);
}

static void on_ids(void *context, int error, const unsigned char (*ids)[16], size_t count)
{
    struct recovery_walk *walk = context;
    if (error != 0) {
        end(walk, error);
        return;
    }
    memcpy(walk->ids, ids, count * sizeof walk->ids[0]);
    walk->id_count = count;
    walk->at = 0;
    next_campaign(walk);
}

static void list(struct recovery_walk *walk)
{
    store_retention_list(walk->settings.store, walk->settings.partition, walk->first, PAGE, on_ids,
                         walk);
}

static void next_campaign(struct recovery_walk *walk)
{
    if (walk->at < walk->id_count) {
        store_campaign_get(walk->settings.store, walk->ids[walk->at], on_header, walk);
    } else if (walk->id_count == PAGE) {
        walk->first += PAGE;
        list(walk);
    } else {
        end(walk, 0);
    }
}

/* ---------------------------------------------------------------- the beginning */

static void on_claims(void *context, int error, const struct store_claimed *claims, size_t count)
{
    struct recovery_walk *walk = context;
    if (error != 0) {
        end(walk, error);
        return;
    }
    walk->claims = xalloc_copy(claims, count * sizeof *claims);
    walk->claim_count = count;
    list(walk);
}

static void next_stream(struct recovery_walk *walk);

static void on_stream(void *context, int error)
{
    struct recovery_walk *walk = context;
    if (error != 0) {
        end(walk, error);
        return;
    }
    next_stream(walk);
}

static void next_stream(struct recovery_walk *walk)
{
    const struct recovery_walk_settings *settings = &walk->settings;
    const struct tenant *tenant = tenants_at(settings->tenants, walk->tenant++);
    if (tenant == NULL) {
        store_reclaim_claims(settings->store, settings->partition, on_claims, walk);
        return;
    }
    store_restored_stream(settings->store, settings->partition, text_of(tenant->name), on_stream,
                          walk);
}

void recovery_walk_start(const struct recovery_walk_settings *settings, recovery_walk_fn *on_done,
                         void *context)
{
    struct recovery_walk *walk = xalloc_zero(1, sizeof *walk);
    walk->settings = *settings;
    walk->on_done = on_done;
    walk->context = context;
    next_stream(walk);
}
