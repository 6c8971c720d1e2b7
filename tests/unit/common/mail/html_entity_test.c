#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/mail/html_entity.h"

#include <string.h>

/* First and last of the table, and some between: it is searched by halves. */
static const struct {
    const char *reference;
    size_t length; /* bytes read */
    const char *decoded;
} cases[] = {
    {"&Eacute;x", 8, "\xc3\x89"},
    {"&Uuml;", 6, "\xc3\x9c"},
    {"&aacute;", 8, "\xc3\xa1"},
    {"&amp;amp;", 5, "&"},
    {"&frac34;", 8, "\xc2\xbe"},
    {"&gt;", 4, ">"},
    {"&hellip;", 8, "\xe2\x80\xa6"},
    {"&lt;", 4, "<"},
    {"&nbsp;", 6, " "},
    {"&quot;", 6, "\""},
    {"&yen;", 5, "\xc2\xa5"},
    {"&zwnj;", 6, ""},
    {"&shy;", 5, ""},
    {"&#65;", 5, "A"},
    {"&#x1F600;", 9, "\xf0\x9f\x98\x80"},
    {"&#X41;", 6, "A"},
    {"&#0;", 4, ""},
    {"&#127;", 6, ""},
    {"&#133;", 6, ""},
    {"&#160;", 6, " "},
    {"&#xd800;", 8, "\xef\xbf\xbd"},
    {"&#9999999;", 10, "\xef\xbf\xbd"},
    /* None that we know: the text stays. */
    {"&", 0, ""},
    {"&;", 0, ""},
    {"&amp", 0, ""},
    {"&#;", 0, ""},
    {"&#x;", 0, ""},
    {"&#12a;", 0, ""},
    {"&#xg;", 0, ""},
    {"&AMP;", 0, ""},
    {"&nosuch;", 0, ""},
    {"&waytoolong;", 0, ""},
    {"&a b;", 0, ""},
};

static void each_reference_becomes_its_character(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char bytes[HTML_ENTITY_BYTES];
        size_t size = 0;
        print_message("%s\n", cases[i].reference);
        assert_int_equal(html_entity_decode(text_of(cases[i].reference), bytes, &size),
                         cases[i].length);
        assert_int_equal(size, strlen(cases[i].decoded));
        assert_memory_equal(bytes, cases[i].decoded, size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_reference_becomes_its_character)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
