#include "coordinator/api/api_otp.h"

#include "common/base/log.h"
#include "coordinator/api/api_state.h"

struct otp_call {
    struct api_call *call;
    uint32_t scopes;
    api_otp_next_fn *next;
};

void api_otp_refuse(struct api_call *call, enum access_otp_verdict verdict, uint64_t wait_ms)
{
    bool is_locked = verdict == ACCESS_OTP_LOCKED;
    LOG(LOG_ACCESS_REFUSED, NULL, log_string("principal", call->caller.principal),
        log_string("key", call->caller.key_id), log_string("reason", access_otp_word(verdict)),
        log_string("method", call->name));
    call->retry_after_ms = is_locked ? (uint32_t)wait_ms : 0;
    api_call_refuse_with(call,
                         is_locked ? WIRE_CODE_RESOURCE_EXHAUSTED : WIRE_CODE_PERMISSION_DENIED, "",
                         access_otp_word(verdict), "%s", access_otp_text(verdict));
}

/* Keys of the key file are for emergencies: nobody stands behind them who could have one. */
static bool is_needed(const struct api_call *call, uint32_t scopes)
{
    uint32_t asked = tenants_otp_scopes(call->api->settings.tenants, call->tenant);
    uint32_t used = call->caller.scopes & scopes;
    return call->caller.key_id[0] != '\0' && used != 0 && (used & ~asked) == 0;
}

bool api_otp_refuses(struct api_call *call, uint32_t scopes)
{
    if (call->has_otp || !is_needed(call, scopes)) {
        return false;
    }
    const struct access_principal *principal = access_book_principal(
        access_book_of(call->api->settings.access), text_of(call->caller.principal));
    bool is_enrolled = principal != NULL && principal->stored->otp_sealed.len > 0;
    api_otp_refuse(call, is_enrolled ? ACCESS_OTP_REQUIRED : ACCESS_OTP_NOT_ENROLLED, 0);
    return true;
}

static void go_on(struct otp_call *otp)
{
    /* What needs no scope looks for itself. */
    if (otp->scopes == ACCESS_ALL || !api_otp_refuses(otp->call, otp->scopes)) {
        otp->next(otp->call);
    }
}

static void on_checked(void *context, int error, enum access_otp_verdict verdict, uint64_t wait_ms)
{
    struct otp_call *otp = context;
    struct api_call *call = otp->call;
    if (error != 0) {
        api_call_refuse_error(call, error);
    } else if (verdict != ACCESS_OTP_GOOD) {
        api_otp_refuse(call, verdict, wait_ms);
    } else {
        call->has_otp = true;
        go_on(otp);
    }
}

void api_otp_check(struct api_call *call, uint32_t scopes, api_otp_next_fn *next)
{
    struct otp_call *otp = arena_zero(call->arena, 1, sizeof *otp);
    *otp = (struct otp_call){call, scopes, next};
    if (call->otp.size == 0) {
        go_on(otp);
        return;
    }
    access_otp_check(call->api->settings.access, text_of(call->caller.principal), call->otp,
                     on_checked, otp);
}
