#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/mail/header.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define A10 "aaaaaaaaaa"
#define A50 A10 A10 A10 A10 A10
#define A200 A50 A50 A50 A50
#define JA_10                                                                              \
    "\xe3\x81\x82\xe3\x81\x84\xe3\x81\x86\xe3\x81\x88\xe3\x81\x8a\xe3\x81\x8b\xe3\x81\x8d" \
    "\xe3\x81\x8f\xe3\x81\x91\xe3\x81\x93"

/* 8 bytes to the line: "Subject:" */
static const struct {
    const char *value;
    const char *field;
} texts[] = {
    {"Hello", "Subject: Hello\r\n"},
    {"", "Subject: \r\n"},
    {"a  b", "Subject: =?UTF-8?Q?a__b?=\r\n"},
    {" a", "Subject: =?UTF-8?Q?_a?=\r\n"},
    {"a ", "Subject: =?UTF-8?Q?a_?=\r\n"},
    /* What looks encoded would be decoded. */
    {"=?utf-8?q?x?=", "Subject: =?UTF-8?B?PT91dGYtOD9xP3g/PQ==?=\r\n"},
    {"1+1=2?", "Subject: 1+1=2?\r\n"},
    {"caf\xc3\xa9 au lait", "Subject: =?UTF-8?Q?caf=C3=A9_au_lait?=\r\n"},
    {"\xe6\xb3\xa8\xe6\x96\x87", "Subject: =?UTF-8?B?5rOo5paH?=\r\n"},
    {A50 " " A10 " " A10 " " A10, "Subject: " A50 " " A10 "\r\n " A10 " " A10 "\r\n"},
    {A200, "Subject: " A200 "\r\n"},
    /* Characters are never split over encoded words. */
    {JA_10 JA_10, "Subject: =?UTF-8?B?44GC44GE44GG44GI44GK44GL44GN44GP44GR44GT44GC44GE44GG?=\r\n"
                  " =?UTF-8?B?44GI44GK44GL44GN44GP44GR44GT?=\r\n"},
};

static void free_text_is_folded_or_encoded(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        OWNED(buffer_finish) struct buffer out = {0};
        header_append_text(&out, TEXT("Subject"), text_of(texts[i].value));
        buffer_append_byte(&out, '\0');
        assert_string_equal(out.data, texts[i].field);
    }
}

static const struct {
    const char *name;
    const char *address;
    const char *field;
} mailboxes[] = {
    {"", "a@b.example", "To: a@b.example\r\n"},
    {"Hanako Sato", "a@b.example", "To: Hanako Sato <a@b.example>\r\n"},
    {"Sato, Hanako", "a@b.example", "To: \"Sato, Hanako\" <a@b.example>\r\n"},
    {"O'Neill", "a@b.example", "To: O'Neill <a@b.example>\r\n"},
    {"The \"Shop\" \\", "a@b.example", "To: \"The \\\"Shop\\\" \\\\\" <a@b.example>\r\n"},
    {"<x@y.example>", "a@b.example", "To: \"<x@y.example>\" <a@b.example>\r\n"},
    {"a  b", "a@b.example", "To: \"a  b\" <a@b.example>\r\n"},
    {"=?utf-8?q?x?=", "a@b.example", "To: =?UTF-8?B?PT91dGYtOD9xP3g/PQ==?= <a@b.example>\r\n"},
    {"\xe4\xbd\x90\xe8\x97\xa4", "a@b.example", "To: =?UTF-8?B?5L2Q6Jek?= <a@b.example>\r\n"},
    {"", "\xe5\xa4\xaa@b.example", "To: \xe5\xa4\xaa@b.example\r\n"},
};

static void display_names_are_atoms_quoted_or_encoded(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mailboxes / sizeof mailboxes[0]; i++) {
        OWNED(buffer_finish) struct buffer out = {0};
        struct header_mailbox mailbox = {text_of(mailboxes[i].address), text_of(mailboxes[i].name)};
        print_message("%s\n", mailboxes[i].field);
        header_append_mailboxes(&out, TEXT("To"), &mailbox, 1);
        buffer_append_byte(&out, '\0');
        assert_string_equal(out.data, mailboxes[i].field);
    }
}

