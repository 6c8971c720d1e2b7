#include "common/net/bus_client.h"
#include "common/base/log.h"
#include "common/net/bus_socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_TIMEOUT_MS 5000
#define HEARTBEAT_INTERVAL_MS 2000
#define HEARTBEAT_TIMEOUT_MS 6000
#define RECONNECT_FIRST_MS 100
#define RECONNECT_LAST_MS 2000
#define REFUSED_RETRY_MS 1000
#define WATCHED_EVENTS                                                 \
    (ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | \
     ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_DISCONNECTED)

struct bus_client {
    struct bus_socket *socket;
    struct bus_socket *monitor; /* what libzmq tells about the connection */
    struct loop_timer *retry;   /* after a refusal */
    char *endpoint;
    bool is_connected;
    bool is_refusal_logged; /* since the last connection */
    bus_frame_fn *on_frame;
    void (*on_connection)(void *context, bool is_connected);
    void *context;
};

/* The client may be gone when on_frame returns. */
static bool take(void *context)
{
    const struct bus_client *client = context;
    zmq_msg_t part;
    int result = bus_socket_receive(client->socket, &part, 1);
    if (result != 1) {
        return result == 0;
    }
    client->on_frame(client->context, NULL, bus_socket_part(&part));
    bus_socket_close_parts(&part, 1);
    return true;
}

/* libzmq gives an endpoint up for good once the server has refused our key; the operator may admit
 * it later. */
static void connect_again(void *context)
{
    struct bus_client *client = context;
    void *zmq = bus_socket_zmq(client->socket);
    (void)zmq_disconnect(zmq, client->endpoint);
    if (zmq_connect(zmq, client->endpoint) != 0) {
        loop_timer_start(client->retry, REFUSED_RETRY_MS, 0);
    }
}

static void on_refused(struct bus_client *client)
{
    if (!client->is_refusal_logged) {
        client->is_refusal_logged = true;
        LOG(LOG_BUS_NOT_ADMITTED, NULL, log_string("endpoint", client->endpoint));
    }
    loop_timer_start(client->retry, REFUSED_RETRY_MS, 0);
}

static void tell_connection(struct bus_client *client, bool is_connected)
{
    if (client->is_connected != is_connected) {
        client->is_connected = is_connected;
        if (client->on_connection != NULL) {
            client->on_connection(client->context, is_connected);
        }
    }
}

/* Two parts: number of the event (16 bits of the machine) and a value; the address.
 * zmq_socket_monitor(3). */
static bool take_event(void *context)
{
    struct bus_client *client = context;
    zmq_msg_t parts[2];
    int result = bus_socket_receive(client->monitor, parts, 2);
    if (result != 1) {
        return result == 0;
    }
    struct text event = bus_socket_part(&parts[0]);
    uint16_t number = 0;
    if (event.size >= sizeof number) {
        memcpy(&number, event.data, sizeof number);
    }
    bus_socket_close_parts(parts, 2);
    switch (number) {
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        client->is_refusal_logged = false;
        tell_connection(client, true);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        on_refused(client);
        break;
    default:
        tell_connection(client, false);
        break;
    }
    return true;
}

/* IMMEDIATE: frames queue for a standing connection only; what was meant for a lost one would
 * come late and mislead.
 * Heartbeats are ours alone: they are answered, and their TTL lets the server close what is silent.
 * A server must have none: libzmq 4.3.4 aborts (stream_engine_base.cpp, out_event) when one is due
 * on a connection whose session has come back on another and whose peer is gone. */
static int set_up(struct bus_client *client, const struct bus_client_settings *settings,
                  struct problem *problem)
{
    static const struct {
        int option;
        int value;
    } numbers[] = {
        {ZMQ_IMMEDIATE, 1},
        {ZMQ_CONNECT_TIMEOUT, CONNECT_TIMEOUT_MS},
        {ZMQ_HEARTBEAT_IVL, HEARTBEAT_INTERVAL_MS},
        {ZMQ_HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS},
        {ZMQ_HEARTBEAT_TTL, HEARTBEAT_TIMEOUT_MS},
        {ZMQ_RECONNECT_IVL, RECONNECT_FIRST_MS},
        {ZMQ_RECONNECT_IVL_MAX, RECONNECT_LAST_MS},
    };
    int result = bus_socket_set_up(client->socket, settings->key, problem);
    for (size_t i = 0; result == 0 && i < sizeof numbers / sizeof numbers[0]; i++) {
        result =
            bus_socket_set_number(client->socket, numbers[i].option, numbers[i].value, problem);
    }
    if (result == 0) {
        result =
            bus_socket_set_bytes(client->socket, ZMQ_CURVE_SERVERKEY,
                                 (struct text){settings->server_key, BUS_KEY_LENGTH + 1}, problem);
    }
    if (result == 0) {
        const struct text id = {(const char *)settings->session, BUS_PEER_BYTES};
        result = bus_socket_set_bytes(client->socket, ZMQ_ROUTING_ID, id, problem);
    }
    return result;
}

/* The monitor is opened before connecting, so that it misses nothing. */
static int connect_watched(struct bus *bus, struct bus_client *client, struct problem *problem)
{
    char name[64];
    (void)snprintf(name, sizeof name, "inproc://bus-monitor-%u", bus_next_number(bus));
    int result = bus_socket_open(bus, ZMQ_PAIR, &client->monitor, problem);
    if (result != 0) {
        return result;
    }
    void *zmq = bus_socket_zmq(client->socket);
    if (zmq_socket_monitor(zmq, name, WATCHED_EVENTS) != 0 ||
        zmq_connect(bus_socket_zmq(client->monitor), name) != 0 ||
        zmq_connect(zmq, client->endpoint) != 0) {
        int error = zmq_errno();
        problem_set(problem, "", "bus_endpoint", "cannot connect to %s: %s", client->endpoint,
                    zmq_strerror(error));
        return -error;
    }
    return 0;
}

int bus_client_open(struct bus *bus, const struct bus_client_settings *settings,
                    struct bus_client **ret_client, struct problem *problem)
{
    struct bus_client *client = xalloc_zero(1, sizeof *client);
    client->endpoint = xalloc_string(settings->endpoint);
    client->retry = loop_timer_create(bus_loop(bus), connect_again, client);
    client->on_frame = settings->on_frame;
    client->on_connection = settings->on_connection;
    client->context = settings->context;
    int result = bus_socket_open(bus, ZMQ_DEALER, &client->socket, problem);
    if (result == 0) {
        result = set_up(client, settings, problem);
    }
    if (result == 0) {
        result = connect_watched(bus, client, problem);
    }
    if (result != 0) {
        bus_client_close(&client);
        return result;
    }
    bus_socket_watch(client->socket, take, client);
    bus_socket_watch(client->monitor, take_event, client);
    *ret_client = client;
    return 0;
}

void bus_client_close(struct bus_client **client)
{
    struct bus_client *closing = *client;
    *client = NULL;
    if (closing != NULL) {
        if (closing->socket != NULL) {
            (void)zmq_socket_monitor(bus_socket_zmq(closing->socket), NULL, 0);
        }
        bus_socket_close(&closing->socket);
        bus_socket_close(&closing->monitor);
        loop_timer_destroy(&closing->retry);
        free(closing->endpoint);
        free(closing);
    }
}

int bus_client_send(struct bus_client *client, struct text frame)
{
    /* libzmq queues for a lost connection until it has noticed by itself. */
    return client->is_connected ? bus_socket_send(client->socket, &frame, 1) : -EAGAIN;
}
