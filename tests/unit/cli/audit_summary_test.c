#include "cli/audit_summary.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void quarters_begin_and_end(void **state)
{
    static const struct {
        const char *text;
        int64_t since_ms;
        int64_t until_ms;
    } cases[] = {
        {"2026-Q4", 1790812800000, 1798761600000},
        {"2024-Q1", 1704067200000, 1711929600000},
    };
    static const char *const bad[] = {"",        "2026",  "2026-Q0", "2026-Q5",
                                      "2026-q1", "26-Q1", "2026Q1"};
    (void)state;
    int64_t since_ms;
    int64_t until_ms;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(audit_summary_quarter(text_of(cases[i].text), &since_ms, &until_ms), 0);
        assert_true(since_ms == cases[i].since_ms && until_ms == cases[i].until_ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(audit_summary_quarter(text_of(bad[i]), &since_ms, &until_ms), -EINVAL);
    }
}

static void add(struct audit_summary *summary, int64_t at_ms, const char *principal,
                const char *call, const char *result, const char *rule, uint64_t count)
{
    audit_summary_add(summary, &(struct audit_entry){.at_unix_ms = at_ms,
                                                     .principal = principal,
                                                     .call = call,
                                                     .target = "target=x",
                                                     .reason = "",
                                                     .result = result,
                                                     .rule = rule,
                                                     .count = count});
}

static void assert_has(const struct buffer *out, const char *part)
{
    assert_non_null(memmem(out->data, out->size, part, strlen(part)));
}

static void a_summary_counts_and_lists(void **state)
{
    (void)state;
    struct audit_summary *summary = audit_summary_create(1000, 2000);
    add(summary, 999, "early", "AccessService/CreateKey", "ok", "", 1);
    add(summary, 2000, "late", "AccessService/CreateKey", "ok", "", 1);
    add(summary, 1000, "", "audit.opened", "ok", "", 1);
    add(summary, 1001, "yamada", "MessageService/SendMessages", "ok", "", 41);
    add(summary, 1002, "yamada", "AccessService/CreateKey", "permission_denied", "scope", 1);
    add(summary, 1003, "suzuki", "FleetService/Stop", "ok", "", 1);
    add(summary, 1004, "", "audit.key_refused", "unauthenticated", "expired", 7);
    add(summary, 1005, "", "audit.lost", "ok", "", 3);
    OWNED(buffer_finish) struct buffer out = {0};
    audit_summary_append(summary, &out);
    assert_has(&out, "yamada            42        1");
    assert_has(&out, "(key refused)      7        7");
    assert_has(&out, "expired      7");
    assert_has(&out, "scope        1");
    assert_has(&out, "changes of principals and keys: 1");
    assert_has(&out, "decisions of persons over what the cluster does: 1");
    assert_has(&out, "1 coordinator sessions began, 0 ended in order, 3 entries lost");
    assert_null(memmem(out.data, out.size, "early", 5));
    assert_null(memmem(out.data, out.size, "late", 4));
    audit_summary_destroy(&summary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quarters_begin_and_end),
        cmocka_unit_test(a_summary_counts_and_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
