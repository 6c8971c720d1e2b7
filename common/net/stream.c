#include "common/net/stream.h"
#include "common/base/buffer.h"
#include "common/net/loop_uv.h"
#include "common/net/stream_address.h"
#include "common/net/stream_socket.h"
#include "common/net/stream_tls.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WRITE_PARTS 64
/* How long a stream whose writes fail may still deliver what the peer said before. */
#define LAST_WORDS_MS 1000

enum stream_state { STREAM_CONNECTING, STREAM_CONNECTED, STREAM_ENDED, STREAM_CLOSING };

struct stream {
    uv_tcp_t tcp;
    uv_timer_t timer; /* connecting: the time limit; later: see on_timer */
    uv_connect_t connecting;
    int open_handles;  /* tcp and timer */
    struct loop *loop; /* borrowed */
    struct stream_callbacks callbacks;
    enum stream_state state;
    enum stream_end end; /* when STREAM_ENDED */
    bool has_source;
    bool is_reading;
    bool is_broken; /* a write failed: read on to the end, write no more */
    bool is_shaken; /* the TLS handshake is done */
    size_t queued_bytes;
    struct buffer before_tls; /* written while the handshake ran */
    struct stream_tls_session *tls;
    char problem[160];
};

/* Bytes that the kernel did not take at once. */
struct queued_write {
    uv_write_t request;
    struct stream *stream; /* borrowed: its handle outlives its writes */
    size_t size;
    char data[];
};

const char *stream_end_name(enum stream_end end)
{
    static const char *const names[] = {
        [STREAM_END_CLOSED] = "closed",
        [STREAM_END_RESET] = "reset",
        [STREAM_END_REFUSED] = "refused",
        [STREAM_END_TIMEOUT] = "timeout",
        [STREAM_END_UNREACHABLE] = "unreachable",
        [STREAM_END_SOURCE] = "source",
        [STREAM_END_TLS] = "tls",
    };
    return names[end];
}

/* Not called from inside the owner's calls, so that no owner is surprised: see end_later. */
static void tell_end(struct stream *stream)
{
    stream->callbacks.on_end(stream->callbacks.context, stream->end);
}

static void on_timer(uv_timer_t *timer);

/* The only place that ends a stream; the owner hears of it from the loop. */
static void end_later(struct stream *stream, enum stream_end end)
{
    if (stream->state >= STREAM_ENDED) {
        return;
    }
    stream->state = STREAM_ENDED;
    stream->end = end;
    if (!uv_is_closing((uv_handle_t *)&stream->tcp)) {
        (void)uv_read_stop((uv_stream_t *)&stream->tcp);
    }
    (void)uv_timer_start(&stream->timer, on_timer, 0, 0);
}

static void end_with_error(struct stream *stream, enum stream_end end, const char *reason)
{
    if (stream->state < STREAM_ENDED) {
        (void)snprintf(stream->problem, sizeof stream->problem, "%s", reason);
        end_later(stream, end);
    }
}

/* libuv wants writable memory for bytes that it only reads. */
static char *unconst(const char *data)
{
    union {
        const char *in;
        char *out;
    } pointer = {.in = data};
    return pointer.out;
}

/* A failed write often follows a reply that says why (a 421 before the reset): the bytes that came
 * are read first, then the socket tells its end by itself. */
static void write_failed(struct stream *stream)
{
    if (stream->state != STREAM_CONNECTED || stream->is_broken) {
        return;
    }
    stream->is_broken = true;
    if (stream->is_reading) {
        (void)uv_timer_start(&stream->timer, on_timer, LAST_WORDS_MS, 0);
    } else {
        end_later(stream, STREAM_END_RESET);
    }
}

static void on_written(uv_write_t *request, int status)
{
    struct queued_write *queued = request->data;
    struct stream *stream = queued->stream;
    stream->queued_bytes -= queued->size;
    free(queued);
    if (status != 0) {
        write_failed(stream);
    } else if (stream->state == STREAM_CONNECTED && !stream->is_broken &&
               stream_pending_bytes(stream) == 0 && stream->callbacks.on_drained != NULL) {
        stream->callbacks.on_drained(stream->callbacks.context);
    }
}

