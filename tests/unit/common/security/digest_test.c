#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/security/digest.h"
#include "tests/unit/common/security/vectors.h"

#include <string.h>

static void feed_map(struct digest *digest, uint32_t number, struct text pairs)
{
    struct digest_entry entries[8];
    size_t count = 0;
    struct text pair;
    while (text_next_part(&pairs, ',', &pair)) {
        size_t at = text_find(pair, '=');
        entries[count++] = (struct digest_entry){{pair.data, at}, text_skip(pair, at + 1)};
    }
    digest_add_map(digest, number, entries, count);
}

static void feed_step(struct digest *digest, struct text step)
{
    struct text number_text;
    struct text kind;
    assert_true(text_next_part(&step, ' ', &number_text));
    assert_true(text_next_part(&step, ' ', &kind));
    uint32_t number = (uint32_t)vector_number(number_text);
    if (number == 0 && text_equal(kind, TEXT("bytes"))) {
        digest_begin(digest, step);
    } else if (text_equal(kind, TEXT("bytes"))) {
        digest_add_bytes(digest, number, step);
    } else if (text_equal(kind, TEXT("number"))) {
        digest_add_number(digest, number, vector_number(step));
    } else if (text_equal(kind, TEXT("open"))) {
        digest_open(digest, number);
    } else if (text_equal(kind, TEXT("close"))) {
        digest_close(digest);
    } else {
        assert_true(text_equal(kind, TEXT("map")));
        feed_map(digest, number, step);
    }
}

static void check_row(const struct vector *row)
{
    struct digest *digest = digest_create();
    unsigned char want[DIGEST_BYTES];
    unsigned char got[DIGEST_BYTES];
    struct text steps = row->columns[0];
    struct text step;
    vector_hex(row->columns[1], want, sizeof want);
    while (text_next_part(&steps, '|', &step)) {
        feed_step(digest, step);
    }
    digest_finish(digest, got);
    assert_memory_equal(got, want, sizeof want);
    digest_destroy(&digest);
}

static void digests_equal_the_vectors(void **state)
{
    (void)state;
    vectors_each("digests.tsv", check_row);
}

/* The point of the length prefixes: moving bytes between fields changes the digest. */
static void fields_do_not_run_together(void **state)
{
    static const char *const splits[][2] = {{"ab", "c"}, {"a", "bc"}, {"abc", ""}, {"", "abc"}};
    unsigned char digests[4][DIGEST_BYTES];
    struct digest *digest = digest_create();
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        digest_begin(digest, TEXT("test"));
        digest_add_bytes(digest, 1, text_of(splits[i][0]));
        digest_add_bytes(digest, 2, text_of(splits[i][1]));
        digest_finish(digest, digests[i]);
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(digests[i], digests[j], DIGEST_BYTES);
        }
    }
    digest_destroy(&digest);
}

/* The order in which a protobuf library hands out a map must not matter. */
static void order_of_a_map_does_not_matter(void **state)
{
    struct digest_entry up[] = {{TEXT("a"), TEXT("1")}, {TEXT("b"), TEXT("2")}};
    struct digest_entry down[] = {{TEXT("b"), TEXT("2")}, {TEXT("a"), TEXT("1")}};
    unsigned char first[DIGEST_BYTES];
    unsigned char second[DIGEST_BYTES];
    struct digest *digest = digest_create();
    (void)state;
    digest_begin(digest, TEXT("test"));
    digest_add_map(digest, 9, up, 2);
    digest_finish(digest, first);
    digest_begin(digest, TEXT("test"));
    digest_add_map(digest, 9, down, 2);
    digest_finish(digest, second);
    assert_memory_equal(first, second, DIGEST_BYTES);
    digest_destroy(&digest);
}

/* RFC 4231, test case 1 has a key of 20 bytes; with zeros behind it HMAC pads the same. */
static void hmac_equals_rfc_4231(void **state)
{
    unsigned char key[32] = {0};
    unsigned char want[DIGEST_BYTES];
    unsigned char got[DIGEST_BYTES];
    (void)state;
    memset(key, 0x0b, 20);
    vector_hex(TEXT("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"), want,
               sizeof want);
    digest_hmac(key, (struct text[]){TEXT("Hi "), TEXT(""), TEXT("There")}, 3, got);
    assert_memory_equal(got, want, sizeof want);
}

static void sha256_equals_fips_180(void **state)
{
    unsigned char want[DIGEST_BYTES];
    unsigned char got[DIGEST_BYTES];
    (void)state;
    vector_hex(TEXT("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"), want,
               sizeof want);
    digest_sha256(TEXT("abc"), got);
    assert_memory_equal(got, want, sizeof want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_equal_the_vectors),
        cmocka_unit_test(fields_do_not_run_together),
        cmocka_unit_test(order_of_a_map_does_not_matter),
        cmocka_unit_test(hmac_equals_rfc_4231),
        cmocka_unit_test(sha256_equals_fips_180),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
