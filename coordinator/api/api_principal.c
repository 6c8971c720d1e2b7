/* WhoAmI, PutPrincipal, ListPrincipals. */
#include "common/wire/wire_unpack.h"
#include "coordinator/access/access_tenant.h"
#include "coordinator/api/api_access.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_state.h"

#include <errno.h>
#include <string.h>

/* The key file's principal has no record. */
#define FILE_PRINCIPAL "file"

void api_principal_handle_who(struct api_call *call)
{
    const struct access_book *book = access_book_of(call->api->settings.access);
    const struct access_key *key = access_book_key(book, text_of(call->caller.key_id));
    Hikyaku__V1__WhoAmIResponse response;
    hikyaku__v1__who_am_iresponse__init(&response);
    Hikyaku__V1__StoredPrincipal file = HIKYAKU__V1__STORED_PRINCIPAL__INIT;
    file.name = api_call_string(call, text_of(call->caller.principal));
    file.tenant = api_call_string(call, call->tenant);
    file.scopes = call->caller.scopes;
    bool is_known = key != NULL && key->principal != NULL;
    response.principal = api_access_view_principal(call, is_known ? key->principal->stored : &file);
    response.key = is_known ? api_access_view_key(call, key) : NULL;
    api_call_answer(call, &response.base);
}

static void list(struct api_call *call)
{
    const struct access_book *book = access_book_of(call->api->settings.access);
    size_t count = access_book_principal_count(book);
    Hikyaku__V1__ListPrincipalsResponse response;
    hikyaku__v1__list_principals_response__init(&response);
    response.principals = arena_zero(call->arena, count + 1, sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        const struct access_principal *principal = access_book_principal_at(book, i);
        if (api_call_sees(call, principal->stored->tenant)) {
            response.principals[response.n_principals++] =
                api_access_view_principal(call, principal->stored);
        }
    }
    api_call_answer(call, &response.base);
}

void api_principal_handle_list(struct api_call *call)
{
    api_access_fresh(call, list);
}

/* ------------------------------------------------------------------ PutPrincipal */

struct put_call {
    struct api_call *call;
    Hikyaku__V1__StoredPrincipal *stored;
    bool is_new;
};

static void on_put(void *context, int error)
{
    struct put_call *put = context;
    struct api_call *call = put->call;
    if (error != 0) {
        api_access_refuse(call, error, "principal.name");
        return;
    }
    api_access_changed(call, put->is_new ? "principal.created" : "principal.changed",
                       put->stored->name, "");
    Hikyaku__V1__PutPrincipalResponse response;
    hikyaku__v1__put_principal_response__init(&response);
    response.principal = api_access_view_principal(call, put->stored);
    api_call_answer(call, &response.base);
}

/* @return 0; -EINVAL: noted */
static int check_scopes(struct api_call *call, const Hikyaku__V1__StoredPrincipal *stored)
{
    uint32_t allowed = access_tenant_scopes(call->api->settings.tenants, stored->tenant);
    if ((stored->scopes & ~allowed) == 0) {
        return 0;
    }
    OWNED(buffer_finish) struct buffer words = {0};
    access_scope_append(stored->scopes & ~allowed, &words);
    api_call_note(call, "principal.roles", "tenant_scopes", "%.*s: %s",
                  TEXT_PRINT(buffer_text(&words)),
                  strcmp(stored->tenant, TENANTS_ALL) == 0
                      ? "principals of * see no mail"
                      : "several tenants share the cluster: who runs it is a principal of *");
    return -EINVAL;
}

/* @return 0; -EINVAL: noted */
static int add_roles(struct api_call *call, const Hikyaku__V1__Principal *given,
                     Hikyaku__V1__StoredPrincipal *stored)
{
    stored->scopes = api_access_scopes(given->scopes, given->n_scopes);
    stored->roles = given->roles;
    stored->n_roles = given->n_roles;
    for (size_t i = 0; i < given->n_roles; i++) {
        const struct access_role *role = access_scope_role(text_of(given->roles[i]));
        if (role == NULL) {
            api_call_note(call, arena_printf(call->arena, "principal.roles[%zu]", i),
                          "unknown_role", "there is no role of this name; docs/access.md has them");
            return -EINVAL;
        }
        stored->scopes |= role->scopes;
    }
    if (stored->scopes == 0) {
        api_call_note(call, "principal.roles", "required", "a role or a scope must be given");
        return -EINVAL;
    }
    return check_scopes(call, stored);
}

