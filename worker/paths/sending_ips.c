#include "worker/paths/sending_ips.h"

#include <errno.h>
#include <string.h>

int sending_ips_add(struct sending_ips *ips, const char *pool, const char *address,
                    const char *ehlo)
{
    struct sending_ip ip = {.pool = pool, .ehlo = ehlo, .number = (uint16_t)ips->count};
    if (stream_address_parse(text_of(address), 0, &ip.address) != 0) {
        return -EINVAL;
    }
    stream_address_format(&ip.address, ip.text);
    for (size_t i = 0; i < ips->count; i++) {
        if (strcmp(ips->items[i].text, ip.text) == 0) {
            return -EEXIST;
        }
    }
    if (ips->count == SENDING_IPS_MAX) {
        return -ENOSPC;
    }
    ips->items[ips->count++] = ip;
    return 0;
}

static bool is_usable(const struct sending_ip *ip, struct text pool)
{
    return ip->state == SENDING_IP_OWNED && !ip->is_stopped && text_equal(text_of(ip->pool), pool);
}

struct sending_ip *sending_ips_pick(struct sending_ips *ips, struct text pool, bool is_v6,
                                    sending_ips_fits_fn *fits, void *context, bool *ret_is_owned)
{
    *ret_is_owned = false;
    for (size_t i = 0; i < ips->count; i++) {
        size_t place = (ips->turn + i) % ips->count;
        struct sending_ip *ip = &ips->items[place];
        if (!is_usable(ip, pool) || ip->address.is_v6 != is_v6) {
            continue;
        }
        *ret_is_owned = true;
        if (fits(context, ip)) {
            ips->turn = place + 1;
            return ip;
        }
    }
    return NULL;
}

size_t sending_ips_owned(const struct sending_ips *ips, struct text pool)
{
    size_t owned = 0;
    for (size_t i = 0; i < ips->count; i++) {
        owned += is_usable(&ips->items[i], pool);
    }
    return owned;
}
