#include "worker/smtp/smtp_session.h"

#include "common/base/log.h"

#include <stdlib.h>
#include <string.h>

struct smtp_session {
    struct loop *loop; /* borrowed */
    struct smtp_session_settings settings;
    struct smtp_session_callbacks callbacks;
    struct stream_address source;
    char *mx_host;
    char *hello;
    char ip[STREAM_ADDRESS_LENGTH];
    struct stream *stream; /* NULL while closing */
    struct smtp_dialogue *dialogue;
    struct loop_timer *timer;
    const char *tls_version; /* NULL in plain text */
    uint64_t opened_ms;
    uint64_t deadline_ms;  /* when the dialogue times out */
    uint64_t timer_due_ms; /* when the timer fires: at the deadline or before */
    uint32_t progress;
    bool is_connected;
    bool is_shaking;
    bool is_plain;       /* the second connection, after a failed handshake */
    bool is_going_plain; /* the first one is closing for it */
    bool is_quitting;    /* also for the second connection */
    bool is_busy;        /* inside the dialogue: the outermost call carries on */
};

static void connect_stream(struct smtp_session *session);

/* ---- the dialogue's hooks ---- */

static void complete_result(const struct smtp_session *session, uint64_t since_ms,
                            struct smtp_result *result)
{
    result->tls_version = session->tls_version;
    result->mx_host = session->mx_host;
    result->ip = session->ip;
    result->smtp_ms = loop_now_ms(session->loop) - since_ms;
}

static struct smtp_message *next_message(void *context)
{
    struct smtp_session *session = context;
    struct smtp_message *message = session->callbacks.next_message(session->callbacks.context);
    if (message != NULL) {
        message->started_ms = loop_now_ms(session->loop);
    }
    return message;
}

static void on_mail_written(void *context, struct smtp_message *message)
{
    struct smtp_session *session = context;
    message->started_ms = loop_now_ms(session->loop);
    session->callbacks.on_mail_written(session->callbacks.context, message);
}

static bool may_complete(void *context, const struct smtp_message *message)
{
    struct smtp_session *session = context;
    return session->callbacks.may_complete(session->callbacks.context, message);
}

static void on_result(void *context, struct smtp_message *message, struct smtp_result *result)
{
    struct smtp_session *session = context;
    complete_result(session, message->started_ms, result);
    session->callbacks.on_result(session->callbacks.context, message, result);
}

static void create_dialogue(struct smtp_session *session)
{
    const struct smtp_session_settings *from = &session->settings;
    bool has_tls = from->tls != NULL && !session->is_plain;
    /* Required without a context is refused by the dialogue, not waved through. */
    bool is_required = from->tls_policy == SMTP_TLS_REQUIRED;
    const struct smtp_dialogue_settings settings = {
        .hello = text_of(session->hello),
        .tls = has_tls || is_required ? from->tls_policy : SMTP_TLS_NEVER,
        .is_stepwise = from->is_stepwise,
        .waits_behind_dot = from->waits_behind_dot,
        .messages_max = from->messages_max,
        .idle_ms = from->idle_ms,
        .timeout_permille = from->timeout_permille,
    };
    const struct smtp_dialogue_hooks hooks = {
        .next_message = next_message,
        .on_mail_written = on_mail_written,
        .may_complete = may_complete,
        .on_result = on_result,
        .context = session,
    };
    session->dialogue = smtp_dialogue_create(&settings, &hooks);
    session->progress = smtp_dialogue_progress(session->dialogue) - 1; /* set the timer at once */
    if (session->is_quitting) {
        smtp_dialogue_quit(session->dialogue);
    }
}

/* ---- carrying on after anything happened ---- */

static void close_stream(struct smtp_session *session)
{
    loop_timer_stop(session->timer);
    if (smtp_dialogue_needs_reset(session->dialogue)) {
        stream_reset(&session->stream);
    } else {
        stream_close(&session->stream);
    }
}

