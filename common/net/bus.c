#include "common/net/bus.h"
#include "common/net/bus_zap.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CURVE_KEY_BYTES 32

struct bus {
    void *zmq;
    struct loop *loop; /* borrowed */
    struct bus_zap *zap;
    unsigned int number;
};

struct bus *bus_create(struct loop *loop)
{
    struct bus *bus = xalloc_zero(1, sizeof *bus);
    bus->zmq = zmq_ctx_new();
    assert(bus->zmq != NULL); /* out of memory or descriptors at start */
    bus->loop = loop;
    return bus;
}

void bus_destroy(struct bus **bus)
{
    struct bus *dying = *bus;
    *bus = NULL;
    if (dying == NULL) {
        return;
    }
    bus_zap_close(&dying->zap);
    while (zmq_ctx_term(dying->zmq) != 0 && zmq_errno() == EINTR) {
    }
    free(dying);
}

void *bus_zmq(struct bus *bus)
{
    return bus->zmq;
}

struct loop *bus_loop(struct bus *bus)
{
    return bus->loop;
}

int bus_need_zap(struct bus *bus, struct bus_zap **ret_zap, struct problem *problem)
{
    int result = bus->zap != NULL ? 0 : bus_zap_open(bus, &bus->zap, problem);
    if (result == 0) {
        *ret_zap = bus->zap;
    }
    return result;
}

unsigned int bus_next_number(struct bus *bus)
{
    return ++bus->number;
}

/* Exactly 40 characters that Z85 knows. */
static bool copy_key(struct text text, char ret_key[BUS_KEY_LENGTH + 1])
{
    char key[BUS_KEY_LENGTH + 1];
    unsigned char decoded[CURVE_KEY_BYTES];
    if (text.size != BUS_KEY_LENGTH) {
        return false;
    }
    memcpy(key, text.data, BUS_KEY_LENGTH);
    key[BUS_KEY_LENGTH] = '\0';
    bool is_good = strlen(key) == BUS_KEY_LENGTH && zmq_z85_decode(decoded, key) != NULL;
    if (is_good) {
        memcpy(ret_key, key, sizeof key);
    }
    explicit_bzero(key, sizeof key); /* it may be a secret one */
    explicit_bzero(decoded, sizeof decoded);
    return is_good;
}

int bus_key_pair_of(struct text secret, struct bus_key_pair *ret_pair, struct problem *problem)
{
    struct bus_key_pair pair;
    bool is_good = copy_key(text_trim(secret), pair.secret_key) &&
                   zmq_curve_public(pair.public_key, pair.secret_key) == 0;
    if (is_good) {
        *ret_pair = pair;
    } else {
        problem_set(problem, "", "bus_key", "the secret key is not %d characters of Z85",
                    BUS_KEY_LENGTH);
    }
    explicit_bzero(&pair, sizeof pair);
    return is_good ? 0 : -EINVAL;
}

int bus_parse_public_key(struct text text, char ret_key[BUS_KEY_LENGTH + 1],
                         struct problem *problem)
{
    if (copy_key(text_trim(text), ret_key)) {
        return 0;
    }
    problem_set(problem, "", "bus_key", "a public key is %d characters of Z85", BUS_KEY_LENGTH);
    return -EINVAL;
}
