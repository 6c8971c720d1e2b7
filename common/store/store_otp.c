#include "common/store/store_otp.h"

#include "common/store/store_keys.h"
#include "common/store/store_private.h"

#include <errno.h>
#include <stdlib.h>

static void on_taken(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    uint64_t wait_ms = 0;
    if (error == 0) {
        error = store_reply_status(reply);
        wait_ms = error == -ENOSPC ? store_reply_number(store_reply_at(reply, 1)) : 0;
    }
    ((store_otp_fn *)call->on_answer)(call->context, error, wait_ms);
    free(call);
}

void store_otp_take(struct store *store, struct text principal, uint64_t step,
                    store_otp_fn *on_answer, void *context)
{
    struct store_command *command = store_begin(store, STORE_SCRIPT_OTP, 1);
    store_keys_access_otp(store_command_scratch(command), store_prefix(store));
    store_command_add_scratch(command);
    store_command_add(command, principal);
    store_command_add_unsigned(command, step);
    store_send(store, store_durable_kind(store, STORE_LINK_WRITE), on_taken,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

static void on_forgotten(void *object, int error, const redisReply *reply)
{
    (void)object;
    (void)error;
    (void)reply;
}

void store_otp_forget(struct store *store, struct text principal)
{
    struct store_command *command = store_command_of(store);
    store_command_begin(command, "HDEL");
    store_keys_access_otp(store_command_scratch(command), store_prefix(store));
    store_command_add_scratch(command);
    struct buffer *field = store_command_scratch(command);
    buffer_append_byte(field, 'f');
    buffer_append_text(field, principal);
    store_command_add_scratch(command);
    store_send(store, STORE_LINK_WRITE, on_forgotten, NULL);
}
