/* CreateKey, ListKeys, RotateKey, RevokeKey. */
#include "common/wire/wire_store.h"
#include "common/wire/wire_unpack.h"
#include "coordinator/access/access_key.h"
#include "coordinator/api/api_access.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_quota.h"
#include "coordinator/api/api_state.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#define EXPIRES_MAX_MS (INT64_C(1000) * 24 * 3600 * 1000)

/* A change of keys under way; in the call's arena. */
struct key_call {
    struct api_call *call;
    Hikyaku__V1__StoredKey *stored; /* made or changed */
    Hikyaku__V1__StoredKey *old;    /* RotateKey: the one it takes over from */
    const char *what;
    char secret[ACCESS_KEY_LENGTH + 1];
    unsigned char digest[DIGEST_BYTES];
};

static const struct access_book *book_of(const struct api_call *call)
{
    return access_book_of(call->api->settings.access);
}

struct listing {
    struct api_call *call;
    Hikyaku__V1__ListKeysResponse response;
};

static void answer_list(void *context)
{
    struct listing *listing = context;
    api_call_answer(listing->call, &listing->response.base);
}

static struct api_quota_shown shown_of(struct api_call *call, const struct access_key *key,
                                       Hikyaku__V1__ApiKey *view)
{
    const Hikyaku__V1__StoredKey *stored = key->stored;
    const char *subject = stored->quota_of[0] != '\0' ? stored->quota_of : stored->id;
    return (struct api_quota_shown){
        .view = view,
        .tenant = api_call_string(call, text_of(key->principal->stored->tenant)),
        .subject = api_call_string(call, text_of(subject))};
}

static void list(struct api_call *call)
{
    const Hikyaku__V1__ListKeysRequest *request = (const void *)call->request;
    const struct access_book *book = book_of(call);
    size_t count = access_book_key_count(book);
    struct listing *listing = arena_zero(call->arena, 1, sizeof *listing);
    struct api_quota_shown *shown = arena_zero(call->arena, count + 1, sizeof *shown);
    Hikyaku__V1__ListKeysResponse *response = &listing->response;
    size_t shown_count = 0;
    listing->call = call;
    hikyaku__v1__list_keys_response__init(response);
    response->keys = arena_zero(call->arena, count + 1, sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        const struct access_key *key = access_book_key_at(book, i);
        bool is_asked = request->principal[0] == '\0' ||
                        strcmp(request->principal, key->stored->principal) == 0;
        if (!is_asked || key->principal == NULL ||
            !api_call_sees(call, key->principal->stored->tenant)) {
            continue;
        }
        Hikyaku__V1__ApiKey *view = api_access_view_key(call, key);
        response->keys[response->n_keys++] = view;
        if (view->quota != NULL) {
            shown[shown_count++] = shown_of(call, key, view);
        }
    }
    api_quota_fill(call, shown, shown_count, answer_list, listing);
}

void api_key_handle_list(struct api_call *call)
{
    api_access_fresh(call, list);
}

/* ------------------------------------------------------------------ what a new key may be */

static bool is_listed(const char *const *names, const char *name)
{
    while (*names != NULL && strcmp(*names, name) != 0) {
        names++;
    }
    return *names != NULL;
}

static void check_names(struct api_call *call, const char *field, char *const *given, size_t count,
                        const char *const *known)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_listed(known, given[i])) {
            api_call_note(call, arena_printf(call->arena, "key.%s[%zu]", field, i), "unknown",
                          "is not known to the coordinators' configuration");
        }
    }
}

static void check_networks(struct api_call *call, const Hikyaku__V1__ApiKey *given)
{
    struct access_network network;
    for (size_t i = 0; i < given->n_networks; i++) {
        if (access_network_parse(text_of(given->networks[i]), &network) != 0) {
            api_call_note(call, arena_printf(call->arena, "key.networks[%zu]", i), "network",
                          "must be as 192.0.2.0/24 or 2001:db8::/32, without bits behind the "
                          "prefix");
        }
    }
}

static void check_expires(struct api_call *call, const char *field, int64_t expires_unix_ms)
{
    int64_t now_ms = store_now_unix_ms(call->api->settings.store);
    if (expires_unix_ms != 0 &&
        (expires_unix_ms <= now_ms || expires_unix_ms > now_ms + EXPIRES_MAX_MS)) {
        api_call_note(call, field, "out_of_range", "must lie ahead, by 1,000 days at most");
    }
}

