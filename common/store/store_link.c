#include "common/store/store_link.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/store/store_backlog.h"
#include "common/store/store_place.h"
#include "common/store/store_tls.h"

#include <assert.h>
#include <errno.h>
#include <hiredis/async.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#define CONNECT_MS (5 * SECOND_MS)
#define RETRY_FIRST_MS 1000
#define RETRY_LAST_MS 2000
#define LOOK_MS 250

struct link_call {
    struct store_link *link;
    store_link_reply_fn *on_reply;
    void *call;
    uint64_t sent_ms;
    struct link_call *next; /* of those that could not be sent */
};

struct store_link {
    struct loop *loop;
    struct store_link_settings settings;
    struct store_place place;
    struct host_lookup *lookup; /* NULL: none under way */
    redisAsyncContext *redis;
    struct loop_watch *watch;
    unsigned int events;
    struct loop_timer *retry;
    struct loop_timer *look;
    enum { LINK_AWAY, LINK_CONNECTING, LINK_EARLY, LINK_READY } state;
    bool is_dropped;    /* give up at the next chance */
    struct ssl_st *tls; /* of this connection; a reference */
    bool is_told;       /* that TLS fails: once until it works */
    uint64_t connection;
    redisReply *reply; /* that a callback is looking at */
    unsigned int depth;
    size_t pending;
    uint64_t progress_ms; /* last answer, or when the first unanswered command was sent */
    uint64_t retry_ms;
    int lost_error; /* what calls without answer are told */
    struct link_call *unsent;
    struct link_call **unsent_end;
    struct loop_timer *refusal; /* answers them -EAGAIN, from the loop */
    struct store_backlog backlog;
};

static void try_connect(void *context);
static void on_refusal(void *context);
static void give_up_backlog(struct store_link *link);
static void send_backlog(struct store_link *link);

/* hiredis' view of the loop */

static void want(struct store_link *link, unsigned int events)
{
    if (link->watch != NULL && link->events != events) {
        link->events = events;
        loop_watch_set(link->watch, events);
    }
}

static void add_read(void *context)
{
    struct store_link *link = context;
    want(link, link->events | LOOP_READABLE);
}

static void del_read(void *context)
{
    struct store_link *link = context;
    want(link, link->events & LOOP_WRITABLE);
}

static void add_write(void *context)
{
    struct store_link *link = context;
    want(link, link->events | LOOP_WRITABLE);
}

static void del_write(void *context)
{
    struct store_link *link = context;
    want(link, link->events & LOOP_READABLE);
}

static void tell_tls(struct store_link *link, const char *reason)
{
    if (!link->is_told) {
        link->is_told = true;
        LOG(LOG_STORE_TLS, NULL, log_string("host", link->place.host),
            log_string("reason", reason));
    }
}

static void end_tls(struct store_link *link)
{
    char reason[STORE_TLS_REASON_BYTES];
    if (link->tls == NULL) {
        return;
    }
    store_tls_end(&link->tls, link->redis->c.errstr, reason);
    if (link->state == LINK_EARLY && link->redis->c.err != 0) {
        tell_tls(link, reason);
    }
}

/* hiredis frees its context: all calls are answered by now. */
static void cleanup(void *context)
{
    struct store_link *link = context;
    bool was_ready = link->state == LINK_READY;
    end_tls(link);
    loop_watch_destroy(&link->watch);
    link->events = 0;
    link->redis = NULL;
    link->state = LINK_AWAY;
    link->is_dropped = false;
    loop_timer_stop(link->look);
    give_up_backlog(link);
    if (link->lost_error == -ECANCELED) {
        return;
    }
    uint32_t random = 0;
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0) {
        random = (uint32_t)clock_monotonic_us(); /* enough to spread reconnections */
    }
    if (store_place_has_more(&link->place)) {
        loop_timer_start(link->retry, 0, 0); /* the next address of the name */
    } else {
        loop_timer_start(link->retry, random % link->retry_ms, 0);
        link->retry_ms = RETRY_LAST_MS;
    }
    link->settings.on_lost(link->settings.context, link, was_ready);
}

static void on_events(void *context, unsigned int events)
{
    struct store_link *link = context;
    link->depth++;
    if ((events & LOOP_READABLE) != 0 && link->redis != NULL) {
        redisAsyncHandleRead(link->redis);
    }
    if ((events & LOOP_WRITABLE) != 0 && link->redis != NULL) {
        redisAsyncHandleWrite(link->redis);
    }
    if (link->is_dropped && link->redis != NULL) {
        redisAsyncFree(link->redis);
    }
    link->depth--;
}

