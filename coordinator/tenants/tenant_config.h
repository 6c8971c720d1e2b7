/* One entry of `tenants:` in the coordinators' configuration. */
#ifndef HIKYAKU_COORDINATOR_TENANTS_TENANT_CONFIG_H
#define HIKYAKU_COORDINATOR_TENANTS_TENANT_CONFIG_H

#include "common/config/config_table.h"

#define TENANT_CONFIG_MAX 200
/** With its token the link stands on one line of the header (S14). */
#define UNSUBSCRIBE_URL_BYTES_MAX 512

/** What it may use; 0: no limit. */
struct tenant_quota {
    uint64_t calls_per_minute;
    uint64_t rows_per_day;
    uint64_t bytes_per_day;
    uint64_t campaigns_per_day;
};

enum tenant_config_mode { /* the choices of `default_mode` */
                          TENANT_CONFIG_MODE_CLUSTER,
                          TENANT_CONFIG_MODE_LIVE,
                          TENANT_CONFIG_MODE_SANDBOX,
                          TENANT_CONFIG_MODE_DRY_RUN,
};

struct tenant_config {
    char *name;
    char *feedback_sender_id;           /* NULL: the cluster's */
    struct config_strings pools;        /* none: all */
    struct config_strings from_domains; /* none: tenants.h */
    char *default_pool;                 /* NULL: the cluster's */
    char *return_path_domain;           /* NULL: the cluster's */
    char *unsubscribe_url;              /* NULL: the cluster's */
    int default_mode;                   /* enum tenant_config_mode */
    bool is_disabled;
    struct config_strings otp_scopes; /* beside the cluster's */
    struct tenant_quota quota;
    struct {
        uint64_t approvers;
        uint64_t above_recipients;
        uint64_t two_above; /* 0: never for that */
        uint64_t expires_after_ms;
        struct config_strings lanes;           /* none: every one */
        struct config_strings content_classes; /* none: both */
    } approval;
};

/** The keys of an entry. */
extern const struct config_table tenant_config_table;

/** G18: 5 to 15 characters that stand in Feedback-ID as they are; empty: none.
 *  @return 0 or -EINVAL */
int tenant_config_check_sender_id(struct text value, struct problem *problem);

/** The name of a scope. @return 0 or -EINVAL */
int tenant_config_check_scope(struct text value, struct problem *problem);

/**
 * Rules between tenants, and between them and the cluster.
 * @param tenants  of struct tenant_config
 * @return 0; -EINVAL with a problem that names the key
 */
MUST_USE int tenant_config_check(const struct config_list *tenants,
                                 const struct config_strings *pools,
                                 const struct config_strings *from_domains,
                                 struct problem *problem);

#endif
