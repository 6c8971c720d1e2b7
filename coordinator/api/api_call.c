#include "coordinator/api/api_call.h"

#include "common/security/seal.h"

#include "common/wire/wire_store.h"
#include "common/wire/wire_unpack.h"
#include "coordinator/api/api_audit.h"
#include "coordinator/api/api_quota.h"
#include "coordinator/api/api_state.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* Bounds the memory that one request may ask for; answers may go beyond. */
#define CALL_ARENA_BYTES ((size_t)96 * 1024 * 1024)
#define RETRY_AFTER_MS 1000

/* NULL-terminated, in the arena; NULL for none. */
static const char *const *copy_list(struct arena *arena, char *const *list, size_t count)
{
    const char **copy = count == 0 ? NULL : arena_zero(arena, count + 1, sizeof *copy);
    for (size_t i = 0; i < count; i++) {
        copy[i] = arena_copy(arena, list[i], strlen(list[i]));
    }
    return copy;
}

/* The book of keys may be read anew while the call goes on. */
static void take_caller(struct api_call *call, const struct access_caller *caller)
{
    struct arena *arena = call->arena;
    call->tenant = arena_text(arena, text_of(caller->tenant));
    call->caller.principal = api_call_string(call, text_of(caller->principal));
    call->caller.key_id = "";
    call->caller.quota_of = "";
    call->caller.scopes = caller->scopes;
    call->caller.sees_all = caller->sees_all;
    if (caller->key == NULL) {
        return;
    }
    Hikyaku__V1__StoredKey *key = NULL;
    /* It was read before. */
    int error = wire_store_read_key(arena_text(arena, caller->key->packed), arena, &key);
    assert(error == 0);
    (void)error;
    call->caller.key_id = key->id;
    call->caller.quota = key->quota;
    call->caller.quota_of = key->quota_of[0] != '\0' ? key->quota_of : key->id;
    call->caller.from_domains = copy_list(arena, key->from_domains, key->n_from_domains);
    call->caller.pools = copy_list(arena, key->pools, key->n_pools);
    call->caller.labels = (const Hikyaku__V1__StoredKeyLabel *const *)key->labels;
    call->caller.label_count = key->n_labels;
}

struct api_call *api_call_begin(struct api *api, const struct access_caller *caller,
                                const char *source, api_call_done_fn *on_done, void *context)
{
    struct api_call *call = xalloc_zero(1, sizeof *call);
    call->api = api;
    call->arena = arena_create(CALL_ARENA_BYTES);
    take_caller(call, caller);
    call->caller.source = api_call_string(call, text_of(source));
    call->on_done = on_done;
    call->context = context;
    DL_APPEND(api->calls, call);
    return call;
}

const struct tenant *api_call_tenant(const struct api_call *call)
{
    return tenants_obtain(call->api->settings.tenants, call->tenant);
}

struct wire_effective_tenant api_call_defaults(struct api_call *call)
{
    const struct wire_effective_tenant *defaults = &api_call_tenant(call)->defaults;
    return (struct wire_effective_tenant){
        .pool = api_call_string(call, text_of(defaults->pool)),
        .return_path_domain = api_call_string(call, text_of(defaults->return_path_domain))};
}

bool api_call_sees(const struct api_call *call, const char *tenant)
{
    return call->caller.sees_all || text_equal(text_of(tenant), call->tenant);
}

struct problem_list *api_call_problems(struct api_call *call)
{
    if (call->problems == NULL) {
        call->problems = arena_zero(call->arena, 1, sizeof *call->problems);
    }
    return call->problems;
}

void api_call_note(struct api_call *call, const char *field, const char *rule, const char *format,
                   ...)
{
    struct problem problem;
    char message[sizeof problem.message];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    problem_set(&problem, field, rule, "%s", message);
    problem_list_add(api_call_problems(call), &problem);
}