static void on_connect(const redisAsyncContext *redis, int status)
{
    struct store_link *link = redis->data;
    if (status != REDIS_OK) {
        return; /* hiredis cleans up */
    }
    int on = 1;
    (void)setsockopt(redis->c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    link->state = LINK_EARLY;
    link->progress_ms = clock_monotonic_ms();
    link->settings.on_connected(link->settings.context, link);
}

/* Redis may be alive as a process and yet answer nothing. */
static void on_look(void *context)
{
    struct store_link *link = context;
    uint64_t limit_ms = link->state == LINK_CONNECTING ? CONNECT_MS : link->settings.timeout_ms;
    bool waits = link->state == LINK_CONNECTING || link->pending > 0;
    if (link->redis != NULL &&
        (link->is_dropped || (waits && clock_monotonic_ms() - link->progress_ms > limit_ms))) {
        redisAsyncFree(link->redis);
        return;
    }
    send_backlog(link);
}

static void on_host(void *context, const struct stream_address *addresses, size_t count)
{
    struct store_link *link = context;
    link->lookup = NULL;
    store_place_set(&link->place, addresses, count);
    if (count > 0) {
        try_connect(link);
    } else {
        cleanup(link);
    }
}

static void try_connect(void *context)
{
    struct store_link *link = context;
    if (store_place_wants_lookup(&link->place)) {
        link->lookup = host_lookup_start(link->loop, link->place.host, on_host, link);
        return;
    }
    const char *host = store_place_take(&link->place);
    redisAsyncContext *redis = link->place.port == 0 ? redisAsyncConnectUnix(host)
                                                     : redisAsyncConnect(host, link->place.port);
    if (redis == NULL || redis->err != 0) {
        if (redis != NULL) {
            redisAsyncFree(redis);
        }
        cleanup(link);
        return;
    }
    struct problem problem = {.message = ""};
    if (link->settings.tls != NULL && link->place.port != 0 &&
        store_tls_begin(link->settings.tls, &redis->c, link->place.host, &link->tls, &problem) !=
            0) {
        tell_tls(link, problem.message);
        redisAsyncFree(redis);
        cleanup(link);
        return;
    }
    link->redis = redis;
    link->state = LINK_CONNECTING;
    link->connection++;
    link->progress_ms = clock_monotonic_ms();
    link->pending = 0;
    redis->data = link;
    redis->ev.data = link;
    redis->ev.addRead = add_read;
    redis->ev.delRead = del_read;
    redis->ev.addWrite = add_write;
    redis->ev.delWrite = del_write;
    redis->ev.cleanup = cleanup;
    link->watch = loop_watch_create(link->loop, redis->c.fd, on_events, link);
    loop_timer_start(link->look, LOOK_MS, LOOK_MS);
    (void)redisAsyncSetConnectCallback(redis, on_connect);
}

struct store_link *store_link_create(struct loop *loop, const struct store_link_settings *settings)
{
    struct store_link *link = xalloc_zero(1, sizeof(*link));
    link->loop = loop;
    link->settings = *settings;
    link->settings.endpoint = NULL;
    link->retry = loop_timer_create(loop, try_connect, link);
    link->look = loop_timer_create(loop, on_look, link);
    link->refusal = loop_timer_create(loop, on_refusal, link);
    link->retry_ms = RETRY_FIRST_MS;
    link->lost_error = -ECONNRESET;
    link->unsent_end = &link->unsent;
    if (settings->endpoint != NULL) {
        store_place_init(&link->place, settings->endpoint);
        loop_timer_start(link->retry, 0, 0);
    }
    return link;
}

void store_link_move(struct store_link *link, const char *endpoint)
{
    host_lookup_cancel(&link->lookup);
    store_place_finish(&link->place);
    store_place_init(&link->place, endpoint);
    if (link->redis != NULL) {
        store_link_drop(link);
    } else if (!loop_timer_is_active(link->retry)) {
        loop_timer_start(link->retry, 0, 0);
    }
}

static void answer_unsent(struct store_link *link, int error)
{
    struct link_call *call = link->unsent;
    link->unsent = NULL;
    link->unsent_end = &link->unsent;
    while (call != NULL) {
        struct link_call *next = call->next;
        call->on_reply(call->call, error, NULL);
        free(call);
        call = next;
    }
}

void store_link_cancel(struct store_link *link)
{
    assert(link->depth == 0);
    link->lost_error = -ECANCELED;
    if (link->redis != NULL) {
        redisAsyncFree(link->redis);
    }
    host_lookup_cancel(&link->lookup);
    loop_timer_stop(link->retry);
    while (link->unsent != NULL) {
        answer_unsent(link, -ECANCELED);
    }
}

void store_link_destroy(struct store_link **link)
{
    struct store_link *old = *link;
    *link = NULL;
    if (old == NULL) {
        return;
    }
    store_link_cancel(old);
    loop_timer_destroy(&old->retry);
    loop_timer_destroy(&old->look);
    loop_timer_destroy(&old->refusal);
    store_place_finish(&old->place);
    free(old);
}

bool store_link_is_ready(const struct store_link *link)
{
    return link->state == LINK_READY && !link->is_dropped;
}

uint64_t store_link_connection(const struct store_link *link)
{
    return link->connection;
}

bool store_link_is_early(const struct store_link *link)
{
    return link->state == LINK_EARLY && !link->is_dropped;
}

void store_link_set_ready(struct store_link *link)
{
    assert(link->state == LINK_EARLY);
    link->state = LINK_READY;
    link->retry_ms = RETRY_FIRST_MS;
    link->is_told = false;
    store_place_on_ready(&link->place);
    if (link->settings.is_paced) {
        store_backlog_begin(&link->backlog, clock_monotonic_ms());
    }
}

void store_link_drop(struct store_link *link)
{
    /* on_events or on_look frees it: hiredis may be in the middle of its answers. */
    link->is_dropped = true;
}

static void on_redis_reply(redisAsyncContext *redis, void *reply, void *context)
{
    (void)redis;
    struct link_call *call = context;
    struct store_link *link = call->link;
    uint64_t now_ms = clock_monotonic_ms();
    link->pending--;
    link->progress_ms = now_ms;
    if (reply == NULL) {
        call->on_reply(call->call, link->lost_error, NULL);
    } else {
        link->settings.on_latency(link->settings.context, now_ms - call->sent_ms);
        int error = store_reply_error(reply);
        if (error == -EAGAIN && link->state == LINK_READY) {
            /* Another role, or scripts forgotten: log in anew and look. */
            store_link_drop(link);
        }
        if (error == -EIO) {
            const redisReply *failure = reply;
            LOG(LOG_STORE_SCRIPT_FAILED, NULL,
                log_text("reason", (struct text){failure->str, failure->len}));
        }
        link->reply = reply;
        call->on_reply(call->call, error, reply);
        link->reply = NULL;
        send_backlog(link);
    }
    free(call);
}

redisReply *store_link_take_reply(struct store_link *link)
{
    redisReply *taken = xalloc_zero(1, sizeof(*taken));
    *taken = *link->reply;
    /* hiredis frees the shell that is left, with nothing in it. */
    *link->reply = (redisReply){.type = REDIS_REPLY_NIL};
    return taken;
}

static void on_refusal(void *context)
{
    struct store_link *link = context;
    link->depth++;
    answer_unsent(link, -EAGAIN);
    link->depth--;
}

static void refuse(struct store_link *link, struct link_call *call)
{
    *link->unsent_end = call;
    link->unsent_end = &call->next;
    loop_timer_start(link->refusal, 0, 0);
}

static void send_or_refuse(struct store_link *link, struct text command, struct link_call *call)
{
    call->sent_ms = clock_monotonic_ms();
    if (redisAsyncFormattedCommand(link->redis, on_redis_reply, call, command.data, command.size) !=
        REDIS_OK) {
        refuse(link, call);
        return;
    }
    if (link->pending++ == 0) {
        link->progress_ms = call->sent_ms;
    }
}

static void give_up_backlog(struct store_link *link)
{
    struct store_backlog_item *item;
    while ((item = store_backlog_give_up(&link->backlog)) != NULL) {
        refuse(link, item->call);
        free(item);
    }
}

static void send_backlog(struct store_link *link)
{
    struct store_backlog_item *item;
    while (store_link_is_ready(link) && (item = store_backlog_take(&link->backlog, link->pending,
                                                                   clock_monotonic_ms())) != NULL) {
        send_or_refuse(link, (struct text){item->bytes, item->size}, item->call);
        free(item);
    }
}

static struct link_call *call_create(struct store_link *link, store_link_reply_fn *on_reply,
                                     void *object)
{
    struct link_call *call = xalloc_zero(1, sizeof(*call));
    call->link = link;
    call->on_reply = on_reply;
    call->call = object;
    return call;
}

void store_link_send(struct store_link *link, struct store_command *command,
                     store_link_reply_fn *on_reply, void *object)
{
    struct link_call *call = call_create(link, on_reply, object);
    if (!store_link_is_ready(link)) {
        refuse(link, call);
    } else if (store_backlog_holds(&link->backlog, link->pending)) {
        store_backlog_add(&link->backlog, store_command_text(command), call);
    } else {
        send_or_refuse(link, store_command_text(command), call);
    }
}

void store_link_send_early(struct store_link *link, struct store_command *command,
                           store_link_reply_fn *on_reply, void *object)
{
    struct link_call *call = call_create(link, on_reply, object);
    if (link->redis != NULL && !link->is_dropped && link->state != LINK_AWAY) {
        send_or_refuse(link, store_command_text(command), call);
    } else {
        refuse(link, call);
    }
}