/* As told, else as it was, else the caller's own. */
static char *tenant_of(struct api_call *call, const Hikyaku__V1__Principal *given,
                       const struct access_principal *before)
{
    struct text own = before != NULL ? text_of(before->stored->tenant) : call->tenant;
    return api_call_string(call, given->tenant[0] != '\0' ? text_of(given->tenant) : own);
}

/* Who sees one tenant alone cannot learn of others. @return 0; -EINVAL: noted */
static int check_tenant(struct api_call *call, const char *tenant)
{
    bool is_there = strcmp(tenant, TENANTS_ALL) == 0 ||
                    tenants_find(call->api->settings.tenants, text_of(tenant)) != NULL;
    bool is_own = text_equal(text_of(tenant), call->tenant);
    if (is_own || (call->caller.sees_all && is_there)) {
        return 0;
    }
    api_call_note(call, "principal.tenant", "unknown", "there is no such tenant for you");
    return -EINVAL;
}

/* @return false: the call has been refused */
static bool may_put(struct api_call *call, const char *name)
{
    if (strcmp(name, FILE_PRINCIPAL) == 0) {
        api_call_refuse_with(call, WIRE_CODE_INVALID_ARGUMENT, "principal.name", "reserved",
                             "stands for the keys of the coordinators' key file");
        return false;
    }
    if (api_access_is_self(call, name)) {
        api_call_refuse_with(call, WIRE_CODE_PERMISSION_DENIED, "principal.name", "self",
                             "nobody changes what he may himself: ask another administrator");
        return false;
    }
    return true;
}

static struct put_call *settle(struct api_call *call, const Hikyaku__V1__Principal *given,
                               const struct access_principal *before)
{
    struct put_call *put = arena_zero(call->arena, 1, sizeof *put);
    Hikyaku__V1__StoredPrincipal *stored = arena_alloc(call->arena, sizeof *stored);
    hikyaku__v1__stored_principal__init(stored);
    put->call = call;
    put->stored = stored;
    put->is_new = before == NULL;
    stored->name = given->name;
    stored->tenant = tenant_of(call, given, before);
    stored->note = given->note;
    stored->disabled = given->disabled;
    stored->created_unix_ms = before != NULL ? before->stored->created_unix_ms
                                             : store_now_unix_ms(call->api->settings.store);
    stored->created_by = api_call_string(
        call, text_of(before != NULL ? before->stored->created_by : call->caller.principal));
    if (before != NULL) {
        stored->otp_sealed = before->stored->otp_sealed;
        stored->otp_enrolled_unix_ms = before->stored->otp_enrolled_unix_ms;
        stored->otp_enrolled_by = api_call_string(call, text_of(before->stored->otp_enrolled_by));
    }
    if (check_tenant(call, stored->tenant) != 0 || add_roles(call, given, stored) != 0) {
        api_call_refuse(call, WIRE_CODE_INVALID_ARGUMENT);
        return NULL;
    }
    return put;
}

static void put(struct api_call *call)
{
    const Hikyaku__V1__PutPrincipalRequest *request = (const void *)call->request;
    const Hikyaku__V1__Principal *given = request->principal;
    const struct access_principal *before =
        request->create ? NULL
                        : access_book_principal(access_book_of(call->api->settings.access),
                                                text_of(given->name));
    if (!may_put(call, given->name)) {
        return;
    }
    if (!request->create && (before == NULL || !api_call_sees(call, before->stored->tenant))) {
        api_call_refuse_with(call, WIRE_CODE_NOT_FOUND, "principal.name", "not_found",
                             "there is no principal of this name");
        return;
    }
    struct put_call *put = settle(call, given, before);
    if (put == NULL) {
        return;
    }
    OWNED(buffer_finish) struct buffer packed = {0};
    wire_unpack_append(&put->stored->base, &packed);
    const struct store_access_change change = {
        .what = put->is_new ? STORE_ACCESS_NEW : STORE_ACCESS_CHANGE,
        .entry = {.kind = STORE_ACCESS_PRINCIPAL,
                  .name = text_of(given->name),
                  .packed = buffer_text(&packed)},
        .before = before == NULL ? TEXT("") : before->packed};
    store_access_change(call->api->settings.store, &change, 1, on_put, put);
}

void api_principal_handle(struct api_call *call)
{
    api_access_fresh(call, put);
}
