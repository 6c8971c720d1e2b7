#include "coordinator/access/access_tenant.h"

#include <string.h>

#define OF_THE_CLUSTER (ACCESS_BIT(ACCESS_FLEET_OPERATE) | ACCESS_BIT(ACCESS_THROTTLE_WRITE))

static bool is_for_all(const char *tenant)
{
    return strcmp(tenant, TENANTS_ALL) == 0;
}

bool access_tenant_is_there(const struct tenants *tenants, const char *tenant)
{
    const struct tenant *found = tenants_find(tenants, text_of(tenant));
    return is_for_all(tenant) || (found != NULL && !found->is_disabled);
}

uint32_t access_tenant_scopes(const struct tenants *tenants, const char *tenant)
{
    if (is_for_all(tenant)) {
        return ACCESS_TENANT_FOR_ALL;
    }
    return tenants_are_several(tenants) ? ACCESS_ALL & ~OF_THE_CLUSTER : ACCESS_ALL;
}

bool access_tenant_sees_all(const struct tenants *tenants, const char *tenant)
{
    return is_for_all(tenant) || !tenants_are_several(tenants);
}
