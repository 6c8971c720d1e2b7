#include "common/net/bus_socket.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* Messages taken in one go: other descriptors of the loop get their turn after these. */
#define TAKE_MAX 128
#define HANDSHAKE_TIMEOUT_MS 5000

struct bus_socket {
    void *zmq;
    struct loop *loop; /* borrowed */
    struct loop_watch *watch;
    struct loop_timer *again; /* more to take in the next turn */
    bus_socket_take_fn *take;
    void *context;
    bool is_taking;
    bool is_closed; /* while taking: freed by the taker */
};

static int failed(struct problem *problem, const char *what)
{
    int error = zmq_errno();
    problem_set(problem, "", "bus", "ZeroMQ: %s: %s", what, zmq_strerror(error));
    return -error;
}

int bus_socket_open(struct bus *bus, int type, struct bus_socket **ret_socket,
                    struct problem *problem)
{
    void *zmq = zmq_socket(bus_zmq(bus), type);
    if (zmq == NULL) {
        return failed(problem, "no socket");
    }
    int linger_ms = 0; /* nothing on the bus is worth waiting for */
    (void)zmq_setsockopt(zmq, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
    struct bus_socket *socket = xalloc_zero(1, sizeof *socket);
    socket->zmq = zmq;
    socket->loop = bus_loop(bus);
    *ret_socket = socket;
    return 0;
}

void *bus_socket_zmq(struct bus_socket *socket)
{
    return socket->zmq;
}

int bus_socket_set_number(struct bus_socket *socket, int option, int value, struct problem *problem)
{
    if (zmq_setsockopt(socket->zmq, option, &value, sizeof value) != 0) {
        return failed(problem, "option refused");
    }
    return 0;
}

int bus_socket_set_bytes(struct bus_socket *socket, int option, struct text value,
                         struct problem *problem)
{
    if (zmq_setsockopt(socket->zmq, option, value.data, value.size) != 0) {
        return failed(problem, "option refused");
    }
    return 0;
}

int bus_socket_set_up(struct bus_socket *socket, const struct bus_key_pair *key,
                      struct problem *problem)
{
    static const struct {
        int option;
        int value;
    } numbers[] = {
        {ZMQ_IPV6, 1},
        {ZMQ_SNDHWM, BUS_HIGH_WATER},
        {ZMQ_RCVHWM, BUS_HIGH_WATER},
        {ZMQ_HANDSHAKE_IVL, HANDSHAKE_TIMEOUT_MS},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        int result = bus_socket_set_number(socket, numbers[i].option, numbers[i].value, problem);
        if (result != 0) {
            return result;
        }
    }
    int64_t frame_bytes = (int64_t)BUS_FRAME_BYTES_MAX;
    if (zmq_setsockopt(socket->zmq, ZMQ_MAXMSGSIZE, &frame_bytes, sizeof frame_bytes) != 0 ||
        zmq_setsockopt(socket->zmq, ZMQ_CURVE_PUBLICKEY, key->public_key, BUS_KEY_LENGTH + 1) !=
            0 ||
        zmq_setsockopt(socket->zmq, ZMQ_CURVE_SECRETKEY, key->secret_key, BUS_KEY_LENGTH + 1) !=
            0) {
        return failed(problem, "bound or key refused");
    }
    return 0;
}

static bool has_input(const struct bus_socket *socket)
{
    int events = 0;
    size_t size = sizeof events;
    return zmq_getsockopt(socket->zmq, ZMQ_EVENTS, &events, &size) == 0 &&
           (events & ZMQ_POLLIN) != 0;
}

static void take_all(void *context)
{
    struct bus_socket *socket = context;
    socket->is_taking = true;
    for (int left = TAKE_MAX; left > 0 && !socket->is_closed; left--) {
        if (!socket->take(socket->context)) {
            break;
        }
    }
    socket->is_taking = false;
    if (socket->is_closed) {
        free(socket);
    } else if (has_input(socket)) {
        loop_timer_start(socket->again, 0, 0);
    }
}

static void on_edge(void *context, unsigned int events)
{
    (void)events;
    take_all(context);
}

void bus_socket_watch(struct bus_socket *socket, bus_socket_take_fn *take, void *context)
{
    int descriptor = -1;
    size_t size = sizeof descriptor;
    int result = zmq_getsockopt(socket->zmq, ZMQ_FD, &descriptor, &size);
    assert(result == 0);
    (void)result;
    socket->take = take;
    socket->context = context;
    socket->again = loop_timer_create(socket->loop, take_all, socket);
    socket->watch = loop_watch_create(socket->loop, descriptor, on_edge, socket);
    loop_watch_set(socket->watch, LOOP_READABLE);
    loop_timer_start(socket->again, 0, 0); /* edges before now are gone */
}

void bus_socket_close_parts(zmq_msg_t *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)zmq_msg_close(&parts[i]);
    }
}

/* Take what is left of a message that has too many parts. */
static void drop_rest(struct bus_socket *socket)
{
    int more = 1;
    while (more == 1) {
        zmq_msg_t part;
        (void)zmq_msg_init(&part);
        more = zmq_msg_recv(&part, socket->zmq, ZMQ_DONTWAIT) >= 0 ? zmq_msg_more(&part) : 0;
        (void)zmq_msg_close(&part);
    }
}

int bus_socket_receive(struct bus_socket *socket, zmq_msg_t *parts, size_t count)
{
    size_t received = 0;
    bool has_more = true;
    while (has_more && received < count) {
        (void)zmq_msg_init(&parts[received]);
        int size = zmq_msg_recv(&parts[received], socket->zmq, ZMQ_DONTWAIT);
        received++;
        if (size < 0) { /* only at the first part: messages come whole */
            bus_socket_close_parts(parts, received);
            return -EAGAIN;
        }
        has_more = zmq_msg_more(&parts[received - 1]) == 1;
    }
    if (received == count && !has_more) {
        return 1;
    }
    bus_socket_close_parts(parts, received);
    if (has_more) {
        drop_rest(socket);
    }
    return 0;
}

struct text bus_socket_part(zmq_msg_t *part)
{
    return (struct text){zmq_msg_data(part), zmq_msg_size(part)};
}

int bus_socket_send(struct bus_socket *socket, const struct text *parts, size_t count)
{
    int result = 0;
    for (size_t i = 0; i < count && result == 0; i++) {
        int flags = ZMQ_DONTWAIT | (i + 1 < count ? ZMQ_SNDMORE : 0);
        if (zmq_send(socket->zmq, parts[i].data, parts[i].size, flags) < 0) {
            result = zmq_errno() == EHOSTUNREACH ? -EHOSTUNREACH : -EAGAIN;
        }
    }
    if (socket->watch != NULL && !socket->is_taking && has_input(socket)) {
        loop_timer_start(socket->again, 0, 0);
    }
    return result;
}

void bus_socket_close(struct bus_socket **socket)
{
    struct bus_socket *closing = *socket;
    *socket = NULL;
    if (closing == NULL) {
        return;
    }
    loop_timer_destroy(&closing->again);
    loop_watch_destroy(&closing->watch); /* before libzmq closes the descriptor */
    (void)zmq_close(closing->zmq);
    closing->is_closed = true;
    if (!closing->is_taking) {
        free(closing);
    }
}
