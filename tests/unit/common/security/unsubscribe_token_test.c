#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/security/unsubscribe_token.h"
#include "tests/unit/common/security/vectors.h"

#include <errno.h>
#include <string.h>

static const unsigned char old_key[TOKEN_KEY_BYTES] = "an old token key, still accepted";
static const unsigned char new_key[TOKEN_KEY_BYTES] = "the newest token key, makes new.";

static const unsigned char *find_key(void *context, unsigned char key_id)
{
    (void)context;
    if (key_id == 3) {
        return old_key;
    }
    return key_id == 4 ? new_key : NULL;
}

static struct unsubscribe_token_list list_of(struct text tenant, struct text stream)
{
    struct unsubscribe_token_list list = {.tenant = tenant, .stream = stream};
    memcpy(list.campaign, "campaign of 16 b", sizeof list.campaign);
    return list;
}

static size_t make(unsigned char key_id, const struct unsubscribe_token_list *list,
                   char text[UNSUBSCRIBE_TOKEN_LENGTH_MAX + 1])
{
    struct unsubscribe_token_key key;
    unsubscribe_token_key_derive(key_id == 3 ? old_key : new_key, key_id, list, &key);
    return unsubscribe_token_make(
        &key, list,
        &(struct unsubscribe_token_recipient){
            .index = 123456, .batch = 77, .position = 12, .hash = "keyed hash of 16"},
        text);
}

static const unsigned char *row_key;

static const unsigned char *find_row_key(void *context, unsigned char key_id)
{
    assert_int_equal(key_id, *(uint64_t *)context);
    return row_key;
}

enum { TOKEN_KEY, KEY_ID, CAMPAIGN, TENANT, STREAM, INDEX, BATCH, POSITION, HASH, TOKEN };

static void check_row(const struct vector *row)
{
    unsigned char token_key[TOKEN_KEY_BYTES];
    struct unsubscribe_token_key key;
    struct unsubscribe_token_content content;
    char text[UNSUBSCRIBE_TOKEN_LENGTH_MAX + 1];
    const struct text *columns = row->columns;
    uint64_t key_id = vector_number(columns[KEY_ID]);
    struct unsubscribe_token_list list = {.tenant = columns[TENANT], .stream = columns[STREAM]};
    struct unsubscribe_token_recipient who = {.index = (uint32_t)vector_number(columns[INDEX]),
                                              .batch = (uint32_t)vector_number(columns[BATCH]),
                                              .position =
                                                  (uint16_t)vector_number(columns[POSITION])};
    vector_hex(columns[TOKEN_KEY], token_key, sizeof token_key);
    vector_hex(columns[CAMPAIGN], list.campaign, sizeof list.campaign);
    vector_hex(columns[HASH], who.hash, sizeof who.hash);
    unsubscribe_token_key_derive(token_key, (unsigned char)key_id, &list, &key);
    size_t length = unsubscribe_token_make(&key, &list, &who, text);
    assert_text((struct text){text, length}, columns[TOKEN]);

    row_key = token_key;
    assert_int_equal(unsubscribe_token_verify(columns[TOKEN], find_row_key, &key_id, &content), 0);
    assert_int_equal(content.key_id, key_id);
    assert_int_equal(content.recipient.index, who.index);
    assert_int_equal(content.recipient.batch, who.batch);
    assert_int_equal(content.recipient.position, who.position);
    assert_memory_equal(content.recipient.hash, who.hash, sizeof who.hash);
    assert_memory_equal(content.list.campaign, list.campaign, sizeof list.campaign);
    assert_text(content.list.tenant, list.tenant);
    assert_text(content.list.stream, list.stream);
}

static void tokens_equal_the_vectors(void **state)
{
    (void)state;
    vectors_each("unsubscribe.tsv", check_row);
}

