/* Of this folder only: addresses as the system's calls take them. */
#ifndef HIKYAKU_COMMON_NET_STREAM_ADDRESS_H
#define HIKYAKU_COMMON_NET_STREAM_ADDRESS_H

#include "common/net/stream.h"

#include <sys/socket.h>

/** @return the size of what was filled in */
socklen_t stream_address_to_socket(const struct stream_address *address,
                                   struct sockaddr_storage *ret_socket);
/** @return false when it is neither IPv4 nor IPv6; then all is zero */
bool stream_address_of_socket(const struct sockaddr *socket, struct stream_address *ret_address);

#endif
