/* A store that was loaded from a backup: what it waits for, and the decision. */
#include "coordinator/api/api_handlers.h"
#include "coordinator/api/api_state.h"

#include "common/base/clock.h"

#include <errno.h>

#define STATE(name) HIKYAKU__V1__RESTORE_STATE__RESTORE_STATE_##name

static const Hikyaku__V1__RestoreState states[] = {
    [STORE_RESTORED_NONE] = STATE(NONE),
    [STORE_RESTORED_LOADING] = STATE(LOADING),
    [STORE_RESTORED_WAITING] = STATE(WAITING),
    [STORE_RESTORED_DECIDED] = STATE(DECIDED),
};

static void fill(struct api_call *call, const struct store_restored *mark,
                 Hikyaku__V1__RestoredStore *restored)
{
    hikyaku__v1__restored_store__init(restored);
    restored->state = states[mark->state];
    restored->backup_id = api_call_string(call, text_of(mark->id));
    restored->taken_unix_ms = mark->taken_unix_ms;
    restored->restored_unix_ms = mark->restored_unix_ms;
    if (mark->state == STORE_RESTORED_DECIDED) {
        restored->assume = (Hikyaku__V1__RestoreAssume)mark->decision.assume;
        restored->lost_unix_ms = mark->decision.lost_unix_ms;
        restored->keep_drafts = mark->decision.keeps_drafts;
        restored->partitions_done = (uint32_t)__builtin_popcountll(mark->done);
    }
}

static void on_read(void *context, int error, const struct store_restored *mark)
{
    struct api_call *call = context;
    if (error != 0) {
        api_call_refuse_error(call, error);
        return;
    }
    Hikyaku__V1__RestoredStore restored;
    Hikyaku__V1__GetRestoredResponse response;
    fill(call, mark, &restored);
    hikyaku__v1__get_restored_response__init(&response);
    response.restored = &restored;
    api_call_answer(call, &response.base);
}

void api_restored_get_handle(struct api_call *call)
{
    store_restored_read(call->api->settings.store, on_read, call);
}

/* ---------------------------------------------------------------- the decision */

static void on_decided_read(void *context, int error, const struct store_restored *mark)
{
    struct api_call *call = context;
    if (error != 0) {
        api_call_refuse_error(call, error);
        return;
    }
    Hikyaku__V1__RestoredStore restored;
    Hikyaku__V1__ResumeRestoredResponse response;
    fill(call, mark, &restored);
    hikyaku__v1__resume_restored_response__init(&response);
    response.restored = &restored;
    api_call_answer(call, &response.base);
}

static void on_decided(void *context, int error)
{
    struct api_call *call = context;
    if (error == -EBUSY) {
        api_call_refuse_with(call, WIRE_CODE_FAILED_PRECONDITION, "", "decided",
                             "it was decided otherwise meanwhile");
        return;
    }
    if (error != 0 && error != -ENOENT) { /* decided and carried out by now */
        api_call_refuse_error(call, error);
        return;
    }
    recovery_look(call->api->settings.recovery);
    store_restored_read(call->api->settings.store, on_decided_read, call);
}

/* @return false: refused */
static bool check_mark(struct api_call *call, const struct store_restored *mark)
{
    const Hikyaku__V1__ResumeRestoredRequest *request = (const void *)call->request;
    if (mark->state == STORE_RESTORED_NONE || mark->state == STORE_RESTORED_LOADING) {
        api_call_refuse_with(call, WIRE_CODE_FAILED_PRECONDITION, "", "restored",
                             mark->state == STORE_RESTORED_NONE
                                 ? "nothing waits: the store bears no mark of a restore"
                                 : "the backup is still being loaded");
        return false;
    }
    if (!text_equal(text_of(request->backup_id), text_of(mark->id))) {
        api_call_refuse_with(call, WIRE_CODE_FAILED_PRECONDITION, "backup_id", "restored",
                             "the store was loaded from another backup: %s", mark->id);
        return false;
    }
    int64_t lost = request->lost_unix_ms;
    if (lost != 0 && (lost < mark->taken_unix_ms || lost > clock_unix_ms())) {
        api_call_refuse_with(call, WIRE_CODE_INVALID_ARGUMENT, "lost_unix_ms", "out_of_range",
                             "must lie between the backup and now");
        return false;
    }
    return true;
}

static void on_mark(void *context, int error, const struct store_restored *mark)
{
    struct api_call *call = context;
    const Hikyaku__V1__ResumeRestoredRequest *request = (const void *)call->request;
    if (error != 0) {
        api_call_refuse_error(call, error);
        return;
    }
    if (!check_mark(call, mark)) {
        return;
    }
    const struct store_restored_decision decision = {.assume = (uint8_t)request->assume,
                                                     .keeps_drafts = request->keep_drafts,
                                                     .lost_unix_ms = request->lost_unix_ms != 0
                                                                         ? request->lost_unix_ms
                                                                         : mark->restored_unix_ms};
    store_restored_decide(call->api->settings.store, mark->id, &decision, on_decided, call);
}

void api_restored_resume_handle(struct api_call *call)
{
    store_restored_read(call->api->settings.store, on_mark, call);
}
