/* What the files of this folder share: one question on its way, step by step.
 *
 *   explain.c           questions, their steps, the parts of every answer
 *   explain_batch.c     an index -> its batch, row, ref, domain
 *   explain_limits.c    shared limits, as Redis counts them
 *   explain_paths.c     paths, as workers tell them or as they are stored
 *   explain_warmup.c    what young IPs may still send, and on the next days
 *   explain_decisions.c since when a path pauses, and which event told of it
 *   explain_tries.c     the events of one recipient, from the newest back
 *   explain_why.c       facts -> why_rule -> the answer
 *   explain_words.c     gates in words
 *   explain_forecast.c  facts -> forecast_rule -> the answer */
#ifndef HIKYAKU_COORDINATOR_EXPLAIN_EXPLAIN_INSIDE_H
#define HIKYAKU_COORDINATOR_EXPLAIN_EXPLAIN_INSIDE_H

#include "common/base/arena.h"
#include "common/policy/provider_profiles.h"
#include "common/policy/reply_class.h"
#include "common/service/service_windows.h"
#include "common/store/store_events.h"
#include "common/store/store_look.h"
#include "coordinator/events/event_batches.h"
#include "coordinator/explain/explain.h"
#include "coordinator/explain/forecast_rule.h"
#include "coordinator/explain/why_rule.h"
#include "coordinator/fleet/fleet_reasons.h"
#include "hikyaku/v1/api.pb-c.h"

#define EXPLAIN_PATHS_MAX 256
#define EXPLAIN_TRIES_MAX 256
/* With what else of an IP's warm-up is read they make one call. */
#define EXPLAIN_SITES_MAX (STORE_LOOK_SITES_MAX - 2)

struct explain {
    struct explain_settings settings;
    struct event_batches *batches;      /* owned */
    struct seal *seal;                  /* owned */
    struct provider_profiles *profiles; /* owned; the built-in ones */
};

/** A path of some site. Texts in the arena. */
struct explain_path {
    const char *site;
    const char *ip;
    uint8_t gate;
    int64_t until_unix_ms;
    const char *rule;
    const char *event_id; /* SITE_SUSPENDED: that told of it; NULL: not found */
    int64_t since_unix_ms;
    uint64_t rate_per_1000_s;
    double per_s; /* what it may be expected to send */
    uint32_t connections;
    uint64_t waiting;
    uint64_t quota_used;                /* warm-up: of this day */
    uint64_t quota_most;                /* 0: warm */
    uint64_t quotas[FORECAST_DAYS_MAX]; /* of this day and the next ones; NO_QUOTA: warm */
};

struct explain_ask;
typedef void explain_step_fn(struct explain_ask *ask);

struct explain_ask {
    struct explain *explain; /* borrowed */
    struct arena *arena;     /* borrowed, like the texts of the question */
    struct explain_question question;
    explain_step_fn *const *steps; /* the next one first; NULL ends them */
    explain_fn *on_answer;
    explain_limit_fn *on_limit; /* explain_limits_ask(): instead of on_answer */
    void *context;

    struct store_campaign campaign;   /* texts in the arena; no labels */
    struct catalog_campaign *content; /* a reference; NULL: its key or content is gone */
    bool lacks_key;
    struct fleet_reasons reasons;
    struct fleet_reasons_limit *limits; /* in the arena */
    struct why_limit limit_counts[LIMIT_RULES_FOUND_MAX];
    size_t limit_count;
    size_t limit_at;

    struct store_batch_name batch;
    uint32_t position;
    struct store_look_row look;
    const char *ref;
    const char *domain;
    const char *site;

    Hikyaku__V1__Event *tries[EXPLAIN_TRIES_MAX]; /* the newest first */
    size_t try_count;
    bool tries_cut;
    struct store_event_place tries_before;
    uint64_t tries_until_ms;

    /* The last STATE event, where its campaign is paused; NULL: not found. */
    const char *state_reason;
    const char *state_event;
    int64_t state_since_unix_ms;

    struct explain_path paths[EXPLAIN_PATHS_MAX];
    size_t path_count;
    const char *sites[EXPLAIN_SITES_MAX]; /* whose paths are looked at */
    size_t site_count;
    size_t ip_at;
    size_t warm_at;                /* the IP whose warm-up is read */
    int64_t warm_day_ends_unix_ms; /* 0: no IP has a plan */
    bool is_site_guessed;          /* by its domain, until something is stored of such a site */
    bool is_answered;              /* a worker answered at all, */
    bool has_answer;               /* and has the recipient in hand */
    const char *worker;
    uint8_t worker_place; /* enum letter_place of a worker */
    uint8_t worker_gate;
    uint64_t worker_ahead;
    uint64_t gates[GATE_LIMIT]; /* letters at workers */
    uint64_t moving;            /* of these, under no gate */
};

/** The next step. */
void explain_next(struct explain_ask *ask);
/** It ends here. @param error  0: with an answer */
void explain_end(struct explain_ask *ask, int error, const ProtobufCMessage *answer);
char *explain_text(const struct explain_ask *ask, struct text text);
/** Did the store itself fail? Then there is no going on. */
bool explain_is_broken(int error);

Hikyaku__V1__Event **explain_tries_oldest_first(const struct explain_ask *ask);

/** The campaign's header, with what the answers need of its texts. */
void explain_copy_campaign(struct explain_ask *ask, const struct store_campaign *campaign);
/** Messages a second of a path that has learnt nothing yet. */
double explain_paths_usual_per_s(const struct explain_ask *ask, const char *site);

/* Steps. */
void explain_load_content(struct explain_ask *ask);
void explain_batch_find(struct explain_ask *ask);
void explain_batch_look(struct explain_ask *ask);
void explain_batch_ref(struct explain_ask *ask);
void explain_batch_domain(struct explain_ask *ask);
void explain_limits_read(struct explain_ask *ask);
void explain_tries_read(struct explain_ask *ask);
void explain_paths_sites(struct explain_ask *ask);
void explain_paths_inquire(struct explain_ask *ask);
void explain_paths_read(struct explain_ask *ask);
void explain_warmup_read(struct explain_ask *ask);
void explain_decisions_read(struct explain_ask *ask);
void explain_why_recipient(struct explain_ask *ask);
void explain_why_campaign(struct explain_ask *ask);
void explain_forecast_run(struct explain_ask *ask);
void explain_tries_answer(struct explain_ask *ask);

#endif
