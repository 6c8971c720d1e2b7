#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/mail/unsubscribe_link.h"

#include <string.h>

#define OWN_URL HIKYAKU__V1__UNSUBSCRIBE_MODE__UNSUBSCRIBE_MODE_OWN_URL
#define HIKYAKU_PAGE HIKYAKU__V1__UNSUBSCRIBE_MODE__UNSUBSCRIBE_MODE_HIKYAKU

/* U3: where the token stands. */
static void a_link_holds_the_token(void **state)
{
    (void)state;
    static const struct {
        Hikyaku__V1__UnsubscribeMode mode;
        const char *url;
        const char *link;
    } cases[] = {
        {OWN_URL, "https://a.example/u", "https://a.example/u?t=u.1"},
        {OWN_URL, "https://a.example/u?x=1", "https://a.example/u?x=1&t=u.1"},
        {OWN_URL, "https://a.example/u#top", "https://a.example/u?t=u.1#top"},
        {OWN_URL, "https://a.example/u?x#y?z", "https://a.example/u?x&t=u.1#y?z"},
        {HIKYAKU_PAGE, "https://a.example", "https://a.example/u.1"},
        {HIKYAKU_PAGE, "https://a.example/", "https://a.example/u.1"},
        {HIKYAKU_PAGE, "https://a.example/mail/stop", "https://a.example/mail/stop/u.1"},
    };
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text link =
            unsubscribe_link_make(cases[i].mode, text_of(cases[i].url), TEXT("u.1"), arena);
        assert_string_equal(link.data, cases[i].link);
        assert_int_equal(link.size, strlen(cases[i].link));
    }
}

static void only_content_that_says_so_has_links(void **state)
{
    (void)state;
    Hikyaku__V1__Content content = HIKYAKU__V1__CONTENT__INIT;
    Hikyaku__V1__Unsubscribe unsubscribe = HIKYAKU__V1__UNSUBSCRIBE__INIT;
    assert_false(unsubscribe_link_is_there(&content));
    content.unsubscribe = &unsubscribe;
    assert_false(unsubscribe_link_is_there(&content));
    unsubscribe.mode = HIKYAKU__V1__UNSUBSCRIBE_MODE__UNSUBSCRIBE_MODE_NONE;
    assert_false(unsubscribe_link_is_there(&content));
    unsubscribe.mode = OWN_URL;
    assert_true(unsubscribe_link_is_there(&content));
    unsubscribe.mode = HIKYAKU_PAGE;
    assert_true(unsubscribe_link_is_there(&content));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_holds_the_token),
        cmocka_unit_test(only_content_that_says_so_has_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
