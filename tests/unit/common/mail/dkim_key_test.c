#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/common/mail/dkim_data.h"

#include <errno.h>
#include <string.h>

/* D1, G7: 512 and 768 refused, 1024 accepted but weak, 2048 good. */
static void keys_are_judged_by_size_and_kind(void **state)
{
    static const struct {
        const char *file;
        int error;
        enum dkim_key_kind kind;
        unsigned int bits;
        bool is_weak;
    } cases[] = {
        {"rsa512.pem", -EKEYREJECTED, DKIM_KEY_KIND_RSA, 0, false},
        {"rsa768.pem", -EKEYREJECTED, DKIM_KEY_KIND_RSA, 0, false},
        {"rsa1024.pem", 0, DKIM_KEY_KIND_RSA, 1024, true},
        {"rsa2048.pem", 0, DKIM_KEY_KIND_RSA, 2048, false},
        {"ed25519.pem", 0, DKIM_KEY_KIND_ED25519, 256, false},
        {"p256.pem", -EINVAL, DKIM_KEY_KIND_RSA, 0, false},
        {"encrypted.pem", -EINVAL, DKIM_KEY_KIND_RSA, 0, false},
        {"README.md", -EINVAL, DKIM_KEY_KIND_RSA, 0, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dkim_key *key = NULL;
        struct problem problem = {{0}, {0}, {0}};
        struct buffer pem = {0};
        data_file_load("dkim", cases[i].file, &pem);
        assert_int_equal(dkim_key_parse(buffer_text(&pem), &key, &problem), cases[i].error);
        if (cases[i].error == 0) {
            assert_int_equal(dkim_key_kind(key), cases[i].kind);
            assert_int_equal(dkim_key_bits(key), cases[i].bits);
            assert_int_equal(dkim_key_is_weak(key), cases[i].is_weak);
        } else {
            assert_null(key);
            assert_string_equal(problem.field, "key");
        }
        dkim_key_destroy(&key);
        buffer_finish(&pem);
    }
}

static void an_empty_or_huge_file_is_no_key(void **state)
{
    struct dkim_key *key = NULL;
    struct buffer big = {0};
    (void)state;
    assert_int_equal(dkim_key_parse((struct text){NULL, 0}, &key, NULL), -EINVAL);
    memset(buffer_reserve(&big, 100000), '-', 100000);
    big.size = 100000;
    assert_int_equal(dkim_key_parse(buffer_text(&big), &key, NULL), -EINVAL);
    buffer_finish(&big);
}

/* RFC 8463, A.2: the public half of the published key. */
static void the_record_of_an_ed25519_key(void **state)
{
    struct dkim_key *key = dkim_data_key("ed25519.pem");
    struct buffer record = {0};
    (void)state;
    dkim_key_append_record(key, &record);
    assert_true(
        text_equal(buffer_text(&record),
                   TEXT("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")));
    buffer_finish(&record);
    dkim_key_destroy(&key);
}

/* D9: strings of at most 255 bytes that give the record when joined without spaces. */
static void a_long_record_is_split(void **state)
{
    struct dkim_key *key = dkim_data_key("rsa2048.pem");
    struct buffer record = {0};
    struct buffer line = {0};
    struct buffer joined = {0};
    size_t strings = 0;
    (void)state;
    dkim_key_append_record(key, &record);
    dkim_key_append_zone_line(key, TEXT("s2026"), TEXT("example.jp"), &line);
    assert_true(record.size > 255);
    struct text rest = buffer_text(&line);
    assert_true(text_starts_with(rest, TEXT("s2026._domainkey.example.jp. IN TXT ( \"v=DKIM1;")));
    struct text string;
    (void)text_next_part(&rest, '"', &string);
    while (text_next_part(&rest, '"', &string) && rest.data != NULL) {
        assert_true(string.size > 0 && string.size <= 255);
        buffer_append_text(&joined, string);
        strings++;
        (void)text_next_part(&rest, '"', &string); /* between two strings */
    }
    assert_int_equal(strings, 2);
    assert_true(text_equal(buffer_text(&joined), buffer_text(&record)));
    buffer_finish(&record);
    buffer_finish(&line);
    buffer_finish(&joined);
    dkim_key_destroy(&key);
}

#define ED_P "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

/* D8 and RFC 6376, 3.6.1. */
static void a_published_record_is_checked(void **state)
{
    static const struct {
        const char *record;
        int error;
    } cases[] = {
        {"v=DKIM1; k=ed25519; " ED_P, 0},
        {"v=DKIM1;k=ed25519;" ED_P ";", 0},
        {"k=ed25519; " ED_P, 0},
        {" v = DKIM1 ; k = ed25519 ; n=note ; t=y:s ; p=11qYAYKxCrfVS/7TyWQH "
         "Og7hcvPapiMlrwIaaPcHURo= ; ",
         0},
        {"v=DKIM1; h=sha1:sha256; k=ed25519; s=email; " ED_P, 0},
        {"v=DKIM1; k=ed25519; s=web:*; x_1=future; " ED_P, 0},
        {"v=DKIM1; k=ed25519; p=", -EKEYREVOKED},
        {"v=DKIM1; k=ed25519; p=;", -EKEYREVOKED},
        {"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURp=", -EKEYREJECTED},
        {"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHUR", -EKEYREJECTED},
        {"v=DKIM1; k=ed25519; " ED_P "AAAA", -EKEYREJECTED},
        {"v=DKIM1; k=rsa; " ED_P, -EKEYREJECTED},
        {"v=DKIM1; " ED_P, -EKEYREJECTED}, /* k= is rsa when absent */
        {"v=DKIM1; k=ed25519; h=sha1; " ED_P, -EKEYREJECTED},
        {"v=DKIM1; k=ed25519; s=other; " ED_P, -EKEYREJECTED},
        {"v=DKIM2; k=ed25519; " ED_P, -EPROTO},
        {"k=ed25519; v=DKIM1; " ED_P, -EPROTO}, /* v= must come first */
        {"v=DKIM1; k=ed25519", -EPROTO},
        {"v=DKIM1; k=ed25519; " ED_P "; " ED_P, -EPROTO},
        {"v=DKIM1; ; " ED_P, -EPROTO},
        {"v=spf1 -all", -EPROTO},
        {"", -EPROTO},
    };
    struct dkim_key *key = dkim_data_key("ed25519.pem");
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct problem problem = {{0}, {0}, {0}};
        int error = dkim_key_check_record(key, text_of(cases[i].record), &problem);
        if (error != cases[i].error) {
            print_error("record %s\n", cases[i].record);
        }
        assert_int_equal(error, cases[i].error);
        assert_string_equal(problem.rule, error == 0 ? "" : "D8");
    }
    dkim_key_destroy(&key);
}