/* Copy the parts behind the first `skip` bytes into one request. */
static void queue_rest(struct stream *stream, const struct text *parts, size_t count, size_t skip)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += parts[i].size;
    }
    if (total == skip) {
        return;
    }
    struct queued_write *queued = xalloc(sizeof *queued + total - skip);
    queued->request.data = queued;
    queued->stream = stream;
    queued->size = total - skip;
    size_t filled = 0;
    for (size_t i = 0; i < count; i++) {
        size_t cut = skip < parts[i].size ? skip : parts[i].size;
        struct text part = text_skip(parts[i], cut);
        skip -= cut;
        if (part.size > 0) {
            memcpy(queued->data + filled, part.data, part.size);
            filled += part.size;
        }
    }
    stream->queued_bytes += queued->size;
    uv_buf_t place = uv_buf_init(queued->data, (unsigned int)queued->size);
    int result = uv_write(&queued->request, (uv_stream_t *)&stream->tcp, &place, 1, on_written);
    assert(result == 0); /* the descriptor is open; failures come to on_written */
    (void)result;
}

/* Parts straight to the kernel; libuv's queue takes over where the kernel stops, and reports
 * errors from the loop. */
static void write_raw(struct stream *stream, const struct text *parts, size_t count)
{
    while (count > 0 && stream->queued_bytes == 0 && stream->state == STREAM_CONNECTED) {
        uv_buf_t places[WRITE_PARTS];
        size_t taken = count < WRITE_PARTS ? count : WRITE_PARTS;
        size_t total = 0;
        for (size_t i = 0; i < taken; i++) {
            places[i] = uv_buf_init(unconst(parts[i].data), (unsigned int)parts[i].size);
            total += parts[i].size;
        }
        int written =
            total == 0 ? 0 : uv_try_write((uv_stream_t *)&stream->tcp, places, (unsigned int)taken);
        queue_rest(stream, parts, taken, written > 0 ? (size_t)written : 0);
        parts += taken;
        count -= taken;
    }
    queue_rest(stream, parts, count, 0);
}

static void flush_tls(struct stream *stream)
{
    struct text output = stream_tls_session_output(stream->tls);
    if (output.size > 0) {
        if (!stream->is_broken) {
            write_raw(stream, &output, 1);
        }
        stream_tls_session_take_output(stream->tls);
    }
}

static void tls_failed(struct stream *stream)
{
    flush_tls(stream); /* the alert */
    end_with_error(stream, STREAM_END_TLS, stream_tls_session_problem(stream->tls));
}

static void write_tls(struct stream *stream, const struct text *parts, size_t count)
{
    if (!stream->is_shaken) {
        for (size_t i = 0; i < count; i++) {
            buffer_append_text(&stream->before_tls, parts[i]);
        }
    } else if (stream_tls_session_write(stream->tls, parts, count) == 0) {
        flush_tls(stream);
    } else {
        tls_failed(stream);
    }
}

void stream_write(struct stream *stream, const struct text *parts, size_t count)
{
    if (stream->state >= STREAM_ENDED || stream->is_broken) {
        return;
    }
    if (stream->tls != NULL) {
        write_tls(stream, parts, count);
    } else {
        write_raw(stream, parts, count);
    }
}

size_t stream_pending_bytes(const struct stream *stream)
{
    return stream->queued_bytes + stream->before_tls.size;
}

static void shake(struct stream *stream)
{
    int result = stream_tls_session_shake(stream->tls);
    if (result == -EPROTO) {
        tls_failed(stream);
        return;
    }
    flush_tls(stream);
    if (result == -EAGAIN) {
        return;
    }
    stream->is_shaken = true;
    struct buffer early = stream->before_tls;
    stream->before_tls = (struct buffer){0};
    if (early.size > 0) {
        struct text part = buffer_text(&early);
        write_tls(stream, &part, 1);
    }
    buffer_finish(&early);
    if (stream->state == STREAM_CONNECTED && stream->callbacks.on_tls != NULL) {
        stream->callbacks.on_tls(stream->callbacks.context);
    }
}