/* @return false: the call has been refused */
static bool check_key(struct api_call *call, const Hikyaku__V1__ApiKey *given,
                      const struct access_principal *principal)
{
    uint32_t scopes = api_access_scopes(given->scopes, given->n_scopes);
    const struct tenant *tenant =
        tenants_obtain(call->api->settings.tenants, text_of(principal->stored->tenant));
    check_names(call, "from_domains", given->from_domains, given->n_from_domains,
                tenant->from_domains);
    check_names(call, "pools", given->pools, given->n_pools, tenant->pools);
    check_networks(call, given);
    check_expires(call, "key.expires_unix_ms", given->expires_unix_ms);
    if ((scopes & ~principal->stored->scopes) != 0) {
        api_call_note(call, "key.scopes", "scope", "must be among those of %s",
                      principal->stored->name);
    }
    if (api_call_problems(call)->count > 0) {
        api_call_refuse(call, WIRE_CODE_INVALID_ARGUMENT);
        return false;
    }
    return true;
}

/* ------------------------------------------------------------------ a change, and its answer */

static Hikyaku__V1__ApiKey *view_of(const struct key_call *change,
                                    const Hikyaku__V1__StoredKey *stored)
{
    const struct access_book *book = book_of(change->call);
    const struct access_key *known = access_book_key(book, text_of(stored->id));
    const struct access_key key = {.stored = stored,
                                   .principal =
                                       access_book_principal(book, text_of(stored->principal)),
                                   .used_unix_ms = known == NULL ? 0 : known->used_unix_ms};
    return api_access_view_key(change->call, &key);
}

static void answer_made(struct key_call *change)
{
    Hikyaku__V1__CreateKeyResponse response;
    hikyaku__v1__create_key_response__init(&response);
    response.key = view_of(change, change->stored);
    response.secret = change->secret;
    change->call->is_secret = true;
    api_call_answer(change->call, &response.base);
}

static void answer_rotated(struct key_call *change)
{
    Hikyaku__V1__RotateKeyResponse response;
    hikyaku__v1__rotate_key_response__init(&response);
    response.key = view_of(change, change->stored);
    response.old_key = view_of(change, change->old);
    response.secret = change->secret;
    change->call->is_secret = true;
    api_call_answer(change->call, &response.base);
}

static void answer_revoked(const struct key_call *change)
{
    Hikyaku__V1__RevokeKeyResponse response;
    hikyaku__v1__revoke_key_response__init(&response);
    response.key = view_of(change, change->stored);
    api_call_answer(change->call, &response.base);
}

static void on_changed(void *context, int error)
{
    struct key_call *change = context;
    bool is_revoked = change->secret[0] == '\0';
    if (error != 0) {
        OPENSSL_cleanse(change->secret, sizeof change->secret);
        api_access_refuse(change->call, error, is_revoked ? "key_id" : "idempotency_key");
        return;
    }
    api_access_changed(change->call, change->what, change->stored->principal, change->stored->id);
    if (is_revoked) {
        answer_revoked(change);
    } else if (change->old != NULL) {
        answer_rotated(change);
    } else {
        answer_made(change);
    }
}

/* Up to so many past keys leave with a new one: the list does not grow for ever. */
static size_t add_past(struct api_call *call, struct store_access_change *changes, size_t most)
{
    const struct access_book *book = book_of(call);
    int64_t now_ms = store_now_unix_ms(call->api->settings.store);
    size_t count = 0;
    for (size_t i = 0; i < access_book_key_count(book) && count < most; i++) {
        const struct access_key *key = access_book_key_at(book, i);
        if (access_book_is_past(key, now_ms)) {
            changes[count++] = (struct store_access_change){
                .what = STORE_ACCESS_DROP,
                .entry = {.kind = STORE_ACCESS_KEY, .name = text_of(key->stored->id)},
                .before = key->packed};
        }
    }
    return count;
}

static struct text pack(struct api_call *call, const Hikyaku__V1__StoredKey *stored)
{
    OWNED(buffer_finish) struct buffer packed = {0};
    wire_unpack_append(&stored->base, &packed);
    return arena_text(call->arena, buffer_text(&packed));
}