void api_call_settle(struct api_call *call)
{
    DL_DELETE(call->api->calls, call);
    call->on_done(call->context, call->error, call->body);
    if (call->packed != NULL && call->is_secret) {
        seal_wipe(call->packed, call->body.size);
    }
    arena_destroy(&call->arena);
    free(call);
}

/* The handler is done. */
static void finish(struct api_call *call)
{
    call->on_gone = NULL;
    api_quota_settle(call);
    if (!api_audit_hold(call)) {
        api_call_settle(call);
    }
}

void api_call_answer(struct api_call *call, const ProtobufCMessage *response)
{
    size_t size = protobuf_c_message_get_packed_size(response);
    char *body = arena_alloc(call->arena, size + 1);
    (void)protobuf_c_message_pack(response, (uint8_t *)body);
    call->body = (struct text){body, size};
    call->packed = body;
    finish(call);
}

void api_call_refuse(struct api_call *call, enum wire_code code)
{
    const struct problem_list *problems = api_call_problems(call);
    struct wire_error *error = arena_zero(call->arena, 1, sizeof *error);
    error->code = code;
    error->problems = problems->items;
    error->problem_count = problems->count;
    if (code == WIRE_CODE_UNAVAILABLE || code == WIRE_CODE_RESOURCE_EXHAUSTED) {
        error->retry_after_ms = call->retry_after_ms > 0 ? call->retry_after_ms : RETRY_AFTER_MS;
    }
    call->error = error;
    finish(call);
}

void api_call_refuse_with(struct api_call *call, enum wire_code code, const char *field,
                          const char *rule, const char *format, ...)
{
    struct problem problem;
    char message[sizeof problem.message];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    problem_set(&problem, field, rule, "%s", message);
    problem_list_add(api_call_problems(call), &problem);
    api_call_refuse(call, code);
}

/* What an error of store or catalog means to the caller. */
static const struct {
    int error;
    enum wire_code code;
    const char *field;
    const char *rule;
    const char *message;
} meanings[] = {
    {-ENOENT, WIRE_CODE_NOT_FOUND, "campaign_id", "not_found", "there is no such campaign"},
    {-EAGAIN, WIRE_CODE_UNAVAILABLE, "", "store", "the store is away: repeat the call"},
    {-ECANCELED, WIRE_CODE_UNAVAILABLE, "", "stopping",
     "this coordinator is stopping: repeat the call"},
    {-ECONNRESET, WIRE_CODE_UNAVAILABLE, "", "store",
     "the store did not answer: repeat the call, it is idempotent"},
    {-ENOSPC, WIRE_CODE_RESOURCE_EXHAUSTED, "", "store_memory",
     "the store's memory is full: what is being sent goes on, nothing new is taken"},
    {-ENOKEY, WIRE_CODE_FAILED_PRECONDITION, "", "key_unavailable",
     "the key of this campaign is not in the key directory"},
    {-EOWNERDEAD, WIRE_CODE_FAILED_PRECONDITION, "campaign_id", "quarantined",
     "three coordinators died while they loaded it: it stands under QUARANTINED until it is "
     "released (ResolveQuarantine)"},
};

enum wire_code api_call_explain(int error, struct problem *ret_problem)
{
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (meanings[i].error == error) {
            problem_set(ret_problem, meanings[i].field, meanings[i].rule, "%s",
                        meanings[i].message);
            return meanings[i].code;
        }
    }
    problem_set(ret_problem, "", "internal", "an internal error (%d); the log has more", -error);
    return WIRE_CODE_INTERNAL;
}

void api_call_refuse_error(struct api_call *call, int error)
{
    struct problem problem;
    enum wire_code code = api_call_explain(error, &problem);
    problem_list_add(api_call_problems(call), &problem);
    api_call_refuse(call, code);
}

char *api_call_string(struct api_call *call, struct text text)
{
    return arena_copy(call->arena, text.data, text.size);
}
