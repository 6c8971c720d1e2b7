#include "coordinator/api/api_access.h"

#include "common/base/log.h"
#include "coordinator/api/api_otp.h"
#include "coordinator/api/api_quota.h"
#include "coordinator/api/api_state.h"

#include <errno.h>
#include <string.h>

static char *copy(struct api_call *call, const char *text)
{
    return api_call_string(call, text_of(text));
}

static char **copy_list(struct api_call *call, char *const *list, size_t count)
{
    char **copies = arena_zero(call->arena, count + 1, sizeof *copies);
    for (size_t i = 0; i < count; i++) {
        copies[i] = copy(call, list[i]);
    }
    return copies;
}

static Hikyaku__V1__Scope *list_scopes(struct api_call *call, uint32_t scopes, size_t *ret_count)
{
    Hikyaku__V1__Scope *list = arena_zero(call->arena, ACCESS_SCOPE_LIMIT, sizeof *list);
    *ret_count = 0;
    for (unsigned int scope = 1; scope < ACCESS_SCOPE_LIMIT; scope++) {
        if ((scopes & ACCESS_BIT(scope)) != 0) {
            list[(*ret_count)++] = (Hikyaku__V1__Scope)scope;
        }
    }
    return list;
}

Hikyaku__V1__Principal *api_access_view_principal(struct api_call *call,
                                                  const Hikyaku__V1__StoredPrincipal *stored)
{
    Hikyaku__V1__Principal *view = arena_alloc(call->arena, sizeof *view);
    hikyaku__v1__principal__init(view);
    view->name = copy(call, stored->name);
    view->tenant = copy(call, stored->tenant);
    view->roles = copy_list(call, stored->roles, stored->n_roles);
    view->n_roles = stored->n_roles;
    view->scopes = list_scopes(call, stored->scopes, &view->n_scopes);
    view->note = copy(call, stored->note);
    view->disabled = stored->disabled;
    view->created_unix_ms = stored->created_unix_ms;
    view->created_by = copy(call, stored->created_by);
    view->otp_enrolled_unix_ms = stored->otp_enrolled_unix_ms;
    view->otp_enrolled_by = copy(call, stored->otp_enrolled_by);
    return view;
}

static void view_labels(struct api_call *call, const Hikyaku__V1__StoredKey *stored,
                        Hikyaku__V1__ApiKey *view)
{
    view->n_labels = stored->n_labels;
    view->labels = arena_zero(call->arena, stored->n_labels + 1, sizeof(void *));
    for (size_t i = 0; i < stored->n_labels; i++) {
        view->labels[i] = arena_alloc(call->arena, sizeof **view->labels);
        hikyaku__v1__api_key__labels_entry__init(view->labels[i]);
        view->labels[i]->key = copy(call, stored->labels[i]->name);
        view->labels[i]->value = copy(call, stored->labels[i]->value);
    }
}

Hikyaku__V1__ApiKey *api_access_view_key(struct api_call *call, const struct access_key *key)
{
    const Hikyaku__V1__StoredKey *stored = key->stored;
    Hikyaku__V1__ApiKey *view = arena_alloc(call->arena, sizeof *view);
    hikyaku__v1__api_key__init(view);
    view->key_id = copy(call, stored->id);
    view->principal = copy(call, stored->principal);
    view->state =
        (Hikyaku__V1__KeyState)access_book_state(key, store_now_unix_ms(call->api->settings.store));
    view->scopes = list_scopes(call, stored->scopes, &view->n_scopes);
    view->note = copy(call, stored->note);
    view->created_unix_ms = stored->created_unix_ms;
    view->created_by = copy(call, stored->created_by);
    view->expires_unix_ms = stored->expires_unix_ms;
    view->revoked_unix_ms = stored->revoked_unix_ms;
    view->revoked_by = copy(call, stored->revoked_by);
    view->used_unix_ms = key->used_unix_ms;
    view->networks = copy_list(call, stored->networks, stored->n_networks);
    view->n_networks = stored->n_networks;
    view->from_domains = copy_list(call, stored->from_domains, stored->n_from_domains);
    view->n_from_domains = stored->n_from_domains;
    view->pools = copy_list(call, stored->pools, stored->n_pools);
    view->n_pools = stored->n_pools;
    view->replaces = copy(call, stored->replaces);
    view->quota = api_quota_view(call, stored->quota);
    view_labels(call, stored, view);
    return view;
}

struct fresh_call {
    struct api_call *call;
    void (*handle)(struct api_call *call);
};

static void on_fresh(void *context, int error)
{
    struct fresh_call *fresh = context;
    if (error != 0) {
        api_call_refuse_error(fresh->call, error);
    } else {
        fresh->handle(fresh->call);
    }
}

void api_access_fresh(struct api_call *call, void (*handle)(struct api_call *call))
{
    struct fresh_call *fresh = arena_zero(call->arena, 1, sizeof *fresh);
    fresh->call = call;
    fresh->handle = handle;
    access_refresh(call->api->settings.access, on_fresh, fresh);
}

uint32_t api_access_scopes(const Hikyaku__V1__Scope *scopes, size_t count)
{
    uint32_t set = 0;
    for (size_t i = 0; i < count; i++) {
        set |= ACCESS_BIT(scopes[i]);
    }
    return set & ACCESS_ALL;
}

bool api_access_is_self(const struct api_call *call, const char *principal)
{
    return call->caller.key_id[0] != '\0' && strcmp(call->caller.principal, principal) == 0;
}

bool api_access_may_manage(struct api_call *call, const char *principal)
{
    if (api_access_is_self(call, principal)) {
        return true;
    }
    if ((call->caller.scopes & ACCESS_BIT(ACCESS_ACCESS_ADMIN)) != 0) {
        return !api_otp_refuses(call, ACCESS_BIT(ACCESS_ACCESS_ADMIN));
    }
    api_call_refuse_with(call, WIRE_CODE_PERMISSION_DENIED, "key_id", "scope",
                         "is not a key of %s: that needs access:admin", call->caller.principal);
    return false;
}

void api_access_changed(struct api_call *call, const char *what, const char *principal,
                        const char *key_id)
{
    LOG(LOG_ACCESS_CHANGED, NULL, log_string("what", what), log_string("principal", principal),
        log_string("key", key_id), log_string("by", call->caller.principal));
    access_look(call->api->settings.access);
}

void api_access_refuse(struct api_call *call, int error, const char *field)
{
    switch (error) {
    case -EEXIST:
        api_call_refuse_with(call, WIRE_CODE_CONFLICT, field, "exists",
                             "there is one already; it is not changed, and a key is told once");
        break;
    case -ENOENT:
    case -ESTALE:
        api_call_refuse_with(call, WIRE_CODE_UNAVAILABLE, field, "changed",
                             "was changed by somebody else at the same time: repeat the call");
        break;
    case -ENOSPC:
        api_call_refuse_with(call, WIRE_CODE_RESOURCE_EXHAUSTED, field, "too_many",
                             "there are at most %d principals and %d keys",
                             STORE_ACCESS_PRINCIPALS_MAX, STORE_ACCESS_KEYS_MAX);
        break;
    default:
        api_call_refuse_error(call, error);
    }
}
