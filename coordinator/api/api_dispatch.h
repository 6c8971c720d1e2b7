/* From a method's name and bytes to its handler; knows no transport. */
#ifndef HIKYAKU_COORDINATOR_API_API_DISPATCH_H
#define HIKYAKU_COORDINATOR_API_API_DISPATCH_H

#include "common/policy/access_scope.h"
#include "coordinator/api/api_call.h"

typedef void api_dispatch_handler_fn(struct api_call *call);

/** When a call is answered, in a store that was loaded from a backup (coordinator/recovery). */
enum api_dispatch_when {
    API_DISPATCH_DRIVEN, /* once it is driven again: what makes work */
    API_DISPATCH_OPEN,   /* once it is loaded: what reads, and what holds work back */
    API_DISPATCH_ALWAYS, /* needs no store */
};

/** One row of the table of methods. */
struct api_dispatch_method {
    const char *service; /* "CampaignService" */
    const char *name;    /* "CreateCampaign" */
    const ProtobufCMessageDescriptor *request;
    api_dispatch_handler_fn *handle;
    enum api_dispatch_when when;
    uint32_t scopes; /* any one of them is needed (access_scope.h) */
};

/** @param path  "/hikyaku.v1.CampaignService/CreateCampaign". @return NULL when unknown */
const struct api_dispatch_method *api_dispatch_find(struct text path);
/** The whole table. */
const struct api_dispatch_method *api_dispatch_methods(size_t *ret_count);

/**
 * Unpack, hold against the rules, handle. The call is answered exactly once, possibly inside.
 * @param call  of api_call_begin(); borrowed until answered
 * @param body  packed request; borrowed during the call only
 */
void api_dispatch_run(struct api_call *call, const struct api_dispatch_method *method,
                      struct text body);

#endif
