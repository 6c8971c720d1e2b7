#include "common/net/loop.h"
#include "common/net/loop_uv.h"

#include <assert.h>
#include <stdlib.h>

struct loop_signal {
    uv_signal_t uv; /* first: loop_destroy() frees uv.data */
    loop_fn *on_signal;
    void *context;
};

static void on_uv_signal(uv_signal_t *uv, int number)
{
    (void)number;
    const struct loop_signal *signal = uv->data;
    signal->on_signal(signal->context);
}

struct loop_signal *loop_signal_create(struct loop *loop, int number, loop_fn *on_signal,
                                       void *context)
{
    struct loop_signal *signal = xalloc_zero(1, sizeof *signal);
    signal->on_signal = on_signal;
    signal->context = context;
    int result = uv_signal_init(loop_uv(loop), &signal->uv);
    signal->uv.data = signal;
    if (result == 0) {
        result = uv_signal_start(&signal->uv, on_uv_signal, number);
    }
    assert(result == 0); /* no such signal */
    return signal;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void loop_signal_destroy(struct loop_signal **signal)
{
    if (*signal != NULL) {
        uv_close((uv_handle_t *)&(*signal)->uv, on_closed);
        *signal = NULL;
    }
}
