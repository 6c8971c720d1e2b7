#include "coordinator/access/access_network.h"

#include <errno.h>
#include <string.h>

static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* The bits of a byte that lie in a prefix which ends `left` bits after its beginning. */
static unsigned char mask_of(unsigned int left)
{
    return (unsigned char)(left >= 8 ? 0xffU : 0xff00U >> left);
}

int access_network_parse(struct text text, struct access_network *ret_network)
{
    struct access_network network;
    size_t slash = text_find(text, '/');
    if (stream_address_parse((struct text){text.data, slash}, 0, &network.address) != 0) {
        return -EINVAL;
    }
    unsigned int bytes = network.address.is_v6 ? 16 : 4;
    uint64_t prefix = (uint64_t)bytes * 8;
    if (slash < text.size && text_to_u64(text_skip(text, slash + 1), prefix, &prefix) != 0) {
        return -EINVAL;
    }
    network.prefix = (unsigned char)prefix;
    for (unsigned int i = 0; i < bytes; i++) {
        unsigned int left = network.prefix > i * 8 ? network.prefix - i * 8 : 0;
        if ((network.address.bytes[i] & ~mask_of(left)) != 0) {
            return -EINVAL;
        }
    }
    *ret_network = network;
    return 0;
}

bool access_network_has(const struct access_network *network, const struct stream_address *address)
{
    const unsigned char *bytes = address->bytes;
    bool is_v6 = address->is_v6;
    if (is_v6 && memcmp(bytes, mapped, sizeof mapped) == 0) {
        bytes += sizeof mapped;
        is_v6 = false;
    }
    if (is_v6 != network->address.is_v6) {
        return false;
    }
    for (unsigned int i = 0; i * 8 < network->prefix; i++) {
        unsigned char mask = mask_of(network->prefix - i * 8);
        if ((bytes[i] & mask) != network->address.bytes[i]) {
            return false;
        }
    }
    return true;
}
