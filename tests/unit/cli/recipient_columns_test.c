#include "cli/recipient_columns.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct csv_row row_of(const struct text *fields, size_t count)
{
    return (struct csv_row){fields, count, 1, 1};
}

static void columns_become_a_recipient(void **state)
{
    (void)state;
    const struct text header[] = {TEXT("address"), TEXT("name"), TEXT("ref"), TEXT(" \"odd\" ")};
    const struct text values[] = {TEXT("a@b.test"), TEXT("山\"田\n"), TEXT("c-1"), TEXT("")};
    struct csv_row first = row_of(header, 4);
    struct csv_row second = row_of(values, 4);
    struct recipient_columns *columns;
    struct problem problem = {0};
    struct arena *arena = arena_create(0);
    Hikyaku__V1__Recipient recipient;
    assert_int_equal(recipient_columns_create(&first, &columns, &problem), 0);
    for (int i = 0; i < 2; i++) {
        recipient_columns_fill(columns, &second, arena, &recipient);
        assert_string_equal(recipient.address, "a@b.test");
        assert_string_equal(recipient.ref, "c-1");
        assert_string_equal(recipient.lang, "");
        assert_string_equal(recipient.fields,
                            "{\"name\":\"山\\\"田\\u000a\",\"\\\"odd\\\"\":\"\"}");
    }
    recipient_columns_destroy(&columns);
    arena_destroy(&arena);
}

static void without_merge_fields_there_is_no_object(void **state)
{
    (void)state;
    const struct text header[] = {TEXT("lang"), TEXT("address"), TEXT("display_name")};
    const struct text values[] = {TEXT("ja"), TEXT("a@b.test"), TEXT("山田")};
    struct csv_row first = row_of(header, 3);
    struct csv_row second = row_of(values, 3);
    struct recipient_columns *columns;
    struct arena *arena = arena_create(0);
    Hikyaku__V1__Recipient recipient;
    assert_int_equal(recipient_columns_create(&first, &columns, NULL), 0);
    recipient_columns_fill(columns, &second, arena, &recipient);
    assert_string_equal(recipient.fields, "");
    assert_string_equal(recipient.lang, "ja");
    assert_string_equal(recipient.display_name, "山田");
    recipient_columns_destroy(&columns);
    arena_destroy(&arena);
}

static void a_header_that_cannot_be_meant_is_refused(void **state)
{
    (void)state;
    const struct {
        struct text names[3];
        size_t count;
        const char *message;
    } cases[] = {
        {{TEXT("name"), TEXT("mail")},
         2,
         "has no column \"address\": the first row names the columns"},
        {{TEXT("address"), TEXT(" ")}, 2, "column 2 has no name"},
        {{TEXT("address"), TEXT("name"), TEXT("name ")}, 3, "column \"name\" stands twice"},
        {{TEXT("a@b.test")}, 1, "has no column \"address\": the first row names the columns"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct recipient_columns *columns = NULL;
        struct problem problem = {0};
        struct csv_row header = row_of(cases[i].names, cases[i].count);
        assert_int_equal(recipient_columns_create(&header, &columns, &problem), -EINVAL);
        assert_null(columns);
        assert_string_equal(problem.message, cases[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_become_a_recipient),
        cmocka_unit_test(without_merge_fields_there_is_no_object),
        cmocka_unit_test(a_header_that_cannot_be_meant_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
