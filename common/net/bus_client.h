/* The worker's end of the bus: one DEALER for each coordinator address, reconnecting by itself. */
#ifndef HIKYAKU_COMMON_NET_BUS_CLIENT_H
#define HIKYAKU_COMMON_NET_BUS_CLIENT_H

#include "common/net/bus.h"

struct bus_client;

struct bus_client_settings {
    const char *endpoint;           /* "tcp://10.0.0.7:8462" */
    const struct bus_key_pair *key; /* copied */
    const char *server_key;         /* copied */
    const unsigned char *session;   /* BUS_PEER_BYTES: our routing id; copied */
    bus_frame_fn *on_frame;         /* `peer` is NULL */
    /** ZeroMQ lost or made the connection (monitor events); may be NULL. */
    void (*on_connection)(void *context, bool is_connected);
    void *context;
};

MUST_USE int bus_client_open(struct bus *bus, const struct bus_client_settings *settings,
                             struct bus_client **ret_client, struct problem *problem);
void bus_client_close(struct bus_client **client);
/** @return 0 or -EAGAIN (queue full, or not connected) */
MUST_USE int bus_client_send(struct bus_client *client, struct text frame);

#endif
