#include "coordinator/tenants/owner_cache.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void an_owner_is_known_until_another_takes_the_place(void **state)
{
    (void)state;
    struct owner_cache *cache = owner_cache_create();
    const unsigned char id[OWNER_CACHE_ID_BYTES] = {1, 2, 3};
    const unsigned char same_place[OWNER_CACHE_ID_BYTES] = {1, 2, 4};
    assert_false(owner_cache_has(cache, id, TEXT("shop")));
    owner_cache_put(cache, id, TEXT("shop"));
    assert_true(owner_cache_has(cache, id, TEXT("shop")));
    assert_false(owner_cache_has(cache, id, TEXT("sho")));
    assert_false(owner_cache_has(cache, id, TEXT("bank")));
    assert_false(owner_cache_has(cache, same_place, TEXT("shop")));
    owner_cache_put(cache, same_place, TEXT("bank"));
    assert_false(owner_cache_has(cache, id, TEXT("shop")));
    assert_true(owner_cache_has(cache, same_place, TEXT("bank")));
    owner_cache_destroy(&cache);
    owner_cache_destroy(&cache);
    assert_null(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_owner_is_known_until_another_takes_the_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