static void send_change(struct key_call *change, const struct access_key *before)
{
    struct api_call *call = change->call;
    struct store_access_change changes[STORE_ACCESS_CHANGES_MAX];
    size_t count = 0;
    bool is_new = change->secret[0] != '\0';
    const Hikyaku__V1__StoredKey *changed = is_new ? change->old : change->stored;
    if (is_new) {
        changes[count++] =
            (struct store_access_change){.what = STORE_ACCESS_NEW,
                                         .entry = {.kind = STORE_ACCESS_KEY,
                                                   .name = text_of(change->stored->id),
                                                   .packed = pack(call, change->stored)}};
    }
    if (before != NULL) {
        changes[count++] = (struct store_access_change){.what = STORE_ACCESS_CHANGE,
                                                        .entry = {.kind = STORE_ACCESS_KEY,
                                                                  .name = text_of(changed->id),
                                                                  .packed = pack(call, changed)},
                                                        .before = before->packed};
    }
    if (is_new && change->old == NULL) {
        count += add_past(call, changes + count, STORE_ACCESS_CHANGES_MAX - count);
    }
    store_access_change(call->api->settings.store, changes, count, on_changed, change);
}

/* ------------------------------------------------------------------ CreateKey */

/* @return false: the call has been refused */
static bool make_secret(struct key_call *change, const char *idempotency_key)
{
    struct api_call *call = change->call;
    char key_id[ACCESS_KEY_ID_LENGTH + 1];
    access_key_id(key_directory_id_key(call->api->settings.keys), call->tenant,
                  text_of(idempotency_key), key_id);
    if (access_key_make(key_id, change->secret, change->digest) != 0) {
        api_call_refuse_error(call, -EIO);
        return false;
    }
    Hikyaku__V1__StoredKey *stored = change->stored;
    stored->id = api_call_string(call, text_of(key_id));
    stored->digest = (ProtobufCBinaryData){DIGEST_BYTES, change->digest};
    stored->created_unix_ms = store_now_unix_ms(call->api->settings.store);
    stored->created_by = api_call_string(call, text_of(call->caller.principal));
    return true;
}

static struct key_call *begin(struct api_call *call, const char *what)
{
    struct key_call *change = arena_zero(call->arena, 1, sizeof *change);
    change->call = call;
    change->what = what;
    change->stored = arena_alloc(call->arena, sizeof *change->stored);
    hikyaku__v1__stored_key__init(change->stored);
    return change;
}

static void take_labels(struct api_call *call, const Hikyaku__V1__ApiKey *given,
                        Hikyaku__V1__StoredKey *stored)
{
    stored->n_labels = given->n_labels;
    stored->labels = arena_zero(call->arena, given->n_labels + 1, sizeof(void *));
    for (size_t i = 0; i < given->n_labels; i++) {
        stored->labels[i] = arena_alloc(call->arena, sizeof **stored->labels);
        hikyaku__v1__stored_key_label__init(stored->labels[i]);
        stored->labels[i]->name = given->labels[i]->key;
        stored->labels[i]->value = given->labels[i]->value;
    }
}

static void create(struct api_call *call)
{
    const Hikyaku__V1__CreateKeyRequest *request = (const void *)call->request;
    const Hikyaku__V1__ApiKey *given = request->key;
    const struct access_principal *principal =
        access_book_principal(book_of(call), text_of(given->principal));
    if (principal == NULL || !api_call_sees(call, principal->stored->tenant)) {
        api_call_refuse_with(call, WIRE_CODE_NOT_FOUND, "key.principal", "not_found",
                             "there is no principal of this name");
        return;
    }
    if (api_access_is_self(call, given->principal)) {
        api_call_refuse_with(call, WIRE_CODE_PERMISSION_DENIED, "key.principal", "self",
                             "nobody makes new keys for himself: rotate the one you have");
        return;
    }
    struct key_call *change = begin(call, "key.created");
    if (!check_key(call, given, principal) || !make_secret(change, request->idempotency_key)) {
        return;
    }
    change->stored->principal = given->principal;
    change->stored->scopes = api_access_scopes(given->scopes, given->n_scopes);
    change->stored->note = given->note;
    change->stored->expires_unix_ms = given->expires_unix_ms;
    change->stored->networks = given->networks;
    change->stored->n_networks = given->n_networks;
    change->stored->from_domains = given->from_domains;
    change->stored->n_from_domains = given->n_from_domains;
    change->stored->pools = given->pools;
    change->stored->n_pools = given->n_pools;
    change->stored->quota = api_quota_stored(call, given->quota);
    take_labels(call, given, change->stored);
    send_change(change, NULL);
}

