#include "common/store/store_place.h"

#include <stdlib.h>
#include <string.h>

#define PORT_DEFAULT 6379

static bool is_name(const struct store_place *place)
{
    struct stream_address address;
    return place->port != 0 && stream_address_parse(text_of(place->host), 0, &address) != 0;
}

void store_place_init(struct store_place *place, const char *endpoint)
{
    *place = (struct store_place){.port = 0};
    if (strncmp(endpoint, "unix:", 5) == 0) {
        place->host = xalloc_string(endpoint + 5);
        return;
    }
    const char *colon = strrchr(endpoint, ':');
    const char *bracket = strchr(endpoint, ']');
    bool has_port = colon != NULL && (endpoint[0] != '[' || (bracket != NULL && colon > bracket));
    size_t length = has_port ? (size_t)(colon - endpoint) : strlen(endpoint);
    uint64_t port = 0;
    if (!has_port || text_to_u64(text_of(colon + 1), UINT16_MAX, &port) != 0 || port == 0) {
        port = PORT_DEFAULT;
    }
    place->port = (int)port;
    if (endpoint[0] == '[' && length >= 2) {
        endpoint++;
        length -= 2;
    }
    place->host = text_to_string((struct text){endpoint, length});
}

void store_place_finish(struct store_place *place)
{
    free(place->host);
    place->host = NULL;
}

bool store_place_wants_lookup(const struct store_place *place)
{
    return is_name(place) && place->next >= place->count;
}

void store_place_set(struct store_place *place, const struct stream_address *addresses,
                     size_t count)
{
    place->next = 0;
    place->count = count < HOST_LOOKUP_ADDRESSES_MAX ? count : HOST_LOOKUP_ADDRESSES_MAX;
    for (size_t i = 0; i < place->count; i++) {
        stream_address_format(&addresses[i], place->addresses[i]);
    }
}

const char *store_place_take(struct store_place *place)
{
    if (!is_name(place)) {
        return place->host;
    }
    return place->next < place->count ? place->addresses[place->next++] : NULL;
}

bool store_place_has_more(const struct store_place *place)
{
    return place->next < place->count;
}

void store_place_on_ready(struct store_place *place)
{
    place->count = 0;
    place->next = 0;
}
