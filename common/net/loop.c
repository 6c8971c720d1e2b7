#include "common/net/loop.h"
#include "common/net/loop_uv.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define READ_BUFFER_BYTES ((size_t)64 * 1024)

/* A call to be made later; the lists keep the order in which they were asked for. */
struct call {
    struct call *next;
    loop_fn *run;
    void *context;
};

struct call_list {
    struct call *first;
    struct call **last_next;
};

struct pool_job {
    uv_work_t request;
    struct loop *loop; /* borrowed */
    loop_fn *work;
    loop_fn *on_done;
    void *context;
};

struct loop {
    uv_loop_t uv;
    uv_async_t wake;     /* posts are waiting; keeps the loop alive as well */
    uv_prepare_t before; /* deferred calls of timers: before the loop blocks */
    uv_check_t after;    /* deferred calls of descriptors: after they are through */
    uv_idle_t unblock;   /* active while calls are deferred: the loop must not block */
    struct call_list deferred;
    pthread_mutex_t posts_lock;
    struct call_list posts; /* under posts_lock */
    size_t pool_pending;
    char *read_buffer; /* READ_BUFFER_BYTES */
};

static void list_init(struct call_list *list)
{
    list->first = NULL;
    list->last_next = &list->first;
}

static void list_append(struct call_list *list, loop_fn *run, void *context)
{
    struct call *call = xalloc(sizeof *call);
    *call = (struct call){NULL, run, context};
    *list->last_next = call;
    list->last_next = &call->next;
}

static struct call *list_take(struct call_list *list)
{
    struct call *first = list->first;
    list_init(list);
    return first;
}

static void calls_run(struct call *call)
{
    while (call != NULL) {
        struct call *next = call->next;
        loop_fn *run = call->run;
        void *context = call->context;
        free(call);
        run(context);
        call = next;
    }
}

static void calls_drop(struct call *call)
{
    while (call != NULL) {
        struct call *next = call->next;
        free(call);
        call = next;
    }
}

static void on_wake(uv_async_t *async)
{
    struct loop *loop = async->data;
    pthread_mutex_lock(&loop->posts_lock);
    struct call *posts = list_take(&loop->posts);
    pthread_mutex_unlock(&loop->posts_lock);
    calls_run(posts);
}

static void on_unblock(uv_idle_t *idle)
{
    (void)idle; /* only its being active matters */
}

/* What these calls defer in turn waits for the next round: the descriptors get their share. */
static void run_deferred(struct loop *loop)
{
    calls_run(list_take(&loop->deferred));
    if (loop->deferred.first == NULL) {
        uv_idle_stop(&loop->unblock);
    }
}

static void on_before(uv_prepare_t *prepare)
{
    run_deferred(prepare->data);
}

static void on_after(uv_check_t *check)
{
    run_deferred(check->data);
}

/* libuv's set-up functions fail on lack of memory or descriptors only: nothing could run then. */
static void must(int result, const char *what)
{
    if (result != 0) {
        (void)fprintf(stderr, "%s: %s\n", what, uv_strerror(result));
        abort();
    }
}

struct loop *loop_create(void)
{
    /* libuv writes to sockets without MSG_NOSIGNAL; a peer that is gone is an error, not our end.
     */
    (void)signal(SIGPIPE, SIG_IGN);
    struct loop *loop = xalloc_zero(1, sizeof *loop);
    list_init(&loop->deferred);
    list_init(&loop->posts);
    loop->read_buffer = xalloc(READ_BUFFER_BYTES);
    must(-pthread_mutex_init(&loop->posts_lock, NULL), "pthread_mutex_init");
    must(uv_loop_init(&loop->uv), "uv_loop_init");
    must(uv_async_init(&loop->uv, &loop->wake, on_wake), "uv_async_init");
    must(uv_prepare_init(&loop->uv, &loop->before), "uv_prepare_init");
    must(uv_check_init(&loop->uv, &loop->after), "uv_check_init");
    must(uv_idle_init(&loop->uv, &loop->unblock), "uv_idle_init");
    loop->wake.data = loop;
    loop->before.data = loop;
    loop->after.data = loop;
    must(uv_prepare_start(&loop->before, on_before), "uv_prepare_start");
    must(uv_check_start(&loop->after, on_after), "uv_check_start");
    return loop;
}