void api_key_handle(struct api_call *call)
{
    api_access_fresh(call, create);
}

/* ------------------------------------------------------------------ RotateKey, RevokeKey */

/* The key that is to be changed, unpacked anew in the call's arena.
 * @return NULL: the call has been refused */
static const struct access_key *find_key(struct api_call *call, const char *key_id,
                                         Hikyaku__V1__StoredKey **ret_stored)
{
    const struct access_key *key = access_book_key(book_of(call), text_of(key_id));
    bool is_ours = key != NULL && key->principal != NULL &&
                   api_call_sees(call, key->principal->stored->tenant);
    if (!is_ours) {
        api_call_refuse_with(call, WIRE_CODE_NOT_FOUND, "key_id", "not_found",
                             "there is no key of this id");
        return NULL;
    }
    if (!api_access_may_manage(call, key->stored->principal)) {
        return NULL;
    }
    int error = wire_store_read_key(arena_text(call->arena, key->packed), call->arena, ret_stored);
    if (error != 0) {
        api_call_refuse_error(call, error);
        return NULL;
    }
    if (key->stored->revoked_unix_ms != 0) {
        api_call_refuse_with(call, WIRE_CODE_FAILED_PRECONDITION, "key_id", "revoked",
                             "this key was revoked already");
        return NULL;
    }
    return key;
}

/* The new key is good for as long as the old one was made for. */
static int64_t next_expiry(const struct api_call *call,
                           const Hikyaku__V1__RotateKeyRequest *request,
                           const Hikyaku__V1__StoredKey *old)
{
    if (request->expires_unix_ms != 0 || old->expires_unix_ms == 0) {
        return request->expires_unix_ms;
    }
    int64_t life_ms = old->expires_unix_ms - old->created_unix_ms;
    return store_now_unix_ms(call->api->settings.store) + life_ms;
}

static void rotate(struct api_call *call)
{
    const Hikyaku__V1__RotateKeyRequest *request = (const void *)call->request;
    struct key_call *change = begin(call, "key.rotated");
    const struct access_key *key = find_key(call, request->key_id, &change->old);
    if (key == NULL) {
        return;
    }
    check_expires(call, "expires_unix_ms", request->expires_unix_ms);
    if (api_call_problems(call)->count > 0) {
        api_call_refuse(call, WIRE_CODE_INVALID_ARGUMENT);
        return;
    }
    *change->stored = *change->old;
    change->stored->replaces = change->old->id;
    /* Who rotates his key has used as much as before. */
    if (change->old->quota_of[0] == '\0') {
        change->stored->quota_of = change->old->id;
    }
    change->stored->expires_unix_ms = next_expiry(call, request, change->old);
    if (!make_secret(change, request->idempotency_key)) {
        return;
    }
    int64_t ends_ms = change->stored->created_unix_ms + (int64_t)request->overlap_s * 1000;
    if (change->old->expires_unix_ms == 0 || change->old->expires_unix_ms > ends_ms) {
        change->old->expires_unix_ms = ends_ms;
    }
    send_change(change, key);
}

void api_key_handle_rotate(struct api_call *call)
{
    api_access_fresh(call, rotate);
}

static void revoke(struct api_call *call)
{
    const Hikyaku__V1__RevokeKeyRequest *request = (const void *)call->request;
    struct key_call *change = begin(call, "key.revoked");
    const struct access_key *key = find_key(call, request->key_id, &change->stored);
    if (key != NULL) {
        change->stored->revoked_unix_ms = store_now_unix_ms(call->api->settings.store);
        change->stored->revoked_by = api_call_string(call, text_of(call->caller.principal));
        send_change(change, key);
    }
}

void api_key_handle_revoke(struct api_call *call)
{
    api_access_fresh(call, revoke);
}