/* U3: every flipped bit of the token's bytes is refused. */
static void every_flipped_bit_is_refused(void **state)
{
    (void)state;
    unsigned char bytes[UNSUBSCRIBE_TOKEN_BYTES_MAX];
    struct unsubscribe_token_content content;
    char good[UNSUBSCRIBE_TOKEN_LENGTH_MAX + 1];
    char bad[UNSUBSCRIBE_TOKEN_LENGTH_MAX + 1];
    struct unsubscribe_token_list list = list_of(TEXT("default"), TEXT("newsletter"));
    size_t length = make(4, &list, good);
    ssize_t size = bytes_from_base64url((struct text){good, length}, bytes, sizeof bytes);
    assert_true(size > 0);
    assert_int_equal(unsubscribe_token_verify(text_of(good), find_key, NULL, &content), 0);
    for (size_t bit = 0; bit < (size_t)size * 8; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        (void)bytes_to_base64url(bytes, (size_t)size, bad);
        assert_true(unsubscribe_token_verify(text_of(bad), find_key, NULL, &content) < 0);
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
}

/* U3: the same of the text: there are no two ways to write a token. */
static void every_other_character_is_refused(void **state)
{
    (void)state;
    struct unsubscribe_token_content content;
    char text[UNSUBSCRIBE_TOKEN_LENGTH_MAX + 1];
    struct unsubscribe_token_list list = list_of(TEXT("default"), TEXT("news"));
    size_t length = make(4, &list, text);
    for (size_t i = 0; i < length * 8; i++) {
        text[i / 8] = (char)(text[i / 8] ^ (1 << i % 8));
        assert_true(
            unsubscribe_token_verify((struct text){text, length}, find_key, NULL, &content) < 0);
        text[i / 8] = (char)(text[i / 8] ^ (1 << i % 8));
    }
    for (size_t cut = 0; cut < length; cut++) {
        assert_true(unsubscribe_token_verify((struct text){text, cut}, find_key, NULL, &content) <
                    0);
    }
    text[length] = 'A';
    assert_true(
        unsubscribe_token_verify((struct text){text, length + 1}, find_key, NULL, &content) < 0);
}

/* U6: a link works as long as its key is there, whichever makes new ones. */
static void a_former_key_still_opens_its_tokens(void **state)
{
    (void)state;
    struct unsubscribe_token_content content;
    char text[UNSUBSCRIBE_TOKEN_LENGTH_MAX + 1];
    struct unsubscribe_token_list list = list_of(TEXT("default"), TEXT(""));
    (void)make(3, &list, text);
    assert_int_equal(unsubscribe_token_verify(text_of(text), find_key, NULL, &content), 0);
    assert_int_equal(content.key_id, 3);
    struct unsubscribe_token_key gone;
    unsubscribe_token_key_derive(old_key, 9, &list, &gone);
    (void)unsubscribe_token_make(&gone, &list, &(struct unsubscribe_token_recipient){.index = 1},
                                 text);
    assert_int_equal(unsubscribe_token_verify(text_of(text), find_key, NULL, &content), -ENOKEY);
}

/* Whoever holds the key of one list makes tokens of no other. */
static void a_key_is_good_for_its_list_only(void **state)
{
    (void)state;
    struct unsubscribe_token_list own = list_of(TEXT("default"), TEXT("news"));
    const struct unsubscribe_token_list others[] = {
        list_of(TEXT("default"), TEXT("new")),
        list_of(TEXT("default"), TEXT("")),
        list_of(TEXT("defaultn"), TEXT("ews")),
        list_of(TEXT("other"), TEXT("news")),
    };
    struct unsubscribe_token_key key;
    struct unsubscribe_token_content content;
    char text[UNSUBSCRIBE_TOKEN_LENGTH_MAX + 1];
    struct unsubscribe_token_recipient who = {.index = 1};
    unsubscribe_token_key_derive(new_key, 4, &own, &key);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        (void)unsubscribe_token_make(&key, &others[i], &who, text);
        assert_int_equal(unsubscribe_token_verify(text_of(text), find_key, NULL, &content),
                         -EBADMSG);
    }
    struct unsubscribe_token_list campaign = own;
    campaign.campaign[15] ^= 1;
    (void)unsubscribe_token_make(&key, &campaign, &who, text);
    assert_int_equal(unsubscribe_token_verify(text_of(text), find_key, NULL, &content), -EBADMSG);
}

static void a_key_goes_over_the_wire(void **state)
{
    (void)state;
    struct unsubscribe_token_list list = list_of(TEXT("default"), TEXT("news"));
    struct unsubscribe_token_key key;
    struct unsubscribe_token_key read;
    unsigned char packed[UNSUBSCRIBE_TOKEN_KEY_PACKED_BYTES];
    unsubscribe_token_key_derive(new_key, 4, &list, &key);
    unsubscribe_token_key_pack(&key, packed);
    struct text text = {(const char *)packed, sizeof packed};
    assert_int_equal(unsubscribe_token_key_unpack(text, &read), 0);
    assert_int_equal(read.key_id, 4);
    assert_memory_equal(read.mac_key, key.mac_key, sizeof key.mac_key);
    text.size--;
    assert_int_equal(unsubscribe_token_key_unpack(text, &read), -EINVAL);
    assert_int_equal(unsubscribe_token_key_unpack(TEXT(""), &read), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_equal_the_vectors),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(every_other_character_is_refused),
        cmocka_unit_test(a_former_key_still_opens_its_tokens),
        cmocka_unit_test(a_key_is_good_for_its_list_only),
        cmocka_unit_test(a_key_goes_over_the_wire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