/* Decrypt and hand over until the owner has enough or there is nothing left. */
static void pump_tls(struct stream *stream)
{
    if (!stream->is_shaken) {
        shake(stream);
    }
    /* The encrypted bytes are in the session already: the loop's buffer is free again. */
    struct text place = loop_uv_read_buffer(stream->loop);
    while (stream->is_shaken && stream->state == STREAM_CONNECTED && stream->is_reading) {
        int size = stream_tls_session_read(stream->tls, unconst(place.data), place.size);
        if (size > 0) {
            stream->callbacks.on_read(stream->callbacks.context,
                                      (struct text){place.data, (size_t)size});
            continue;
        }
        if (size == -EPROTO) {
            tls_failed(stream);
        } else if (size == 0) {
            end_later(stream, STREAM_END_CLOSED);
        } else {
            flush_tls(stream); /* an answer to the peer's change of keys */
        }
        return;
    }
}

static void read_ended(struct stream *stream, int error)
{
    if (stream->tls != NULL && !stream->is_shaken) {
        end_with_error(stream, STREAM_END_TLS, "the peer closed during the handshake");
    } else {
        end_later(stream, error == UV_EOF ? STREAM_END_CLOSED : STREAM_END_RESET);
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested_size, uv_buf_t *ret_place)
{
    (void)suggested_size;
    const struct stream *stream = handle->data;
    struct text place = loop_uv_read_buffer(stream->loop);
    *ret_place = uv_buf_init(unconst(place.data), (unsigned int)place.size);
}

static void on_uv_read(uv_stream_t *tcp, ssize_t size, const uv_buf_t *place)
{
    struct stream *stream = tcp->data;
    if (stream->state != STREAM_CONNECTED || size == 0) {
        return;
    }
    if (size < 0) {
        read_ended(stream, (int)size);
    } else if (stream->tls != NULL) {
        stream_tls_session_feed(stream->tls, (struct text){place->base, (size_t)size});
        pump_tls(stream);
    } else {
        stream->callbacks.on_read(stream->callbacks.context,
                                  (struct text){place->base, (size_t)size});
    }
}

static void start_reading(struct stream *stream)
{
    int result = uv_read_start((uv_stream_t *)&stream->tcp, on_alloc, on_uv_read);
    assert(result == 0 || result == UV_EALREADY);
    (void)result;
}

void stream_set_reading(struct stream *stream, bool is_reading)
{
    if (stream->is_reading == is_reading) {
        return;
    }
    stream->is_reading = is_reading;
    if (stream->state != STREAM_CONNECTED) {
        return;
    }
    if (!is_reading) {
        (void)uv_read_stop((uv_stream_t *)&stream->tcp);
        return;
    }
    start_reading(stream);
    if (stream->tls != NULL && !stream->is_broken) {
        (void)uv_timer_start(&stream->timer, on_timer, 0, 0); /* what is decrypted or waits to be */
    }
}

/* The timer does what must come from the loop, not from inside the owner's call. */
static void on_timer(uv_timer_t *timer)
{
    struct stream *stream = timer->data;
    switch (stream->state) {
    case STREAM_CONNECTING:
        end_later(stream, STREAM_END_TIMEOUT);
        break;
    case STREAM_CONNECTED:
        if (stream->is_broken) {
            end_later(stream, STREAM_END_RESET);
        } else if (stream->tls != NULL) {
            pump_tls(stream);
        }
        break;
    case STREAM_ENDED:
        tell_end(stream);
        break;
    case STREAM_CLOSING:
        break;
    }
}

static void connect_failed(struct stream *stream, int error)
{
    end_with_error(stream, stream_socket_end_of(error, stream->has_source), uv_strerror(error));
}

static void on_connected(uv_connect_t *connecting, int status)
{
    struct stream *stream = connecting->data;
    if (stream->state != STREAM_CONNECTING) {
        return;
    }
    if (status != 0) {
        connect_failed(stream, status);
        return;
    }
    (void)uv_timer_stop(&stream->timer);
    stream->state = STREAM_CONNECTED;
    if (stream->is_reading) {
        start_reading(stream);
    }
    stream->callbacks.on_connected(stream->callbacks.context);
}

static void start_connecting(struct stream *stream, const struct stream_settings *settings)
{
    enum stream_end end = STREAM_END_UNREACHABLE;
    int descriptor = stream_socket_open(settings, &end);
    if (descriptor < 0) {
        end_with_error(stream, end, uv_strerror(descriptor));
        return;
    }
    int result = uv_tcp_open(&stream->tcp, descriptor);
    if (result != 0) {
        (void)close(descriptor);
        connect_failed(stream, result);
        return;
    }
    struct sockaddr_storage remote;
    (void)stream_address_to_socket(&settings->remote, &remote);
    result = uv_tcp_connect(&stream->connecting, &stream->tcp, (const struct sockaddr *)&remote,
                            on_connected);
    if (result != 0) {
        connect_failed(stream, result);
        return;
    }
    (void)uv_timer_start(&stream->timer, on_timer, settings->connect_timeout_ms, 0);
}

struct stream *stream_open(struct loop *loop, const struct stream_settings *settings,
                           const struct stream_callbacks *callbacks)
{
    assert(settings->source == NULL || settings->source->is_v6 == settings->remote.is_v6);
    struct stream *stream = xalloc_zero(1, sizeof *stream);
    stream->loop = loop;
    stream->callbacks = *callbacks;
    stream->has_source = settings->source != NULL;
    stream->is_reading = true;
    (void)uv_tcp_init(loop_uv(loop), &stream->tcp); /* makes no socket yet: cannot fail */
    (void)uv_timer_init(loop_uv(loop), &stream->timer);
    stream->open_handles = 2;
    stream->tcp.data = stream;
    stream->timer.data = stream;
    stream->connecting.data = stream;
    start_connecting(stream, settings);
    return stream;
}

void stream_start_tls(struct stream *stream, const struct stream_tls *tls, struct text server_name)
{
    if (stream->state != STREAM_CONNECTED) {
        return;
    }
    assert(stream->tls == NULL);
    stream->tls =
        stream_tls_session_open(tls, server_name, stream->problem, sizeof stream->problem);
    if (stream->tls == NULL) {
        end_later(stream, STREAM_END_TLS);
        return;
    }
    shake(stream);
}

const char *stream_tls_version(const struct stream *stream)
{
    return stream->tls == NULL ? "" : stream_tls_session_version(stream->tls);
}

const char *stream_problem(const struct stream *stream)
{
    return stream->problem;
}

void stream_local_address(const struct stream *stream, struct stream_address *ret_address)
{
    struct sockaddr_storage local = {0};
    int size = sizeof local;
    *ret_address = (struct stream_address){0};
    if (uv_tcp_getsockname(&stream->tcp, (struct sockaddr *)&local, &size) == 0) {
        (void)stream_address_of_socket((const struct sockaddr *)&local, ret_address);
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct stream *stream = handle->data;
    if (--stream->open_handles > 0) {
        return;
    }
    struct stream_callbacks callbacks = stream->callbacks;
    stream_tls_session_close(&stream->tls);
    buffer_finish(&stream->before_tls);
    free(stream);
    if (callbacks.on_closed != NULL) {
        callbacks.on_closed(callbacks.context);
    }
}

static void close_handles(struct stream *stream, bool is_reset)
{
    stream->state = STREAM_CLOSING;
    uv_close((uv_handle_t *)&stream->timer, on_handle_closed);
    if (!is_reset || uv_tcp_close_reset(&stream->tcp, on_handle_closed) != 0) {
        uv_close((uv_handle_t *)&stream->tcp, on_handle_closed);
    }
}

void stream_close(struct stream **stream)
{
    struct stream *closing = *stream;
    *stream = NULL;
    if (closing == NULL) {
        return;
    }
    if (closing->state == STREAM_CONNECTED && closing->is_shaken && closing->queued_bytes == 0) {
        stream_tls_session_finish(closing->tls);
        flush_tls(closing);
    }
    close_handles(closing, false);
}

void stream_reset(struct stream **stream)
{
    struct stream *closing = *stream;
    *stream = NULL;
    if (closing != NULL) {
        close_handles(closing, true);
    }
}
