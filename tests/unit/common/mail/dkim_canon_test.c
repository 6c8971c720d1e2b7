#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/base/bytes.h"
#include "common/mail/dkim_fields.h"
#include "tests/unit/common/mail/dkim_data.h"

#include <openssl/evp.h>
#include <string.h>

enum { ALGORITHM, PART, INPUT, OUTPUT };

static void append_sink(void *context, const char *data, size_t size)
{
    buffer_append(context, data, size);
}

/* A JSON string with the escapes that the table uses. */
static struct buffer unescape(struct text json)
{
    static const char from[] = "rnt\"\\";
    static const char to[] = "\r\n\t\"\\";
    struct buffer bytes = {0};
    (void)buffer_reserve(&bytes, 1);
    assert_true(json.size >= 2);
    for (size_t i = 1; i + 1 < json.size; i++) {
        char byte = json.data[i];
        if (byte == '\\') {
            const char *escape = strchr(from, json.data[++i]);
            assert_non_null(escape);
            byte = to[escape - from];
        }
        buffer_append_byte(&bytes, byte);
    }
    return bytes;
}

/* Cuts `text` into pieces of `size` bytes (0: one piece). */
static size_t cut(struct text text, size_t size, struct text *pieces)
{
    size_t count = 0;
    while (text.size > 0) {
        size_t now = size == 0 || size > text.size ? text.size : size;
        pieces[count++] = (struct text){text.data, now};
        text = text_skip(text, now);
    }
    return count;
}

static void canon_header(enum dkim_canon_form form, const struct text *pieces, size_t count,
                         struct buffer *output)
{
    struct dkim_canon canon;
    dkim_canon_header_begin(&canon, form, true, append_sink, output);
    for (size_t i = 0; i < count; i++) {
        dkim_canon_header_feed(&canon, pieces[i]);
    }
    dkim_canon_header_finish(&canon);
}

static void canon_body(enum dkim_canon_form form, const struct text *pieces, size_t count,
                       struct buffer *output)
{
    struct dkim_canon canon;
    dkim_canon_body_begin(&canon, form, append_sink, output);
    for (size_t i = 0; i < count; i++) {
        dkim_canon_body_feed(&canon, pieces[i]);
    }
    dkim_canon_body_finish(&canon);
}

static void canon_message(enum dkim_canon_form form, const struct text *pieces, size_t count,
                          struct buffer *output)
{
    struct dkim_names names = {.count = 0};
    struct dkim_fields fields = {.items = NULL};
    struct dkim_canon canon;
    assert_int_equal(dkim_fields_find(&fields, &names, pieces, count), 0);
    for (size_t i = 0; i < fields.count; i++) {
        dkim_canon_header_begin(&canon, form, true, append_sink, output);
        dkim_fields_feed(&fields.items[i], pieces, &canon);
        dkim_canon_header_finish(&canon);
    }
    buffer_append_string(output, "\r\n");
    dkim_canon_body_begin(&canon, form, append_sink, output);
    dkim_fields_feed_body(&fields, pieces, count, &canon);
    dkim_canon_body_finish(&canon);
    dkim_fields_finish(&fields);
}

static void check_row(const struct text *columns, size_t piece_size)
{
    static struct text pieces[1024];
    struct buffer input = unescape(columns[INPUT]);
    struct buffer want = unescape(columns[OUTPUT]);
    struct buffer got = {0};
    enum dkim_canon_form form = text_equal(columns[ALGORITHM], TEXT("relaxed"))
                                    ? DKIM_CANON_FORM_RELAXED
                                    : DKIM_CANON_FORM_SIMPLE;
    assert_true(input.size <= 1024);
    (void)buffer_reserve(&got, 1);
    size_t count = cut(buffer_text(&input), piece_size, pieces);
    if (text_starts_with(columns[PART], TEXT("message"))) {
        canon_message(form, pieces, count, &got);
    } else if (text_starts_with(columns[PART], TEXT("header"))) {
        canon_header(form, pieces, count, &got);
    } else {
        canon_body(form, pieces, count, &got);
    }
    if (text_equal(columns[PART], TEXT("body -> base64 SHA-256"))) {
        unsigned char digest[32];
        char base64[64];
        assert_int_equal(EVP_Digest(got.data, got.size, digest, NULL, EVP_sha256(), NULL), 1);
        buffer_clear(&got);
        buffer_append(&got, base64, bytes_to_base64(digest, sizeof digest, base64));
    }
    if (!text_equal(buffer_text(&got), buffer_text(&want))) {
        print_error("input %.*s\n  want %.*s\n  got <%.*s>\n", TEXT_PRINT(columns[INPUT]),
                    TEXT_PRINT(columns[OUTPUT]), TEXT_PRINT(buffer_text(&got)));
        fail();
    }
    buffer_finish(&input);
    buffer_finish(&want);
    buffer_finish(&got);
}

