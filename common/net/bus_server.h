/* The coordinator's end of the bus: a ROUTER that workers connect to. Nothing on it needs to be
 * reliable: a frame for a peer that is gone or slow is dropped and said so. */
#ifndef HIKYAKU_COMMON_NET_BUS_SERVER_H
#define HIKYAKU_COMMON_NET_BUS_SERVER_H

#include "common/net/bus.h"

struct bus_server;

struct bus_server_settings {
    const char *endpoint;           /* "tcp://0.0.0.0:8462"; port 0: any free one */
    const struct bus_key_pair *key; /* copied */
    const char *const *admitted;    /* public keys, NULL-terminated; copied */
    bus_frame_fn *on_frame;         /* peers without a 16-byte routing id are never shown */
    void *context;
};

MUST_USE int bus_server_open(struct bus *bus, const struct bus_server_settings *settings,
                             struct bus_server **ret_server, struct problem *problem);
void bus_server_close(struct bus_server **server);
/** Replace the list of admitted keys (reload); standing connections stay. */
void bus_server_admit(struct bus_server *server, const char *const *admitted);
/** The endpoint with its real port. */
const char *bus_server_endpoint(const struct bus_server *server);

/** @return 0; -EAGAIN (its queue is full); -EHOSTUNREACH (not connected) */
MUST_USE int bus_server_send(struct bus_server *server, const unsigned char peer[BUS_PEER_BYTES],
                             struct text frame);

#endif
