#include "common/net/stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

int stream_address_parse(struct text text, uint16_t port, struct stream_address *ret_address)
{
    char string[STREAM_ADDRESS_LENGTH];
    if (text.size == 0 || text.size >= sizeof string || text_find(text, '\0') < text.size) {
        return -EINVAL;
    }
    memcpy(string, text.data, text.size);
    string[text.size] = '\0';
    struct stream_address address = {.port = port};
    if (inet_pton(AF_INET, string, address.bytes) != 1) {
        if (inet_pton(AF_INET6, string, address.bytes) != 1) {
            return -EINVAL;
        }
        address.is_v6 = true;
    }
    *ret_address = address;
    return 0;
}

void stream_address_format(const struct stream_address *address,
                           char ret_text[STREAM_ADDRESS_LENGTH])
{
    if (inet_ntop(address->is_v6 ? AF_INET6 : AF_INET, address->bytes, ret_text,
                  STREAM_ADDRESS_LENGTH) == NULL) {
        ret_text[0] = '\0'; /* impossible: the family is known and the place is large enough */
    }
}