/* RFC 6376, 3.4; each row whole, in pieces of 1, 2 and 3 bytes. */
static void all_rows_of_the_table_hold(void **state)
{
    struct buffer content = {0};
    struct text columns[DATA_FILE_COLUMNS_MAX];
    size_t rows = 0;
    (void)state;
    data_file_load("dkim", "canonicalization.tsv", &content);
    struct text table = buffer_text(&content);
    assert_true(data_file_row(&table, columns)); /* head */
    while (data_file_row(&table, columns)) {
        for (size_t size = 0; size <= 3; size++) {
            check_row(columns, size);
        }
        rows++;
    }
    assert_int_equal(rows, 44);
    buffer_finish(&content);
}

/* RFC 6376, 3.4.5 and details between the rows above. */
static void bodies(void **state)
{
    static const struct {
        enum dkim_canon_form form;
        const char *input;
        const char *output;
    } cases[] = {
        {DKIM_CANON_FORM_RELAXED, " C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"},
        {DKIM_CANON_FORM_SIMPLE, " C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n"},
        {DKIM_CANON_FORM_RELAXED, "a\r\n \r\n\t\r\n", "a\r\n"},
        {DKIM_CANON_FORM_SIMPLE, "a\r\n \r\n\t\r\n", "a\r\n \r\n\t\r\n"},
        {DKIM_CANON_FORM_RELAXED, "a\r\n  ", "a\r\n"},
        {DKIM_CANON_FORM_RELAXED, "\r\n\r\na", "\r\n\r\na\r\n"},
        {DKIM_CANON_FORM_RELAXED, "a \rb", "a \rb\r\n"},
        {DKIM_CANON_FORM_RELAXED, "a\r\r\n", "a\r\r\n"},
        {DKIM_CANON_FORM_SIMPLE, "\r", "\r\r\n"},
        {DKIM_CANON_FORM_RELAXED, " \r\n", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer got = {0};
        struct text input = text_of(cases[i].input);
        canon_body(cases[i].form, &input, 1, &got);
        buffer_append_byte(&got, '\0');
        assert_string_equal(got.data, cases[i].output);
        buffer_finish(&got);
    }
}

/* Longer than a block, so that blocks are handed on in the middle. */
static void a_long_body_leaves_in_blocks(void **state)
{
    struct buffer input = {0};
    struct buffer want = {0};
    struct buffer got = {0};
    (void)state;
    for (int i = 0; i < 3000; i++) {
        buffer_printf(&input, "line  %d\t \r\n", i);
        buffer_printf(&want, "line %d\r\n", i);
    }
    struct text whole = buffer_text(&input);
    canon_body(DKIM_CANON_FORM_RELAXED, &whole, 1, &got);
    assert_true(text_equal(buffer_text(&got), buffer_text(&want)));
    buffer_finish(&input);
    buffer_finish(&want);
    buffer_finish(&got);
}

static void lines_that_are_no_fields_are_refused(void **state)
{
    static const char *const bad[] = {
        " continued before any field\r\n\r\n",
        "no colon\r\n\r\n",
        ": no name\r\n\r\n",
        "a b: space in name\r\n\r\n",
        "\rX: y\r\n\r\n",
        "cut off",
        "Ａ: not ASCII\r\n\r\n",
    };
    struct dkim_names names = {.count = 0};
    struct dkim_fields fields = {.items = NULL};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct text part = text_of(bad[i]);
        assert_int_not_equal(dkim_fields_find(&fields, &names, &part, 1), 0);
    }
    dkim_fields_finish(&fields);
}

