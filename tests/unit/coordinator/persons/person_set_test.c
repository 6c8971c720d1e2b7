/* A person is found by what each campaign calls him, and nobody else is. */
#include "coordinator/persons/person_set.h"

#include "common/base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* cmocka wants these before it */
#include <cmocka.h>

static const unsigned char token_key[TOKEN_KEY_BYTES] = {1, 2, 3};

static struct token_campaign_key campaign(unsigned char number)
{
    struct token_campaign_key key;
    const unsigned char id[16] = {number};
    token_campaign_key_derive(token_key, 0, id, &key);
    return key;
}

static void person(uint32_t number, unsigned char ret_hash[ADDRESS_HASH_BYTES])
{
    static const unsigned char key[ADDRESS_HASH_KEY_BYTES] = {7};
    char address[32];
    int size = snprintf(address, sizeof address, "p%u@example.jp", number);
    address_hash_make(key, (struct text){address, (size_t)size}, ret_hash);
}

static uint64_t called(const struct token_campaign_key *key, uint32_t number)
{
    unsigned char hash[ADDRESS_HASH_BYTES];
    unsigned char own[TOKEN_ADDRESS_HASH_BYTES];
    person(number, hash);
    token_address_hash(key, hash, own);
    return bytes_get_u64(own);
}

static void those_in_the_set_are_found_in_every_campaign(void **state)
{
    (void)state;
    struct person_set *set = person_set_create();
    for (uint32_t i = 0; i < 100; i += 2) {
        unsigned char hash[ADDRESS_HASH_BYTES];
        person(i, hash);
        person_set_add(set, hash);
    }
    assert_int_equal(person_set_count(set), 50);
    for (unsigned char number = 1; number <= 3; number++) {
        struct token_campaign_key key = campaign(number);
        struct token_campaign_key other = campaign((unsigned char)(number + 100));
        person_set_aim(set, &key);
        for (uint32_t i = 0; i < 100; i++) {
            assert_int_equal(person_set_has(set, called(&key, i)), i % 2 == 0);
            assert_false(person_set_has(set, called(&other, i)));
        }
    }
    person_set_destroy(&set);
    assert_null(set);
}

static void nobody_is_in_an_empty_set_and_a_hash_that_is_not_stored_is_nobody(void **state)
{
    (void)state;
    struct person_set *set = person_set_create();
    struct token_campaign_key key = campaign(1);
    person_set_aim(set, &key);
    assert_false(person_set_has(set, called(&key, 1)));
    unsigned char hash[ADDRESS_HASH_BYTES];
    person(1, hash);
    person_set_add(set, hash);
    assert_false(person_set_has(set, 0));
    person_set_aim(set, &key);
    assert_false(person_set_has(set, 0));
    assert_true(person_set_has(set, called(&key, 1)));
    person_set_destroy(&set);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_in_the_set_are_found_in_every_campaign),
        cmocka_unit_test(nobody_is_in_an_empty_set_and_a_hash_that_is_not_stored_is_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
