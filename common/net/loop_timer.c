#include "common/net/loop.h"
#include "common/net/loop_uv.h"

#include <assert.h>
#include <stdlib.h>

struct loop_timer {
    uv_timer_t uv; /* first: loop_destroy() frees uv.data */
    loop_fn *on_timer;
    void *context;
};

struct loop_timer *loop_timer_create(struct loop *loop, loop_fn *on_timer, void *context)
{
    struct loop_timer *timer = xalloc_zero(1, sizeof *timer);
    (void)uv_timer_init(loop_uv(loop), &timer->uv); /* cannot fail */
    timer->uv.data = timer;
    timer->on_timer = on_timer;
    timer->context = context;
    return timer;
}

static void on_uv_timer(uv_timer_t *uv)
{
    const struct loop_timer *timer = uv->data;
    timer->on_timer(timer->context);
}

/* libuv counts from the start of the turn: what this turn has used up so far is added, or a short
 * delay asked for after long work would be over at once. */
void loop_timer_start(struct loop_timer *timer, uint64_t delay_ms, uint64_t repeat_ms)
{
    uint64_t now_ms = uv_hrtime() / 1000000;
    uint64_t turn_ms = uv_now(timer->uv.loop);
    uint64_t used_ms = now_ms > turn_ms ? now_ms - turn_ms : 0;
    int result = uv_timer_start(&timer->uv, on_uv_timer, delay_ms + used_ms, repeat_ms);
    assert(result == 0);
    (void)result;
}

void loop_timer_stop(struct loop_timer *timer)
{
    (void)uv_timer_stop(&timer->uv);
}

bool loop_timer_is_active(const struct loop_timer *timer)
{
    return uv_is_active((const uv_handle_t *)&timer->uv) != 0;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void loop_timer_destroy(struct loop_timer **timer)
{
    if (*timer != NULL) {
        uv_close((uv_handle_t *)&(*timer)->uv, on_closed);
        *timer = NULL;
    }
}
