/* EnrolOtp, RemoveOtp: the authenticators of principals. */
#include "common/security/seal.h"
#include "common/store/store_otp.h"
#include "common/wire/wire_store.h"
#include "common/wire/wire_unpack.h"
#include "coordinator/api/api_access.h"
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_otp.h"
#include "coordinator/api/api_state.h"

#include <errno.h>
#include <stdio.h>

/* Names are at most 64 characters, as issuer and account; all else is fixed. */
#define URI_BYTES_MAX 1024

struct enrol_call {
    struct api_call *call;
    Hikyaku__V1__StoredPrincipal *stored;
    struct text uri; /* in the call's arena, wiped with the answer; empty: RemoveOtp */
};

static void wipe(struct enrol_call *enrol)
{
    union {
        const char *given;
        char *held;
    } bridge = {.given = enrol->uri.data};
    seal_wipe(bridge.held, enrol->uri.size);
}

static void answer(struct enrol_call *enrol)
{
    struct api_call *call = enrol->call;
    Hikyaku__V1__Principal *view = api_access_view_principal(call, enrol->stored);
    if (enrol->uri.size == 0) {
        Hikyaku__V1__RemoveOtpResponse response;
        hikyaku__v1__remove_otp_response__init(&response);
        response.principal = view;
        api_call_answer(call, &response.base);
        return;
    }
    Hikyaku__V1__EnrolOtpResponse response;
    hikyaku__v1__enrol_otp_response__init(&response);
    response.principal = view;
    char uri[URI_BYTES_MAX];
    (void)snprintf(uri, sizeof uri, "%.*s", TEXT_PRINT(enrol->uri));
    wipe(enrol);
    response.uri = uri;
    call->is_secret = true;
    api_call_answer(call, &response.base);
    seal_wipe(uri, sizeof uri);
}

static void on_put(void *context, int error)
{
    struct enrol_call *enrol = context;
    struct api_call *call = enrol->call;
    if (error != 0) {
        wipe(enrol);
        api_access_refuse(call, error, "principal");
        return;
    }
    api_access_changed(call, enrol->uri.size > 0 ? "otp.enrolled" : "otp.removed",
                       enrol->stored->name, "");
    store_otp_forget(call->api->settings.store, text_of(enrol->stored->name));
    answer(enrol);
}

/* An authenticator is renewed by its holder, with a code of the one he has; it is given, or taken
 * away, by an administrator. @return false: the call has been refused */
static bool may_change(struct api_call *call, const char *name, bool is_removal)
{
    if (!api_access_is_self(call, name)) {
        bool is_admin = (call->caller.scopes & ACCESS_BIT(ACCESS_ACCESS_ADMIN)) != 0;
        if (!is_admin) {
            api_call_refuse_with(call, WIRE_CODE_PERMISSION_DENIED, "principal", "scope",
                                 "is not you: that needs access:admin");
        }
        return is_admin && !api_otp_refuses(call, ACCESS_BIT(ACCESS_ACCESS_ADMIN));
    }
    if (is_removal || !call->has_otp) {
        api_call_refuse_with(call, WIRE_CODE_PERMISSION_DENIED, "principal", "self",
                             is_removal ? "nobody takes away his own: ask an administrator"
                                        : "with a code of the one you have; else ask an "
                                          "administrator");
        return false;
    }
    return true;
}

/* @return NULL: the call has been refused */
static const struct access_principal *find(struct api_call *call, const char *name,
                                           struct enrol_call **ret_enrol)
{
    const struct access_principal *before =
        access_book_principal(access_book_of(call->api->settings.access), text_of(name));
    if (before == NULL || !api_call_sees(call, before->stored->tenant)) {
        api_call_refuse_with(call, WIRE_CODE_NOT_FOUND, "principal", "not_found",
                             "there is no principal of this name");
        return NULL;
    }
    struct enrol_call *enrol = arena_zero(call->arena, 1, sizeof *enrol);
    enrol->call = call;
    /* It was read before. */
    if (wire_store_read_principal(arena_text(call->arena, before->packed), call->arena,
                                  &enrol->stored) != 0) {
        api_call_refuse_error(call, -EPROTO);
        return NULL;
    }
    *ret_enrol = enrol;
    return before;
}

static void put(struct enrol_call *enrol, const struct access_principal *before)
{
    OWNED(buffer_finish) struct buffer packed = {0};
    wire_unpack_append(&enrol->stored->base, &packed);
    const struct store_access_change change = {.what = STORE_ACCESS_CHANGE,
                                               .entry = {.kind = STORE_ACCESS_PRINCIPAL,
                                                         .name = text_of(enrol->stored->name),
                                                         .packed = buffer_text(&packed)},
                                               .before = before->packed};
    store_access_change(enrol->call->api->settings.store, &change, 1, on_put, enrol);
}

static void enrol_fresh(struct api_call *call)
{
    const Hikyaku__V1__EnrolOtpRequest *request = (const void *)call->request;
    struct enrol_call *enrol = NULL;
    const struct access_principal *before = find(call, request->principal, &enrol);
    if (before == NULL || !may_change(call, request->principal, false)) {
        return;
    }
    OWNED(buffer_finish) struct buffer sealed = {0};
    struct buffer uri = {0};
    int error =
        access_otp_make(call->api->settings.access, text_of(enrol->stored->name), &sealed, &uri);
    if (error == 0) {
        struct text kept = arena_text(call->arena, buffer_text(&sealed));
        union {
            const char *given;
            uint8_t *field;
        } bridge = {.given = kept.data};
        enrol->stored->otp_sealed = (ProtobufCBinaryData){kept.size, bridge.field};
        enrol->stored->otp_enrolled_unix_ms = store_now_unix_ms(call->api->settings.store);
        enrol->stored->otp_enrolled_by = api_call_string(call, text_of(call->caller.principal));
        enrol->uri = arena_text(call->arena, buffer_text(&uri));
    }
    seal_wipe_buffer(&uri);
    if (error != 0) {
        api_call_refuse_error(call, error);
        return;
    }
    put(enrol, before);
}

void api_enrol_handle(struct api_call *call)
{
    api_access_fresh(call, enrol_fresh);
}

static void remove_fresh(struct api_call *call)
{
    static char nobody[] = "";
    const Hikyaku__V1__RemoveOtpRequest *request = (const void *)call->request;
    struct enrol_call *enrol = NULL;
    const struct access_principal *before = find(call, request->principal, &enrol);
    if (before == NULL || !may_change(call, request->principal, true)) {
        return;
    }
    enrol->stored->otp_sealed = (ProtobufCBinaryData){0, NULL};
    enrol->stored->otp_enrolled_unix_ms = 0;
    enrol->stored->otp_enrolled_by = nobody;
    put(enrol, before);
}

void api_enrol_handle_remove(struct api_call *call)
{
    api_access_fresh(call, remove_fresh);
}
