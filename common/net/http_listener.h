/* Of this folder only: the listening socket of an HTTP server. */
#ifndef HIKYAKU_COMMON_NET_HTTP_LISTENER_H
#define HIKYAKU_COMMON_NET_HTTP_LISTENER_H

#include "common/base/problem.h"

/**
 * Listen on "127.0.0.1:8460", "[::1]:0" or "unix:/path". A socket file that nobody listens on any
 * more is replaced; the new one has mode 0660.
 *
 * @param ret_port  out: the TCP port in use; 0 for a unix socket
 * @return the descriptor, or -EINVAL (no such form), -EADDRINUSE, -EEXIST (a file that is no
 *         socket), other errors of the system
 */
MUST_USE int http_listener_open(const char *endpoint, uint16_t *ret_port, struct problem *problem);
/** The path of a unix endpoint, NULL for others; borrowed from `endpoint`. */
const char *http_listener_path(const char *endpoint);

#endif
