#include "coordinator/tenants/tenant_config.h"

#include "common/config/config_check.h"
#include "common/policy/access_scope.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int tenant_config_check_sender_id(struct text value, struct problem *problem)
{
    bool is_good = value.size == 0 || (value.size >= 5 && value.size <= 15);
    for (size_t i = 0; i < value.size; i++) {
        char c = value.data[i];
        is_good = is_good && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.');
    }
    if (!is_good) {
        problem_set(problem, "", "G18", "must be 5 to 15 letters, digits, '-', '_' or '.'");
        return -EINVAL;
    }
    return 0;
}

int tenant_config_check_scope(struct text value, struct problem *problem)
{
    if (access_scope_find(value) == 0) {
        problem_set(problem, "", "scope", "is no scope, such as campaign:approve (access.md)");
        return -EINVAL;
    }
    return 0;
}

static const char *const lanes[] = {"bulk", "transactional", NULL};
static const char *const classes[] = {"advertising", "notice", NULL};
static const char *const modes[] = {"cluster", "live", "sandbox", "dry_run", NULL};

/* Exact in Redis' scripts, whose numbers are doubles. */
#define QUOTA_MAX (UINT64_C(1) << 50)
#define AT(member) offsetof(struct tenant_config, member)
static const struct config_key keys[] = {
    {"name", CONFIG_STRING, AT(name), .is_required = true, .check = config_check_name,
     .example = "shop", .doc = "How principals, campaigns and events name it; never changed."},
    {"feedback_sender_id", CONFIG_STRING, AT(feedback_sender_id),
     .check = tenant_config_check_sender_id,
     .doc = "Its SenderId of Feedback-ID (G18); default: default.feedback_sender_id."},
    {"pools", CONFIG_STRINGS, AT(pools), .maximum = 1000, .check = config_check_name,
     .doc = "Pools that it may choose, of `pools`; left out: all."},
    {"from_domains", CONFIG_STRINGS, AT(from_domains), .maximum = 10000, .check = config_check_host,
     .doc = "Its own, of `from_domains`; no two tenants share one. Left out: all for an only "
            "tenant, none where there are several."},
    {"default_pool", CONFIG_STRING, AT(default_pool), .check = config_check_name,
     .doc = "The pool of a campaign that names none; default: default.pool."},
    {"return_path_domain", CONFIG_STRING, AT(return_path_domain), .check = config_check_host,
     .doc = "Domain of the return path; default: default.return_path_domain."},
    {"default_mode", CONFIG_ENUM, AT(default_mode), .choices = modes, .fallback = "cluster",
     .doc = "Mode of calls that name none; cluster: limits.mode."},
    {"otp_scopes", CONFIG_STRINGS, AT(otp_scopes), .maximum = 32,
     .check = tenant_config_check_scope, .example = "[campaign:approve]",
     .doc = "Scopes whose use needs a one-time code, beside access.otp_scopes."},
    {"quota.calls_per_minute", CONFIG_INTEGER, AT(quota.calls_per_minute), .fallback = "0",
     .maximum = QUOTA_MAX, .doc = "Calls of all its keys, over all coordinators; 0: no limit."},
    {"quota.rows_per_day", CONFIG_INTEGER, AT(quota.rows_per_day), .fallback = "0",
     .maximum = QUOTA_MAX,
     .doc = "Recipients and single messages that it may hand in a day (UTC)."},
    {"quota.bytes_per_day", CONFIG_SIZE, AT(quota.bytes_per_day), .fallback = "0B",
     .maximum = QUOTA_MAX, .doc = "Bytes of requests a day."},
    {"quota.campaigns_per_day", CONFIG_INTEGER, AT(quota.campaigns_per_day), .fallback = "0",
     .maximum = QUOTA_MAX, .doc = "Campaigns that it may create a day."},
    {"approval.approvers", CONFIG_INTEGER, AT(approval.approvers), .fallback = "0", .maximum = 2,
     .doc = "How many others than author and submitter must approve a campaign (approval.md)."},
    {"approval.above_recipients", CONFIG_INTEGER, AT(approval.above_recipients), .fallback = "0",
     .maximum = 67108864, .doc = "Campaigns of no more recipients need no approval."},
    {"approval.two_above", CONFIG_INTEGER, AT(approval.two_above), .fallback = "0",
     .maximum = 67108864,
     .doc = "Campaigns of more recipients need two approvals; 0: none for that."},
    {"approval.lanes", CONFIG_STRINGS, AT(approval.lanes), .maximum = 2, .choices = lanes,
     .doc = "Only campaigns of these lanes need approval; left out: all."},
    {"approval.content_classes", CONFIG_STRINGS, AT(approval.content_classes), .maximum = 2,
     .choices = classes, .doc = "Only these classes need approval; left out: both."},
    {"approval.expires_after", CONFIG_DURATION, AT(approval.expires_after_ms), .fallback = "72h",
     .minimum = 60000, .maximum = 2592000000,
     .doc = "A campaign that nobody approved in this time is a draft again."},
    {"unsubscribe_url", CONFIG_STRING, AT(unsubscribe_url), .maximum = UNSUBSCRIBE_URL_BYTES_MAX,
     .check = config_check_https,
     .doc = "Where its unsubscribe links lead to; default: unsubscribe.url."},
    {"disabled", CONFIG_BOOLEAN, AT(is_disabled), .fallback = "false",
     .doc = "Its principals are refused; what was submitted goes on, and its data ages as usual."},
};
#undef AT

