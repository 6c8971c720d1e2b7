/* A campaign as its header in Redis tells it: store_header.h reads it, store_campaign.h writes it.
 */
#ifndef HIKYAKU_COMMON_STORE_STORE_CAMPAIGN_RECORD_H
#define HIKYAKU_COMMON_STORE_STORE_CAMPAIGN_RECORD_H

#include "common/mail/rows.h"

/** The answer to each claim and flush: what the campaign wants of its workers. */
enum store_word { STORE_RUN = 1, STORE_PAUSE = 2, STORE_CANCEL = 3 };

/** Where the canary of a campaign stands. */
enum store_canary {
    STORE_CANARY_NONE, /* none was asked for, or nobody would be left to wait for it */
    STORE_CANARY_SENDING,
    STORE_CANARY_WAITING, /* all of it was tried */
    STORE_CANARY_PASSED,
    STORE_CANARY_FAILED,
    STORE_CANARY_OVERRULED, /* failed, but a person let the campaign go on */
};

#define STORE_CAMPAIGN_SITES_MAX 64
#define STORE_CAMPAIGN_CLASSES 32 /* reply classes that are counted; flush.v1.lua knows it too */

/** Why a campaign stands under QUARANTINED. control.v1.lua and reclaim.v1.lua know the numbers. */
enum store_quarantine_why {
    STORE_QUARANTINE_NONE,
    STORE_QUARANTINE_BATCHES,    /* parts of three of its batches killed workers */
    STORE_QUARANTINE_LOADS,      /* three coordinators died while they loaded it */
    STORE_QUARANTINE_LOADS_IDLE, /* the same, and it was not under way: nor is it once released */
};

/** A label: name and value. */
struct store_label {
    struct text name;
    struct text value;
};

/** The campaign's header. Texts are borrowed: from the caller (create), for the callback (get). */
struct store_campaign {
    unsigned char id[16];
    struct text tenant;
    struct text name;
    struct text pool;
    struct text from_domain;
    const struct store_label *labels;
    size_t label_count;
    uint8_t lane; /* Hikyaku__V1__Lane */
    uint8_t mode; /* Hikyaku__V1__Mode */
    uint8_t content_class;
    uint8_t state;      /* Hikyaku__V1__CampaignState */
    uint8_t word;       /* enum store_word */
    bool is_hold;       /* doubt: HOLD, else RESEND */
    uint8_t resolve_as; /* Hikyaku__V1__ResolveAs: what ends UNCERTAIN by rule */
    uint32_t resolve_after_s;
    bool is_container;
    uint32_t buckets; /* of duplicate hashes; 0: KEEP */
    uint32_t expires_after_s;
    struct text windows; /* send_window_pack(); empty: at any time */
    int64_t created_unix_ms;
    int64_t submitted_unix_ms;
    int64_t scheduled_unix_ms; /* 0: at once */
    int64_t expires_unix_ms;   /* 0 until submitted */
    int64_t ended_unix_ms;     /* COMPLETED or CANCELLED since; 0: not ended */
    uint8_t shed;              /* enum store_shed (store_retention.h): how far it has shrunk */
    struct text wrapped_key;   /* seal_wrap_key() */
    uint8_t token_key_id;
    struct text request_digest; /* 32 bytes: same key, same payload */
    struct text digest;         /* 32 bytes: what an approval binds to; empty until submitted */
    /* Counted by the scripts: */
    uint32_t rows; /* sent, bad ones included */
    uint32_t accepted;
    uint32_t duplicates;
    uint32_t rejected;
    uint32_t chunks;
    uint32_t batches;
    uint32_t batches_open; /* not all rows final (UNCERTAIN keeps none open) */
    uint64_t outcomes[OUTCOME_LIMIT];
    uint64_t bounced[STORE_CAMPAIGN_CLASSES]; /* outcomes that claims told, by reply class */
    struct text tripped;                      /* why a breaker paused it; empty: none has */
    uint64_t gates[GATE_LIMIT];               /* open rows by the gate in their row */
    struct {
        uint8_t state;  /* enum store_canary */
        uint32_t count; /* recipients asked for */
        uint32_t wait_s;
        uint32_t bounced_permille; /* at most */
        uint32_t batches;          /* the first ones of chunk 0 */
        uint32_t rows;             /* accepted ones in them */
        int64_t since_unix_ms;     /* WAITING and later: all of it was tried */
        struct text why;           /* what it was judged by */
    } canary;
    struct {
        struct text author;       /* the principal that created it; empty: of an older version */
        struct text submitter;    /* empty until submitted */
        uint8_t needed;           /* approvals; 0: none */
        uint8_t given;            /* of this submission */
        int64_t until_unix_ms;    /* nobody has approved by then: it is a DRAFT again; 0: never */
        int64_t returned_unix_ms; /* it was rejected, or nobody approved: a DRAFT since; 0: no */
        struct text returned_why;
    } approval;
    uint8_t quarantine; /* enum store_quarantine_why: it is stopped, and waits for a person */
    uint64_t doubled;   /* deliveries beyond the first of a recipient, as far as known */
    uint64_t in_flight; /* rows of claimed batches that were open when claimed */
    struct {
        struct text key; /* provider key, or "other" */
        uint64_t outcomes[OUTCOME_LIMIT];
    } sites[STORE_CAMPAIGN_SITES_MAX];
    size_t site_count;
};

/** Only its canary is sent: the rest waits. */
static inline bool store_canary_is_open(const struct store_campaign *campaign)
{
    return campaign->canary.state == STORE_CANARY_SENDING ||
           campaign->canary.state == STORE_CANARY_WAITING;
}

#endif
