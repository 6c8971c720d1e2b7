/* Of this folder only: the socket of a stream before it is connected. */
#ifndef HIKYAKU_COMMON_NET_STREAM_SOCKET_H
#define HIKYAKU_COMMON_NET_STREAM_SOCKET_H

#include "common/net/stream.h"

/** A socket bound to the source, when there is one, not connected yet.
 *  @return the descriptor, or -errno; then `ret_end` says how the stream ends */
MUST_USE int stream_socket_open(const struct stream_settings *settings, enum stream_end *ret_end);
/** How a stream ends whose connect() failed. @param error  -errno */
enum stream_end stream_socket_end_of(int error, bool has_source);

#endif