const struct config_table tenant_config_table =
    CONFIG_TABLE(struct tenant_config, keys, .name = "tenant", .unique_key = "name",
                 .doc = "Whose mail it is: tenants share the cluster and see nothing of each "
                        "other (tenants.md).");

static bool is_in(const struct config_strings *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static int refuse(struct problem *problem, size_t place, const char *key, const char *rule,
                  const char *message)
{
    char field[96];
    (void)snprintf(field, sizeof field, "tenants[%zu].%s", place, key);
    problem_set(problem, field, rule, "%s", message);
    return -EINVAL;
}

static int check_subset(const struct config_strings *part, const struct config_strings *whole,
                        size_t place, const char *key, struct problem *problem)
{
    for (size_t i = 0; i < part->count; i++) {
        if (!is_in(whole, part->items[i])) {
            char item[48];
            (void)snprintf(item, sizeof item, "%s[%zu]", key, i);
            return refuse(problem, place, item, "unknown", "is not one of the cluster's");
        }
    }
    return 0;
}

static int check_own(const struct tenant_config *tenant, const struct tenant_config *all,
                     size_t place, struct problem *problem)
{
    for (size_t i = 0; i < tenant->from_domains.count; i++) {
        for (size_t other = 0; other < place; other++) {
            if (is_in(&all[other].from_domains, tenant->from_domains.items[i])) {
                return refuse(problem, place, "from_domains", "shared_domain",
                              "a From domain belongs to one tenant");
            }
        }
    }
    return 0;
}

int tenant_config_check(const struct config_list *tenants, const struct config_strings *pools,
                        const struct config_strings *from_domains, struct problem *problem)
{
    const struct tenant_config *all = tenants->items;
    for (size_t i = 0; i < tenants->count; i++) {
        const struct tenant_config *tenant = &all[i];
        const struct config_strings *own = tenant->pools.count > 0 ? &tenant->pools : pools;
        int error = check_subset(&tenant->pools, pools, i, "pools", problem);
        if (error == 0) {
            error = check_subset(&tenant->from_domains, from_domains, i, "from_domains", problem);
        }
        if (error == 0 && tenant->default_pool != NULL && !is_in(own, tenant->default_pool)) {
            error = refuse(problem, i, "default_pool", "unknown_pool", "is not one of its pools");
        }
        if (error == 0) {
            error = check_own(tenant, all, i, problem);
        }
        if (error != 0) {
            return error;
        }
    }
    return 0;
}