static void the_body_is_found_wherever_the_cuts_are(void **state)
{
    const struct text message = TEXT("A: 1\r\nB: 2\r\n\t3\r\n\r\nbody: no field\r\n");
    struct dkim_names names = {.count = 0};
    struct dkim_fields fields = {.items = NULL};
    (void)state;
    for (size_t at = 0; at <= message.size; at++) {
        const struct text parts[] = {{message.data, at}, {NULL, 0}, text_skip(message, at)};
        struct buffer body = {0};
        struct dkim_canon canon;
        assert_int_equal(dkim_fields_find(&fields, &names, parts, 3), 0);
        assert_int_equal(fields.count, 2);
        assert_int_equal(fields.items[0].size, 6);
        assert_int_equal(fields.items[1].size, 10);
        dkim_canon_body_begin(&canon, DKIM_CANON_FORM_SIMPLE, append_sink, &body);
        dkim_fields_feed_body(&fields, parts, 3, &canon);
        dkim_canon_body_finish(&canon);
        assert_true(text_equal(buffer_text(&body), TEXT("body: no field\r\n")));
        buffer_finish(&body);
    }
    dkim_fields_finish(&fields);
}

static size_t decode_base64(const char *text, unsigned char *ret_bytes)
{
    int size = EVP_DecodeBlock(ret_bytes, (const unsigned char *)text, (int)strlen(text));
    assert_true(size > 0);
    size_t padding = strlen(text) - strcspn(text, "=");
    return (size_t)size - padding;
}

/* RFC 8463, A.3: what we canonicalise is what the published Ed25519 signature signed. */
static void the_example_of_rfc_8463_is_canonicalised(void **state)
{
    static const char *const signed_fields[] = {
        "From: Joe SixPack <joe@football.example.com>\r\n",
        "To: Suzie Q <suzie@shopping.example.net>\r\n",
        "Subject: Is dinner ready?\r\n",
        "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n",
        "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n",
    };
    static const char signature_field[] =
        "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
        " d=football.example.com; i=@football.example.com;\r\n"
        " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
        " subject : date : message-id : from : subject : date;\r\n"
        " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
        " b=";
    static const char body[] = "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
    unsigned char digest[32];
    unsigned char signature[66];
    unsigned char public_key[33];
    char base64[64];
    struct buffer input = {0};
    struct dkim_canon canon;
    (void)state;

    struct text part = text_of(body);
    canon_body(DKIM_CANON_FORM_RELAXED, &part, 1, &input);
    assert_int_equal(EVP_Digest(input.data, input.size, digest, NULL, EVP_sha256(), NULL), 1);
    (void)bytes_to_base64(digest, sizeof digest, base64);
    assert_string_equal(base64, "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");

    buffer_clear(&input);
    for (size_t i = 0; i < 5; i++) {
        part = text_of(signed_fields[i]);
        canon_header(DKIM_CANON_FORM_RELAXED, &part, 1, &input);
    }
    dkim_canon_header_begin(&canon, DKIM_CANON_FORM_RELAXED, false, append_sink, &input);
    dkim_canon_header_feed(&canon, text_of(signature_field));
    dkim_canon_header_finish(&canon);
    assert_int_equal(EVP_Digest(input.data, input.size, digest, NULL, EVP_sha256(), NULL), 1);

    size_t signature_size = decode_base64(
        "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==",
        signature);
    assert_int_equal(decode_base64("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", public_key), 32);
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, 32);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(context, NULL, NULL, NULL, key), 1);
    assert_int_equal(EVP_DigestVerify(context, signature, signature_size, digest, sizeof digest),
                     1);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    buffer_finish(&input);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_rows_of_the_table_hold),
        cmocka_unit_test(bodies),
        cmocka_unit_test(a_long_body_leaves_in_blocks),
        cmocka_unit_test(lines_that_are_no_fields_are_refused),
        cmocka_unit_test(the_body_is_found_wherever_the_cuts_are),
        cmocka_unit_test(the_example_of_rfc_8463_is_canonicalised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
