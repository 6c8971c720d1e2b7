#include "coordinator/api/api_owner.h"

#include "common/store/store_owner.h"
#include "coordinator/api/api_state.h"
#include "coordinator/api/api_view.h"
#include "coordinator/tenants/owner_cache.h"

#include <errno.h>
#include <string.h>

struct owner_call {
    struct api_call *call;
    api_owner_next_fn *next;
    unsigned char id[16];
};

const char *api_owner_named(const ProtobufCMessage *request)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(request->descriptor, "campaign_id");
    if (field == NULL || field->type != PROTOBUF_C_TYPE_STRING ||
        field->label == PROTOBUF_C_LABEL_REPEATED) {
        return NULL;
    }
    const char *message = (const char *)request;
    bool is_one_of = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
    if (is_one_of &&
        *(const uint32_t *)(const void *)(message + field->quantifier_offset) != field->id) {
        return NULL;
    }
    const char *id = *(const char *const *)(const void *)(message + field->offset);
    return id == NULL || id[0] == '\0' ? NULL : id;
}

/* What is another's takes the way of what there is not, so that nothing tells them apart. */
static void on_owner(void *context, int error, struct text tenant)
{
    struct owner_call *owner = context;
    struct api_call *call = owner->call;
    if (error == 0 && !text_equal(tenant, call->tenant)) {
        error = -ENOENT;
    }
    if (error != 0) {
        api_call_refuse_error(call, error);
        return;
    }
    owner_cache_put(call->api->owners, owner->id, call->tenant);
    owner->next(call);
}

void api_owner_check(struct api_call *call, api_owner_next_fn *next)
{
    const char *named = api_owner_named(call->request);
    unsigned char id[16];
    /* The handler says what is wrong with what is no id. */
    if (named == NULL || api_view_parse_id(named, id) != 0 ||
        owner_cache_has(call->api->owners, id, call->tenant)) {
        next(call);
        return;
    }
    struct owner_call *owner = arena_zero(call->arena, 1, sizeof *owner);
    owner->call = call;
    owner->next = next;
    memcpy(owner->id, id, sizeof owner->id);
    store_owner_find(call->api->settings.store, owner->id, on_owner, owner);
}
