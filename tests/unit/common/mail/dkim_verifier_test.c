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
    struct text columns[DATA_FILE_COLUMNS_MAX];
    size_t count = 0;
    while (data_file_row(&dns, columns)) {
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

/* @return as dkim_verifier_check() */
static int check(const struct text *columns, struct text dns, struct dkim_verifier_result *result)
{
    struct dkim_verifier_key keys[KEYS_MAX];
    char name[128];
    OWNED(buffer_finish) struct buffer message = {0};
    uint64_t now_unix_s = NOW_UNIX_S;
    (void)snprintf(name, sizeof name, "%.*s", TEXT_PRINT(columns[FILE_NAME]));
    data_file_load("dkim", name, &message);
    if (columns[VERIFY_AT].size > 0) {
        assert_int_equal(text_to_u64(columns[VERIFY_AT], UINT64_MAX, &now_unix_s), 0);
    }
    size_t count = keys_of_zone(dns, columns[ZONE], keys);
    return dkim_verifier_check(verifier, buffer_text(&message), keys, count, now_unix_s, result);
}

/* Where libopendkim, our second opinion, is known to say something else than the table. */
static const struct {
    const char *file;
    const char *verdict; /* NULL: dkim_verifier_check() gives -EINVAL */
    const char *why;
} known[] = {
    {"opendkim-d005.eml", "fail", "the origin's own test ends before the signature is checked"},
    {"rspamd-d006.eml", NULL, "one broken signature among several ends the library's look"},
    {"rspamd-d009.eml", "permerror", "a record above 1,024 bytes does not fit the library"},
};

/* The verdict to expect; `ret_error`: of dkim_verifier_check(). */
static struct text expected_verdict(const struct text *columns, int *ret_error)
{
    *ret_error = 0;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (text_equal(columns[FILE_NAME], text_of(known[i].file))) {
            *ret_error = known[i].verdict == NULL ? -EINVAL : 0;
            return text_of(known[i].verdict);
        }
    }
    return columns[EXPECTED];
}

/* @return false, with a line printed, when the verdict is another one */
static bool is_right(const struct text *columns, struct text dns)
{
    static struct dkim_verifier_result result;
    int wanted_error = 0;
    struct text wanted = expected_verdict(columns, &wanted_error);
    int error = check(columns, dns, &result);
    const char *got = error == 0 ? dkim_verifier_verdict_name(result.verdict) : "";
    if (error == wanted_error && text_equal(wanted, text_of(got))) {
        return true;
    }
    print_error("%.*s: want %.*s, got %d %s (%s), %.*s\n", TEXT_PRINT(columns[FILE_NAME]),
                TEXT_PRINT(wanted), error, got,
                error == 0 && result.count > 0 ? result.signatures[0].reason : "",
                TEXT_PRINT(columns[NOTE]));
    return false;
}

/* The messages of class core: RFC 6376, 8301 and 8463 settle their verdict (D1, D2). */
static void core_messages_get_their_verdict(void **state)
{
    OWNED(buffer_finish) struct buffer index = {0};
    OWNED(buffer_finish) struct buffer dns = {0};
    struct text columns[DATA_FILE_COLUMNS_MAX];
    size_t wrong = 0;
    size_t rows = 0;
    (void)state;
    data_file_load("dkim", "core.tsv", &index);
    data_file_load("dkim", "dns.tsv", &dns);
    struct text table = buffer_text(&index);
    assert_true(data_file_row(&table, columns));
    while (data_file_row(&table, columns)) {
        wrong += is_right(columns, buffer_text(&dns)) ? 0 : 1;
        rows++;
    }
    assert_int_equal(rows, 52);
    assert_int_equal(wrong, 0);
}

/* Signatures that are refused before their key is looked up: each with its own reason. */
static void refused_signatures_say_why(void **state)
{
    static const struct {
        const char *tags;
        const char *reason; /* part of it */
    } cases[] = {
        {"a=rsa-sha256; d=shop.test; s=s1; i=@other.test", "invalid domain coverage"},
        {"a=rsa-sha1; d=shop.test; s=s1", "rsa-sha1 is not accepted"},
        {"a=RSA-SHA1; d=shop.test; s=s1; i=@shop.test", "rsa-sha1 is not accepted"},
        {"a=rsa-sha256; d=shop.test; s=s1", "no key"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dkim_verifier_result result;
        OWNED(buffer_finish) struct buffer message = {0};
        buffer_printf(&message,
                      "DKIM-Signature: v=1; %s; c=relaxed/relaxed; h=from;\r\n"
                      " bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\r\n"
                      "From: news@shop.test\r\n\r\nText\r\n",
                      cases[i].tags);
        assert_int_equal(
            dkim_verifier_check(verifier, buffer_text(&message), NULL, 0, NOW_UNIX_S, &result), 0);
        assert_int_equal(result.count, 1);
        if (result.verdict != DKIM_VERIFIER_PERMERROR ||
            strstr(result.signatures[0].reason, cases[i].reason) == NULL) {
            fail_msg("%s: %s (%s)", cases[i].tags, dkim_verifier_verdict_name(result.verdict),
                     result.signatures[0].reason);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_signatures_say_why),
        cmocka_unit_test(core_messages_get_their_verdict),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
