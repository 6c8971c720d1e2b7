/* A TCP connection, plain or TLS: outgoing only (servers are in http_server.h and bus_server.h).
 * Bytes come in as they come; writes are gathered and bounded by the owner, who looks at
 * stream_pending_bytes(). TCP_NODELAY always. */
#ifndef HIKYAKU_COMMON_NET_STREAM_H
#define HIKYAKU_COMMON_NET_STREAM_H

#include "common/base/problem.h"
#include "common/net/loop.h"

struct stream;

/** An IPv4 or IPv6 address with its port. */
struct stream_address {
    unsigned char bytes[16]; /* v4: the first four */
    bool is_v6;
    uint16_t port;
};
/** "192.0.2.1", "2001:db8::1". @return 0 or -EINVAL */
MUST_USE int stream_address_parse(struct text text, uint16_t port,
                                  struct stream_address *ret_address);
#define STREAM_ADDRESS_LENGTH 46 /* with NUL, without port */
void stream_address_format(const struct stream_address *address,
                           char ret_text[STREAM_ADDRESS_LENGTH]);

enum stream_end {
    STREAM_END_CLOSED,      /* the peer closed in order */
    STREAM_END_RESET,       /* reset, broken pipe, unreachable while connected */
    STREAM_END_REFUSED,     /* connecting: refused */
    STREAM_END_TIMEOUT,     /* connecting took longer than connect_timeout_ms */
    STREAM_END_UNREACHABLE, /* connecting: no route, network down */
    STREAM_END_SOURCE,      /* the source address cannot be bound here */
    STREAM_END_TLS,         /* the handshake or a record failed; see stream_problem() */
};
const char *stream_end_name(enum stream_end end);

struct stream_callbacks {
    void (*on_connected)(void *context);
    /** `bytes` are valid during the call. */
    void (*on_read)(void *context, struct text bytes);
    /** Everything written so far has been given to the kernel: comes after bytes were pending, not
     *  when the kernel took all at once. May be NULL. */
    void (*on_drained)(void *context);
    /** The TLS handshake is done. May be NULL. */
    void (*on_tls)(void *context);
    /** Once, never inside a call of the owner; nothing follows but on_closed. The owner then calls
     *  stream_close(). A failed write lets what the peer said before be read first. */
    void (*on_end)(void *context, enum stream_end end);
    /** After stream_close(): the memory is gone. May be NULL. */
    void (*on_closed)(void *context);
    void *context;
};

struct stream_settings {
    struct stream_address remote;
    const struct stream_address *source; /* borrowed for open; of remote's family, port 0; NULL: the
                                            system's choice */
    uint64_t connect_timeout_ms;
};

/** Start connecting; the first callback comes after this returns. */
struct stream *stream_open(struct loop *loop, const struct stream_settings *settings,
                           const struct stream_callbacks *callbacks);

/**
 * Write the parts, one after the other; what the kernel does not take at once is copied.
 * No-op after on_end.
 */
void stream_write(struct stream *stream, const struct text *parts, size_t count);
size_t stream_pending_bytes(const struct stream *stream);
/** Stop reading (back-pressure) or go on. */
void stream_set_reading(struct stream *stream, bool is_reading);

/** Client contexts: one for opportunistic TLS (any certificate), made once. */
struct stream_tls;
MUST_USE int stream_tls_create(struct stream_tls **ret_tls, struct problem *problem);
void stream_tls_destroy(struct stream_tls **tls);

/**
 * Begin TLS as client on the connected stream; bytes that were read but not yet given to on_read
 * are dropped by nobody: the owner has seen all plaintext before.
 * @param server_name  SNI, borrowed for the call; "" for none
 */
void stream_start_tls(struct stream *stream, const struct stream_tls *tls, struct text server_name);
/** "TLSv1.3", or "" without TLS. */
const char *stream_tls_version(const struct stream *stream);
/** Why connecting or TLS failed, for people; "" when it did not. */
const char *stream_problem(const struct stream *stream);
/** The local address in use, once connected. */
void stream_local_address(const struct stream *stream, struct stream_address *ret_address);

/** End it at once (what is pending is dropped). Nulls the pointer; on_closed comes later. */
void stream_close(struct stream **stream);
/** End it with a TCP reset: the peer must not take what it has for a whole message. */
void stream_reset(struct stream **stream);

#endif