static void several_mailboxes_stand_on_lines_of_their_own(void **state)
{
    static const struct header_mailbox all[] = {{{"a@b.example", 11}, {"A", 1}},
                                                {{"c@d.example", 11}, {"", 0}},
                                                {{"e@f.example", 11}, {"E", 1}}};
    OWNED(buffer_finish) struct buffer out = {0};
    (void)state;
    header_append_mailboxes(&out, TEXT("Reply-To"), all, 3);
    assert_true(
        text_equal(buffer_text(&out),
                   TEXT("Reply-To: A <a@b.example>,\r\n c@d.example,\r\n E <e@f.example>\r\n")));
}

/* S14: lines of at most 998 bytes, 78 where folding can do it, encoded words of at most 75. */
static void check_lines(struct text field, size_t most)
{
    struct text rest = field;
    struct text line;
    while (text_next_part(&rest, '\n', &line) && (line.size > 0 || rest.data != NULL)) {
        assert_true(line.size <= most + 1);
        size_t start = text_find(line, '=');
        if (start + 1 < line.size && line.data[start + 1] == '?') {
            assert_true(line.size - 1 - start <= 75 ||
                        text_find(text_skip(line, start), ' ') <= 75);
        }
    }
}

static void no_line_is_too_long(void **state)
{
    static const char *const units[] = {"a",  "a ", JA_10,       "\xf0\x9f\x98\x80",
                                        "\"", "=?", "\xc3\xa9 x"};
    (void)state;
    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
        OWNED(buffer_finish) struct buffer value = {0};
        while (value.size + strlen(units[u]) <= HEADER_VALUE_BYTES_MAX) {
            OWNED(buffer_finish) struct buffer out = {0};
            struct header_mailbox mailbox = {TEXT("a@b.example"), buffer_text(&value)};
            buffer_append_string(&value, units[u]);
            mailbox.display_name = buffer_text(&value);
            header_append_text(&out, TEXT("X-Long"), buffer_text(&value));
            bool is_endless = u == 0 || units[u][0] == '"'; /* one word, nowhere to fold */
            check_lines(buffer_text(&out), is_endless ? 998 : 78);
            buffer_clear(&out);
            header_append_mailboxes(&out, TEXT("From"), &mailbox, 1);
            check_lines(buffer_text(&out), 78);
            assert_true(text_is_ascii(buffer_text(&out)));
        }
    }
}

static const struct {
    struct text value;
    int error;
    const char *rule;
} values[] = {
    {{"plain", 5}, 0, ""},
    {{"", 0}, 0, ""},
    {{"\xe3\x81\x82", 3}, 0, ""},
    {{"a\xe2\x80\xa8"
      "b",
      5},
     0,
     ""}, /* U+2028: encoded it breaks no line */
    {{"=0D=0A", 6}, 0, ""},
    {{"a\rb", 3}, -EINVAL, "S15"},
    {{"a\nb", 3}, -EINVAL, "S15"},
    {{"a\0b", 3}, -EINVAL, "S15"},
    {{"a\tb", 3}, -EINVAL, "S15"},
    {{"a\x7f"
      "b",
      3},
     -EINVAL,
     "S15"},
    {{"a\xc2\x85"
      "b",
      4},
     -EINVAL,
     "S15"}, /* NEL */
    {{"a\xff"
      "b",
      3},
     -EINVAL,
     "utf8"},
    {{A200 A200 A200 A200 A50 A50 A50 A10 A10 A10 A10 "aaaaaaaa", 998}, 0, ""},
    {{A200 A200 A200 A200 A50 A50 A50 A10 A10 A10 A10 "aaaaaaaaa", 999}, -EMSGSIZE, "S14"},
};

/* S15 */
static void control_characters_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct problem problem = {0};
        assert_int_equal(header_check_value(values[i].value, "subject", &problem), values[i].error);
        assert_string_equal(problem.rule, values[i].rule);
        assert_string_equal(problem.field, values[i].error == 0 ? "" : "subject");
    }
}

