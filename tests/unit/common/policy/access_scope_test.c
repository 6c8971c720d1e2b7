#include "common/policy/access_scope.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void every_scope_has_a_name_that_finds_it(void **state)
{
    (void)state;
    for (unsigned int scope = 1; scope < ACCESS_SCOPE_LIMIT; scope++) {
        const char *name = access_scope_name((enum access_scope)scope);
        assert_int_equal(access_scope_find(text_of(name)), ACCESS_BIT(scope));
        assert_true(ACCESS_ALL & ACCESS_BIT(scope));
    }
    assert_int_equal(ACCESS_ALL & 1, 0);
    assert_int_equal(access_scope_find(TEXT("")), 0);
    assert_int_equal(access_scope_find(TEXT("Campaign:write")), 0);
}

static void sets_are_told_in_order(void **state)
{
    (void)state;
    struct buffer out = {0};
    access_scope_append(ACCESS_BIT(ACCESS_AUDIT_READ) | ACCESS_BIT(ACCESS_CAMPAIGN_WRITE), &out);
    assert_true(text_equal(buffer_text(&out), TEXT("campaign:write, audit:read")));
    buffer_finish(&out);
}

/* What approval by a second person and least privilege rest on. */
static void roles_keep_duties_apart(void **state)
{
    (void)state;
    const uint32_t approve = ACCESS_BIT(ACCESS_CAMPAIGN_APPROVE);
    const uint32_t make = ACCESS_BIT(ACCESS_CAMPAIGN_WRITE) | ACCESS_BIT(ACCESS_CAMPAIGN_SUBMIT);
    size_t count = 0;
    const struct access_role *roles = access_scope_roles(&count);
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(access_scope_role(text_of(roles[i].name)), &roles[i]);
        assert_true(roles[i].scopes != 0 && (roles[i].scopes & ~ACCESS_ALL) == 0);
        if (roles[i].scopes != ACCESS_ALL) {
            assert_false((roles[i].scopes & approve) != 0 && (roles[i].scopes & make) != 0);
        }
    }
    const uint32_t mail = make | ACCESS_BIT(ACCESS_EVENT_READ) | ACCESS_BIT(ACCESS_RECIPIENT_VIEW);
    assert_int_equal(access_scope_role(TEXT("operator"))->scopes & mail, 0);
    assert_null(access_scope_role(TEXT("king")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scope_has_a_name_that_finds_it),
        cmocka_unit_test(sets_are_told_in_order),
        cmocka_unit_test(roles_keep_duties_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
