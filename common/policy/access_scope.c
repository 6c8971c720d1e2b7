#include "common/policy/access_scope.h"

#include <assert.h>

static const char *const names[ACCESS_SCOPE_LIMIT] = {
    [ACCESS_CAMPAIGN_WRITE] = "campaign:write",
    [ACCESS_CAMPAIGN_SUBMIT] = "campaign:submit",
    [ACCESS_CAMPAIGN_TEST] = "campaign:test",
    [ACCESS_CAMPAIGN_APPROVE] = "campaign:approve",
    [ACCESS_CAMPAIGN_CONTROL] = "campaign:control",
    [ACCESS_MESSAGE_SEND] = "message:send",
    [ACCESS_EVENT_READ] = "event:read",
    [ACCESS_RECIPIENT_VIEW] = "recipient:view",
    [ACCESS_SUPPRESSION_WRITE] = "suppression:write",
    [ACCESS_DOMAIN_WRITE] = "domain:write",
    [ACCESS_THROTTLE_WRITE] = "throttle:write",
    [ACCESS_FLEET_OPERATE] = "fleet:operate",
    [ACCESS_PERSON_EXPORT] = "person:export",
    [ACCESS_PERSON_ERASE] = "person:erase",
    [ACCESS_ACCESS_ADMIN] = "access:admin",
    [ACCESS_AUDIT_READ] = "audit:read",
};

const char *access_scope_name(enum access_scope scope)
{
    assert(scope > 0 && scope < ACCESS_SCOPE_LIMIT);
    return names[scope];
}

uint32_t access_scope_find(struct text name)
{
    for (unsigned int scope = 1; scope < ACCESS_SCOPE_LIMIT; scope++) {
        if (text_equal(name, text_of(names[scope]))) {
            return ACCESS_BIT(scope);
        }
    }
    return 0;
}

void access_scope_append(uint32_t scopes, struct buffer *out)
{
    const char *between = "";
    for (unsigned int scope = 1; scope < ACCESS_SCOPE_LIMIT; scope++) {
        if ((scopes & ACCESS_BIT(scope)) != 0) {
            buffer_append_string(out, between);
            buffer_append_string(out, names[scope]);
            between = ", ";
        }
    }
}

#define BIT(name) ACCESS_BIT(ACCESS_##name)
#define AUTHOR (BIT(CAMPAIGN_WRITE) | BIT(CAMPAIGN_TEST) | BIT(EVENT_READ))

/* Who writes does not approve, who approves does not write, who operates sees no mail. */
static const struct access_role roles[] = {
    {"author", AUTHOR, "writes campaigns and tests them"},
    {"submitter", AUTHOR | BIT(CAMPAIGN_SUBMIT) | BIT(CAMPAIGN_CONTROL),
     "writes campaigns, submits, pauses and cancels them"},
    {"approver", BIT(CAMPAIGN_APPROVE) | BIT(CAMPAIGN_TEST) | BIT(EVENT_READ),
     "looks at campaigns of others and approves them"},
    {"sender", BIT(MESSAGE_SEND) | BIT(EVENT_READ), "a system that sends single messages"},
    {"support", BIT(EVENT_READ) | BIT(RECIPIENT_VIEW) | BIT(CAMPAIGN_CONTROL),
     "answers what became of a message, pauses and cancels"},
    {"operator", BIT(FLEET_OPERATE) | BIT(THROTTLE_WRITE),
     "runs the cluster; sees neither contents nor recipients"},
    {"privacy",
     BIT(SUPPRESSION_WRITE) | BIT(PERSON_EXPORT) | BIT(PERSON_ERASE) | BIT(RECIPIENT_VIEW),
     "answers persons who ask about their data"},
    {"admin", BIT(ACCESS_ADMIN) | BIT(DOMAIN_WRITE) | BIT(AUDIT_READ),
     "principals, keys and domains; sends nothing"},
    {"auditor", BIT(AUDIT_READ), "reads who did what"},
    {"platform", BIT(FLEET_OPERATE) | BIT(THROTTLE_WRITE) | BIT(ACCESS_ADMIN) | BIT(AUDIT_READ),
     "runs a cluster of several tenants, as a principal of *; sees no mail"},
    {"root", ACCESS_ALL, "everything"},
};

const struct access_role *access_scope_role(struct text name)
{
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (text_equal(name, text_of(roles[i].name))) {
            return &roles[i];
        }
    }
    return NULL;
}

const struct access_role *access_scope_roles(size_t *ret_count)
{
    *ret_count = sizeof roles / sizeof roles[0];
    return roles;
}
