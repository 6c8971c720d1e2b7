#include "coordinator/audit/audit_line.h"

#include "common/base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct audit_chain chain_of(void)
{
    return (struct audit_chain){.session = TEXT("s1"), .coordinator = TEXT("c-0")};
}

static void entries_are_chained(void **state)
{
    (void)state;
    struct audit_chain chain = chain_of();
    struct audit_entry entry = {.at_unix_ms = 1800000000000,
                                .principal = TEXT("yamada"),
                                .call = TEXT("CampaignService/SubmitCampaign"),
                                .result = TEXT("ok")};
    OWNED(buffer_finish) struct buffer first = {0};
    OWNED(buffer_finish) struct buffer second = {0};
    audit_line_append(&chain, &entry, &first);
    char hash[AUDIT_LINE_HASH_LENGTH + 1];
    memcpy(hash, chain.hash, sizeof hash);
    struct text line = buffer_text(&first);
    static const char head[] =
        "{\"v\":1,\"session\":\"s1\",\"seq\":1,\"prev\":"
        "\"0000000000000000000000000000000000000000000000000000000000000000\","
        "\"coordinator\":\"c-0\",\"at_unix_ms\":1800000000000,\"principal\":\"yamada\","
        "\"call\":\"CampaignService/SubmitCampaign\",\"result\":\"ok\"";
    assert_true(text_starts_with(line, text_of(head)));
    /* As an auditor would compute it. */
    unsigned char digest[DIGEST_BYTES];
    char expected[AUDIT_LINE_HASH_LENGTH + 1];
    digest_sha256(text_of(head), digest);
    bytes_to_hex(digest, sizeof digest, expected);
    assert_string_equal(hash, expected);
    assert_true(text_equal(text_skip(line, sizeof head - 1 + sizeof ",\"hash\":\"" - 1 + 64),
                           TEXT("\"}\n")));
    audit_line_append(&chain, &entry, &second);
    OWNED(buffer_finish) struct buffer part = {0};
    buffer_printf(&part, "{\"v\":1,\"session\":\"s1\",\"seq\":2,\"prev\":\"%s\"", hash);
    assert_true(text_starts_with(buffer_text(&second), buffer_text(&part)));
    assert_string_not_equal(chain.hash, hash);
}

static void anchors_and_escapes_stand_in_the_line(void **state)
{
    (void)state;
    struct audit_chain chain = chain_of();
    const struct audit_anchor anchors[] = {{TEXT("s0"), 7, TEXT("abc")},
                                           {TEXT("s9"), 1, TEXT("d")}};
    struct audit_entry entry = {.call = TEXT("audit.anchor"),
                                .reason = TEXT("a \"b\"\n"),
                                .count = 3,
                                .anchors = anchors,
                                .anchor_count = 2};
    OWNED(buffer_finish) struct buffer out = {0};
    audit_line_append(&chain, &entry, &out);
    buffer_append_byte(&out, '\0');
    assert_non_null(strstr(out.data, "\"reason\":\"a \\\"b\\\"\\u000a\",\"count\":3,"
                                     "\"anchors\":[{\"session\":\"s0\",\"seq\":7,\"hash\":\"abc\"},"
                                     "{\"session\":\"s9\",\"seq\":1,\"hash\":\"d\"}],\"hash\":"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_chained),
        cmocka_unit_test(anchors_and_escapes_stand_in_the_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
