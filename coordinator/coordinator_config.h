/* The coordinator's configuration: one table of keys. */
#ifndef HIKYAKU_COORDINATOR_COORDINATOR_CONFIG_H
#define HIKYAKU_COORDINATOR_COORDINATOR_CONFIG_H

#include "common/service/service_config.h"
#include "common/wire/wire_limits.h"
#include "coordinator/tenants/tenants.h"

/** Numbers of wire_limits, as the file has them. */
struct coordinator_limits {
    uint64_t chunk_bytes;
    uint64_t template_bytes;
    uint64_t default_fields_bytes;
    uint64_t recipient_fields_bytes;
    uint64_t attachment_bytes;
    uint64_t attachments;
    uint64_t message_bytes;
    uint64_t headers;
    uint64_t headers_bytes;
    uint64_t recipient_headers;
    uint64_t variants;
    uint64_t labels;
    uint64_t messages;
    uint64_t campaign_expires_min_ms;
    uint64_t campaign_expires_max_ms;
    uint64_t message_expires_min_ms;
    uint64_t message_expires_max_ms;
    uint64_t bulk_expires_ms;
    uint64_t transactional_expires_ms;
    uint64_t campaign_schedule_days;
    uint64_t message_schedule_days;
    uint64_t max_rejected_permille;
    uint64_t default_estimated_rows;
    int mode; /* 0 live, 1 sandbox, 2 dry_run */
};

/** Times after which things leave Redis, ms. */
struct coordinator_retention {
    uint64_t events_ms;
    uint64_t event_bytes; /* for each recipient */
    uint64_t rows_ms;
    uint64_t content_ms;
    uint64_t drafts_ms;
    uint64_t stubs_ms;
};

/** A shared limit. */
struct coordinator_rate {
    int kind; /* enum limit_kind */
    char *name;
    uint64_t messages;
    uint64_t per_ms;
};

struct coordinator_config {
    struct service_config service;
    struct {
        char *listen;
        char *key_file;
        char *allow_file;
    } bus;
    struct {
        char *listen;
        char *socket;
        char *certificate_file;
        char *key_file;
        char *bearer_key_file;
    } api;
    struct {
        char *url;    /* NULL: HIKYAKU is refused */
        char *listen; /* NULL: links are not served here */
        char *certificate_file;
        char *key_file;
        bool is_behind_proxy;
        uint64_t connections;
    } unsubscribe;
    char *metrics_listen;
    char *keys_directory;
    struct config_strings pools;
    struct config_strings from_domains;
    struct {
        char *pool;
        char *return_path_domain;
        char *feedback_sender_id;
    } fallback; /* `default` in the file */
    struct coordinator_limits limits;
    struct coordinator_retention retention;
    struct {
        char *directory; /* NULL: no files */
    } audit;
    struct {
        char *directory; /* NULL: no archive */
        uint64_t after_ms;
    } archive;
    struct {
        uint64_t after;
        uint64_t bounced_permille;
        uint64_t canary_deferred_permille;
        uint64_t complained_permille;
        uint64_t unknown_permille;
    } breaker;
    struct config_list rates; /* of struct coordinator_rate */
    struct config_strings otp_scopes;
    struct config_list tenants;   /* of struct tenant_config */
    uint64_t transactional_share; /* permille */
    uint64_t threads;             /* 0: as many as cores */
};

extern const struct config_table coordinator_config_table;

/** The limits as the protocol's border wants them. */
void coordinator_config_limits(const struct coordinator_config *config,
                               struct wire_limits *ret_limits);

/** What it says of tenants; borrows from `config` and `limits`. */
struct tenants_settings coordinator_config_tenants(const struct coordinator_config *config,
                                                   const struct wire_limits *limits);

#endif
