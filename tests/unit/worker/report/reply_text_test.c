#include "worker/report/reply_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

static const struct {
    const char *reply;
    const char *clean;
} cases[] = {
    {"250 ok", "250 ok"},
    {"", ""},
    {"5.1.1 <anna@example.net>: no such user", "5.1.1 <<address>>: no such user"},
    {"no mailbox anna@example.net here", "no mailbox <address> here"},
    {"anna@example.net", "<address>"},
    {"two\nlines\tand a tab", "two lines and a tab"},
    {"bell\x07 and \x7f", "bell? and ?"},
    {"日本語 の応答", "日本語 の応答"},
    {"cut \xe6\x97", "cut ??"},
    {"user=anna@example.net;x", "user=<address>;x"},
};

static void test_no_address_stays(void **state)
{
    (void)state;
    char text[REPLY_TEXT_BYTES + 1];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t size = reply_text_clean(text_of(cases[i].reply), text);
        assert_string_equal(text, cases[i].clean);
        assert_int_equal(size, strlen(cases[i].clean));
        assert_true(text_is_utf8((struct text){text, size}));
    }
}

/* At any length: within the bound, no half character. */
static void test_it_is_bounded(void **state)
{
    (void)state;
    char reply[3 * REPLY_TEXT_BYTES];
    char text[REPLY_TEXT_BYTES + 1];
    for (size_t i = 0; i + 3 <= sizeof reply; i += 3) {
        memcpy(reply + i, "本", 3);
    }
    for (size_t size = 0; size <= sizeof reply; size++) {
        size_t used = reply_text_clean((struct text){reply, size}, text);
        assert_true(used <= REPLY_TEXT_BYTES);
        assert_true(text_is_utf8((struct text){text, used}));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_address_stays),
        cmocka_unit_test(test_it_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
