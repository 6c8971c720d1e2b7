/* Of this folder only: the TLS of one stream, an engine without socket: bytes from the peer go in
 * by feed, bytes for the peer come out by output. */
#ifndef HIKYAKU_COMMON_NET_STREAM_TLS_H
#define HIKYAKU_COMMON_NET_STREAM_TLS_H

#include "common/net/stream.h"

struct stream_tls_session;

/** @return NULL when OpenSSL refuses; `problem` (of `size` bytes) says why */
struct stream_tls_session *stream_tls_session_open(const struct stream_tls *tls,
                                                   struct text server_name, char *problem,
                                                   size_t size);
void stream_tls_session_close(struct stream_tls_session **session);
/** Take bytes that the peer sent. */
void stream_tls_session_feed(struct stream_tls_session *session, struct text bytes);
/** @return 0 done; -EAGAIN: more bytes needed; -EPROTO: failed */
MUST_USE int stream_tls_session_shake(struct stream_tls_session *session);
/** @return bytes read; 0: the peer closed in order; -EAGAIN; -EPROTO */
MUST_USE int stream_tls_session_read(struct stream_tls_session *session, char *place, size_t size);
/** Encrypt the parts; small ones share a record. @return 0 or -EPROTO */
MUST_USE int stream_tls_session_write(struct stream_tls_session *session, const struct text *parts,
                                      size_t count);
/** Say goodbye, when the handshake is done. */
void stream_tls_session_finish(struct stream_tls_session *session);
/** What the peer must get; valid until the next call, forgotten by take. */
struct text stream_tls_session_output(const struct stream_tls_session *session);
void stream_tls_session_take_output(struct stream_tls_session *session);
const char *stream_tls_session_version(const struct stream_tls_session *session);
/** Why the last call failed. */
const char *stream_tls_session_problem(const struct stream_tls_session *session);

#endif
