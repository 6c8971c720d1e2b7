#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/wire/wire_text.h"

static const struct {
    enum wire_text_class text_class;
    const char *text;
    bool is_good;
} cases[] = {
    {WIRE_TEXT_BODY, "a\r\n\tb\x01", true},
    {WIRE_TEXT_LINE, "お知らせ: 50% off", true},
    {WIRE_TEXT_LINE, "a\tb", false},
    {WIRE_TEXT_LINE, "a\x7f", false},
    {WIRE_TEXT_LINE, "a\xc2\x85z", false}, /* NEL, a C1 control */
    {WIRE_TEXT_LINE, "a\xe2\x80\xa9", false},
    {WIRE_TEXT_NAME, "が", true},
    {WIRE_TEXT_NAME, "か\xe3\x82\x99", false},
    {WIRE_TEXT_KEY, "aZ09._:-", true},
    {WIRE_TEXT_KEY, "a/b", false},
    {WIRE_TEXT_STREAM, "news.a_B-9", true},
    {WIRE_TEXT_STREAM, "*", true},
    {WIRE_TEXT_STREAM, "a:b", false},
    {WIRE_TEXT_STREAM, "**", false},
    {WIRE_TEXT_KEY, "é", false},
    {WIRE_TEXT_REF, "顧客 17", true},
    {WIRE_TEXT_REF, "a@b", false},
    {WIRE_TEXT_LABEL, "3 @ 100", true},
    {WIRE_TEXT_LABEL, "@team", true},
    {WIRE_TEXT_LABEL, "taro@example", false},
    {WIRE_TEXT_LABEL, "@team taro@example", false},
    {WIRE_TEXT_REMARK, "wrong price, asked by @team @ 10:00", true},
    {WIRE_TEXT_REMARK, "か\xe3\x82\x99", true},
    {WIRE_TEXT_REMARK, "@team: taro@example.jp complained", false},
    {WIRE_TEXT_REMARK, "two\nlines", false},
    {WIRE_TEXT_TOKEN, "X-A_b", true},
    {WIRE_TEXT_TOKEN, "X A", false},
    {WIRE_TEXT_LANGUAGE, "ja", true},
    {WIRE_TEXT_LANGUAGE, "zh-Hant-TW", true},
    {WIRE_TEXT_LANGUAGE, "en-", false},
    {WIRE_TEXT_LANGUAGE, "abcdefghi", false},
    {WIRE_TEXT_DOMAIN, "mail.example.co.jp", true},
    {WIRE_TEXT_DOMAIN, "日本.jp", true},
    {WIRE_TEXT_DOMAIN, "localhost", false},
    {WIRE_TEXT_DOMAIN, "-a.jp", false},
    {WIRE_TEXT_DOMAIN, "a..jp", false},
    {WIRE_TEXT_DOMAIN, "a.jp.", false},
    {WIRE_TEXT_LIST_ID, "news.example.jp", true},
    {WIRE_TEXT_LIST_ID, ".news", false},
    {WIRE_TEXT_HTTPS, "https://example.jp/u?a=1&b=2", true},
    {WIRE_TEXT_HTTPS, "HTTPS://example.jp", true},
    {WIRE_TEXT_HTTPS, "https://user:pw@example.jp/", false},
    {WIRE_TEXT_HTTPS, "https:///u", false},
    {WIRE_TEXT_HTTPS, "javascript:alert(1)", false},
    {WIRE_TEXT_HTTPS, "https://example.jp/ x", false},
    {WIRE_TEXT_HTTPS, "https://example.jp/日", false},
    {WIRE_TEXT_MAILTO, "mailto:stop@example.jp?subject=stop", true},
    {WIRE_TEXT_MAILTO, "stop@example.jp", true},
    {WIRE_TEXT_MAILTO, "stop", false},
    {WIRE_TEXT_MAILTO, "a>b@example.jp", false},
    {WIRE_TEXT_MEDIA, "image/svg+xml", true},
    {WIRE_TEXT_MEDIA, "message/rfc822", false},
    {WIRE_TEXT_MEDIA, "text/plain; charset=x", false},
    {WIRE_TEXT_FILE, "請求 書.pdf", true},
    {WIRE_TEXT_FILE, "a\\b", false},
    {WIRE_TEXT_PART, "news-2026", true},
    {WIRE_TEXT_PART, "a b", false},
    {WIRE_TEXT_ID, "logo@shop", true},
    {WIRE_TEXT_ID, "<logo>", false},
    {WIRE_TEXT_CAMPAIGN, "01ARZ3NDEKTSV4RRFFQ69G5FAW", true},
    {WIRE_TEXT_CAMPAIGN, "01ARZ3NDEKTSV4RRFFQ69G5FA", false},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *fault = wire_text_fault(cases[i].text_class, text_of(cases[i].text));
        if ((fault == NULL) != cases[i].is_good) {
            fail_msg("%s: \"%s\"", wire_text_rule(cases[i].text_class), cases[i].text);
        }
    }
}

static void test_nfc(void **state)
{
    (void)state;
    assert_true(wire_text_is_nfc(TEXT("plain")));
    assert_true(wire_text_is_nfc(TEXT("\xc3\xa9")));      /* e acute, composed */
    assert_false(wire_text_is_nfc(TEXT("e\xcc\x81")));    /* decomposed */
    assert_false(wire_text_is_nfc(TEXT("\xe2\x84\xab"))); /* ANGSTROM SIGN becomes U+00C5 */
    assert_true(wire_text_is_nfc((struct text){NULL, 0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_nfc)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
