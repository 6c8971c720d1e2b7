#include "coordinator/allow_list.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define KEY_A "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
/* Z85 has '#' among its digits. */
#define KEY_B "Y#e@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"

static void lists_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *content;
        size_t count;
        const char *last;
    } cases[] = {
        {"nothing", "", 0, NULL},
        {"comments only", "# nobody\n\n   \n#\n", 0, NULL},
        {"one", KEY_A "\n", 1, KEY_A},
        {"without line end", KEY_A, 1, KEY_A},
        {"with a name", "  " KEY_A "  w-0 # in rack 7\r\n", 1, KEY_A},
        {"two", KEY_A " w-0\n# w-1 is gone\n" KEY_B "\tw-2\n", 2, KEY_B},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWNED(arena_destroy) struct arena *arena = arena_create(0);
        struct problem problem = {.message = ""};
        const char *const *keys = NULL;
        if (allow_list_parse(text_of(cases[i].content), arena, &keys, &problem) != 0) {
            fail_msg("%s: %s", cases[i].name, problem.message);
        }
        size_t count = 0;
        while (keys[count] != NULL) {
            count++;
        }
        assert_int_equal(count, cases[i].count);
        if (count > 0) {
            assert_string_equal(keys[count - 1], cases[i].last);
        }
    }
}

static void mistakes_name_their_line(void **state)
{
    (void)state;
    static const char *const cases[] = {
        KEY_A "\nshort\n",
        "# one\n" KEY_A "x\n",
        KEY_A "\n" KEY_A KEY_B "\n",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWNED(arena_destroy) struct arena *arena = arena_create(0);
        struct problem problem = {.message = ""};
        const char *const *keys = NULL;
        assert_int_equal(allow_list_parse(text_of(cases[i]), arena, &keys, &problem), -EINVAL);
        assert_null(keys);
        assert_string_equal(problem.message, "line 2: is not a public key");
    }
}

static void a_missing_file_is_a_problem(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct problem problem = {.message = ""};
    const char *const *keys = NULL;
    assert_int_equal(allow_list_read("/nonexistent/allow", arena, &keys, &problem), -ENOENT);
    assert_string_equal(problem.field, "/nonexistent/allow");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_read),
        cmocka_unit_test(mistakes_name_their_line),
        cmocka_unit_test(a_missing_file_is_a_problem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
