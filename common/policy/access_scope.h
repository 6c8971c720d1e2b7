/* Scopes: what a key may do. Roles: sets of scopes under a name that people know. Pure. */
#ifndef HIKYAKU_COMMON_POLICY_ACCESS_SCOPE_H
#define HIKYAKU_COMMON_POLICY_ACCESS_SCOPE_H

#include "common/base/buffer.h"

#include <stdint.h>

/** The same numbers as Hikyaku__V1__Scope. */
enum access_scope {
    ACCESS_CAMPAIGN_WRITE = 1,
    ACCESS_CAMPAIGN_SUBMIT,
    ACCESS_CAMPAIGN_TEST,
    ACCESS_CAMPAIGN_APPROVE,
    ACCESS_CAMPAIGN_CONTROL,
    ACCESS_MESSAGE_SEND,
    ACCESS_EVENT_READ,
    ACCESS_RECIPIENT_VIEW,
    ACCESS_SUPPRESSION_WRITE,
    ACCESS_DOMAIN_WRITE,
    ACCESS_THROTTLE_WRITE,
    ACCESS_FLEET_OPERATE,
    ACCESS_PERSON_EXPORT,
    ACCESS_PERSON_ERASE,
    ACCESS_ACCESS_ADMIN,
    ACCESS_AUDIT_READ,
    ACCESS_SCOPE_LIMIT,
};

/** A set of scopes is a number; a scope is one bit of it. */
#define ACCESS_BIT(scope) (UINT32_C(1) << (scope))
#define ACCESS_ALL ((ACCESS_BIT(ACCESS_SCOPE_LIMIT) - 1) & ~UINT32_C(1))

/** "campaign:write". */
const char *access_scope_name(enum access_scope scope);
/** @return its set of one; 0: there is no such scope */
uint32_t access_scope_find(struct text name);
/** "campaign:write, event:read", in the order of the numbers. */
void access_scope_append(uint32_t scopes, struct buffer *out);

struct access_role {
    const char *name;
    uint32_t scopes;
    const char *doc; /* half a sentence */
};

/** @return NULL: there is no such role */
const struct access_role *access_scope_role(struct text name);
/** All of them. */
const struct access_role *access_scope_roles(size_t *ret_count);

#endif
