#include "worker/pipeline/sandbox.h"

#include "common/mail/enhanced_code.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

static void test_the_local_part_decides(void **state)
{
    static const struct {
        const char *address;
        enum outcome outcome;
        uint16_t smtp;
    } cases[] = {
        {"bounce@sandbox.invalid", OUTCOME_BOUNCED, 550},
        {"Bounce@SANDBOX.invalid", OUTCOME_BOUNCED, 550},
        {"bounce+17@sandbox.invalid", OUTCOME_BOUNCED, 550},
        {"reject@sandbox.invalid", OUTCOME_BOUNCED, 554},
        {"full@sandbox.invalid", OUTCOME_DEFERRED, 452},
        {"defer@sandbox.invalid", OUTCOME_DEFERRED, 451},
        {"uncertain@sandbox.invalid", OUTCOME_UNCERTAIN, 0},
        {"slow@sandbox.invalid", OUTCOME_DELIVERED, 250},
        {"anna@sandbox.invalid", OUTCOME_DELIVERED, 250},
        {"bounced@sandbox.invalid", OUTCOME_DELIVERED, 250},
        {"bounce@example.net", OUTCOME_DELIVERED, 250}, /* magic only at sandbox.invalid */
        {"\"bounce@sandbox.invalid\"@example.net", OUTCOME_DELIVERED, 250},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct sandbox_rule *rule = sandbox_find(text_of(cases[i].address));
        assert_int_equal(rule->outcome, cases[i].outcome);
        assert_int_equal(rule->smtp, cases[i].smtp);
    }
}

static void test_each_rule_is_told(void **state)
{
    (void)state;
    size_t count;
    const struct sandbox_rule *rules = sandbox_rules(&count);
    for (size_t i = 0; i < count; i++) {
        assert_true(rules[i].meaning[0] != '\0' && rules[i].reply[0] != '\0');
        assert_true(rules[i].smtp == 0 ||
                    rules[i].smtp / 100 == ENHANCED_CODE_CLASS(rules[i].enhanced));
    }
    assert_string_equal(rules[count - 1].local, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_local_part_decides),
        cmocka_unit_test(test_each_rule_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
