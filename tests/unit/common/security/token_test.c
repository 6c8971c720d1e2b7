#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/security/token.h"
#include "tests/unit/common/security/vectors.h"

#include <errno.h>
#include <string.h>

#define BODY_BYTES 37

static const unsigned char old_key[TOKEN_KEY_BYTES] = "an old token key, still accepted";
static const unsigned char new_key[TOKEN_KEY_BYTES] = "the newest token key, makes new.";
static const unsigned char campaign[16] = "campaign of 16 b";

static const unsigned char *find_key(void *context, unsigned char key_id)
{
    (void)context;
    if (key_id == 3) {
        return old_key;
    }
    return key_id == 4 ? new_key : NULL;
}

static const unsigned char person_a[ADDRESS_HASH_BYTES] = {1};
static const unsigned char person_b[ADDRESS_HASH_BYTES] = {2};

static void make(enum token_kind kind, unsigned char key_id, char text[TOKEN_LENGTH + 1])
{
    struct token_campaign_key key;
    token_campaign_key_derive(key_id == 3 ? old_key : new_key, key_id, campaign, &key);
    token_make(&key, kind, 123456, person_a, text);
}

static const unsigned char *row_key;

static const unsigned char *find_row_key(void *context, unsigned char key_id)
{
    assert_int_equal(key_id, *(uint64_t *)context);
    return row_key;
}

enum { TOKEN_KEY, KEY_ID, CAMPAIGN, KIND, INDEX, PERSON, TOKEN };

static void check_row(const struct vector *row)
{
    unsigned char token_key[TOKEN_KEY_BYTES];
    unsigned char row_campaign[16];
    unsigned char person[ADDRESS_HASH_BYTES];
    struct token_campaign_key key;
    struct token_content content;
    char text[TOKEN_LENGTH + 1];
    const struct text *columns = row->columns;
    uint64_t key_id = vector_number(columns[KEY_ID]);
    enum token_kind kind = (enum token_kind)vector_number(columns[KIND]);
    uint32_t index = (uint32_t)vector_number(columns[INDEX]);
    vector_hex(columns[TOKEN_KEY], token_key, sizeof token_key);
    vector_hex(columns[CAMPAIGN], row_campaign, sizeof row_campaign);
    token_campaign_key_derive(token_key, (unsigned char)key_id, row_campaign, &key);
    vector_hex(columns[PERSON], person, sizeof person);
    token_make(&key, kind, index, person, text);
    assert_text(text_of(text), columns[TOKEN]);

    row_key = token_key;
    assert_int_equal(token_verify(kind, columns[TOKEN], find_row_key, &key_id, &content), 0);
    assert_int_equal(content.key_id, key_id);
    assert_int_equal(content.index, index);
    assert_memory_equal(content.campaign, row_campaign, sizeof row_campaign);
}

static void tokens_equal_the_vectors(void **state)
{
    (void)state;
    vectors_each("tokens.tsv", check_row);
}

/* B1: the local part has at most 64 bytes; B1, U3: nobody reads an address out of it. */
static void a_token_is_short_and_names_no_address(void **state)
{
    struct token_campaign_key key;
    char text[TOKEN_LENGTH + 1];
    (void)state;
    token_campaign_key_derive(new_key, 255, campaign, &key);
    token_make(&key, TOKEN_VERP, UINT32_MAX, person_a, text);
    assert_int_equal(strlen(text), TOKEN_LENGTH);
    assert_true(TOKEN_LENGTH <= 64);
    assert_int_equal(strspn(text + 2, "0123456789abcdefghjkmnpqrstvwxyz"), TOKEN_LENGTH - 2);
    assert_null(strstr(text, "example"));
}

