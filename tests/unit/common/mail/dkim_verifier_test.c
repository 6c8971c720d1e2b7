#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/common/mail/dkim_data.h"

#include <errno.h>
#include <string.h>

#define NOW_UNIX_S 1795000000 /* November 2026 */
#define KEYS_MAX 64

enum { FILE_NAME, ZONE, EXPECTED, N_SIGNATURES, VERIFY_AT, SOURCE, NOTE };

static struct dkim_verifier *verifier;

static int setup(void **state)
{
    (void)state;
    return dkim_verifier_create(&verifier, NULL);
}

static int teardown(void **state)
{
    (void)state;
    dkim_verifier_destroy(&verifier);
    assert_null(verifier);
    return 0;
}

static size_t keys_of_zone(struct text dns, struct text zone, struct dkim_verifier_key *keys)
{
    struct text columns[DKIM_DATA_COLUMNS_MAX];
    size_t count = 0;
    while (dkim_data_row(&dns, columns)) {
        if (!text_equal(columns[0], zone)) {
            continue;
        }
        assert_true(count < KEYS_MAX);
        keys[count] = (struct dkim_verifier_key){.name = columns[1], .record = columns[4]};
        keys[count].answer = DKIM_VERIFIER_FAILED;
        if (text_equal(columns[3], TEXT("NOERROR"))) {
            keys[count].answer = DKIM_VERIFIER_FOUND;
        } else if (text_equal(columns[3], TEXT("NXDOMAIN"))) {
            keys[count].answer = DKIM_VERIFIER_NOT_FOUND;
        }
        count++;
    }
    return count;
}

static void check(const struct text *columns, struct text dns, struct dkim_verifier_result *result)
{
    struct dkim_verifier_key keys[KEYS_MAX];
    char name[128];
    struct buffer message = {0};
    uint64_t now_unix_s = NOW_UNIX_S;
    (void)snprintf(name, sizeof name, "%.*s", TEXT_PRINT(columns[FILE_NAME]));
    dkim_data_load(name, &message);
    if (columns[VERIFY_AT].size > 0) {
        assert_int_equal(text_to_u64(columns[VERIFY_AT], UINT64_MAX, &now_unix_s), 0);
    }
    size_t count = keys_of_zone(dns, columns[ZONE], keys);
    int error =
        dkim_verifier_check(verifier, buffer_text(&message), keys, count, now_unix_s, result);
    if (error != 0) {
        print_error("%s: error %d\n", name, error);
    }
    buffer_finish(&message);
}

/* The messages of class core: RFC 6376, 8301 and 8463 settle their verdict. */
static void core_messages_get_their_verdict(void **state)
{
    static struct dkim_verifier_result result;
    struct buffer index = {0};
    struct buffer dns = {0};
    struct text columns[DKIM_DATA_COLUMNS_MAX];
    size_t wrong = 0;
    size_t rows = 0;
    (void)state;
    dkim_data_load("core.tsv", &index);
    dkim_data_load("dns.tsv", &dns);
    struct text table = buffer_text(&index);
    assert_true(dkim_data_row(&table, columns));
    while (dkim_data_row(&table, columns)) {
        check(columns, buffer_text(&dns), &result);
        rows++;
        const char *got = dkim_verifier_verdict_name(result.verdict);
        if (!text_equal(columns[EXPECTED], text_of(got))) {
            wrong++;
            print_error("%.*s: want %.*s, got %s (%s), %.*s\n", TEXT_PRINT(columns[FILE_NAME]),
                        TEXT_PRINT(columns[EXPECTED]), got,
                        result.count > 0 ? result.signatures[0].reason : "",
                        TEXT_PRINT(columns[NOTE]));
        }
    }
    assert_int_equal(rows, 52);
    assert_int_equal(wrong, 0);
    buffer_finish(&index);
    buffer_finish(&dns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(core_messages_get_their_verdict),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
