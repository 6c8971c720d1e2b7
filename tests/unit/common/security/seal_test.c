#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/security/seal.h"
#include "tests/unit/common/security/vectors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char key[SEAL_KEY_BYTES] = "thirty-two bytes of campaign key";
static const struct seal_name name = {SEAL_RECIPIENTS, "campaign of 16 b", 70001};

static struct seal *seal;

static int setup(void **state)
{
    (void)state;
    seal = seal_create(3);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    seal_destroy(&seal);
    assert_null(seal);
    return 0;
}

static int given_nonce(void *context, unsigned char *ret_nonce, size_t size)
{
    memcpy(ret_nonce, context, size);
    return 0;
}

enum { DIRECTION, KEY, KIND, CAMPAIGN, BATCH, NONCE, PLAIN, SEALED };

static void check_row(const struct vector *row)
{
    unsigned char row_key[SEAL_KEY_BYTES];
    unsigned char nonce[12];
    struct seal_name row_name = {.kind = (enum seal_kind)vector_number(row->columns[KIND]),
                                 .batch = (uint32_t)vector_number(row->columns[BATCH])};
    struct buffer plain = vector_bytes(row->columns[PLAIN]);
    struct buffer want = vector_bytes(row->columns[SEALED]);
    struct buffer got = {0};
    struct text part = buffer_text(&plain);
    vector_hex(row->columns[KEY], row_key, sizeof row_key);
    vector_hex(row->columns[CAMPAIGN], row_name.campaign, sizeof row_name.campaign);
    vector_hex(row->columns[NONCE], nonce, sizeof nonce);
    if (text_equal(row->columns[DIRECTION], TEXT("both"))) {
        seal_set_nonce_source(seal, given_nonce, nonce);
        assert_int_equal(seal_encrypt(seal, row_key, &row_name, &part, 1, &got), 0);
        seal_set_nonce_source(seal, NULL, NULL);
        assert_text(buffer_text(&got), buffer_text(&want));
        buffer_clear(&got);
    }
    assert_int_equal(seal_decrypt(seal, row_key, &row_name, buffer_text(&want), plain.size, &got),
                     0);
    assert_text(buffer_text(&got), part);
    buffer_finish(&got);
    buffer_finish(&want);
    buffer_finish(&plain);
}

static void sealed_parts_equal_the_vectors(void **state)
{
    (void)state;
    vectors_each("sealed.tsv", check_row);
}

static void check_wrapped(const struct vector *row)
{
    unsigned char month_key[SEAL_KEY_BYTES];
    unsigned char campaign[16];
    unsigned char nonce[12];
    unsigned char campaign_key[SEAL_KEY_BYTES];
    unsigned char opened[SEAL_KEY_BYTES];
    uint32_t month = (uint32_t)vector_number(row->columns[1]);
    uint32_t told = 0;
    struct buffer got = {0};
    struct buffer want = vector_bytes(row->columns[5]);
    vector_hex(row->columns[0], month_key, sizeof month_key);
    vector_hex(row->columns[2], campaign, sizeof campaign);
    vector_hex(row->columns[3], nonce, sizeof nonce);
    vector_hex(row->columns[4], campaign_key, sizeof campaign_key);
    seal_set_nonce_source(seal, given_nonce, nonce);
    assert_int_equal(seal_wrap_key(seal, month_key, month, campaign, campaign_key, &got), 0);
    seal_set_nonce_source(seal, NULL, NULL);
    assert_text(buffer_text(&got), buffer_text(&want));
    assert_int_equal(seal_wrapped_month(buffer_text(&want), &told), 0);
    assert_int_equal(told, month);
    assert_int_equal(seal_unwrap_key(seal, month_key, buffer_text(&want), campaign, opened), 0);
    assert_memory_equal(opened, campaign_key, sizeof opened);
    buffer_finish(&got);
    buffer_finish(&want);
}

static void wrapped_keys_equal_the_vectors(void **state)
{
    (void)state;
    vectors_each("wrapped.tsv", check_wrapped);
}

