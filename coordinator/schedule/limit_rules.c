#include "coordinator/schedule/limit_rules.h"

#define MINUTE_MS 60000
#define PARTS 8
#define ROWS_LEAST 10

static const struct limit_rule *find(const struct limit_rule *rules, size_t count,
                                     enum limit_kind kind, struct text name)
{
    const struct limit_rule *any = NULL;
    for (size_t i = 0; i < count; i++) {
        if (rules[i].kind == kind && text_equal_nocase(text_of(rules[i].name), name)) {
            return &rules[i];
        }
        if (rules[i].kind == kind && text_equal(text_of(rules[i].name), TEXT("*"))) {
            any = &rules[i];
        }
    }
    return any;
}

size_t limit_rules_find(const struct limit_rule *rules, size_t count,
                        const struct limit_subject *subject,
                        struct limit_found ret_found[LIMIT_RULES_FOUND_MAX])
{
    const struct text names[] = {[LIMIT_TENANT] = subject->tenant,
                                 [LIMIT_POOL] = subject->pool,
                                 [LIMIT_FROM_DOMAIN] = subject->from_domain,
                                 [LIMIT_DKIM_DOMAIN] = subject->dkim_domain};
    size_t found = 0;
    if (subject->max_per_minute > 0) {
        ret_found[found++] = (struct limit_found){
            .kind = LIMIT_CAMPAIGN, .messages = subject->max_per_minute, .per_ms = MINUTE_MS};
    }
    for (int kind = LIMIT_TENANT; kind <= LIMIT_DKIM_DOMAIN; kind++) {
        const struct limit_rule *rule = find(rules, count, (enum limit_kind)kind, names[kind]);
        if (rule != NULL) {
            ret_found[found++] = (struct limit_found){.kind = rule->kind,
                                                      .name = names[kind],
                                                      .messages = rule->messages,
                                                      .per_ms = rule->per_ms};
        }
    }
    return found;
}

uint32_t limit_rules_batch_rows(uint64_t messages)
{
    if (messages == 0 || messages / PARTS >= LIMIT_RULES_BATCH_ROWS) {
        return LIMIT_RULES_BATCH_ROWS;
    }
    uint64_t least = messages < ROWS_LEAST ? messages : ROWS_LEAST;
    uint64_t part = messages / PARTS;
    return (uint32_t)(part > least ? part : least);
}

uint64_t limit_rules_of_lane(uint64_t messages, uint32_t share_permille)
{
    uint64_t part = messages / 1000 * share_permille + messages % 1000 * share_permille / 1000;
    return part > 0 ? part : 1;
}