static void its_own_record_is_accepted_and_no_other(void **state)
{
    static const char *const files[] = {"rsa1024.pem", "rsa2048.pem", "ed25519.pem"};
    struct dkim_key *keys[3];
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        keys[i] = dkim_data_key(files[i]);
    }
    for (size_t i = 0; i < 9; i++) {
        struct buffer record = {0};
        dkim_key_append_record(keys[i / 3], &record);
        assert_int_equal(dkim_key_check_record(keys[i % 3], buffer_text(&record), NULL),
                         i / 3 == i % 3 ? 0 : -EKEYREJECTED);
        buffer_finish(&record);
    }
    for (size_t i = 0; i < 3; i++) {
        dkim_key_destroy(&keys[i]);
    }
}

static void a_new_key_can_be_kept(void **state)
{
    struct dkim_key *made = NULL;
    struct dkim_key *read = NULL;
    struct buffer pem = {0};
    struct buffer record = {0};
    (void)state;
    assert_int_equal(dkim_key_generate(DKIM_KEY_KIND_ED25519, 0, &made, NULL), 0);
    dkim_key_append_pem(made, &pem);
    assert_true(text_starts_with(buffer_text(&pem), TEXT("-----BEGIN PRIVATE KEY-----")));
    assert_true(pem.size <= DKIM_KEY_PEM_MAX_BYTES);
    assert_int_equal(dkim_key_parse(buffer_text(&pem), &read, NULL), 0);
    dkim_key_append_record(made, &record);
    assert_int_equal(dkim_key_check_record(read, buffer_text(&record), NULL), 0);
    dkim_key_destroy(&made);
    dkim_key_destroy(&read);
    buffer_finish(&pem);
    buffer_finish(&record);
}

static void a_new_rsa_key_has_a_good_size(void **state)
{
    struct dkim_key *key = NULL;
    struct problem problem;
    (void)state;
    assert_int_equal(dkim_key_generate(DKIM_KEY_KIND_RSA, 1024, &key, &problem), -EINVAL);
    assert_string_equal(problem.rule, "D1");
    assert_int_equal(dkim_key_generate(DKIM_KEY_KIND_RSA, 8192, &key, &problem), -EINVAL);
    assert_int_equal(dkim_key_generate(DKIM_KEY_KIND_RSA, 2048, &key, &problem), 0);
    assert_int_equal(dkim_key_bits(key), 2048);
    dkim_key_destroy(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_judged_by_size_and_kind),
        cmocka_unit_test(an_empty_or_huge_file_is_no_key),
        cmocka_unit_test(the_record_of_an_ed25519_key),
        cmocka_unit_test(a_long_record_is_split),
        cmocka_unit_test(a_published_record_is_checked),
        cmocka_unit_test(its_own_record_is_accepted_and_no_other),
        cmocka_unit_test(a_new_key_can_be_kept),
        cmocka_unit_test(a_new_rsa_key_has_a_good_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