/* A month key of another month, another campaign, or a changed month does not open it. */
static void a_wrapped_key_opens_only_as_itself(void **state)
{
    unsigned char campaign_key[SEAL_KEY_BYTES] = {0}; /* would compress: must not */
    unsigned char opened[SEAL_KEY_BYTES] = {9};
    struct buffer wrapped = {0};
    struct text short_one;
    (void)state;
    assert_int_equal(seal_wrap_key(seal, key, 202611, name.campaign, campaign_key, &wrapped), 0);
    assert_int_equal(wrapped.size, SEAL_WRAPPED_BYTES);
    struct text text = buffer_text(&wrapped);
    assert_int_equal(seal_unwrap_key(seal, campaign_key, text, name.campaign, opened), -EBADMSG);
    assert_int_equal(
        seal_unwrap_key(seal, key, text, (const unsigned char *)"another campaign", opened),
        -EBADMSG);
    bytes_put_u32(wrapped.data, 202612);
    assert_int_equal(seal_unwrap_key(seal, key, text, name.campaign, opened), -EBADMSG);
    short_one = (struct text){text.data, text.size - 1};
    assert_int_equal(seal_unwrap_key(seal, key, short_one, name.campaign, opened), -EPROTO);
    assert_int_equal(opened[0], 9);
    buffer_finish(&wrapped);
}

static void several_parts_open_as_one(void **state)
{
    const struct text parts[] = {TEXT("one"), {NULL, 0}, TEXT("two"), TEXT("three")};
    struct buffer sealed = {0};
    struct buffer plain = {0};
    (void)state;
    buffer_append_string(&plain, "before ");
    assert_int_equal(seal_encrypt(seal, key, &name, parts, 4, &sealed), 0);
    assert_int_equal(sealed.size, 11 + SEAL_OVERHEAD_BYTES);
    assert_int_equal(seal_decrypt(seal, key, &name, buffer_text(&sealed), 11, &plain), 0);
    assert_text(buffer_text(&plain), TEXT("before onetwothree"));
    assert_int_equal(seal_encrypt(seal, key, &name, NULL, 0, &sealed), 0);
    buffer_finish(&sealed);
    buffer_finish(&plain);
}

/* K1: a sealed part put in another's place does not open. */
static void swapped_parts_do_not_open(void **state)
{
    static const struct seal_name others[] = {
        {SEAL_REFS, "campaign of 16 b", 70001},       {SEAL_EVENTS, "campaign of 16 b", 70001},
        {SEAL_CONTENT, "campaign of 16 b", 70001},    {SEAL_RECIPIENTS, "campaign of 16 c", 70001},
        {SEAL_RECIPIENTS, "campaign of 16 b", 70002}, {SEAL_RECIPIENTS, "campaign of 16 b", 0},
    };
    const struct text mine = TEXT("a@example.com");
    const struct text theirs = TEXT("b@example.com");
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct buffer first = {0};
        struct buffer second = {0};
        struct buffer plain = {0};
        assert_int_equal(seal_encrypt(seal, key, &name, &mine, 1, &first), 0);
        assert_int_equal(seal_encrypt(seal, key, &others[i], &theirs, 1, &second), 0);
        assert_int_equal(seal_decrypt(seal, key, &name, buffer_text(&second), 100, &plain),
                         -EBADMSG);
        assert_int_equal(seal_decrypt(seal, key, &others[i], buffer_text(&first), 100, &plain),
                         -EBADMSG);
        assert_int_equal(plain.size, 0);
        assert_int_equal(seal_decrypt(seal, key, &others[i], buffer_text(&second), 100, &plain), 0);
        buffer_finish(&first);
        buffer_finish(&second);
        buffer_finish(&plain);
    }
}

static void every_flipped_bit_is_refused(void **state)
{
    const struct text plain =
        TEXT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    struct buffer sealed = {0};
    struct buffer opened = {0};
    (void)state;
    assert_int_equal(seal_encrypt(seal, key, &name, &plain, 1, &sealed), 0);
    for (size_t bit = 0; bit < sealed.size * 8; bit++) {
        sealed.data[bit / 8] ^= (char)(1 << bit % 8);
        int error = seal_decrypt(seal, key, &name, buffer_text(&sealed), 1000, &opened);
        assert_true(error == -EBADMSG || (error == -EPROTO && bit < 16));
        assert_int_equal(opened.size, 0);
        sealed.data[bit / 8] ^= (char)(1 << bit % 8);
    }
    buffer_finish(&sealed);
    buffer_finish(&opened);
}

static void truncated_parts_are_refused(void **state)
{
    const struct text plain = TEXT("some recipients");
    struct buffer sealed = {0};
    struct buffer opened = {0};
    (void)state;
    assert_int_equal(seal_encrypt(seal, key, &name, &plain, 1, &sealed), 0);
    for (size_t size = 0; size < sealed.size; size++) {
        struct text part = {sealed.data, size};
        assert_int_equal(seal_decrypt(seal, key, &name, part, 1000, &opened),
                         size < SEAL_OVERHEAD_BYTES ? -EPROTO : -EBADMSG);
    }
    buffer_finish(&sealed);
    buffer_finish(&opened);
}

