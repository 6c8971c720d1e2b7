#include "coordinator/persons/person_set.h"

#include "common/base/bytes.h"
#include "common/base/xalloc.h"
#include "common/security/seal.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 16

struct person {
    unsigned char hash[ADDRESS_HASH_BYTES];
};

struct person_set {
    struct person *people; /* owned */
    uint64_t *aimed;       /* owned; sorted: what the campaign calls them */
    size_t count;
    size_t capacity;
};

struct person_set *person_set_create(void)
{
    return xalloc_zero(1, sizeof(struct person_set));
}

void person_set_destroy(struct person_set **set)
{
    if (*set == NULL) {
        return;
    }
    seal_wipe((*set)->people, (*set)->count * sizeof *(*set)->people);
    free((*set)->people);
    free((*set)->aimed);
    free(*set);
    *set = NULL;
}

void person_set_add(struct person_set *set, const unsigned char person[ADDRESS_HASH_BYTES])
{
    if (set->count == set->capacity) {
        size_t capacity = set->capacity == 0 ? FIRST_CAPACITY : 2 * set->capacity;
        set->people = xalloc_resize(set->people, capacity, sizeof *set->people);
        set->aimed = xalloc_resize(set->aimed, capacity, sizeof *set->aimed);
        set->capacity = capacity;
    }
    set->aimed[set->count] = 0;
    memcpy(set->people[set->count++].hash, person, ADDRESS_HASH_BYTES);
}

size_t person_set_count(const struct person_set *set)
{
    return set->count;
}

static int compare_hashes(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

void person_set_aim(struct person_set *set, const struct token_campaign_key *key)
{
    for (size_t i = 0; i < set->count; i++) {
        unsigned char hash[TOKEN_ADDRESS_HASH_BYTES];
        token_address_hash(key, set->people[i].hash, hash);
        set->aimed[i] = bytes_get_u64(hash);
    }
    if (set->count > 0) {
        qsort(set->aimed, set->count, sizeof *set->aimed, compare_hashes);
    }
}

bool person_set_has(const struct person_set *set, uint64_t address_hash)
{
    return address_hash != 0 && set->count > 0 &&
           bsearch(&address_hash, set->aimed, set->count, sizeof *set->aimed, compare_hashes) !=
               NULL;
}
