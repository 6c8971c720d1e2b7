#include "coordinator/tenants/owner_cache.h"

#include "common/base/xalloc.h"

#include <stdlib.h>
#include <string.h>

struct place {
    unsigned char id[OWNER_CACHE_ID_BYTES];
    char *tenant; /* NULL: empty */
};

struct owner_cache {
    struct place places[OWNER_CACHE_PLACES];
};

struct owner_cache *owner_cache_create(void)
{
    return xalloc_zero(1, sizeof(struct owner_cache));
}

void owner_cache_destroy(struct owner_cache **cache)
{
    if (*cache == NULL) {
        return;
    }
    for (size_t i = 0; i < OWNER_CACHE_PLACES; i++) {
        free((*cache)->places[i].tenant);
    }
    free(*cache);
    *cache = NULL;
}

/* Ids are random already; the last byte names the partition. */
static size_t place_of(const unsigned char id[OWNER_CACHE_ID_BYTES])
{
    return ((size_t)id[0] << 8 | id[1]) % OWNER_CACHE_PLACES;
}

void owner_cache_put(struct owner_cache *cache, const unsigned char id[OWNER_CACHE_ID_BYTES],
                     struct text tenant)
{
    struct place *place = &cache->places[place_of(id)];
    free(place->tenant);
    memcpy(place->id, id, sizeof place->id);
    place->tenant = text_to_string(tenant);
}

bool owner_cache_has(const struct owner_cache *cache, const unsigned char id[OWNER_CACHE_ID_BYTES],
                     struct text tenant)
{
    const struct place *place = &cache->places[place_of(id)];
    return place->tenant != NULL && memcmp(place->id, id, sizeof place->id) == 0 &&
           text_equal(text_of(place->tenant), tenant);
}
