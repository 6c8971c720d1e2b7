#include "worker/watch/block_list.h"

#include "common/base/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const struct stream_address block_list_always = {.bytes = {127, 0, 0, 2}};
const struct stream_address block_list_never = {.bytes = {127, 0, 0, 1}};

static size_t reversed_v4(const unsigned char *bytes, char *out, size_t size)
{
    return (size_t)snprintf(out, size, "%u.%u.%u.%u.", bytes[3], bytes[2], bytes[1], bytes[0]);
}

static size_t reversed_v6(const unsigned char *bytes, char *out)
{
    static const char digits[] = "0123456789abcdef";
    char *end = out;
    for (size_t i = 16; i-- > 0;) {
        *end++ = digits[bytes[i] & 15];
        *end++ = '.';
        *end++ = digits[bytes[i] >> 4];
        *end++ = '.';
    }
    return (size_t)(end - out);
}

int block_list_name(const struct stream_address *address, struct text zone,
                    char ret_name[RESOLVER_NAME_BYTES])
{
    size_t size = address->is_v6 ? reversed_v6(address->bytes, ret_name)
                                 : reversed_v4(address->bytes, ret_name, RESOLVER_NAME_BYTES);
    if (size + zone.size >= RESOLVER_NAME_BYTES) {
        return -ENAMETOOLONG;
    }
    memcpy(ret_name + size, zone.data, zone.size);
    ret_name[size + zone.size] = '\0';
    return 0;
}

enum block_list_verdict block_list_judge(const struct resolver_answer *answer, uint32_t *ret_code)
{
    *ret_code = 0;
    if (answer->status == RESOLVER_NO_NAME || answer->status == RESOLVER_NO_DATA) {
        return BLOCK_LIST_CLEAN;
    }
    enum block_list_verdict verdict = BLOCK_LIST_UNKNOWN;
    for (size_t i = 0; answer->status == RESOLVER_OK && i < answer->count; i++) {
        const struct stream_address *address = &answer->addresses[i];
        const unsigned char *bytes = address->bytes;
        if (address->is_v6 || bytes[0] != 127) {
            continue;
        }
        if (bytes[1] == 255 && bytes[2] == 255) {
            return BLOCK_LIST_REFUSED;
        }
        if (verdict != BLOCK_LIST_LISTED) {
            verdict = BLOCK_LIST_LISTED;
            *ret_code = bytes_get_u24(bytes + 1);
        }
    }
    return verdict;
}