static void on_owner_closed(uv_handle_t *handle)
{
    free(handle->data);
}

/* Timers, watches and signals are closed for their owners; a stream has callbacks to make, so its
 * owner closes it. */
static void close_left_open(uv_handle_t *handle, void *context)
{
    struct loop *loop = context;
    if (uv_is_closing(handle)) {
        return;
    }
    if (handle->data == loop || handle == (uv_handle_t *)&loop->unblock) {
        uv_close(handle, NULL);
        return;
    }
    assert(handle->type == UV_TIMER || handle->type == UV_POLL || handle->type == UV_SIGNAL);
    uv_close(handle, on_owner_closed);
}

void loop_destroy(struct loop **loop)
{
    struct loop *dying = *loop;
    *loop = NULL;
    if (dying == NULL) {
        return;
    }
    assert(dying->pool_pending == 0);
    uv_walk(&dying->uv, close_left_open, dying);
    while (uv_run(&dying->uv, UV_RUN_DEFAULT) != 0) {
        /* An earlier loop_stop() ends a run before the handles are closed. */
    }
    must(uv_loop_close(&dying->uv), "uv_loop_close");
    calls_drop(list_take(&dying->deferred));
    calls_drop(list_take(&dying->posts));
    pthread_mutex_destroy(&dying->posts_lock);
    free(dying->read_buffer);
    free(dying);
}

void loop_run(struct loop *loop)
{
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

uint64_t loop_now_ms(const struct loop *loop)
{
    return uv_now(&loop->uv);
}

void loop_post(struct loop *loop, loop_fn *run, void *context)
{
    pthread_mutex_lock(&loop->posts_lock);
    list_append(&loop->posts, run, context);
    pthread_mutex_unlock(&loop->posts_lock);
    (void)uv_async_send(&loop->wake);
}

void loop_defer(struct loop *loop, loop_fn *run, void *context)
{
    if (loop->deferred.first == NULL) {
        (void)uv_idle_start(&loop->unblock, on_unblock);
    }
    list_append(&loop->deferred, run, context);
}

static void on_pool_work(uv_work_t *request)
{
    const struct pool_job *job = request->data;
    job->work(job->context);
}

static void on_pool_done(uv_work_t *request, int status)
{
    (void)status; /* jobs are never cancelled */
    struct pool_job *job = request->data;
    loop_fn *on_done = job->on_done;
    void *context = job->context;
    job->loop->pool_pending--;
    free(job);
    on_done(context);
}

void loop_run_in_pool(struct loop *loop, loop_fn *work, loop_fn *on_done, void *context)
{
    struct pool_job *job = xalloc_zero(1, sizeof *job);
    job->request.data = job;
    job->loop = loop;
    job->work = work;
    job->on_done = on_done;
    job->context = context;
    loop->pool_pending++;
    must(uv_queue_work(&loop->uv, &job->request, on_pool_work, on_pool_done), "uv_queue_work");
}

void loop_set_pool_threads(unsigned int threads)
{
    char number[16];
    (void)snprintf(number, sizeof number, "%u", threads);
    /* Before any thread: libuv reads it when the first job is queued. */
    (void)setenv("UV_THREADPOOL_SIZE", number, 1); /* NOLINT(concurrency-mt-unsafe) */
}

size_t loop_pool_pending(const struct loop *loop)
{
    return loop->pool_pending;
}

uv_loop_t *loop_uv(struct loop *loop)
{
    return &loop->uv;
}

struct text loop_uv_read_buffer(struct loop *loop)
{
    return (struct text){loop->read_buffer, READ_BUFFER_BYTES};
}