/* U3: every flipped bit of the token's bytes is refused (-ENOKEY where it hits the key id). */
static void every_flipped_bit_is_refused(void **state)
{
    unsigned char bytes[BODY_BYTES];
    struct token_content content;
    char good[TOKEN_LENGTH + 1];
    char bad[TOKEN_LENGTH + 1];
    (void)state;
    make(TOKEN_UNSUBSCRIBE, 4, good);
    assert_int_equal(bytes_from_base32(text_of(good + 2), bytes, sizeof bytes), 0);
    memcpy(bad, good, 2);
    for (size_t bit = 0; bit < BODY_BYTES * 8; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        bytes_to_base32(bytes, sizeof bytes, bad + 2);
        int error = token_verify(TOKEN_UNSUBSCRIBE, text_of(bad), find_key, NULL, &content);
        assert_int_equal(error, bit < 8 ? -ENOKEY : -EBADMSG);
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
}

/* The same on the text: only a changed case (bit 5 of a letter) still reads as the same token. */
static void every_other_character_is_refused(void **state)
{
    struct token_content content;
    char text[TOKEN_LENGTH + 1];
    (void)state;
    make(TOKEN_VERP, 4, text);
    for (size_t i = 0; i < (size_t)TOKEN_LENGTH * 8; i++) {
        char before = text[i / 8];
        text[i / 8] = (char)(before ^ (1 << i % 8));
        bool is_case = i % 8 == 5 && before >= 'a' && before <= 'z';
        int error = token_verify(TOKEN_VERP, text_of(text), find_key, NULL, &content);
        assert_true(is_case == (error == 0));
        text[i / 8] = before;
    }
}

static void a_token_of_another_kind_is_refused(void **state)
{
    static const char prefixes[] = {'m', 'b', 'u'};
    static const enum token_kind kinds[] = {TOKEN_MESSAGE_ID, TOKEN_VERP, TOKEN_UNSUBSCRIBE};
    struct token_content content;
    char text[TOKEN_LENGTH + 1];
    (void)state;
    for (size_t i = 0; i < 9; i++) {
        enum token_kind made = kinds[i / 3];
        enum token_kind asked = kinds[i % 3];
        make(made, 4, text);
        assert_int_equal(token_verify(asked, text_of(text), find_key, NULL, &content),
                         made == asked ? 0 : -EINVAL);
        /* The prefix is not what tells them apart: the MAC is. */
        text[0] = prefixes[i % 3];
        assert_int_equal(token_verify(asked, text_of(text), find_key, NULL, &content),
                         made == asked ? 0 : -EBADMSG);
    }
}

/* U3: old keys are accepted; a key that is gone, or a false key id, is not. */
static void old_keys_are_accepted_and_unknown_ones_are_not(void **state)
{
    struct token_content content = {.index = 77};
    char text[TOKEN_LENGTH + 1];
    (void)state;
    make(TOKEN_MESSAGE_ID, 3, text);
    assert_int_equal(token_verify(TOKEN_MESSAGE_ID, text_of(text), find_key, NULL, &content), 0);
    assert_int_equal(content.key_id, 3);
    assert_int_equal(content.index, 123456);
    make(TOKEN_MESSAGE_ID, 5, text);
    content.index = 77;
    assert_int_equal(token_parse(TOKEN_MESSAGE_ID, text_of(text), &content), 0);
    assert_int_equal(content.key_id, 5);
    content.index = 77;
    assert_int_equal(token_verify(TOKEN_MESSAGE_ID, text_of(text), find_key, NULL, &content),
                     -ENOKEY);
    assert_int_equal(content.index, 77);
}

/* A worker that holds one campaign's key cannot make tokens of another. */
static void a_campaign_key_makes_only_its_own_tokens(void **state)
{
    struct token_campaign_key key;
    struct token_content content;
    char text[TOKEN_LENGTH + 1];
    (void)state;
    token_campaign_key_derive(new_key, 4, campaign, &key);
    key.campaign[0] ^= 1;
    token_make(&key, TOKEN_VERP, 1, person_a, text);
    assert_int_equal(token_verify(TOKEN_VERP, text_of(text), find_key, NULL, &content), -EBADMSG);
}

static void a_packed_key_makes_the_same_tokens(void **state)
{
    unsigned char packed[TOKEN_CAMPAIGN_KEY_PACKED_BYTES];
    struct token_campaign_key key;
    struct token_campaign_key copy;
    char first[TOKEN_LENGTH + 1];
    char second[TOKEN_LENGTH + 1];
    (void)state;
    token_campaign_key_derive(new_key, 4, campaign, &key);
    token_campaign_key_pack(&key, packed);
    struct text text = {(const char *)packed, sizeof packed};
    assert_int_equal(token_campaign_key_unpack(text, campaign, &copy), 0);
    token_make(&key, TOKEN_VERP, 9, person_b, first);
    token_make(&copy, TOKEN_VERP, 9, person_b, second);
    assert_string_equal(first, second);
    text.size--;
    assert_int_equal(token_campaign_key_unpack(text, campaign, &copy), -EINVAL);
}

static void what_is_no_token_is_refused(void **state)
{
    static const char *const bad[] = {
        "", "b", "b.", "bounce",
        "b-00000000000000000000000000000000000000000000000000000000000"
        "0"};
    struct token_content content;
    char text[TOKEN_LENGTH + 1];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(token_parse(TOKEN_VERP, text_of(bad[i]), &content), -EINVAL);
    }
    make(TOKEN_VERP, 4, text);
    assert_int_equal(token_parse(TOKEN_VERP, (struct text){text, TOKEN_LENGTH - 1}, &content),
                     -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_equal_the_vectors),
        cmocka_unit_test(a_token_is_short_and_names_no_address),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(every_other_character_is_refused),
        cmocka_unit_test(a_token_of_another_kind_is_refused),
        cmocka_unit_test(old_keys_are_accepted_and_unknown_ones_are_not),
        cmocka_unit_test(a_campaign_key_makes_only_its_own_tokens),
        cmocka_unit_test(a_packed_key_makes_the_same_tokens),
        cmocka_unit_test(what_is_no_token_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
