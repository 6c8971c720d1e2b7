/* What the driver's files share. Internal to this folder.
 *
 *   driver.c           partitions, notices, the tick
 *   driver_campaign.c  one campaign: header -> drive_rule -> what to do
 *   driver_approval.c  it waits for approval for too long
 *   driver_canary.c    its canary: the wait, the verdict
 *   driver_limits.c    held by a shared limit for a while
 *   driver_list.c      its due batches: into the ready queues, or swept
 *   driver_hasten.c    what paths hold until a time, before it
 *   driver_claims.c    claims of dead sessions, claims that a live one does not know
 *   driver_doubt.c     rows whose doubt has lasted long enough */
#ifndef HIKYAKU_COORDINATOR_FLEET_DRIVER_INSIDE_H
#define HIKYAKU_COORDINATOR_FLEET_DRIVER_INSIDE_H

#include "common/base/table.h"
#include "common/store/store_batch.h"
#include "common/store/store_reclaim.h"
#include "coordinator/fleet/drive_facts.h"
#include "coordinator/fleet/driver.h"

/* Waiting batches of a campaign in memory: more are fetched below LOW, up to HIGH. */
#define DRIVER_AHEAD_LOW 256
#define DRIVER_AHEAD_HIGH 1024
/* A campaign is looked at again no sooner than so after the last time. */
#define DRIVER_GAP_MS 20
/* Batches swept per second, all campaigns together: 100,000 recipients. */
#define DRIVER_SWEEPS_PER_TICK 200
#define DRIVER_SWEEPS_AT_ONCE 32
#define DRIVER_RECLAIMS_AT_ONCE 64
/* Between two looks for what may go on before its time. */
#define DRIVER_HASTEN_APART_MS 900
/* I10: nothing starts or expires beyond this. */
#define DRIVER_SKEW_MAX_MS 60000

struct driver_campaign {
    struct driver *driver;
    unsigned char id[16];
    char id_text[IDENTITY_CAMPAIGN_LENGTH + 1];
    unsigned int partition;
    struct drive_facts facts;
    uint64_t quarantined;       /* recipients */
    uint64_t held_by_paths;     /* recipients under the gates that driver_hasten() ends */
    uint64_t hastened_ms;       /* when that last looked; 0: it has not */
    unsigned int hasten_passes; /* to come */
    size_t suspects;            /* batches, in the last list of due ones */
    uint32_t canary_batches;    /* only these are offered; 0: all */
    uint8_t word;
    uint8_t lane;
    char *tenant; /* owned; NULL until the header was read */
    char *pool;   /* owned */

    struct catalog_campaign *loaded; /* a reference; NULL until the content is here */
    bool is_loading;
    bool lacks_key;
    unsigned int load_wait_ticks; /* before the next try */
    struct ready_campaign *ready; /* while it has a place in the queues */

    unsigned int calls;  /* without answer: they hold a pointer to this */
    bool is_gone;        /* dropped: freed with the last answer */
    bool is_reading;     /* its header */
    bool is_listing;     /* its due batches */
    bool is_dirty;       /* in the list of those to look at soon */
    bool is_lapsing;     /* back to a draft: without answer */
    bool is_judging;     /* a step of its canary is without answer */
    bool is_closing;     /* a container: closed, or about to be */
    bool is_hastening;   /* what paths hold is being made due */
    bool has_more;       /* more is due than is in memory */
    unsigned int sweeps; /* without answer */
    unsigned int misses; /* active sets in a row that did not name it */
    uint64_t looked_ms;

    enum gate limit_gate;    /* a shared limit holds it */
    uint64_t limit_until_ms; /* 0: none does */

    struct driver_campaign *prev; /* of the partition */
    struct driver_campaign *next;
    struct driver_campaign *dirty_next;
};

struct driver_partition {
    struct driver_campaign *campaigns; /* list */
    struct claim_watch *watch;
    bool is_held;
    bool is_listing;
    bool wants_claims;
    bool is_claiming;      /* the list of claims, or a reclaim, is without answer */
    unsigned int reclaims; /* without answer */
    unsigned int doubts;   /* calls about doubt without answer */
};

struct driver {
    struct driver_settings settings;
    struct driver_partition partitions[IDENTITY_PARTITIONS];
    struct table *campaigns; /* by id */
    struct loop_timer *tick;
    struct loop_timer *soon;
    struct loop_timer *limits;     /* when the next limit lets go */
    struct driver_campaign *dirty; /* list by dirty_next */
    unsigned int ticks;
    unsigned int sweeps_left;
};

/* driver_campaign.c */
struct driver_campaign *driver_campaign_obtain(struct driver *driver, const unsigned char id[16]);
struct driver_campaign *driver_campaign_find(const struct driver *driver,
                                             const unsigned char id[16]);
/** Out of the memory and the queues; freed when its calls are answered. */
void driver_campaign_drop(struct driver_campaign *campaign);
/** One more call holds the campaign. */
struct driver_campaign *driver_campaign_hold(struct driver_campaign *campaign);
/** Its answer came. @return false when the campaign is gone: leave it alone */
bool driver_campaign_answered(struct driver_campaign *campaign);
/** Read the header, then do what drive_rule says. */
void driver_campaign_look(struct driver_campaign *campaign);
/** As soon as DRIVER_GAP_MS allow. */
void driver_campaign_look_soon(struct driver_campaign *campaign);
/** What holds it may be otherwise now: offer nothing of it until it was looked at again. */
void driver_campaign_doubt(struct driver_campaign *campaign);
void driver_campaign_look_at_dirty(struct driver *driver);
struct drive_time driver_campaign_time(const struct driver *driver);

/** The lane of its batches. */
enum ready_lane driver_campaign_lane(const struct driver_campaign *campaign);

/* driver_list.c */
enum driver_list_kind {
    DRIVER_LIST_DUE,     /* into the queues */
    DRIVER_LIST_EXPIRED, /* sweep those whose own time is over */
    DRIVER_LIST_ALL,     /* sweep all */
};
void driver_list_start(struct driver_campaign *campaign, enum driver_list_kind kind,
                       enum outcome outcome);

/* driver_canary.c, driver_approval.c */
void driver_canary_look(struct driver_campaign *campaign, const struct store_campaign *header);
/** AWAITING_APPROVAL -> DRAFT. */
void driver_approval_lapse(struct driver_campaign *campaign);

/* driver_limits.c, driver_hasten.c */
void driver_limits_on_timer(void *driver);
bool driver_limits_hold(const struct driver_campaign *campaign);
/** Make due what paths hold, if driver_hasten_all() has said that it may go on. */
void driver_hasten(struct driver_campaign *campaign);
void driver_hasten_all(struct driver *driver);

/* driver_claims.c, driver_doubt.c */
void driver_claims_look(struct driver *driver, unsigned int partition);
void driver_doubt_look(struct driver *driver, unsigned int partition);

#endif