/* The timer is moved only when it would fire too late: not for each message. */
static void keep_time(struct smtp_session *session)
{
    uint32_t progress = smtp_dialogue_progress(session->dialogue);
    if (progress == session->progress) {
        return;
    }
    uint64_t now_ms = loop_now_ms(session->loop);
    session->progress = progress;
    session->deadline_ms = now_ms + smtp_dialogue_timeout_ms(session->dialogue);
    if (!loop_timer_is_active(session->timer) || session->deadline_ms < session->timer_due_ms) {
        session->timer_due_ms = session->deadline_ms;
        loop_timer_start(session->timer, session->deadline_ms - now_ms, 0);
    }
}

static void write_output(struct smtp_session *session)
{
    struct text output = smtp_dialogue_output(session->dialogue);
    while (output.size > 0) {
        stream_write(session->stream, &output, 1);
        smtp_dialogue_on_taken(session->dialogue);
        if (stream_pending_bytes(session->stream) > 0) {
            return;
        }
        smtp_dialogue_on_flushed(session->dialogue);
        output = smtp_dialogue_output(session->dialogue);
    }
}

static void carry_on(struct smtp_session *session)
{
    if (session->stream == NULL || !session->is_connected) {
        return;
    }
    session->is_busy = true;
    write_output(session);
    session->is_busy = false;
    if (smtp_dialogue_stage(session->dialogue) == SMTP_STAGE_FINISHED) {
        close_stream(session);
        return;
    }
    if (smtp_dialogue_wants_tls(session->dialogue) && !session->is_shaking) {
        session->is_shaking = true;
        stream_start_tls(session->stream, session->settings.tls, text_of(session->mx_host));
    }
    keep_time(session);
}

/* RFC 7435: when TLS cannot be had, plain text on a new connection; only if the policy lets. */
static bool may_go_plain(const struct smtp_session *session)
{
    return session->is_shaking && session->tls_version == NULL && !session->is_plain &&
           session->settings.tls_policy == SMTP_TLS_OPPORTUNISTIC;
}

static void go_plain(struct smtp_session *session)
{
    LOG(LOG_SMTP_TLS_FALLBACK, NULL, log_string("mx_host", session->mx_host),
        log_string("ip", session->ip), log_string("reason", stream_problem(session->stream)));
    session->is_plain = true;
    session->is_going_plain = true;
    loop_timer_stop(session->timer);
    stream_close(&session->stream);
}

/* ---- the stream ---- */

static void on_connected(void *context)
{
    struct smtp_session *session = context;
    session->is_connected = true;
    carry_on(session);
}

static void on_read(void *context, struct text bytes)
{
    struct smtp_session *session = context;
    session->is_busy = true;
    smtp_dialogue_feed(session->dialogue, bytes);
    session->is_busy = false;
    carry_on(session);
}

static void on_drained(void *context)
{
    struct smtp_session *session = context;
    session->is_busy = true;
    smtp_dialogue_on_flushed(session->dialogue);
    session->is_busy = false;
    carry_on(session);
}

static void on_tls(void *context)
{
    struct smtp_session *session = context;
    session->tls_version = stream_tls_version(session->stream);
    smtp_dialogue_on_tls(session->dialogue);
    carry_on(session);
}

static enum smtp_failure failure_of(enum stream_end end)
{
    static const enum smtp_failure failures[] = {
        [STREAM_END_CLOSED] = SMTP_FAILURE_CLOSED,
        [STREAM_END_RESET] = SMTP_FAILURE_RESET,
        [STREAM_END_REFUSED] = SMTP_FAILURE_CONNECT_REFUSED,
        [STREAM_END_TIMEOUT] = SMTP_FAILURE_CONNECT_TIMEOUT,
        [STREAM_END_UNREACHABLE] = SMTP_FAILURE_UNREACHABLE,
        [STREAM_END_SOURCE] = SMTP_FAILURE_SOURCE_ADDRESS,
        [STREAM_END_TLS] = SMTP_FAILURE_TLS,
    };
    return failures[end];
}

static void fail(struct smtp_session *session, enum smtp_failure failure)
{
    session->is_busy = true;
    smtp_dialogue_fail(session->dialogue, failure);
    session->is_busy = false;
    if (session->stream != NULL) {
        close_stream(session);
    }
}

static void on_end(void *context, enum stream_end end)
{
    struct smtp_session *session = context;
    if (end == STREAM_END_TLS && may_go_plain(session)) {
        go_plain(session);
    } else {
        fail(session, failure_of(end));
    }
}

