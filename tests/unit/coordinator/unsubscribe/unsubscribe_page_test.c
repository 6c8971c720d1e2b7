#include "coordinator/unsubscribe/unsubscribe_page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* cmocka wants these before it */
#include <cmocka.h>

static char *page_of(struct buffer *out, enum unsubscribe_page page, const char *stream,
                     bool is_english)
{
    buffer_clear(out);
    unsubscribe_page_append(out, page, text_of(stream), is_english);
    buffer_append_byte(out, '\0');
    return out->data;
}

/* U5: what a GET shows needs no script, nothing from elsewhere, and asks before it acts. */
static void the_page_asks_and_loads_nothing(void **state)
{
    (void)state;
    OWNED(buffer_finish) struct buffer out = {0};
    const char *page = page_of(&out, UNSUBSCRIBE_PAGE_CONFIRM, "spring<b>&\"", false);
    assert_non_null(strstr(page, "<html lang=\"ja\">"));
    assert_non_null(strstr(page, "<section lang=\"en\">"));
    assert_non_null(strstr(page, "<form method=\"post\" action=\"\">"));
    assert_non_null(strstr(page, "name=\"List-Unsubscribe\" value=\"One-Click\""));
    assert_non_null(strstr(page, "spring&#60;b&#62;&#38;&#34;"));
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "http"));
    page = page_of(&out, UNSUBSCRIBE_PAGE_CONFIRM, "default", true);
    assert_non_null(strstr(page, "<html lang=\"en\">"));
    assert_null(strstr(page, "default"));
}

static void other_pages_ask_nothing(void **state)
{
    (void)state;
    OWNED(buffer_finish) struct buffer out = {0};
    for (enum unsubscribe_page page = UNSUBSCRIBE_PAGE_DONE; page <= UNSUBSCRIBE_PAGE_LATER;
         page++) {
        const char *text = page_of(&out, page, "spring", true);
        assert_null(strstr(text, "<form"));
        assert_non_null(strstr(text, "<h1>"));
        assert_non_null(strstr(text, "</html>"));
    }
}

static void the_policy_permits_only_its_own_style(void **state)
{
    (void)state;
    char policy[UNSUBSCRIBE_PAGE_POLICY_BYTES];
    unsubscribe_page_policy(policy);
    assert_non_null(strstr(policy, "default-src 'none'; style-src 'sha256-"));
    assert_non_null(strstr(policy, "frame-ancestors 'none'"));
    assert_null(strstr(policy, "unsafe"));
}

static void the_reader_s_language_comes_first(void **state)
{
    (void)state;
    static const struct {
        const char *accept;
        bool is_english;
    } cases[] = {{NULL, false},     {"", false},
                 {"fr, de", false}, {"en-US,en;q=0.9,ja;q=0.8", true},
                 {"ja, en", false}, {"fr, en;q=0.5", true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(unsubscribe_page_is_english(text_of(cases[i].accept)),
                         cases[i].is_english);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_asks_and_loads_nothing),
        cmocka_unit_test(other_pages_ask_nothing),
        cmocka_unit_test(the_policy_permits_only_its_own_style),
        cmocka_unit_test(the_reader_s_language_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
