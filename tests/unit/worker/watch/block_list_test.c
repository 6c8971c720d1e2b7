#include "worker/watch/block_list.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* RFC 5782, 2.1 and 2.4. */
static void names_are_reversed(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        const char *name;
    } cases[] = {
        {"192.0.2.99", "99.2.0.192.bad.example.com"},
        {"255.255.255.255", "255.255.255.255.bad.example.com"},
        {"2001:db8:1:2:3:4:567:89ab",
         "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.bad.example.com"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stream_address address;
        char name[RESOLVER_NAME_BYTES];
        assert_int_equal(stream_address_parse(text_of(cases[i].address), 0, &address), 0);
        assert_int_equal(block_list_name(&address, TEXT("bad.example.com"), name), 0);
        assert_string_equal(name, cases[i].name);
    }
    char name[RESOLVER_NAME_BYTES];
    assert_int_equal(block_list_name(&block_list_always, TEXT("z.example"), name), 0);
    assert_string_equal(name, "2.0.0.127.z.example");
    assert_int_equal(block_list_name(&block_list_never, TEXT("z.example"), name), 0);
    assert_string_equal(name, "1.0.0.127.z.example");
}

static void a_name_has_a_bound(void **state)
{
    (void)state;
    char zone[RESOLVER_NAME_BYTES];
    char name[RESOLVER_NAME_BYTES];
    memset(zone, 'z', sizeof zone);
    /* "2.0.0.127." and the NUL leave 245. */
    assert_int_equal(block_list_name(&block_list_always, (struct text){zone, 245}, name), 0);
    assert_int_equal(strlen(name), RESOLVER_NAME_BYTES - 1);
    assert_int_equal(block_list_name(&block_list_always, (struct text){zone, 246}, name),
                     -ENAMETOOLONG);
    const struct stream_address v6 = {.is_v6 = true};
    assert_int_equal(block_list_name(&v6, (struct text){zone, 191}, name), 0);
    assert_int_equal(block_list_name(&v6, (struct text){zone, 192}, name), -ENAMETOOLONG);
}

static void answers_are_judged(void **state)
{
    (void)state;
    static const struct {
        enum resolver_status status;
        size_t count;
        struct stream_address addresses[3];
        enum block_list_verdict verdict;
        uint32_t code;
    } cases[] = {
        {RESOLVER_NO_NAME, 0, {{.port = 0}}, BLOCK_LIST_CLEAN, 0},
        {RESOLVER_NO_DATA, 0, {{.port = 0}}, BLOCK_LIST_CLEAN, 0},
        {RESOLVER_TEMPORARY, 0, {{.port = 0}}, BLOCK_LIST_UNKNOWN, 0},
        {RESOLVER_BOGUS, 1, {{.bytes = {127, 0, 0, 2}}}, BLOCK_LIST_UNKNOWN, 0},
        {RESOLVER_OK, 0, {{.port = 0}}, BLOCK_LIST_UNKNOWN, 0},
        {RESOLVER_OK, 1, {{.bytes = {127, 0, 0, 4}}}, BLOCK_LIST_LISTED, 4},
        {RESOLVER_OK,
         2,
         {{.bytes = {127, 0, 1, 9}}, {.bytes = {127, 0, 0, 2}}},
         BLOCK_LIST_LISTED,
         0x0109},
        /* A list whose domain was parked answers everything with some web server. */
        {RESOLVER_OK, 1, {{.bytes = {203, 0, 113, 9}}}, BLOCK_LIST_UNKNOWN, 0},
        {RESOLVER_OK, 1, {{.bytes = {127, 0, 0, 2}, .is_v6 = true}}, BLOCK_LIST_UNKNOWN, 0},
        /* Errors, as Spamhaus and others say them. */
        {RESOLVER_OK, 1, {{.bytes = {127, 255, 255, 254}}}, BLOCK_LIST_REFUSED, 0},
        {RESOLVER_OK,
         2,
         {{.bytes = {203, 0, 113, 9}}, {.bytes = {127, 255, 255, 255}}},
         BLOCK_LIST_REFUSED,
         0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct resolver_answer answer = {
            .status = cases[i].status, .count = cases[i].count, .addresses = cases[i].addresses};
        uint32_t code = 1;
        assert_int_equal(block_list_judge(&answer, &code), cases[i].verdict);
        assert_int_equal(code, cases[i].code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_reversed),
        cmocka_unit_test(a_name_has_a_bound),
        cmocka_unit_test(answers_are_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
