#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/security/address_hash.h"
#include "tests/unit/common/security/vectors.h"

enum { HASH_KEY, TENANT, ADDRESS, HASH };

static void check_hash(const struct vector *row)
{
    unsigned char hash_key[ADDRESS_HASH_KEY_BYTES];
    unsigned char key[ADDRESS_HASH_KEY_BYTES];
    unsigned char want[ADDRESS_HASH_BYTES];
    unsigned char got[ADDRESS_HASH_BYTES];
    vector_hex(row->columns[HASH_KEY], hash_key, sizeof hash_key);
    vector_hex(row->columns[HASH], want, sizeof want);
    address_hash_key(hash_key, row->columns[TENANT], key);
    address_hash_make(key, row->columns[ADDRESS], got);
    assert_memory_equal(got, want, sizeof want);
}

/* L11, L13: what is kept in an address' place. */
static void hashes_equal_the_vectors(void **state)
{
    (void)state;
    vectors_each("address_hashes.tsv", check_hash);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_equal_the_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
