/* Of this folder only: one ZeroMQ socket on the loop.
 *
 * ZMQ_FD is edge-triggered and says only "look": libzmq takes commands from it inside any call, so
 * that a send may swallow the edge of a message that has come. Therefore the socket is drained at
 * start, on every edge and, when ZMQ_EVENTS says so, after every send (zmq_getsockopt(3)). */
#ifndef HIKYAKU_COMMON_NET_BUS_SOCKET_H
#define HIKYAKU_COMMON_NET_BUS_SOCKET_H

#include "common/net/bus.h"

#include <zmq.h>

/* Of bus.c. */
void *bus_zmq(struct bus *bus);
struct loop *bus_loop(struct bus *bus);
struct bus_zap;
/** Who libzmq asks about clients; made when the first server needs it. */
MUST_USE int bus_need_zap(struct bus *bus, struct bus_zap **ret_zap, struct problem *problem);
/** A number that no other socket of the context has: names must differ. */
unsigned int bus_next_number(struct bus *bus);

struct bus_socket;

/** Take one message. May close the socket. @return false when there was none */
typedef bool bus_socket_take_fn(void *context);

/** @param type  ZMQ_ROUTER, ... @return 0 or -errno of libzmq */
MUST_USE int bus_socket_open(struct bus *bus, int type, struct bus_socket **ret_socket,
                             struct problem *problem);
void *bus_socket_zmq(struct bus_socket *socket);
/** Bounds, heartbeats and CURVE keys of both ends. */
MUST_USE int bus_socket_set_up(struct bus_socket *socket, const struct bus_key_pair *key,
                               struct problem *problem);
MUST_USE int bus_socket_set_number(struct bus_socket *socket, int option, int value,
                                   struct problem *problem);
MUST_USE int bus_socket_set_bytes(struct bus_socket *socket, int option, struct text value,
                                  struct problem *problem);
/** Once bound or connected. @callback take  until it returns false, in portions */
void bus_socket_watch(struct bus_socket *socket, bus_socket_take_fn *take, void *context);
/** Receive a message of exactly `count` parts into `parts`, which the caller closes when 1 comes.
 *  @return 1; 0: one of another shape was dropped; -EAGAIN: none */
MUST_USE int bus_socket_receive(struct bus_socket *socket, zmq_msg_t *parts, size_t count);
void bus_socket_close_parts(zmq_msg_t *parts, size_t count);
struct text bus_socket_part(zmq_msg_t *part);
/** Send the parts as one message, or nothing. @return 0, -EAGAIN, -EHOSTUNREACH */
MUST_USE int bus_socket_send(struct bus_socket *socket, const struct text *parts, size_t count);
/** Safe inside `take`. Accepts NULL, nulls the pointer. */
void bus_socket_close(struct bus_socket **socket);

#endif
