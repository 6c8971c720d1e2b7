/* Of this folder only: the libuv loop behind struct loop. */
#ifndef HIKYAKU_COMMON_NET_LOOP_UV_H
#define HIKYAKU_COMMON_NET_LOOP_UV_H

#include "common/net/loop.h"

#include <uv.h>

uv_loop_t *loop_uv(struct loop *loop);
/** Where a stream reads into; valid until the next read of any stream on the loop. */
struct text loop_uv_read_buffer(struct loop *loop);

#endif
