/* Of this folder only: the answer to libzmq's question "may this client in?" (ZeroMQ RFC 27, ZAP),
 * asked over inproc for each client of a CURVE server, with the client's public key. A context has
 * one such handler; each server is a domain of it. */
#ifndef HIKYAKU_COMMON_NET_BUS_ZAP_H
#define HIKYAKU_COMMON_NET_BUS_ZAP_H

#include "common/net/bus_socket.h"

MUST_USE int bus_zap_open(struct bus *bus, struct bus_zap **ret_zap, struct problem *problem);
/** All domains must be gone. */
void bus_zap_close(struct bus_zap **zap);

/** Admit exactly these keys (Z85, NULL-terminated) to `domain`; NULL: the domain is gone. */
void bus_zap_admit(struct bus_zap *zap, unsigned int domain, const char *const *keys);

#endif
