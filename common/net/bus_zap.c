#include "common/net/bus_zap.h"
#include "common/base/log.h"
#include "common/base/table.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define CURVE_KEY_BYTES 32
#define LOG_INTERVAL_MS 1000

/* ROUTER's envelope (sender, empty), then the request: ZeroMQ RFC 27, "ZAP requests". */
enum part {
    PART_SENDER,
    PART_EMPTY,
    PART_VERSION,
    PART_REQUEST,
    PART_DOMAIN,
    PART_ADDRESS,
    PART_ROUTING_ID,
    PART_MECHANISM,
    PART_KEY,
    PART_COUNT
};

struct bus_zap {
    struct loop *loop; /* borrowed */
    struct bus_socket *socket;
    struct table *domains;   /* number as text -> struct table of admitted 32-byte keys */
    uint64_t last_logged_ms; /* 0: never */
    uint64_t unlogged;       /* refusals since then */
};

/* A refused client tries again many times a second: one line tells of all of them. */
static void log_refusal(struct bus_zap *zap, const char *reason, struct text peer)
{
    uint64_t now_ms = loop_now_ms(zap->loop);
    if (zap->last_logged_ms != 0 && now_ms - zap->last_logged_ms < LOG_INTERVAL_MS) {
        zap->unlogged++;
        return;
    }
    LOG(LOG_BUS_REFUSED, NULL, log_string("reason", reason), log_text("peer", peer),
        log_number("more", (int64_t)zap->unlogged));
    zap->last_logged_ms = now_ms;
    zap->unlogged = 0;
}

/* Why the client may not in; NULL: it may. */
static const char *refusal(const struct bus_zap *zap, zmq_msg_t *parts)
{
    if (!text_equal(bus_socket_part(&parts[PART_MECHANISM]), TEXT("CURVE"))) {
        return "mechanism";
    }
    const struct table *keys = table_get(zap->domains, bus_socket_part(&parts[PART_DOMAIN]));
    if (keys == NULL) {
        return "domain";
    }
    struct text key = bus_socket_part(&parts[PART_KEY]);
    if (key.size != CURVE_KEY_BYTES || table_get(keys, key) == NULL) {
        return "unknown_key";
    }
    return NULL;
}

static bool take(void *context)
{
    struct bus_zap *zap = context;
    zmq_msg_t parts[PART_COUNT];
    int result = bus_socket_receive(zap->socket, parts, PART_COUNT);
    if (result != 1) {
        return result == 0;
    }
    const char *reason = refusal(zap, parts);
    if (reason != NULL) {
        log_refusal(zap, reason, bus_socket_part(&parts[PART_ADDRESS]));
    }
    const struct text reply[] = {
        bus_socket_part(&parts[PART_SENDER]),
        TEXT(""),
        TEXT("1.0"),
        bus_socket_part(&parts[PART_REQUEST]),
        reason == NULL ? TEXT("200") : TEXT("400"),
        TEXT(""),
        TEXT(""),
        TEXT(""),
    };
    /* A client that has gone meanwhile needs no answer. */
    (void)!bus_socket_send(zap->socket, reply, sizeof reply / sizeof reply[0]);
    bus_socket_close_parts(parts, PART_COUNT);
    return true;
}

int bus_zap_open(struct bus *bus, struct bus_zap **ret_zap, struct problem *problem)
{
    struct bus_socket *socket = NULL;
    int result = bus_socket_open(bus, ZMQ_ROUTER, &socket, problem);
    if (result != 0) {
        return result;
    }
    if (zmq_bind(bus_socket_zmq(socket), ZAP_ENDPOINT) != 0) {
        int error = zmq_errno();
        problem_set(problem, "", "bus", "ZeroMQ: %s: %s", ZAP_ENDPOINT, zmq_strerror(error));
        bus_socket_close(&socket);
        return -error;
    }
    struct bus_zap *zap = xalloc_zero(1, sizeof *zap);
    zap->loop = bus_loop(bus);
    zap->socket = socket;
    zap->domains = table_create();
    bus_socket_watch(socket, take, zap);
    *ret_zap = zap;
    return 0;
}

void bus_zap_close(struct bus_zap **zap)
{
    if (*zap != NULL) {
        assert(table_count((*zap)->domains) == 0);
        bus_socket_close(&(*zap)->socket);
        table_destroy(&(*zap)->domains);
        free(*zap);
        *zap = NULL;
    }
}

void bus_zap_admit(struct bus_zap *zap, unsigned int domain, const char *const *keys)
{
    char name[16];
    (void)snprintf(name, sizeof name, "%u", domain);
    struct table *old = NULL;
    if (keys == NULL) {
        old = table_remove(zap->domains, text_of(name));
        table_destroy(&old);
        return;
    }
    struct table *admitted = table_create();
    for (; *keys != NULL; keys++) {
        unsigned char key[CURVE_KEY_BYTES];
        if (zmq_z85_decode(key, *keys) != NULL) { /* bus_parse_public_key() has seen them */
            (void)table_put(admitted, (struct text){(const char *)key, sizeof key}, admitted);
        }
    }
    old = table_put(zap->domains, text_of(name), admitted);
    table_destroy(&old);
}
