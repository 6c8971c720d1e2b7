#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/security/identity.h"
#include "tests/unit/common/security/vectors.h"

#include <string.h>

enum { KIND, KEY, TENANT, NAME, ASKED, ID, PARTITION };

static void check_id(const struct vector *row)
{
    unsigned char key[IDENTITY_KEY_BYTES];
    unsigned char campaign[IDENTITY_CAMPAIGN_BYTES];
    unsigned char again[IDENTITY_CAMPAIGN_BYTES];
    char text[IDENTITY_CAMPAIGN_LENGTH + 1];
    const struct text *columns = row->columns;
    unsigned int want = (unsigned int)vector_number(columns[PARTITION]);
    vector_hex(columns[KEY], key, sizeof key);
    if (text_equal(columns[KIND], TEXT("message"))) {
        assert_int_equal(identity_message_partition(key, columns[TENANT], columns[NAME]), want);
        return;
    }
    if (text_equal(columns[KIND], TEXT("campaign"))) {
        identity_campaign(key, columns[TENANT], columns[NAME], campaign);
    } else {
        identity_container(key, columns[NAME], (unsigned int)vector_number(columns[ASKED]),
                           campaign);
    }
    identity_campaign_to_text(campaign, text);
    assert_text(text_of(text), columns[ID]);
    assert_int_equal(identity_partition(campaign), want);
    text_lower_ascii(text, strlen(text));
    assert_int_equal(identity_campaign_from_text(text_of(text), again), 0);
    assert_memory_equal(again, campaign, sizeof campaign);
}

static void ids_equal_the_vectors(void **state)
{
    (void)state;
    vectors_each("ids.tsv", check_id);
}

static void check_duplicate(const struct vector *row)
{
    unsigned char hash_key[IDENTITY_KEY_BYTES];
    unsigned char campaign[IDENTITY_CAMPAIGN_BYTES];
    unsigned char key[IDENTITY_DUPLICATE_KEY_BYTES];
    unsigned char want[IDENTITY_DUPLICATE_KEY_BYTES];
    char text[IDENTITY_DUPLICATE_TEXT_SIZE];
    vector_hex(row->columns[0], hash_key, sizeof hash_key);
    vector_hex(row->columns[1], campaign, sizeof campaign);
    vector_hex(row->columns[3], want, sizeof want);
    identity_duplicate_key(hash_key, campaign, key);
    assert_memory_equal(key, want, sizeof want);
    size_t length = identity_duplicate_text(identity_duplicate_hash(key, row->columns[2]), text);
    assert_text((struct text){text, length}, row->columns[4]);
}

static void duplicate_hashes_equal_the_vectors(void **state)
{
    (void)state;
    vectors_each("duplicates.tsv", check_duplicate);
}

static void extremes_of_the_hash_fit_as_text(void **state)
{
    char text[IDENTITY_DUPLICATE_TEXT_SIZE];
    (void)state;
    assert_int_equal(identity_duplicate_text(INT64_MIN, text), 20);
    assert_string_equal(text, "-9223372036854775808");
    assert_int_equal(identity_duplicate_text(INT64_MAX, text), 19);
    assert_string_equal(text, "9223372036854775807");
}

static void texts_that_are_no_id_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "4RNE3PKNHE1S6N0WCA8EWM4E9",
        "4RNE3PKNHE1S6N0WCA8EWM4E9MM",
        "4RNE3PKNHE1S6N0WCA8EWM4E9N", /* spare bits set */
        "4RNE3PKNHE1S6N0WCA8EWM4E9U", /* U is no digit */
        "4RNE3PKNHE1S6N0WCA8EWM4E9 ",
    };
    unsigned char campaign[IDENTITY_CAMPAIGN_BYTES] = {7};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_not_equal(identity_campaign_from_text(text_of(bad[i]), campaign), 0);
        assert_int_equal(campaign[0], 7);
    }
}

static void sessions_differ(void **state)
{
    char first[IDENTITY_SESSION_LENGTH + 1];
    char second[IDENTITY_SESSION_LENGTH + 1];
    (void)state;
    assert_int_equal(identity_session(first), 0);
    assert_int_equal(identity_session(second), 0);
    assert_int_equal(strlen(first), IDENTITY_SESSION_LENGTH);
    assert_string_not_equal(first, second);
    assert_int_equal(strspn(first, "0123456789abcdef"), IDENTITY_SESSION_LENGTH);
}

static void a_message_hash_names_its_partition_and_tenant(void **state)
{
    (void)state;
    static const unsigned char key[IDENTITY_KEY_BYTES] = {1, 2, 3};
    unsigned char ours[IDENTITY_MESSAGE_BYTES];
    unsigned char theirs[IDENTITY_MESSAGE_BYTES];
    identity_message(key, TEXT("shop"), TEXT("order-1"), ours);
    identity_message(key, TEXT("other"), TEXT("order-1"), theirs);
    assert_memory_not_equal(ours, theirs, sizeof ours);
    assert_int_equal(identity_partition(ours),
                     identity_message_partition(key, TEXT("shop"), TEXT("order-1")));
    identity_message(key, TEXT("shop"), TEXT("order-2"), theirs);
    assert_memory_not_equal(ours, theirs, sizeof ours);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_hash_names_its_partition_and_tenant),
        cmocka_unit_test(ids_equal_the_vectors),
        cmocka_unit_test(duplicate_hashes_equal_the_vectors),
        cmocka_unit_test(extremes_of_the_hash_fit_as_text),
        cmocka_unit_test(texts_that_are_no_id_are_refused),
        cmocka_unit_test(sessions_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
