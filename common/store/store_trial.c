#include "common/store/store_trial.h"

#include "common/store/store_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* More than the script lets stand: what else is there is damage. */
#define SESSIONS_MAX 16
#define NAME "trials"

static int read_sessions(const redisReply *names, char (*ret_sessions)[33], size_t *ret_count)
{
    size_t count = store_reply_count(names);
    if (count > SESSIONS_MAX) {
        return -EPROTO;
    }
    for (size_t i = 0; i < count; i++) {
        struct text name = store_reply_text(store_reply_at(names, i));
        if (name.size != 32) {
            return -EPROTO;
        }
        memcpy(ret_sessions[i], name.data, 32);
        ret_sessions[i][32] = '\0';
    }
    *ret_count = count;
    return 0;
}

static void on_begun(void *object, int error, const redisReply *reply)
{
    struct store_call *call = object;
    char sessions[SESSIONS_MAX][33];
    size_t count = 0;
    error = error == 0 ? store_reply_status(reply) : error;
    if (error == -EBUSY && reply != NULL) {
        int damage = read_sessions(store_reply_at(reply, 1), sessions, &count);
        error = damage != 0 ? damage : error;
    }
    ((store_trial_fn *)call->on_answer)(call->context, error, (const char(*)[33])sessions, count);
    free(call);
}

void store_trial_begin(struct store *store, const unsigned char campaign[16], bool is_alone,
                       store_trial_fn *on_answer, void *context)
{
    struct store_command *command = store_begin(store, STORE_SCRIPT_TRIAL, 1);
    store_add_campaign_key(store, campaign, NAME);
    store_command_add_string(command, store_session_id(store));
    store_command_add_string(command, is_alone ? "1" : "0");
    store_send(store, STORE_LINK_WRITE, on_begun,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}

static void on_ended(void *object, int error, const redisReply *reply)
{
    (void)reply;
    struct store_call *call = object;
    ((store_trial_ended_fn *)call->on_answer)(call->context, error);
    free(call);
}

void store_trial_end(struct store *store, const unsigned char campaign[16], const char *session,
                     store_trial_ended_fn *on_answer, void *context)
{
    struct store_command *command = store_command_of(store);
    store_command_begin(command, session == NULL ? "UNLINK" : "HDEL");
    store_add_campaign_key(store, campaign, NAME);
    if (session != NULL) {
        store_command_add_string(command, session);
    }
    store_send(store, STORE_LINK_WRITE, on_ended,
               store_call_create(store, STORE_ANSWER(on_answer), context));
}
