#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/common/mail/compose_data.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void a_message_is_exactly_these_bytes(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct compose_content content = compose_data_content(
        "Order {{n}}", "Hello {{name}},\nthank you for coming to our shop.\n", "");
    struct compose_recipient recipient = compose_data_recipient(
        arena, "hanako@example.jp", "{\"name\": \"\xe8\x8a\xb1\xe5\xad\x90\", \"n\": 1.10}");
    recipient.display_name = TEXT("Hanako Sato");
    char *message = compose_data_message(&content, &recipient, NULL);
    assert_string_equal(message, "Date: Tue, 24 Nov 2026 09:30:00 +0900\r\n"
                                 "Message-ID: <abc.1@shop.example>\r\n"
                                 "To: Hanako Sato <hanako@example.jp>\r\n"
                                 "From: Shop <news@shop.example>\r\n"
                                 "Subject: Order 1.10\r\n"
                                 "MIME-Version: 1.0\r\n"
                                 "Content-Type: text/plain; charset=utf-8\r\n"
                                 "Content-Transfer-Encoding: quoted-printable\r\n"
                                 "\r\n"
                                 "Hello =E8=8A=B1=E5=AD=90,\r\n"
                                 "thank you for coming to our shop.\r\n");
    free(message);
}

static void html_comes_with_a_text_made_from_it(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct compose_content content = compose_data_content(
        "Hi", "", "<p>Dear {{name}}</p><p><a href=\"https://a.example/\">Go</a></p>");
    struct compose_recipient recipient =
        compose_data_recipient(arena, "a@example.jp", "{\"name\": \"B & C\"}");
    char *message = compose_data_message(&content, &recipient, NULL);
    const char *body = strstr(message, "Content-Type: multipart/alternative");
    assert_non_null(body);
    assert_string_equal(body,
                        "Content-Type: multipart/alternative;\r\n"
                        " boundary=\"=_0123456789abcdef_1\"\r\n"
                        "\r\n"
                        "--=_0123456789abcdef_1\r\n"
                        "Content-Type: text/plain; charset=us-ascii\r\n"
                        "Content-Transfer-Encoding: 7bit\r\n"
                        "\r\n"
                        "Dear B & C\r\n"
                        "\r\n"
                        "Go <https://a.example/>\r\n"
                        "\r\n"
                        "--=_0123456789abcdef_1\r\n"
                        "Content-Type: text/html; charset=us-ascii\r\n"
                        "Content-Transfer-Encoding: 7bit\r\n"
                        "\r\n"
                        "<p>Dear B &amp; C</p><p><a href=\"https://a.example/\">Go</a></p>\r\n"
                        "\r\n"
                        "--=_0123456789abcdef_1--\r\n");
    free(message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_exactly_these_bytes),
        cmocka_unit_test(html_comes_with_a_text_made_from_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
