/* The worker's configuration: one table of keys (docs/worker-configuration.md is made from it). */
#ifndef HIKYAKU_WORKER_WORKER_CONFIG_H
#define HIKYAKU_WORKER_WORKER_CONFIG_H

#include "common/service/service_config.h"

struct worker_config_ip {
    char *address;
    char *ehlo;
    char *warmup; /* NULL: it is warm */
};

struct worker_config_pool {
    char *name;
    struct config_list ips; /* of struct worker_config_ip */
};

struct worker_config_route {
    char *domain;
    char *host;
    uint64_t port;
    int family; /* enum route_family */
    int tls;    /* enum route_tls */
    bool is_smart_host;
};

struct worker_config_selector {
    char *domain;
    char *selector;
    char *ed25519_selector;
};

struct worker_config {
    struct service_config service;
    struct config_strings coordinators;
    struct {
        char *key_file;
        char *server_key_file;
    } bus;
    struct config_list pools; /* of struct worker_config_pool */
    struct {
        struct config_strings forwarders;
        struct config_strings local_data;
        struct config_strings open_zones;
        uint64_t timeout_ms;
    } dns;
    struct {
        struct config_strings block_lists;
        uint64_t interval_ms;
    } watch;
    struct config_list routes;   /* of struct worker_config_route */
    struct config_list profiles; /* of struct provider_profiles_record */
    struct {
        struct config_list plans; /* of struct warmup_plans_record */
        char *zone;               /* NULL: UTC */
        uint64_t hour_share;      /* permille */
    } warmup;
    struct {
        bool signs;
        char *directory;              /* given when it signs */
        struct config_list selectors; /* of struct worker_config_selector */
        bool is_double;
        int body;
        bool verifies;
    } dkim;
    struct {
        uint64_t connections_per_site;
        uint64_t messages_per_connection;
        uint64_t connections;
        uint64_t idle_ms;
        uint64_t port;
        uint64_t timeout_permille;
    } smtp;
    struct {
        uint64_t recipients;
        uint64_t reserve;
        uint64_t idle_ms;
    } claim;
    struct {
        uint64_t interval_ms;
        uint64_t outcomes;
    } flush;
    char *reply_rules; /* NULL: those built in */
    struct {
        char *reply_rules; /* NULL: as in use */
        char *profiles;    /* NULL: as in use */
    } shadow;
    uint64_t retry_permille;
    uint64_t drain_grace_ms;
    uint64_t threads;
    char *metrics_listen;
};

extern const struct config_table worker_config_table;

#endif
