/* Whose campaigns are: what was asked of the store once is not asked again, since a campaign never
 * changes its owner. Bounded: of two campaigns with one place the later stays. Pure. */
#ifndef HIKYAKU_COORDINATOR_TENANTS_OWNER_CACHE_H
#define HIKYAKU_COORDINATOR_TENANTS_OWNER_CACHE_H

#include "common/base/text.h"

#define OWNER_CACHE_PLACES 4096
#define OWNER_CACHE_ID_BYTES 16

struct owner_cache;

struct owner_cache *owner_cache_create(void);
/** Accepts NULL, nulls the pointer. */
void owner_cache_destroy(struct owner_cache **cache);
void owner_cache_put(struct owner_cache *cache, const unsigned char id[OWNER_CACHE_ID_BYTES],
                     struct text tenant);
/** @return false: it is another's, or not known */
bool owner_cache_has(const struct owner_cache *cache, const unsigned char id[OWNER_CACHE_ID_BYTES],
                     struct text tenant);

#endif