static void names_and_message_ids_have_their_form(void **state)
{
    static const struct {
        const char *text;
        bool is_name;
        bool is_id;
    } cases[] = {
        {"X-A", true, false},          {"X A", false, false},
        {"X:A", false, false},         {"", false, false},
        {"a@b", true, true},           {"a.b-c_1@shop.example", true, true},
        {"a@[192.0.2.1]", true, true}, {"a..b@c", true, false},
        {".a@c", true, false},         {"a@", true, false},
        {"@c", true, false},           {"a@b@c", true, false},
        {"a b@c", false, false},       {"<a@b>", true, false},
        {"a@b\r\nX: y", false, false}, {"\xc3\xa9@b", false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct text text = text_of(cases[i].text);
        print_message("%s\n", cases[i].text);
        assert_int_equal(header_check_name(text, "f", NULL) == 0, cases[i].is_name);
        assert_int_equal(header_check_message_id(text, "f", NULL) == 0, cases[i].is_id);
    }
    assert_int_equal(header_check_name((struct text){A50 A10 A10 A10, 77}, "f", NULL), -EINVAL);
    assert_int_equal(header_check_name((struct text){A50 A10 A10 A10, 76}, "f", NULL), 0);
}

/* Expected by GNU date. */
static void dates_are_those_of_the_calendar(void **state)
{
    static const struct {
        int64_t unix_s;
        int offset_minutes;
        const char *date;
    } cases[] = {
        {0, 0, "Thu, 1 Jan 1970 00:00:00 +0000"},
        {1795480200, 540, "Tue, 24 Nov 2026 09:30:00 +0900"},
        {951782400, 0, "Tue, 29 Feb 2000 00:00:00 +0000"},
        {951868799, 0, "Tue, 29 Feb 2000 23:59:59 +0000"},
        {951868800, 0, "Wed, 1 Mar 2000 00:00:00 +0000"},
        {1798761599, -210, "Thu, 31 Dec 2026 20:29:59 -0330"},
        {4107542400, 0, "Mon, 1 Mar 2100 00:00:00 +0000"},
        {1709251199, 345, "Fri, 1 Mar 2024 05:44:59 +0545"},
        {-5, 0, "Thu, 1 Jan 1970 00:00:00 +0000"},
        {60, -540, "Thu, 1 Jan 1970 00:00:00 -0900"},
        {253402300799, 0, "Fri, 31 Dec 9999 23:59:59 +0000"},
        {INT64_MAX, 540, "Fri, 31 Dec 9999 23:59:59 +0900"},
    };
    char date[HEADER_DATE_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t size = header_format_date(cases[i].unix_s, cases[i].offset_minutes, date);
        assert_string_equal(date, cases[i].date);
        assert_int_equal(size, strlen(date));
    }
    assert_true(header_format_date(INT64_MAX, 1439, date) < HEADER_DATE_BYTES);
}

static void parameters_carry_any_name(void **state)
{
    static const struct {
        const char *value;
        const char *parameter;
    } cases[] = {
        {"a.pdf", ";\r\n filename=\"a.pdf\""},
        {"a b (1).pdf", ";\r\n filename=\"a b (1).pdf\""},
        {"100%.pdf", ";\r\n filename*=UTF-8''100%25.pdf"},
        {"a\"b", ";\r\n filename*=UTF-8''a%22b"},
        {"\xe8\xab\x8b\xe6\xb1\x82.pdf", ";\r\n filename*=UTF-8''%E8%AB%8B%E6%B1%82.pdf"},
        {JA_10 ".pdf",
         ";\r\n filename*0*=UTF-8''%E3%81%82%E3%81%84%E3%81%86%E3%81%88%E3%81%8A;"
         "\r\n filename*1*=%E3%81%8B%E3%81%8D%E3%81%8F%E3%81%91%E3%81%93;\r\n filename*2*=.pdf"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWNED(buffer_finish) struct buffer out = {0};
        header_append_parameter(&out, "filename", text_of(cases[i].value));
        buffer_append_byte(&out, '\0');
        print_message("%s\n", out.data);
        check_lines((struct text){out.data, out.size - 1}, 78);
        assert_string_equal(out.data, cases[i].parameter);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(free_text_is_folded_or_encoded),
        cmocka_unit_test(display_names_are_atoms_quoted_or_encoded),
        cmocka_unit_test(several_mailboxes_stand_on_lines_of_their_own),
        cmocka_unit_test(no_line_is_too_long),
        cmocka_unit_test(control_characters_are_refused),
        cmocka_unit_test(names_and_message_ids_have_their_form),
        cmocka_unit_test(dates_are_those_of_the_calendar),
        cmocka_unit_test(parameters_carry_any_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
