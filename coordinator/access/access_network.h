/* Networks that a key is accepted from, written "192.0.2.0/24" or "2001:db8::/32". Pure. */
#ifndef HIKYAKU_COORDINATOR_ACCESS_ACCESS_NETWORK_H
#define HIKYAKU_COORDINATOR_ACCESS_ACCESS_NETWORK_H

#include "common/net/stream.h"

struct access_network {
    struct stream_address address; /* bits behind the prefix are zero */
    unsigned char prefix;          /* bits */
};

/** An address alone is a network of one. @return 0; -EINVAL: no address, no prefix length, or bits
 *  are set behind the prefix */
MUST_USE int access_network_parse(struct text text, struct access_network *ret_network);
/** IPv4 in IPv6 (::ffff:0:0/96) is IPv4. */
bool access_network_has(const struct access_network *network, const struct stream_address *address);

#endif
