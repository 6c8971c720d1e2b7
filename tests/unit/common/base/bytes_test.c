#include "common/base/bytes.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void integers_are_big_endian(void **state)
{
    (void)state;
    unsigned char place[9] = {0};
    bytes_put_u16(place, 0x0102);
    assert_memory_equal(place, "\x01\x02\x00", 3);
    assert_int_equal(bytes_get_u16(place), 0x0102);
    bytes_put_u24(place, 0xf00102);
    assert_memory_equal(place, "\xf0\x01\x02\x00", 4);
    assert_int_equal(bytes_get_u24(place), 0xf00102);
    bytes_put_u32(place, 0xfffefdfc);
    assert_memory_equal(place, "\xff\xfe\xfd\xfc\x00", 5);
    assert_true(bytes_get_u32(place) == 0xfffefdfc);
    bytes_put_u64(place, UINT64_C(0x8000000000000001));
    assert_memory_equal(place, "\x80\x00\x00\x00\x00\x00\x00\x01\x00", 9);
    assert_true(bytes_get_u64(place) == UINT64_C(0x8000000000000001));
}

static void hex_goes_there_and_back(void **state)
{
    (void)state;
    char hex[9];
    unsigned char bytes[4] = {0};
    bytes_to_hex("\x00\x7f\xab\xff", 4, hex);
    assert_string_equal(hex, "007fabff");
    assert_int_equal(bytes_from_hex(TEXT("007fABff"), bytes, 4), 0);
    assert_memory_equal(bytes, "\x00\x7f\xab\xff", 4);
    static const char *const refused[] = {"",         "007fabf",  "007fabfff",
                                          "007fabfg", "007fab f", "007fab@0"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_int_equal(bytes_from_hex(text_of(refused[i]), bytes, 4), -EINVAL);
    }
}

/* Computed by hand from Crockford's alphabet: 5 bits a digit, most significant first. */
static void base32_goes_there_and_back(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        const char *text;
    } cases[] = {
        {"", 0, ""},
        {"\x00", 1, "00"},
        {"\xff", 1, "ZW"},
        {"\x00\x44\x32\x14\xc7", 5, "01234567"},
        {"\x42\x54\xb6\x35\xcf", 5, "89ABCDEF"},
        {"\x84\x65\x3a\x56\xd7", 5, "GHJKMNPQ"},
        {"\xc6\x75\xbe\x77\xdf", 5, "RSTVWXYZ"},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16,
         "ZZZZZZZZZZZZZZZZZZZZZZZZZW"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[32];
        unsigned char bytes[16];
        bytes_to_base32(cases[i].bytes, cases[i].size, text);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(strlen(text), BYTES_BASE32_LENGTH(cases[i].size));
        assert_int_equal(bytes_from_base32(text_of(text), bytes, cases[i].size), 0);
        assert_memory_equal(bytes, cases[i].bytes, cases[i].size);
    }
}

static void base32_reads_what_people_write(void **state)
{
    (void)state;
    unsigned char plain[5];
    unsigned char written[5];
    assert_int_equal(bytes_from_base32(TEXT("0110ZZAB"), plain, 5), 0);
    assert_int_equal(bytes_from_base32(TEXT("OlIozzab"), written, 5), 0);
    assert_memory_equal(plain, written, 5);
    static const char *const refused[] = {"",         "0110ZZA",  "0110ZZAB0",
                                          "0110ZZAU", "0110ZZA-", "0110ZZA\xc3"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_int_equal(bytes_from_base32(text_of(refused[i]), written, 5), -EINVAL);
    }
    /* Spare bits must be zero, or one value had several spellings. */
    assert_int_equal(bytes_from_base32(TEXT("ZW"), written, 1), 0);
    assert_int_equal(bytes_from_base32(TEXT("ZX"), written, 1), -EINVAL);
    assert_int_equal(bytes_from_base32((struct text){"0\0", 2}, written, 1), -EINVAL);
}

/* RFC 4648, 10. */
static void base64_has_the_vectors_of_the_standard(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xff\xef\xbe", "/+++"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[16];
        assert_int_equal(bytes_to_base64(cases[i][0], strlen(cases[i][0]), text),
                         strlen(cases[i][1]));
        assert_string_equal(text, cases[i][1]);
    }
}

/* Key 00..0f over inputs 00, 00 01, ...: vectors of the reference implementation (the one for 15
 * bytes is printed in the paper, appendix A). */
static void siphash_has_the_vectors_of_its_authors(void **state)
{
    (void)state;
    static const struct {
        size_t size;
        uint64_t hash;
    } cases[] = {
        {0, UINT64_C(0x726fdb47dd0e0e31)},  {1, UINT64_C(0x74f839c593dc67fd)},
        {7, UINT64_C(0xab0200f58b01d137)},  {8, UINT64_C(0x93f5f5799a932462)},
        {15, UINT64_C(0xa129ca6149be45e5)}, {63, UINT64_C(0x958a324ceb064572)},
    };
    unsigned char key[16];
    unsigned char input[64];
    for (size_t i = 0; i < sizeof input; i++) {
        input[i] = (unsigned char)i;
        key[i % 16] = (unsigned char)(i % 16);
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(bytes_siphash(input, cases[i].size, key) == cases[i].hash);
    }
}

/* RFC 4648, 10, without padding, and the digits that base64 has not. */
static void base64url_goes_there_and_back(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        const char *text;
    } cases[] = {
        {"", 0, ""},
        {"f", 1, "Zg"},
        {"fo", 2, "Zm8"},
        {"foo", 3, "Zm9v"},
        {"foob", 4, "Zm9vYg"},
        {"fooba", 5, "Zm9vYmE"},
        {"foobar", 6, "Zm9vYmFy"},
        {"\xfb\xff\xfe", 3, "-__-"},
        {"\0\0", 2, "AAA"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[16];
        unsigned char bytes[6];
        size_t length = bytes_to_base64url(cases[i].bytes, cases[i].size, text);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(length, BYTES_BASE64URL_LENGTH(cases[i].size));
        assert_int_equal(bytes_from_base64url(text_of(text), bytes, sizeof bytes), cases[i].size);
        assert_memory_equal(bytes, cases[i].bytes, cases[i].size);
    }
    static const char *const refused[] = {"Z",           "Zg==",     "Zh",   "Zm9",
                                          "Zm9v+mFy",    "Zm9v/mFy", "Zm 9", "Zm9vYmFyZ",
                                          "Zm9vYmFyZm8", "Zm9v\n"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        unsigned char bytes[6];
        assert_int_equal(bytes_from_base64url(text_of(refused[i]), bytes, sizeof bytes), -EINVAL);
    }
    unsigned char byte[1];
    assert_int_equal(bytes_from_base64url((struct text){"Z\0", 2}, byte, 1), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_big_endian),
        cmocka_unit_test(hex_goes_there_and_back),
        cmocka_unit_test(base32_goes_there_and_back),
        cmocka_unit_test(base32_reads_what_people_write),
        cmocka_unit_test(base64_has_the_vectors_of_the_standard),
        cmocka_unit_test(base64url_goes_there_and_back),
        cmocka_unit_test(siphash_has_the_vectors_of_its_authors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
