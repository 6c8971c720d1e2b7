#include "coordinator/access/access_key.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const unsigned char id_key[DIGEST_BYTES] = "an id key of thirty-two bytes..";

static void keys_fit_their_digests_alone(void **state)
{
    (void)state;
    char id[ACCESS_KEY_ID_LENGTH + 1];
    char one[ACCESS_KEY_LENGTH + 1];
    char two[ACCESS_KEY_LENGTH + 1];
    unsigned char digest[DIGEST_BYTES];
    unsigned char other[DIGEST_BYTES];
    access_key_id(id_key, TEXT("shop"), TEXT("ci-1"), id);
    assert_int_equal(access_key_make(id, one, digest), 0);
    assert_int_equal(access_key_make(id, two, other), 0);
    assert_int_equal(strlen(one), ACCESS_KEY_LENGTH);
    assert_string_not_equal(one, two);
    struct text kept = {(const char *)digest, DIGEST_BYTES};
    assert_true(access_key_fits(text_of(one), kept));
    assert_false(access_key_fits(text_of(two), kept));
    assert_false(access_key_fits(text_of(one), TEXT("")));
    for (size_t i = 0; i < ACCESS_KEY_LENGTH; i++) {
        char forged[ACCESS_KEY_LENGTH + 1];
        memcpy(forged, one, sizeof forged);
        forged[i] ^= 1;
        assert_false(access_key_fits(text_of(forged), kept));
    }
    struct text found;
    assert_int_equal(access_key_parse(text_of(one), &found), 0);
    assert_true(text_equal(found, text_of(id)));
}

static void ids_differ_by_tenant_and_key(void **state)
{
    (void)state;
    char a[ACCESS_KEY_ID_LENGTH + 1];
    char b[ACCESS_KEY_ID_LENGTH + 1];
    access_key_id(id_key, TEXT("shop"), TEXT("x"), a);
    access_key_id(id_key, TEXT("shop"), TEXT("x"), b);
    assert_string_equal(a, b);
    access_key_id(id_key, TEXT("shop"), TEXT("y"), b);
    assert_string_not_equal(a, b);
    access_key_id(id_key, TEXT("shopx"), TEXT(""), b);
    assert_string_not_equal(a, b);
}

static void other_forms_are_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "hky_",
        "hky_0123456789abcdef_",
        "hkx_0123456789abcdef_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "hky_0123456789abcdef-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "hky_0123456789abcdeg_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "hky_0123456789abcdef_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeg",
        "hky_0123456789abcdef_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0",
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text id;
        assert_int_equal(access_key_parse(text_of(cases[i]), &id), -EINVAL);
    }
}

/* RFC 6750, 2.1 */
static void a_bearer_header_has_one_key(void **state)
{
    static const struct {
        const char *header;
        const char *key;
    } cases[] = {
        {"Bearer abc", "abc"},
        {"bearer abc", "abc"},
        {"Bearer  abc ", "abc"},
        {"Bearer", ""},
        {"Bearer ", ""},
        {"Basic abc", ""},
        {"abc", ""},
        {"", ""},
        {"Bearer a b", ""},
        {"Bearer a\x80", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(text_equal(access_key_bearer(text_of(cases[i].header)), text_of(cases[i].key)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_fit_their_digests_alone),
        cmocka_unit_test(ids_differ_by_tenant_and_key),
        cmocka_unit_test(other_forms_are_refused),
        cmocka_unit_test(a_bearer_header_has_one_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
