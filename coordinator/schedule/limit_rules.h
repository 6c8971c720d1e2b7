/* Which shared limits hold a campaign's mail. Pure: the configuration comes in. */
#ifndef HIKYAKU_COORDINATOR_SCHEDULE_LIMIT_RULES_H
#define HIKYAKU_COORDINATOR_SCHEDULE_LIMIT_RULES_H

#include "common/base/text.h"

#define LIMIT_RULES_MAX 1000
/** Limits that can hold one batch: each kind once, and its campaign's own. */
#define LIMIT_RULES_FOUND_MAX 5
/** Recipients in a batch, at most. */
#define LIMIT_RULES_BATCH_ROWS 500

enum limit_kind { LIMIT_TENANT, LIMIT_POOL, LIMIT_FROM_DOMAIN, LIMIT_DKIM_DOMAIN, LIMIT_CAMPAIGN };

struct limit_rule {
    enum limit_kind kind; /* not LIMIT_CAMPAIGN: that is the campaign's own */
    const char *name;     /* "*": each by itself */
    uint64_t messages;
    uint64_t per_ms;
};

/** Whose mail it is. */
struct limit_subject {
    struct text tenant;
    struct text pool;
    struct text from_domain;
    struct text dkim_domain;
    uint32_t max_per_minute; /* 0: the campaign has no limit of its own */
};

struct limit_found {
    enum limit_kind kind;
    struct text name; /* of the tenant, pool or domain; empty for the campaign */
    uint64_t messages;
    uint64_t per_ms;
};

/** A rule with the very name goes before "*". @return how many hold it */
size_t limit_rules_find(const struct limit_rule *rules, size_t count,
                        const struct limit_subject *subject,
                        struct limit_found ret_found[LIMIT_RULES_FOUND_MAX]);

/** Into batches of how many recipients mail under such a limit is cut, so that it flows evenly: an
 *  eighth of what may pass at once, but ten where that is allowed. @param messages  0: no limit */
uint32_t limit_rules_batch_rows(uint64_t messages);

/** What one lane may have of a limit, so that neither waits for the other. */
uint64_t limit_rules_of_lane(uint64_t messages, uint32_t share_permille);

#endif
