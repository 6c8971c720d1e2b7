#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/mail/html_text.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *html;
    const char *text;
} cases[] = {
    {"", ""},
    {"   \n ", ""},
    {"Hello", "Hello\n"},
    {" Hello \n  <b>World</b> ! ", "Hello World !\n"},
    {"<p>a</p><p>b</p>", "a\n\nb\n"},
    {"a<br>b<br/>c<br><br>d", "a\nb\nc\n\nd\n"},
    {"<div>a</div><div>b</div>", "a\nb\n"},
    {"<h1>T</h1>x", "T\n\nx\n"},
    {"<ul><li>a</li><li>b</li></ul>c", "* a\n* b\n\nc\n"},
    {"<ol><li>a<li>b</ol>", "1. a\n2. b\n"},
    {"<ul><li>a<ul><li>b</ul><li>c</ul>", "* a\n  * b\n* c\n"},
    {"<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc\n"},
    {"<a href=\"https://a.example/x\">go</a>!", "go <https://a.example/x>!\n"},
    {"<a href='https://a.example/?a=1&amp;b=2'>go</a>", "go <https://a.example/?a=1&b=2>\n"},
    {"<A HREF = https://a.example/ >go</A>", "go <https://a.example/>\n"},
    {"<a href=\"https://a.example\">https://a.example</a>", "https://a.example\n"},
    {"<a href=\"https://a.example\">a.example</a>", "a.example\n"},
    {"<a href=\"mailto:a@b.example\">a@b.example</a>", "a@b.example\n"},
    {"<a href=\"mailto:a@b.example\">write</a>", "write <a@b.example>\n"},
    {"<a href=\"#top\">up</a> <a href=\"javascript:x()\">no</a>", "up no\n"},
    {"<a href=\"https://a.example\"><img alt=\"Logo\"></a>", "Logo <https://a.example>\n"},
    {"<a name=x>y</a>", "y\n"},
    {"<a/href=https://a.example title>y</a>", "y <https://a.example>\n"},
    {"<img alt=\"x\"/><img alt=y /><img alt>", "xy\n"},
    {"<img src=x alt='a &lt; b'>", "a < b\n"},
    {"&lt;b&gt; &amp;amp; &#65;&#x42; &eacute; &hellip; &nope; & x",
     "<b> &amp; AB \xc3\xa9 \xe2\x80\xa6 &nope; & x\n"},
    {"a&nbsp;&nbsp;b", "a  b\n"},
    {"&#0;&#13;&#x7f;&#xd800;x", "\xef\xbf\xbdx\n"},
    {"<style>p{}</style>a<script>if (a < b) { x(\"</p>\") }</script>b", "ab\n"},
    {"<head><title>T</title></head>x<!-- no --> y", "x y\n"},
    {"<pre>a\n  b</pre>c", "a\n  b\n\nc\n"},
    {"a<hr>b", "a\n----------\nb\n"},
    {"1 < 2 and <3", "1 < 2 and <3\n"},
    {"a<b", "a\n"},
    {"<!doctype html><html><body>x", "x\n"},
    {"<p title=\"a > b\">x</p>", "x\n"},
    {"\xe6\x97\xa5\xe6\x9c\xac<br>\xe8\xaa\x9e", "\xe6\x97\xa5\xe6\x9c\xac\n\xe8\xaa\x9e\n"},
};

static void each_page_reads_like_this(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWNED(buffer_finish) struct buffer out = {0};
        print_message("%s\n", cases[i].html);
        html_text_append(&out, text_of(cases[i].html), 10000);
        buffer_append_byte(&out, '\0');
        assert_string_equal(out.data, cases[i].text);
    }
}

/* Cut at a character, whatever the limit. */
static void long_pages_are_cut(void **state)
{
    const char *html =
        "<p>\xe3\x81\x82\xe3\x81\x84</p><ul><li>x</ul><a href='https://a.example'>\xe3\x81\x86</a>";
    OWNED(buffer_finish) struct buffer whole = {0};
    (void)state;
    html_text_append(&whole, text_of(html), 10000);
    for (size_t limit = 0; limit <= whole.size; limit++) {
        OWNED(buffer_finish) struct buffer out = {0};
        html_text_append(&out, text_of(html), limit);
        assert_true(out.size <= limit);
        assert_true(text_is_utf8(buffer_text(&out)));
        assert_true(text_starts_with(buffer_text(&whole), buffer_text(&out)));
    }
}

/* One pass: what once was quadratic. */
static void hostile_pages_take_no_time(void **state)
{
    static const char *const units[] = {"<a =", "<script",  "<a x=\"",   "&",
                                        "<!--", "<ul><li>", "<a href=' "};
    (void)state;
    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
        OWNED(buffer_finish) struct buffer html = {0};
        OWNED(buffer_finish) struct buffer out = {0};
        while (html.size < 500000) {
            buffer_append_string(&html, units[u]);
        }
        for (size_t i = 0; i < 500000; i++) {
            buffer_append_byte(&html, ' ');
        }
        html_text_append(&out, buffer_text(&html), 2000000);
        assert_true(out.size <= 2000000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_page_reads_like_this),
        cmocka_unit_test(long_pages_are_cut),
        cmocka_unit_test(hostile_pages_take_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