/* LIBRARIES 14: the frame's own word about its size is believed only after authentication, and
 * never beyond the bound. */
static void plaintext_above_the_bound_is_refused(void **state)
{
    struct buffer plain = {0};
    struct buffer sealed = {0};
    struct buffer opened = {0};
    (void)state;
    memset(buffer_reserve(&plain, 1000000), 'a', 1000000);
    plain.size = 1000000;
    struct text part = buffer_text(&plain);
    assert_int_equal(seal_encrypt(seal, key, &name, &part, 1, &sealed), 0);
    assert_true(sealed.size < 1000);
    assert_int_equal(seal_decrypt(seal, key, &name, buffer_text(&sealed), 999999, &opened),
                     -EMSGSIZE);
    assert_int_equal(seal_decrypt(seal, key, &name, buffer_text(&sealed), 10, &opened), -EMSGSIZE);
    assert_int_equal(opened.size, 0);
    assert_int_equal(seal_decrypt(seal, key, &name, buffer_text(&sealed), 1000000, &opened), 0);
    assert_text(buffer_text(&opened), part);
    buffer_finish(&plain);
    buffer_finish(&sealed);
    buffer_finish(&opened);
}

static void what_does_not_shrink_is_not_compressed(void **state)
{
    unsigned char random[3 * SEAL_KEY_BYTES];
    struct buffer sealed = {0};
    struct seal *plain_seal = seal_create(0);
    const struct text repeated =
        TEXT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(seal_make_key(random + i * SEAL_KEY_BYTES), 0);
    }
    struct text part = {(const char *)random, sizeof random};
    assert_int_equal(seal_encrypt(seal, key, &name, &part, 1, &sealed), 0);
    assert_int_equal(sealed.size, sizeof random + SEAL_OVERHEAD_BYTES);
    assert_int_equal(sealed.data[1], 0);
    buffer_clear(&sealed);
    assert_int_equal(seal_encrypt(seal, key, &name, &repeated, 1, &sealed), 0);
    assert_int_equal(sealed.data[1], 1);
    assert_true(sealed.size < repeated.size + SEAL_OVERHEAD_BYTES);
    buffer_clear(&sealed);
    assert_int_equal(seal_encrypt(plain_seal, key, &name, &repeated, 1, &sealed), 0);
    assert_int_equal(sealed.data[1], 0);
    buffer_finish(&sealed);
    seal_destroy(&plain_seal);
}

static int compare_nonces(const void *a, const void *b)
{
    return memcmp(a, b, 12);
}

/* K1: no nonce comes twice; GCM falls apart when one does. */
static void nonces_do_not_repeat(void **state)
{
    enum { COUNT = 10000 };
    static unsigned char nonces[COUNT][12];
    const struct text part = TEXT("x");
    struct buffer sealed = {0};
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        buffer_clear(&sealed);
        assert_int_equal(seal_encrypt(seal, key, &name, &part, 1, &sealed), 0);
        memcpy(nonces[i], sealed.data + 2, 12);
    }
    qsort(nonces, COUNT, sizeof nonces[0], compare_nonces);
    for (size_t i = 1; i < COUNT; i++) {
        assert_memory_not_equal(nonces[i - 1], nonces[i], 12);
    }
    buffer_finish(&sealed);
}

static int failing_nonce(void *context, unsigned char *ret_nonce, size_t size)
{
    (void)context;
    memset(ret_nonce, 0, size);
    return -EIO;
}

static void nothing_is_sealed_without_a_nonce(void **state)
{
    const struct text part = TEXT("x");
    struct buffer sealed = {0};
    (void)state;
    seal_set_nonce_source(seal, failing_nonce, NULL);
    assert_int_equal(seal_encrypt(seal, key, &name, &part, 1, &sealed), -EIO);
    assert_int_equal(seal_wrap_key(seal, key, 202611, name.campaign, key, &sealed), -EIO);
    assert_int_equal(sealed.size, 0);
    seal_set_nonce_source(seal, NULL, NULL);
    buffer_finish(&sealed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sealed_parts_equal_the_vectors),
        cmocka_unit_test(wrapped_keys_equal_the_vectors),
        cmocka_unit_test(a_wrapped_key_opens_only_as_itself),
        cmocka_unit_test(several_parts_open_as_one),
        cmocka_unit_test(swapped_parts_do_not_open),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(truncated_parts_are_refused),
        cmocka_unit_test(plaintext_above_the_bound_is_refused),
        cmocka_unit_test(what_does_not_shrink_is_not_compressed),
        cmocka_unit_test(nonces_do_not_repeat),
        cmocka_unit_test(nothing_is_sealed_without_a_nonce),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
