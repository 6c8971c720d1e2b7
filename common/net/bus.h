/* Keys and bounds that both ends of the bus share. ZeroMQ with CURVE: the server has a key pair and
 * a list of the public keys that it admits; a client knows the server's public key.
 *
 * Key files (Z85, 40 characters and a line end): the secret in a file of mode 0600 or 0400 that
 * common/security's key_file_read() accepts; an allow-list has one public key per line, a name
 * behind it if wanted, '#' begins a comment. */
#ifndef HIKYAKU_COMMON_NET_BUS_H
#define HIKYAKU_COMMON_NET_BUS_H

#include "common/base/problem.h"
#include "common/net/loop.h"

#define BUS_KEY_LENGTH 40
#define BUS_FRAME_BYTES_MAX ((size_t)16 * 1024 * 1024)
/* Frames that wait for one peer: a burst of one-row offers and their results must fit. */
#define BUS_HIGH_WATER 1000
/** The routing id: the session's 16 bytes. */
#define BUS_PEER_BYTES 16

struct bus_key_pair {
    char public_key[BUS_KEY_LENGTH + 1];
    char secret_key[BUS_KEY_LENGTH + 1];
};

/** The pair of a secret key. @return 0 or -EINVAL (no Z85 key) */
MUST_USE int bus_key_pair_of(struct text secret, struct bus_key_pair *ret_pair,
                             struct problem *problem);
/** Check a public key's form, white space around it allowed. @return 0 or -EINVAL */
MUST_USE int bus_parse_public_key(struct text text, char ret_key[BUS_KEY_LENGTH + 1],
                                  struct problem *problem);

/** One ZeroMQ context for the process. */
struct bus;
struct bus *bus_create(struct loop *loop);
/** All servers and clients must be closed. Accepts NULL, nulls the pointer. */
void bus_destroy(struct bus **bus);

/** @param frame  borrowed during the call */
typedef void bus_frame_fn(void *context, const unsigned char peer[BUS_PEER_BYTES],
                          struct text frame);

#endif
