#include "common/store/store_approval.h"

#include "common/store/store_header.h"
#include "common/store/store_private.h"
#include "common/store/store_reply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void on_step(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    struct store_header header;
    size_t count = 0;
    struct text *texts = NULL;
    bool has_header = false;
    error = error == 0 ? store_reply_status(reply) : error;
    if (reply != NULL) {
        texts = store_reply_texts(store_reply_at(reply, 1), &count);
        has_header = store_header_read(texts, count, call->campaign, &header) == 0;
    }
    if (error == 0 && !has_header) {
        error = -EPROTO;
    }
    ((store_approval_fn *)call->on_answer)(call->context, error,
                                           store_reply_number(store_reply_at(reply, 2)) == 1,
                                           has_header ? &header.campaign : NULL);
    free(texts);
    free(call);
}

void store_approval_step(struct store *store, const struct store_approval *approval,
                         store_approval_fn *on_answer, void *context)
{
    static const char *const words[] = {[STORE_APPROVAL_APPROVE] = "approve",
                                        [STORE_APPROVAL_REJECT] = "reject",
                                        [STORE_APPROVAL_LAPSE] = "lapse",
                                        [STORE_APPROVAL_OPEN] = "open"};
    struct store_call *call = store_call_create(store, STORE_ANSWER(on_answer), context);
    memcpy(call->campaign, approval->campaign, sizeof call->campaign);
    struct store_command *command =
        store_begin(store, STORE_SCRIPT_APPROVE, STORE_TRANSITION_KEYS + 1);
    store_add_transition_keys(store, approval->campaign, approval->tenant);
    store_add_campaign_key(store, approval->campaign, "approval");
    store_command_add_string(command, store_run_id(store));
    store_command_add(command, (struct text){(const char *)approval->campaign, 16});
    store_command_add_string(command, words[approval->what]);
    store_command_add(command, approval->principal);
    store_command_add(command, approval->digest);
    store_command_add_unsigned(command, approval->number);
    store_command_add(command, approval->record);
    store_command_add(command, approval->reason);
    store_send(store, STORE_LINK_WRITE, on_step, call);
}

/* "h12" -> "1795…  record" */
static int read_step(struct text name, struct text value, struct store_approval_step *ret_step)
{
    uint64_t number = 0;
    uint64_t time = 0;
    size_t space = text_find(value, ' ');
    if (space == value.size || text_to_u64(text_skip(name, 1), UINT32_MAX, &number) != 0 ||
        text_to_u64((struct text){value.data, space}, INT64_MAX, &time) != 0) {
        return -EPROTO;
    }
    *ret_step = (struct store_approval_step){.number = (uint32_t)number,
                                             .at_unix_ms = (int64_t)time,
                                             .record = text_skip(value, space + 1)};
    return 0;
}

static int compare_steps(const void *a, const void *b)
{
    const struct store_approval_step *left = a;
    const struct store_approval_step *right = b;
    return left->number < right->number ? -1 : left->number > right->number;
}

/* Arrays with room for all fields, filled as they come. */
struct reading {
    struct store_approval_step *steps;
    size_t step_count;
    struct store_approval_opened *opened;
    size_t opened_count;
};

static int read_field(struct text name, struct text value, struct reading *reading)
{
    if (text_starts_with(name, TEXT("h"))) {
        return read_step(name, value, &reading->steps[reading->step_count++]);
    }
    if (text_starts_with(name, TEXT("s:"))) {
        uint64_t samples = 0;
        if (text_to_u64(value, UINT32_MAX, &samples) != 0) {
            return -EPROTO;
        }
        reading->opened[reading->opened_count++] =
            (struct store_approval_opened){text_skip(name, 2), (uint32_t)samples};
    }
    return 0; /* approvals are among the steps */
}

static int read_fields(const struct text *fields, size_t count, struct reading *reading)
{
    for (size_t i = 0; i + 1 < count; i += 2) {
        if (read_field(fields[i], fields[i + 1], reading) != 0) {
            return -EPROTO;
        }
    }
    qsort(reading->steps, reading->step_count, sizeof *reading->steps, compare_steps);
    return 0;
}

static void on_read(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    size_t count = 0;
    struct text *fields = error == 0 ? store_reply_texts(reply, &count) : NULL;
    struct reading reading = {
        .steps = xalloc_zero(count / 2 + 1, sizeof *reading.steps),
        .opened = xalloc_zero(count / 2 + 1, sizeof *reading.opened),
    };
    error = error == 0 ? read_fields(fields, count, &reading) : error;
    const struct store_approval_list list = {.steps = reading.steps,
                                             .step_count = reading.step_count,
                                             .opened = reading.opened,
                                             .opened_count = reading.opened_count};
    ((store_approval_list_fn *)call->on_answer)(call->context, error, error == 0 ? &list : NULL);
    free(reading.steps);
    free(reading.opened);
    free(fields);
    free(call);
}

void store_approval_read(struct store *store, const unsigned char campaign[16],
                         store_approval_list_fn *on_answer, void *context)
{
    store_command_begin(store_command_of(store), "HGETALL");
    store_add_campaign_key(store, campaign, "approval");
    store_send(store, STORE_LINK_READ, on_read,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}
