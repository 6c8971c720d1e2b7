#include "common/net/stream_socket.h"
#include "common/net/stream_address.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

/* Made by ourselves: libuv's bind would take a local port at once, one of 28,000 for each source,
 * where IP_BIND_ADDRESS_NO_PORT lets connect() choose one per peer. */
int stream_socket_open(const struct stream_settings *settings, enum stream_end *ret_end)
{
    int family = settings->remote.is_v6 ? AF_INET6 : AF_INET;
    int descriptor = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        *ret_end = STREAM_END_UNREACHABLE;
        return -errno;
    }
    int on = 1;
    (void)setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (settings->source == NULL) {
        return descriptor;
    }
    struct sockaddr_storage source;
    socklen_t size = stream_address_to_socket(settings->source, &source);
    (void)setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(descriptor, (const struct sockaddr *)&source, size) != 0) {
        int error = errno;
        (void)close(descriptor);
        *ret_end = STREAM_END_SOURCE;
        return -error;
    }
    return descriptor;
}

enum stream_end stream_socket_end_of(int error, bool has_source)
{
    switch (-error) {
    case ECONNREFUSED:
        return STREAM_END_REFUSED;
    case ETIMEDOUT:
        return STREAM_END_TIMEOUT;
    case ECONNRESET:
        return STREAM_END_RESET;
    case EADDRNOTAVAIL: /* also when all ports of the source are in use towards this peer */
    case EADDRINUSE:
        return has_source ? STREAM_END_SOURCE : STREAM_END_UNREACHABLE;
    default:
        return STREAM_END_UNREACHABLE;
    }
}
