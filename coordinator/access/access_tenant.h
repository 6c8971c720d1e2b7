/* What the tenant of a principal lets it do. Pure.
 *
 * Who runs a cluster that several tenants share does so for all: fleet:operate and throttle:write
 * are for principals of "*", which have no mail. */
#ifndef HIKYAKU_COORDINATOR_ACCESS_ACCESS_TENANT_H
#define HIKYAKU_COORDINATOR_ACCESS_ACCESS_TENANT_H

#include "common/policy/access_scope.h"
#include "coordinator/tenants/tenants.h"

/** Scopes of "*": none shows content or recipients. */
#define ACCESS_TENANT_FOR_ALL                                               \
    (ACCESS_BIT(ACCESS_FLEET_OPERATE) | ACCESS_BIT(ACCESS_THROTTLE_WRITE) | \
     ACCESS_BIT(ACCESS_ACCESS_ADMIN) | ACCESS_BIT(ACCESS_AUDIT_READ))

/** Is it there, and not disabled? */
bool access_tenant_is_there(const struct tenants *tenants, const char *tenant);
/** What its principals may do at most. */
uint32_t access_tenant_scopes(const struct tenants *tenants, const char *tenant);
/** Principals, keys and audit entries of every tenant. */
bool access_tenant_sees_all(const struct tenants *tenants, const char *tenant);

#endif
