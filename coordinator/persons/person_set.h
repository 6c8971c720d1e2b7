/* People that are looked for, and whether a recipient is one of them. Refs hold 8 bytes of a keyed
 * hash that is another one in each campaign: the set is aimed at a campaign, then asked. Pure. */
#ifndef HIKYAKU_COORDINATOR_PERSONS_PERSON_SET_H
#define HIKYAKU_COORDINATOR_PERSONS_PERSON_SET_H

#include "common/security/address_hash.h"
#include "common/security/token.h"

struct person_set;

struct person_set *person_set_create(void);
/** Wipes it. Accepts NULL, nulls the pointer. */
void person_set_destroy(struct person_set **set);

/** Somebody may be in it twice. */
void person_set_add(struct person_set *set, const unsigned char person[ADDRESS_HASH_BYTES]);
size_t person_set_count(const struct person_set *set);

/** From now on it knows the people by what this campaign calls them. */
void person_set_aim(struct person_set *set, const struct token_campaign_key *key);
/** @param address_hash  of a ref; 0 (not stored) is nobody */
bool person_set_has(const struct person_set *set, uint64_t address_hash);

#endif
