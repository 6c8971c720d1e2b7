#include "common/base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void content_grows_by_every_way_of_appending(void **state)
{
    (void)state;
    OWNED(buffer_finish) struct buffer buffer = {0};
    assert_int_equal(buffer_text(&buffer).size, 0);
    buffer_append(&buffer, "ab", 2);
    buffer_append(&buffer, NULL, 0);
    buffer_append_text(&buffer, TEXT("c\0d"));
    buffer_append_string(&buffer, "ef");
    buffer_append_byte(&buffer, 'g');
    buffer_printf(&buffer, "%03d", 7);
    assert_true(text_equal(buffer_text(&buffer), TEXT("abc\0defg007")));
    memcpy(buffer_reserve(&buffer, 2), "hi", 2);
    buffer.size += 2;
    assert_true(text_equal(buffer_text(&buffer), TEXT("abc\0defg007hi")));
}

static void content_survives_growing(void **state)
{
    (void)state;
    OWNED(buffer_finish) struct buffer buffer = {0};
    for (unsigned int i = 0; i < 100000; i++) {
        buffer_append_byte(&buffer, (char)(i % 127));
    }
    assert_int_equal(buffer.size, 100000);
    for (unsigned int i = 0; i < 100000; i++) {
        assert_int_equal(buffer.data[i], i % 127);
    }
    buffer_printf(&buffer, "%5000s", "x");
    assert_int_equal(buffer.size, 105000);
}

static void the_front_is_used_up(void **state)
{
    (void)state;
    OWNED(buffer_finish) struct buffer buffer = {0};
    buffer_consume(&buffer, 0);
    buffer_append_string(&buffer, "hello");
    buffer_consume(&buffer, 2);
    assert_true(text_equal(buffer_text(&buffer), TEXT("llo")));
    buffer_consume(&buffer, 3);
    assert_int_equal(buffer.size, 0);
    buffer_append_string(&buffer, "x");
    buffer_clear(&buffer);
    assert_int_equal(buffer.size, 0);
    assert_true(buffer.capacity > 0);
}

static void content_is_handed_over(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    char *empty = buffer_take(&buffer);
    assert_string_equal(empty, "");
    free(empty);
    buffer_append_string(&buffer, "abc");
    char *string = buffer_take(&buffer);
    assert_string_equal(string, "abc");
    free(string);
    assert_null(buffer.data);
    assert_int_equal(buffer.size + buffer.capacity, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_grows_by_every_way_of_appending),
        cmocka_unit_test(content_survives_growing),
        cmocka_unit_test(the_front_is_used_up),
        cmocka_unit_test(content_is_handed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
