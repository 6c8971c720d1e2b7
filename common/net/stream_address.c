#include "common/net/stream_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
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

socklen_t stream_address_to_socket(const struct stream_address *address,
                                   struct sockaddr_storage *ret_socket)
{
    memset(ret_socket, 0, sizeof *ret_socket);
    if (address->is_v6) {
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(address->port)};
        memcpy(&v6.sin6_addr, address->bytes, sizeof v6.sin6_addr);
        memcpy(ret_socket, &v6, sizeof v6);
        return sizeof v6;
    }
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(address->port)};
    memcpy(&v4.sin_addr, address->bytes, sizeof v4.sin_addr);
    memcpy(ret_socket, &v4, sizeof v4);
    return sizeof v4;
}

bool stream_address_of_socket(const struct sockaddr *socket, struct stream_address *ret_address)
{
    *ret_address = (struct stream_address){.is_v6 = socket->sa_family == AF_INET6};
    if (socket->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, socket, sizeof v6);
        memcpy(ret_address->bytes, &v6.sin6_addr, sizeof v6.sin6_addr);
        ret_address->port = ntohs(v6.sin6_port);
        return true;
    }
    if (socket->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, socket, sizeof v4);
        memcpy(ret_address->bytes, &v4.sin_addr, sizeof v4.sin_addr);
        ret_address->port = ntohs(v4.sin_port);
        return true;
    }
    return false;
}
