#include "common/net/resolver_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct resolver_records records;
static struct resolver_answer answer;

static int tear_down(void **state)
{
    (void)state;
    buffer_finish(&records.bytes);
    return 0;
}

static void mx_hosts_are_read(void **state)
{
    (void)state;
    const struct {
        struct text rdata;
        const char *host; /* NULL: left out */
    } cases[] = {
        {TEXT("\0\12\3mx1\7example\0"), "mx1.example"},
        {TEXT("\0\12\3MX1\7eXAMPLE\0"), "mx1.example"},
        {TEXT("\0\0\0"), ""}, /* S11: the null MX of RFC 7505 */
        {TEXT("\0\12\4_a-b\0"), "_a-b"},
        {TEXT(""), NULL},
        {TEXT("\0\12"), NULL},
        {TEXT("\0\12\3mx1"), NULL},         /* no end */
        {TEXT("\0\12\4mx1\0"), NULL},       /* a label past the end */
        {TEXT("\0\12\3mx1\0x"), NULL},      /* more behind the end */
        {TEXT("\0\12\300\14"), NULL},       /* compression */
        {TEXT("\0\12\3a.b\0"), NULL},       /* a dot inside a label */
        {TEXT("\0\12\3a\0b\0"), NULL},      /* a NUL inside a label */
        {TEXT("\0\12\7mx\r\nmx2\0"), NULL}, /* would break a line */
        {TEXT("\0\12\2\303\244\0"), NULL},  /* no A-label */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        /* A copy of exactly its size, so that reading past the end is seen. */
        char *copy = malloc(cases[i].rdata.size);
        memcpy(copy, cases[i].rdata.data, cases[i].rdata.size);
        resolver_answer_begin(&records, RESOLVER_MX);
        resolver_answer_add(&records, (struct text){copy, cases[i].rdata.size});
        resolver_answer_finish(&records, &answer);
        assert_int_equal(answer.count, cases[i].host == NULL ? 0 : 1);
        if (cases[i].host != NULL) {
            assert_string_equal(answer.mx[0].host, cases[i].host);
        }
        assert_null(answer.addresses);
        assert_null(answer.texts);
        free(copy);
    }
}

static void the_longest_name_fits(void **state)
{
    (void)state;
    for (size_t last = 61; last <= 62; last++) { /* 255 bytes in all: RFC 1035, 2.3.4; then 256 */
        char rdata[300] = {0};
        size_t size = 2;
        for (int i = 0; i < 4; i++) {
            size_t label = i < 3 ? 63 : last;
            rdata[size++] = (char)label;
            memset(rdata + size, 'a', label);
            size += label;
        }
        resolver_answer_begin(&records, RESOLVER_MX);
        resolver_answer_add(&records, (struct text){rdata, size + 1});
        resolver_answer_finish(&records, &answer);
        assert_int_equal(answer.count, last == 61 ? 1 : 0);
        if (last == 61) {
            assert_int_equal(strlen(answer.mx[0].host), 253);
        }
    }
}

static void mx_are_sorted_and_the_least_preferred_left_out(void **state)
{
    (void)state;
    resolver_answer_begin(&records, RESOLVER_MX);
    for (unsigned int i = 0; i < 50; i++) {
        char rdata[8] = {
            0, (char)((i * 37) % 50 / 2), 3, (char)('a' + i / 10), (char)('0' + i % 10), 'x', 0};
        resolver_answer_add(&records, (struct text){rdata, 7});
    }
    resolver_answer_finish(&records, &answer);
    assert_int_equal(answer.count, RESOLVER_RECORDS_MAX);
    for (size_t i = 0; i < answer.count; i++) {
        assert_int_equal(answer.mx[i].preference, i / 2);
        if (i % 2 == 1) { /* equal ones keep their order */
            assert_true(strcmp(answer.mx[i - 1].host, answer.mx[i].host) < 0);
        }
    }
}

static void addresses_have_their_size(void **state)
{
    (void)state;
    resolver_answer_begin(&records, RESOLVER_A);
    resolver_answer_add(&records, TEXT("\300\0\2\1"));
    resolver_answer_add(&records, TEXT("\300\0\2"));
    resolver_answer_add(&records, TEXT("\300\0\2\1\0"));
    for (int i = 0; i < 40; i++) {
        resolver_answer_add(&records, TEXT("\300\0\2\2"));
    }
    resolver_answer_finish(&records, &answer);
    assert_int_equal(answer.count, RESOLVER_RECORDS_MAX);
    char text[STREAM_ADDRESS_LENGTH];
    stream_address_format(&answer.addresses[0], text);
    assert_string_equal(text, "192.0.2.1");
    stream_address_format(&answer.addresses[1], text);
    assert_string_equal(text, "192.0.2.2");
    resolver_answer_begin(&records, RESOLVER_AAAA);
    resolver_answer_add(&records, TEXT("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"));
    resolver_answer_add(&records, TEXT("\300\0\2\1"));
    resolver_answer_finish(&records, &answer);
    assert_int_equal(answer.count, 1);
    stream_address_format(&answer.addresses[0], text);
    assert_string_equal(text, "2001:db8::1");
}

static void strings_of_a_text_are_joined(void **state)
{
    (void)state;
    resolver_answer_begin(&records, RESOLVER_TXT);
    resolver_answer_add(&records, TEXT("\6v=spf1\5 -all"));
    resolver_answer_add(&records, TEXT("\0"));         /* one empty string */
    resolver_answer_add(&records, TEXT("\3abc\4cut")); /* left out whole */
    resolver_answer_add(&records, TEXT(""));           /* no string at all */
    resolver_answer_add(&records, TEXT("\3a\0b\0\1c"));
    resolver_answer_finish(&records, &answer);
    assert_int_equal(answer.count, 3);
    assert_true(text_equal(answer.texts[0], TEXT("v=spf1 -all")));
    assert_int_equal(answer.texts[1].size, 0);
    assert_non_null(answer.texts[1].data);
    assert_true(text_equal(answer.texts[2], TEXT("a\0bc")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mx_hosts_are_read),
        cmocka_unit_test(the_longest_name_fits),
        cmocka_unit_test(mx_are_sorted_and_the_least_preferred_left_out),
        cmocka_unit_test(addresses_have_their_size),
        cmocka_unit_test(strings_of_a_text_are_joined),
    };
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
