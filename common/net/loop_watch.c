#include "common/net/loop.h"
#include "common/net/loop_uv.h"

#include <assert.h>
#include <stdlib.h>

struct loop_watch {
    uv_poll_t uv; /* first: loop_destroy() frees uv.data */
    unsigned int events;
    loop_watch_fn *on_events;
    void *context;
};

struct loop_watch *loop_watch_create(struct loop *loop, int descriptor, loop_watch_fn *on_events,
                                     void *context)
{
    struct loop_watch *watch = xalloc_zero(1, sizeof *watch);
    int result = uv_poll_init(loop_uv(loop), &watch->uv, descriptor);
    assert(result == 0); /* not open, no socket, or watched twice */
    (void)result;
    watch->uv.data = watch;
    watch->on_events = on_events;
    watch->context = context;
    return watch;
}

static void on_uv_poll(uv_poll_t *uv, int status, int uv_events)
{
    struct loop_watch *watch = uv->data;
    unsigned int events = ((uv_events & UV_READABLE) != 0 ? LOOP_READABLE : 0U) |
                          ((uv_events & UV_WRITABLE) != 0 ? LOOP_WRITABLE : 0U) |
                          ((uv_events & UV_DISCONNECT) != 0 ? LOOP_HANGUP : 0U);
    if (status < 0) {
        /* libuv stops a descriptor in error (a refused connection). The owner learns the error by
         * reading or writing; as with poll(), it comes again until the owner has looked. */
        events = LOOP_READABLE | LOOP_WRITABLE | (watch->events & LOOP_HANGUP);
    }
    watch->on_events(watch->context, events);
    if (status < 0 && !uv_is_closing((uv_handle_t *)uv)) {
        loop_watch_set(watch, watch->events);
    }
}

void loop_watch_set(struct loop_watch *watch, unsigned int events)
{
    watch->events = events;
    int wanted = ((events & LOOP_READABLE) != 0 ? UV_READABLE : 0) |
                 ((events & LOOP_WRITABLE) != 0 ? UV_WRITABLE : 0) |
                 ((events & LOOP_HANGUP) != 0 ? UV_DISCONNECT : 0);
    int result =
        wanted == 0 ? uv_poll_stop(&watch->uv) : uv_poll_start(&watch->uv, wanted, on_uv_poll);
    assert(result == 0);
    (void)result;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void loop_watch_destroy(struct loop_watch **watch)
{
    if (*watch != NULL) {
        uv_close((uv_handle_t *)&(*watch)->uv, on_closed);
        *watch = NULL;
    }
}
