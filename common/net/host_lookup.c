#include "common/net/host_lookup.h"

#include "common/net/stream_address.h"

#include <netdb.h>
#include <stdlib.h>

struct host_lookup {
    char *host;
    host_lookup_fn *on_found; /* NULL: cancelled */
    void *context;
    struct stream_address addresses[HOST_LOOKUP_ADDRESSES_MAX];
    size_t count;
};

/* In the pool. */
static void look(void *context)
{
    struct host_lookup *lookup = context;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo(lookup->host, NULL, &hints, &found) != 0) {
        return;
    }
    for (const struct addrinfo *one = found;
         one != NULL && lookup->count < HOST_LOOKUP_ADDRESSES_MAX; one = one->ai_next) {
        lookup->count += stream_address_of_socket(one->ai_addr, &lookup->addresses[lookup->count]);
    }
    freeaddrinfo(found);
}

static void on_looked(void *context)
{
    struct host_lookup *lookup = context;
    if (lookup->on_found != NULL) {
        lookup->on_found(lookup->context, lookup->addresses, lookup->count);
    }
    free(lookup->host);
    free(lookup);
}

struct host_lookup *host_lookup_start(struct loop *loop, const char *host, host_lookup_fn *on_found,
                                      void *context)
{
    struct host_lookup *lookup = xalloc_zero(1, sizeof *lookup);
    lookup->host = xalloc_string(host);
    lookup->on_found = on_found;
    lookup->context = context;
    loop_run_in_pool(loop, look, on_looked, lookup);
    return lookup;
}

void host_lookup_cancel(struct host_lookup **lookup)
{
    if (*lookup != NULL) {
        (*lookup)->on_found = NULL; /* the thread does not look at it */
        *lookup = NULL;
    }
}
