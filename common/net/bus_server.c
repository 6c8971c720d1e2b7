#include "common/net/bus_server.h"
#include "common/net/bus_zap.h"

#include <stdio.h>
#include <stdlib.h>

#define BACKLOG 512

struct bus_server {
    struct bus_socket *socket;
    struct bus_zap *zap; /* borrowed from the bus */
    unsigned int domain;
    bus_frame_fn *on_frame;
    void *context;
    char endpoint[256];
};

/* The server may be gone when on_frame returns. */
static bool take(void *context)
{
    const struct bus_server *server = context;
    zmq_msg_t parts[2]; /* routing id, frame */
    int result = bus_socket_receive(server->socket, parts, 2);
    if (result != 1) {
        return result == 0;
    }
    struct text peer = bus_socket_part(&parts[0]);
    if (peer.size == BUS_PEER_BYTES) {
        server->on_frame(server->context, (const unsigned char *)peer.data,
                         bus_socket_part(&parts[1]));
    }
    bus_socket_close_parts(parts, 2);
    return true;
}

/* MANDATORY: a frame for a peer that is not there, or whose queue is full, is an error and not
 * dropped in silence. HANDOVER: a worker that comes back before the heartbeat has given up its old
 * connection takes its routing id over; without, it would be connected and ignored for good. Only
 * admitted keys get that far, and a session's id is random. */
static int set_up(struct bus_server *server, const struct bus_server_settings *settings,
                  struct problem *problem)
{
    static const struct {
        int option;
        int value;
    } numbers[] = {
        {ZMQ_CURVE_SERVER, 1},
        {ZMQ_ROUTER_MANDATORY, 1},
        {ZMQ_ROUTER_HANDOVER, 1},
    };
    char domain[16];
    (void)snprintf(domain, sizeof domain, "%u", server->domain);
    int result = bus_socket_set_up(server->socket, settings->key, problem);
    for (size_t i = 0; result == 0 && i < sizeof numbers / sizeof numbers[0]; i++) {
        result =
            bus_socket_set_number(server->socket, numbers[i].option, numbers[i].value, problem);
    }
    if (result == 0) {
        result = bus_socket_set_bytes(server->socket, ZMQ_ZAP_DOMAIN, text_of(domain), problem);
    }
    if (result != 0) {
        return result;
    }
    size_t size = sizeof server->endpoint;
    void *zmq = bus_socket_zmq(server->socket);
    if (zmq_bind(zmq, settings->endpoint) != 0 ||
        zmq_getsockopt(zmq, ZMQ_LAST_ENDPOINT, server->endpoint, &size) != 0) {
        int error = zmq_errno();
        problem_set(problem, "", "bus_endpoint", "cannot listen on %s: %s", settings->endpoint,
                    zmq_strerror(error));
        return -error;
    }
    return 0;
}

int bus_server_open(struct bus *bus, const struct bus_server_settings *settings,
                    struct bus_server **ret_server, struct problem *problem)
{
    struct bus_zap *zap = NULL;
    struct bus_socket *socket = NULL;
    int result = bus_need_zap(bus, &zap, problem);
    if (result == 0) {
        result = bus_socket_open(bus, ZMQ_ROUTER, &socket, problem);
    }
    if (result != 0) {
        return result;
    }
    struct bus_server *server = xalloc_zero(1, sizeof *server);
    server->socket = socket;
    server->zap = zap;
    server->domain = bus_next_number(bus);
    server->on_frame = settings->on_frame;
    server->context = settings->context;
    bus_zap_admit(zap, server->domain, settings->admitted); /* before anybody can connect */
    result = set_up(server, settings, problem);
    if (result != 0) {
        bus_server_close(&server);
        return result;
    }
    bus_socket_watch(server->socket, take, server);
    *ret_server = server;
    return 0;
}

void bus_server_close(struct bus_server **server)
{
    struct bus_server *closing = *server;
    *server = NULL;
    if (closing != NULL) {
        bus_zap_admit(closing->zap, closing->domain, NULL);
        bus_socket_close(&closing->socket);
        free(closing);
    }
}

void bus_server_admit(struct bus_server *server, const char *const *admitted)
{
    bus_zap_admit(server->zap, server->domain, admitted);
}

const char *bus_server_endpoint(const struct bus_server *server)
{
    return server->endpoint;
}

int bus_server_send(struct bus_server *server, const unsigned char peer[BUS_PEER_BYTES],
                    struct text frame)
{
    const struct text parts[] = {{(const char *)peer, BUS_PEER_BYTES}, frame};
    return bus_socket_send(server->socket, parts, 2);
}
