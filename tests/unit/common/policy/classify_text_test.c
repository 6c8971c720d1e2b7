#include "common/policy/classify_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void texts_become_plain(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *plain;
    } cases[] = {
        {"", ""},
        {"  User \t Unknown\r\n", "user unknown"},
        {"Bo\xc3\xaete pleine, \xc3\x89metteur", "boite pleine, emetteur"},
        {"Bo\xeete pleine", "boite pleine"}, /* Latin-1 */
        {"Nie istnieje \xc5\xbc\xc3\xb3\xc5\x82w", "nie istnieje zolw"},
        {"example\xe2\x80\x99s \xe2\x80\x9cpolicy\xe2\x80\x9d \xe2\x80\x93 no",
         "example's \"policy\" - no"},
        {"a\xc2\xa0"
         "b",
         "a b"},
        {"<User.Unknown+x@Mail.Example>: User unknown", "<@>: user unknown"},
        {"write to postmaster@example.com. Thanks", "write to @. thanks"},
        {"@@ a@ @b", "@@ @ @"},
        {"\xe5\xae\x9b\xe5\x85\x88", "\xe5\xae\x9b\xe5\x85\x88"},
        {"\xe2\x80", "\xe2\x80"}, /* half a character */
        /* Codes of further lines are no words; an address, a size, a first code are left alone. */
        {"detected that this 550-5.7.1 message is 550 5.7.1 likely\n5.7.1 spam",
         "detected that this message is likely spam"},
        {"no SMTP 554-service for 550-1", "no smtp service for 550-1"},
        {"5.7.1 ip 5.7.1.9 is 5.7.12345 4.2 or 550 (#5.1.1) 250-5.1.1",
         "5.7.1 ip 5.7.1.9 is 5.7.12345 4.2 or 550 (#5.1.1) 250-5.1.1"},
        {"said 421-4.7.0", "said 421-4.7.0"},
        {"\x01\x7f"
         "a",
         "a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char plain[CLASSIFY_TEXT_MAX];
        size_t size = classify_text_plain(text_of(cases[i].text), plain);
        if (!text_equal((struct text){plain, size}, text_of(cases[i].plain))) {
            fail_msg("case %zu: \"%.*s\"", i, (int)size, plain);
        }
    }
}

static void a_long_text_is_cut(void **state)
{
    (void)state;
    char text[3 * CLASSIFY_TEXT_MAX];
    char plain[CLASSIFY_TEXT_MAX];
    memset(text, 'X', sizeof text);
    assert_int_equal(classify_text_plain((struct text){text, sizeof text}, plain),
                     CLASSIFY_TEXT_MAX);
    assert_int_equal(plain[CLASSIFY_TEXT_MAX - 1], 'x');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_become_plain),
        cmocka_unit_test(a_long_text_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
