/* Numbers of API.md that may differ between sites. Configuration fills this struct; what is not
 * here is fixed. */
#ifndef HIKYAKU_COMMON_WIRE_WIRE_LIMITS_H
#define HIKYAKU_COMMON_WIRE_WIRE_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_limits {
    uint32_t chunk_bytes;             /* 4 MiB, of an AddRecipients body */
    uint32_t template_bytes;          /* 1 MiB, each of text and html */
    uint32_t default_fields_bytes;    /* 64 KiB */
    uint32_t recipient_fields_bytes;  /* 8 KiB */
    uint32_t attachment_bytes;        /* 1 MiB each, inline in the call */
    uint32_t attachments;             /* 20 */
    uint32_t message_bytes;           /* 10 MiB, texts and attachments as base64 */
    uint32_t headers;                 /* 20 */
    uint32_t headers_bytes;           /* 8 KiB, names and values together */
    uint32_t recipient_headers;       /* 5 */
    uint32_t variants;                /* 20 */
    uint32_t labels;                  /* 10 */
    uint32_t messages;                /* 1,000 per SendMessages */
    uint32_t campaign_expires_min_s;  /* 60 */
    uint32_t campaign_expires_max_s;  /* 432,000 */
    uint32_t message_expires_min_s;   /* 30 */
    uint32_t message_expires_max_s;   /* 86,400 */
    uint32_t bulk_expires_s;          /* default, 259,200 */
    uint32_t transactional_expires_s; /* default, 14,400 */
    uint32_t campaign_schedule_days;  /* 90: how far ahead */
    uint32_t message_schedule_days;   /* 7 */
    uint32_t max_rejected_permille;   /* default at Submit, 20 */
    uint32_t default_estimated_rows;  /* 10,000 */
    uint32_t default_mode;            /* the tenant's mode: Hikyaku__V1__Mode, LIVE */
    uint64_t messages_at_once;        /* what the smallest shared limit lets pass; 0: none */
    bool serves_unsubscribe;          /* HIKYAKU: unsubscribe.url is configured */
};

/** The defaults above. */
extern const struct wire_limits wire_limits_default;

#endif
