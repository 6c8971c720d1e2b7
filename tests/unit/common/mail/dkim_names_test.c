#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/mail/dkim_names.h"

#include <errno.h>

/* D4, D6: without lists of one's own. */
static void the_default_lists_are_those_of_the_rules(void **state)
{
    static const struct {
        const char *name;
        bool is_oversigned;
    } wanted[] = {
        {"from", true},
        {"sender", true},
        {"reply-to", true},
        {"to", true},
        {"cc", true},
        {"subject", true},
        {"date", true},
        {"message-id", true},
        {"in-reply-to", false},
        {"references", false},
        {"mime-version", true},
        {"content-type", true},
        {"list-id", false},
        {"content-transfer-encoding", false},
        {"feedback-id", false},
        {"list-unsubscribe", true},
        {"auto-submitted", false},
        {"list-unsubscribe-post", true},
    };
    struct dkim_names names;
    (void)state;
    assert_int_equal(dkim_names_init(&names, NULL, 0, NULL, 0, NULL), 0);
    assert_int_equal(names.count, sizeof wanted / sizeof wanted[0]);
    for (size_t i = 0; i < names.count; i++) {
        int found = dkim_names_find(&names, text_of(wanted[i].name));
        assert_true(found >= 0);
        assert_int_equal(names.items[found].is_oversigned, wanted[i].is_oversigned);
    }
    assert_int_equal(dkim_names_find(&names, TEXT("received")), -1);
}

/* D5, and what would break the tag h=. */
static void lists_that_break_the_rules_are_refused(void **state)
{
    static const struct {
        const char *name;
        const char *rule; /* NULL: good */
    } cases[] = {
        {"X-Campaign", NULL},
        {"FROM", NULL},
        {"Received", "D5"},
        {"return-path", "D5"},
        {"DKIM-Signature", "D5"},
        {"Comments", "D5"},
        {"Keywords", "D5"},
        {"Authentication-Results", "D5"},
        {"", "D4"},
        {"a b", "D4"},
        {"a:b", "D4"},
        {"a;b", "D4"},
        {"\xc3\xa4", "D4"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dkim_names names;
        struct problem problem = {0};
        struct text list[] = {TEXT("From"), text_of(cases[i].name)};
        int error = dkim_names_init(&names, list, 2, NULL, 0, &problem);
        assert_int_equal(error, cases[i].rule == NULL ? 0 : -EINVAL);
        assert_string_equal(problem.rule, cases[i].rule == NULL ? "" : cases[i].rule);
    }
}

/* D4, D6: From, always and twice. */
static void from_is_signed_and_oversigned(void **state)
{
    static const struct text to[] = {{"To", 2}};
    static const struct text from[] = {{"From", 4}};
    struct dkim_names names;
    struct problem problem;
    (void)state;
    assert_int_equal(dkim_names_init(&names, to, 1, to, 1, &problem), -EINVAL);
    assert_string_equal(problem.rule, "D4");
    assert_int_equal(dkim_names_init(&names, from, 1, to, 1, &problem), -EINVAL);
    assert_string_equal(problem.rule, "D6");
    assert_int_equal(dkim_names_init(&names, to, 1, from, 1, &problem), 0);
    assert_int_equal(names.count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_lists_are_those_of_the_rules),
        cmocka_unit_test(lists_that_break_the_rules_are_refused),
        cmocka_unit_test(from_is_signed_and_oversigned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
