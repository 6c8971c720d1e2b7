/* The keys that both programs have: name, cluster, log, store, durability. */
#ifndef HIKYAKU_COMMON_SERVICE_SERVICE_CONFIG_H
#define HIKYAKU_COMMON_SERVICE_SERVICE_CONFIG_H

#include "common/config/config_change.h"
#include "common/config/config_check.h"
#include "common/store/store.h"

/** A member of each program's struct. */
struct service_config {
    char *name;
    char *cluster;
    int log_level; /* enum log_level */
    int log_form;  /* enum log_form */
    struct {
        char *endpoint;
        struct config_strings sentinels;
        char *master;
        char *sentinel_user;
        char *sentinel_password_file;
        char *user;
        char *password_file;
        uint64_t database;
        char *prefix;
        struct store_tls tls; /* ca_file NULL: none */
    } store;
    int durability; /* enum store_durability */
    uint64_t durability_replicas;
};

extern const char *const service_config_log_levels[];
extern const char *const service_config_log_forms[];
extern const char *const service_config_durabilities[];

/** As config_check_endpoint(); says how TLS is asked for. @return 0 or -EINVAL */
int service_config_check_redis(struct text value, struct problem *problem);

/**
 * Rows of a program's table of keys, for its member `service` of struct service_config.
 * @param type     the program's struct
 * @param shown    the name in the reference's example
 */
#define SERVICE_CONFIG_KEYS(type, shown)                                                           \
    {"name",                                                                                       \
     CONFIG_STRING,                                                                                \
     offsetof(type, service.name),                                                                 \
     .is_required = true,                                                                          \
     .check = config_check_name,                                                                   \
     .example = (shown),                                                                           \
     .doc = "How this process is called on screens and in metrics."},                              \
        {"cluster",                                                                                \
         CONFIG_STRING,                                                                            \
         offsetof(type, service.cluster),                                                          \
         .is_required = true,                                                                      \
         .check = config_check_name,                                                               \
         .example = "prod-tokyo",                                                                  \
         .doc = "The cluster's name, for screens."},                                               \
        {"log.level",                                                                              \
         CONFIG_ENUM,                                                                              \
         offsetof(type, service.log_level),                                                        \
         .choices = service_config_log_levels,                                                     \
         .fallback = "info",                                                                       \
         .is_reloadable = true,                                                                    \
         .doc = "The least level that is written; single outcomes are debug."},                    \
        {"log.format",                                                                             \
         CONFIG_ENUM,                                                                              \
         offsetof(type, service.log_form),                                                         \
         .choices = service_config_log_forms,                                                      \
         .fallback = "auto",                                                                       \
         .doc = "One JSON object a line, or text; auto: text on a terminal."},                     \
        {"store.endpoint",                                                                         \
         CONFIG_STRING,                                                                            \
         offsetof(type, service.store.endpoint),                                                   \
         .fallback = "127.0.0.1:6379",                                                             \
         .check = service_config_check_redis,                                                      \
         .doc = "Where Redis is: HOST:PORT (all addresses of a name in turn) or unix:PATH."},      \
        {"store.sentinels",                                                                        \
         CONFIG_STRINGS,                                                                           \
         offsetof(type, service.store.sentinels),                                                  \
         .maximum = 16,                                                                            \
         .check = service_config_check_redis,                                                      \
         .example = "['10.0.0.1:26379', '10.0.0.2:26379', '10.0.0.3:26379']",                      \
         .doc = "Sentinels that know the primary, instead of endpoint; failovers are followed."},  \
        {"store.master", CONFIG_STRING, offsetof(type, service.store.master),                      \
         .fallback = "mymaster", .doc = "The primary's name at the sentinels."},                   \
        {"store.sentinel_user", CONFIG_STRING, offsetof(type, service.store.sentinel_user),        \
         .doc = "User at the sentinels (ACL)."},                                                   \
        {"store.sentinel_password_file", CONFIG_SECRET_FILE,                                       \
         offsetof(type, service.store.sentinel_password_file),                                     \
         .doc = "File that holds the sentinels' password alone."},                                 \
        {"store.user", CONFIG_STRING, offsetof(type, service.store.user),                          \
         .doc = "Redis user (ACL)."},                                                              \
        {"store.password_file", CONFIG_SECRET_FILE, offsetof(type, service.store.password_file),   \
         .doc = "File that holds the Redis password alone."},                                      \
        {"store.tls.ca_file", CONFIG_STRING, offsetof(type, service.store.tls.ca_file),            \
         .doc = "CAs (PEM) of Redis' certificate: with them TLS is spoken to Redis and its "       \
                "sentinels; not over unix sockets, nor by builds on Debian 12."},                  \
        {"store.tls.certificate_file", CONFIG_STRING,                                              \
         offsetof(type, service.store.tls.certificate_file),                                       \
         .doc = "PEM file of the own certificate and its chain, where Redis asks for one."},       \
        {"store.tls.key_file", CONFIG_SECRET_FILE, offsetof(type, service.store.tls.key_file),     \
         .doc = "PEM file of its key."},                                                           \
        {"store.tls.server_name", CONFIG_STRING, offsetof(type, service.store.tls.server_name),    \
         .doc = "The name in Redis' certificate, where it is not the host connected to."},         \
        {"store.database", CONFIG_INTEGER,  offsetof(type, service.store.database),                \
         .fallback = "0",  .maximum = 1023, .doc = "Redis database number."},                      \
        {"store.prefix",                                                                           \
         CONFIG_STRING,                                                                            \
         offsetof(type, service.store.prefix),                                                     \
         .fallback = "hk",                                                                         \
         .check = config_check_name,                                                               \
         .doc = "In front of every key: several clusters may share one Redis."},                   \
        {"durability",                                                                             \
         CONFIG_ENUM,                                                                              \
         offsetof(type, service.durability),                                                       \
         .choices = service_config_durabilities,                                                   \
         .fallback = "disk",                                                                       \
         .doc =                                                                                    \
             "What an acknowledgement promises; the same in all programs of a cluster. disk: a "   \
             "power cut loses nothing (Redis with AOF, appendfsync always). replicated: as disk, " \
             "and durability_replicas replicas have it. relaxed: whatever Redis does; said at "    \
             "start and on screens."},                                                             \
    {                                                                                              \
        "durability_replicas", CONFIG_INTEGER, offsetof(type, service.durability_replicas),        \
            .fallback = "1", .minimum = 1, .maximum = 16,                                          \
            .doc = "With durability: replicated, how many replicas must have a write before it "   \
                   "is acknowledged; Redis needs min-replicas-to-write of as many or more."        \
    }

/**
 * Read a program's file; secrets' files must keep the rules of key_file.h.
 * @return as config_table_read()
 */
MUST_USE int service_config_read(const struct config_table *table, const char *file,
                                 struct arena *arena, struct config_errors *errors,
                                 void *ret_config);

/**
 * Read the file again, for SIGHUP.
 *
 * @param before      the struct in use
 * @param ret_config  out: filled; its strings live in `arena`
 * @return 0; -Exxx with the first mistake in `problem`: one in the file, or a key that was changed
 *         and needs a restart. Nothing may then be taken over
 */
MUST_USE int service_config_reread(const struct config_table *table, const char *file,
                                   const void *before, struct arena *arena, void *ret_config,
                                   struct problem *problem);

#endif