static void destroy(struct smtp_session *session)
{
    loop_timer_destroy(&session->timer);
    smtp_dialogue_destroy(&session->dialogue);
    free(session->mx_host);
    free(session->hello);
    free(session);
}

static void on_stream_closed(void *context)
{
    struct smtp_session *session = context;
    if (session->is_going_plain) {
        session->is_going_plain = false;
        smtp_dialogue_destroy(&session->dialogue);
        create_dialogue(session);
        connect_stream(session);
        return;
    }
    struct smtp_result end = *smtp_dialogue_end(session->dialogue);
    end.stage = session->is_connected ? end.stage : SMTP_STAGE_CONNECT;
    complete_result(session, session->opened_ms, &end);
    session->callbacks.on_closed(session->callbacks.context, &end);
    destroy(session);
}

static void connect_stream(struct smtp_session *session)
{
    uint64_t limit_ms = session->settings.connect_timeout_ms;
    const struct stream_settings settings = {
        .remote = session->settings.remote,
        .source = session->settings.source,
        .connect_timeout_ms = limit_ms == 0 ? SMTP_SESSION_CONNECT_TIMEOUT_MS : limit_ms,
    };
    const struct stream_callbacks callbacks = {
        .on_connected = on_connected,
        .on_read = on_read,
        .on_drained = on_drained,
        .on_tls = on_tls,
        .on_end = on_end,
        .on_closed = on_stream_closed,
        .context = session,
    };
    session->is_connected = false;
    session->is_shaking = false;
    session->stream = stream_open(session->loop, &settings, &callbacks);
}

static void on_timer(void *context)
{
    struct smtp_session *session = context;
    uint64_t now_ms = loop_now_ms(session->loop);
    if (now_ms < session->deadline_ms) {
        session->timer_due_ms = session->deadline_ms;
        loop_timer_start(session->timer, session->deadline_ms - now_ms, 0);
        return;
    }
    if (smtp_dialogue_wants_tls(session->dialogue) && may_go_plain(session)) {
        go_plain(session);
        return;
    }
    session->is_busy = true;
    smtp_dialogue_on_timeout(session->dialogue);
    session->is_busy = false;
    carry_on(session);
}

/* ---- the owner's calls ---- */

struct smtp_session *smtp_session_open(struct loop *loop,
                                       const struct smtp_session_settings *settings,
                                       const struct smtp_session_callbacks *callbacks)
{
    struct smtp_session *session = xalloc_zero(1, sizeof *session);
    session->loop = loop;
    session->settings = *settings;
    session->callbacks = *callbacks;
    if (settings->source != NULL) {
        session->source = *settings->source;
        session->settings.source = &session->source;
    }
    session->mx_host = xalloc_string(settings->mx_host);
    session->hello = xalloc_string(settings->hello);
    stream_address_format(&settings->remote, session->ip);
    session->opened_ms = loop_now_ms(loop);
    session->timer = loop_timer_create(loop, on_timer, session);
    create_dialogue(session);
    connect_stream(session);
    return session;
}

void smtp_session_wake(struct smtp_session *session)
{
    smtp_dialogue_wake(session->dialogue);
    if (!session->is_busy) {
        carry_on(session);
    }
}

void smtp_session_release(struct smtp_session *session, struct smtp_message *message)
{
    smtp_dialogue_release(session->dialogue, message);
    if (!session->is_busy) {
        carry_on(session);
    }
}

int smtp_session_abort(struct smtp_session *session, struct smtp_message *message)
{
    int refused = smtp_dialogue_abort(session->dialogue, message);
    if (refused == 0 && !session->is_busy) {
        carry_on(session);
    }
    return refused;
}

void smtp_session_quit(struct smtp_session *session)
{
    session->is_quitting = true;
    smtp_dialogue_quit(session->dialogue);
    if (!session->is_busy) {
        carry_on(session);
    }
}

void smtp_session_close(struct smtp_session *session)
{
    session->is_going_plain = false;
    fail(session, SMTP_FAILURE_ABORTED);
}

enum smtp_stage smtp_session_stage(const struct smtp_session *session)
{
    return session->is_connected ? smtp_dialogue_stage(session->dialogue) : SMTP_STAGE_CONNECT;
}
