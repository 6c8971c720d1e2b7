#include "coordinator/unsubscribe/unsubscribe_form.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
/* cmocka wants these before it */
#include <cmocka.h>

#define PLAIN "application/x-www-form-urlencoded"
#define PARTS "multipart/form-data; boundary="
#define PART(name, value) "Content-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"

/* U4: both encodings, as RFC 8058, 8.2 has them and as providers vary them. */
static void both_encodings_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        const char *body;
        int error;
        struct unsubscribe_form form; /* one click, page, all */
    } cases[] = {
        {PLAIN, "List-Unsubscribe=One-Click", 0, {true, false, false}},
        {PLAIN "; charset=UTF-8", "List-Unsubscribe=One-Click\r\n", 0, {true, false, false}},
        {"", "List-Unsubscribe=One-Click", 0, {true, false, false}},
        {PLAIN, "list%2Dunsubscribe=%4Fne-click&x=%zz%", 0, {true, false, false}},
        {PLAIN, "List-Unsubscribe=One-Click&page=ja&scope=all", 0, {true, true, true}},
        {PLAIN, "List-Unsubscribe=One-Click&scope=allx", 0, {true, false, false}},
        {PLAIN, "List-Unsubscribe=Two-Click", 0, {false, false, false}},
        {PLAIN, "List-Unsubscribe", 0, {false, false, false}},
        {PLAIN, "", 0, {false, false, false}},
        {PLAIN, "&&&&&&&&&&&&&&&&&&", -EINVAL, {false, false, false}},
        {"text/plain", "List-Unsubscribe=One-Click", -EPROTONOSUPPORT, {false, false, false}},
        {"application/json", "{}", -EPROTONOSUPPORT, {false, false, false}},
        {PARTS "---F",
         "-----F\r\n" PART("List-Unsubscribe", "One-Click") "-----F--\r\n",
         0,
         {true, false, false}},
        {PARTS "\"a b\"; charset=utf-8",
         "preamble\r\n--a b\r\n" PART("x", "y") "--a b\r\n" PART("page", "en") "--a b  \r\n" PART(
             "List-Unsubscribe", "One-Click") "--a b--",
         0,
         {true, true, false}},
        {PARTS "F", "--F\r\n" PART("List-Unsubscribe", "One-Click"), -EINVAL, {false}},
        {PARTS "F", "--F\r\nContent-Disposition: form-data\r\n--F--", -EINVAL, {false}},
        {PARTS "F", "List-Unsubscribe=One-Click", -EINVAL, {false}},
        {PARTS "F", "--F--", 0, {false, false, false}},
        {PARTS, "--\r\n", -EINVAL, {false}},
        {"multipart/form-data", "--F--", -EINVAL, {false}},
        {PARTS "123456789012345678901234567890123456789012345678901234567890123456789012",
         "",
         -EINVAL,
         {false}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct unsubscribe_form form = {false, false, false};
        int error = unsubscribe_form_read(text_of(cases[i].type), text_of(cases[i].body), &form);
        if (error != cases[i].error || form.is_one_click != cases[i].form.is_one_click ||
            form.is_page != cases[i].form.is_page || form.is_of_all != cases[i].form.is_of_all) {
            fail_msg("case %zu: %d %d %d %d", i, error, form.is_one_click, form.is_page,
                     form.is_of_all);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_encodings_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
