#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/common/mail/compose_data.h"
#include "tests/unit/common/mail/dkim_data.h"

#include <errno.h>
#include <string.h>

#define SIGNED_AT 1795480200
#define DOMAIN "shop.example"

static struct dkim_key *rsa_key;
static struct dkim_key *ed25519_key;
static struct dkim_signer_scratch *signing;
static struct dkim_verifier *verifier;
static struct buffer rsa_record;
static struct buffer ed25519_record;

static int setup(void **state)
{
    (void)state;
    rsa_key = dkim_data_key("rsa2048.pem");
    ed25519_key = dkim_data_key("ed25519.pem");
    signing = dkim_signer_scratch_create();
    dkim_key_append_record(rsa_key, &rsa_record);
    dkim_key_append_record(ed25519_key, &ed25519_record);
    return dkim_verifier_create(&verifier, NULL);
}

static int teardown(void **state)
{
    (void)state;
    dkim_key_destroy(&rsa_key);
    dkim_key_destroy(&ed25519_key);
    dkim_signer_scratch_destroy(&signing);
    dkim_verifier_destroy(&verifier);
    buffer_finish(&rsa_record);
    buffer_finish(&ed25519_record);
    return 0;
}

static struct dkim_signer_settings settings_of(enum dkim_canon_form body_form, bool has_ed25519)
{
    return (struct dkim_signer_settings){
        .domain = TEXT("Shop.Example"),
        .rsa = {rsa_key, TEXT("r1")},
        .ed25519 = {has_ed25519 ? ed25519_key : NULL, TEXT("e1")},
        .body_form = body_form,
    };
}

static struct dkim_signer *make_signer(enum dkim_canon_form body_form, bool has_ed25519)
{
    struct dkim_signer_settings settings = settings_of(body_form, has_ed25519);
    struct dkim_signer *signer = NULL;
    assert_int_equal(dkim_signer_create(&settings, &signer, NULL), 0);
    return signer;
}

/* Sign the parts; signature fields and message, joined. */
static void sign(const struct dkim_signer *signer, const struct text *parts, size_t count,
                 struct buffer *flat)
{
    struct dkim_signer_message message = {.signer = signer,
                                          .parts = parts,
                                          .part_count = count,
                                          .signed_unix_s = SIGNED_AT,
                                          .output = flat};
    assert_int_equal(dkim_signer_sign(signing, &message), 0);
    for (size_t i = 0; i < count; i++) {
        buffer_append_text(flat, parts[i]);
    }
}

static void verify(struct text flat, struct dkim_verifier_result *result)
{
    struct dkim_verifier_key keys[] = {
        {TEXT("r1._domainkey." DOMAIN), DKIM_VERIFIER_FOUND, buffer_text(&rsa_record)},
        {TEXT("e1._domainkey." DOMAIN), DKIM_VERIFIER_FOUND, buffer_text(&ed25519_record)},
    };
    assert_int_equal(dkim_verifier_check(verifier, flat, keys, 2, SIGNED_AT + 10, result), 0);
}

/* A message with everything in it, composed into the list of parts that is sent. */
static void compose_rich(struct arena *arena, struct compose_scratch *scratch,
                         struct compose_prepared **ret_prepared, struct composed *message)
{
    static const struct compose_mailbox reply_to = {{"reply@shop.example", 18}, {"", 0}};
    static const struct compose_header headers[] = {
        {{"Auto-Submitted", 14}, {"auto-generated", 14}},
        {{"In-Reply-To", 11}, {"<1@shop.example>", 16}},
        {{"References", 10}, {"<1@shop.example>", 16}},
        {{"X-Unsigned", 10}, {"x", 1}}};
    static const struct compose_attachment attachments[] = {
        {{"a.png", 5}, {"image/png", 9}, {"logo", 4}, {"PNG", 3}},
        {{"b.pdf", 5}, {"application/pdf", 15}, {NULL, 0}, {"PDF", 3}}};
    struct compose_content content = compose_data_content(
        "\xe3\x81\x94\xe6\xb3\xa8\xe6\x96\x87 {{n}}", "", "<p>{{n}} <img src=\"cid:logo\"></p>");
    content.reply_to = &reply_to;
    content.reply_to_count = 1;
    content.headers = headers;
    content.header_count = 4;
    content.attachments = attachments;
    content.attachment_count = 2;
    content.list_id = TEXT("news.shop.example");
    content.feedback_id = TEXT("a:b:c:shop1");
    struct compose_recipient recipient =
        compose_data_recipient(arena, "a@example.jp", "{\"n\":\"x  y\"}");
    recipient.unsubscribe_url = TEXT("https://u.shop.example/u?t=1");
    assert_int_equal(compose_prepare(&content, ret_prepared, NULL), 0);
    assert_int_equal(compose_message(*ret_prepared, &recipient, scratch, message, NULL), 0);
}

static void check_passes(const struct dkim_verifier_result *result, bool has_ed25519)
{
    assert_int_equal(result->count, has_ed25519 ? 2 : 1);
    assert_int_equal(result->verdict, DKIM_VERIFIER_PASS);
    assert_true(dkim_verifier_is_all_pass(result, TEXT(DOMAIN)));
    assert_string_equal(result->signatures[0].algorithm, "rsa-sha256");
    assert_string_equal(result->signatures[0].domain, DOMAIN);
    if (has_ed25519) {
        assert_string_equal(result->signatures[1].algorithm, "ed25519-sha256");
    }
}

/* D1, D2, D3, D7: libopendkim agrees with our signer about what our composer makes. */
static void what_is_composed_and_signed_verifies(void **state)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    OWNED(compose_scratch_destroy) struct compose_scratch *scratch = compose_scratch_create();
    OWNED(compose_destroy) struct compose_prepared *prepared = NULL;
    OWNED(compose_finish) struct composed message = {0};
    static struct dkim_verifier_result result;
    (void)state;
    compose_rich(arena, scratch, &prepared, &message);
    assert_true(message.count > 3);
    for (int i = 0; i < 4; i++) {
        bool has_ed25519 = (i & 1) != 0;
        OWNED(dkim_signer_destroy)
        struct dkim_signer *signer = make_signer(
            (i & 2) != 0 ? DKIM_CANON_FORM_RELAXED : DKIM_CANON_FORM_SIMPLE, has_ed25519);
        OWNED(buffer_finish) struct buffer flat = {0};
        sign(signer, message.parts, message.count, &flat);
        verify(buffer_text(&flat), &result);
        check_passes(&result, has_ed25519);
    }
}

static const char *const body = "Subject: Hello you\r\n"
                                "From: A <a@shop.example>\r\n"
                                "To: b@example.jp\r\n"
                                "Date: Tue, 24 Nov 2026 09:30:00 +0900\r\n"
                                "Message-ID: <1@shop.example>\r\n"
                                "List-Unsubscribe: <https://u.shop.example>\r\n"
                                "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
                                "X-Free: 1\r\n"
                                "\r\n"
                                "Hello  you.\r\n"
                                "\r\n";

static const struct {
    const char *what;
    const char *find; /* in the signed message */
    const char *replacement;
    enum dkim_canon_form form;
    bool passes;
} changes[] = {
    /* What relays do. */
    {"header folded", "Subject: Hello you", "Subject: Hello\r\n you", DKIM_CANON_FORM_SIMPLE, true},
    {"name in other case", "Subject:", "SUBJECT:", DKIM_CANON_FORM_SIMPLE, true},
    {"blanks behind the value", "b@example.jp\r\n", "b@example.jp  \r\n", DKIM_CANON_FORM_SIMPLE,
     true},
    {"lines at the end", "you.\r\n\r\n", "you.\r\n\r\n\r\n", DKIM_CANON_FORM_SIMPLE, true},
    {"blanks in the body", "Hello  you.", "Hello you.  ", DKIM_CANON_FORM_RELAXED, true},
    {"blanks in a simple body", "Hello  you.", "Hello you.", DKIM_CANON_FORM_SIMPLE, false},
    {"a field that is not signed", "X-Free: 1", "X-Free: 2", DKIM_CANON_FORM_SIMPLE, true},
    {"a field that is added", "X-Free: 1", "Received: x\r\nX-Free: 1", DKIM_CANON_FORM_SIMPLE,
     true},
    /* D3: no l=, so nothing can be appended. */
    {"body appended", "Hello  you.\r\n", "Hello  you.\r\nBuy!\r\n", DKIM_CANON_FORM_RELAXED, false},
    {"subject", "Hello you\r\n", "Hello me\r\n", DKIM_CANON_FORM_RELAXED, false},
    {"unsubscribe", "=One-Click", "=Two-Click", DKIM_CANON_FORM_RELAXED, false},
    /* D6: a second one of what is oversigned. */
    {"second From", "To:", "From: x@y.example\r\nTo:", DKIM_CANON_FORM_RELAXED, false},
    {"second Subject", "To:", "Subject: x\r\nTo:", DKIM_CANON_FORM_RELAXED, false},
    {"a Reply-To", "To:", "Reply-To: x@y.example\r\nTo:", DKIM_CANON_FORM_RELAXED, false},
    {"a Cc", "To:", "Cc: x@y.example\r\nTo:", DKIM_CANON_FORM_RELAXED, false},
    {"a Sender", "To:", "Sender: x@y.example\r\nTo:", DKIM_CANON_FORM_RELAXED, false},
    {"a Content-Type", "To:", "Content-Type: text/html\r\nTo:", DKIM_CANON_FORM_RELAXED, false},
};

static void check_change(size_t i)
{
    static struct dkim_verifier_result result;
    OWNED(dkim_signer_destroy) struct dkim_signer *signer = make_signer(changes[i].form, true);
    OWNED(buffer_finish) struct buffer flat = {0};
    OWNED(buffer_finish) struct buffer changed = {0};
    struct text part = text_of(body);
    print_message("%s\n", changes[i].what);
    sign(signer, &part, 1, &flat);
    size_t head = flat.size - part.size;
    const char *place = strstr(body, changes[i].find);
    assert_non_null(place);
    size_t at = head + (size_t)(place - body);
    buffer_append(&changed, flat.data, at);
    buffer_append_string(&changed, changes[i].replacement);
    buffer_append_text(&changed, text_skip(buffer_text(&flat), at + strlen(changes[i].find)));
    verify(buffer_text(&changed), &result);
    assert_int_equal(result.count, 2);
    for (size_t s = 0; s < result.count; s++) {
        assert_int_equal(result.signatures[s].verdict,
                         changes[i].passes ? DKIM_VERIFIER_PASS : DKIM_VERIFIER_FAIL);
    }
}

static void what_relays_change_passes_and_forgery_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        check_change(i);
    }
}

static bool lists(const char *h, const char *name, size_t times)
{
    size_t found = 0;
    struct text rest = {h, text_find(text_of(h), ';')};
    struct text part;
    while (text_next_part(&rest, ':', &part)) {
        found += text_equal_nocase(text_trim(part), text_of(name)) ? 1 : 0;
    }
    return found == times;
}

/* D4, D5, D6, U2, G18: the names in h=. */
static void everything_that_counts_is_signed(void **state)
{
    static const struct {
        const char *name;
        size_t times;
    } names[] = {
        {"From", 2},
        {"To", 2},
        {"Subject", 2},
        {"Date", 2},
        {"Reply-To", 2},
        {"Message-ID", 2},
        {"Cc", 1},
        {"Sender", 1},
        {"MIME-Version", 2},
        {"Content-Type", 2},
        {"List-Unsubscribe", 2},
        {"List-Unsubscribe-Post", 2},
        {"List-Id", 1},
        {"Feedback-ID", 1},
        {"Auto-Submitted", 1},
        {"In-Reply-To", 1},
        {"References", 1},
        {"Received", 0},
        {"Return-Path", 0},
        {"DKIM-Signature", 0},
        {"X-Unsigned", 0},
    };
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    OWNED(compose_scratch_destroy) struct compose_scratch *scratch = compose_scratch_create();
    OWNED(compose_destroy) struct compose_prepared *prepared = NULL;
    OWNED(compose_finish) struct composed message = {0};
    OWNED(dkim_signer_destroy)
    struct dkim_signer *signer = make_signer(DKIM_CANON_FORM_RELAXED, false);
    OWNED(buffer_finish) struct buffer flat = {0};
    (void)state;
    compose_rich(arena, scratch, &prepared, &message);
    sign(signer, message.parts, message.count, &flat);
    buffer_append_byte(&flat, '\0');
    const char *h = strstr(flat.data, "\th=");
    assert_non_null(h);
    assert_null(strstr(flat.data, "l="));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        print_message("%s\n", names[i].name);
        assert_true(lists(h + 3, names[i].name, names[i].times));
    }
}

/* However the message is cut into parts, the signature is the same. */
static void parts_may_be_cut_anywhere(void **state)
{
    OWNED(dkim_signer_destroy)
    struct dkim_signer *signer = make_signer(DKIM_CANON_FORM_SIMPLE, true);
    OWNED(buffer_finish) struct buffer whole = {0};
    struct text part = text_of(body);
    (void)state;
    sign(signer, &part, 1, &whole);
    for (size_t cut = 0; cut <= part.size; cut++) {
        OWNED(buffer_finish) struct buffer flat = {0};
        struct text parts[] = {{body, cut}, {NULL, 0}, {body + cut, part.size - cut}};
        sign(signer, parts, 3, &flat);
        assert_true(text_equal(buffer_text(&flat), buffer_text(&whole)));
    }
}

static void several_messages_at_once_are_each_signed(void **state)
{
    OWNED(dkim_signer_destroy)
    struct dkim_signer *signer = make_signer(DKIM_CANON_FORM_SIMPLE, false);
    struct dkim_signer_message messages[DKIM_SIGNER_BATCH_MAX];
    struct buffer outputs[DKIM_SIGNER_BATCH_MAX] = {{0}};
    struct text good = text_of(body);
    struct text bad = TEXT("To: nobody\r\n\r\nno From\r\n");
    OWNED(buffer_finish) struct buffer alone = {0};
    (void)state;
    sign(signer, &good, 1, &alone);
    for (size_t i = 0; i < DKIM_SIGNER_BATCH_MAX; i++) {
        messages[i] = (struct dkim_signer_message){.signer = signer,
                                                   .parts = i == 3 ? &bad : &good,
                                                   .part_count = 1,
                                                   .signed_unix_s = SIGNED_AT,
                                                   .output = &outputs[i]};
    }
    dkim_signer_sign_all(signing, messages, DKIM_SIGNER_BATCH_MAX);
    for (size_t i = 0; i < DKIM_SIGNER_BATCH_MAX; i++) {
        assert_int_equal(messages[i].result, i == 3 ? -EINVAL : 0);
        assert_int_equal(outputs[i].size, i == 3 ? 0 : alone.size - good.size);
        assert_memory_equal(outputs[i].data == NULL ? "" : outputs[i].data, alone.data,
                            outputs[i].size);
        buffer_finish(&outputs[i]);
    }
}

static void settings_that_break_the_rules_are_refused(void **state)
{
    static const struct text no_from[] = {{"To", 2}};
    static const struct text forbidden[] = {{"From", 4}, {"Received", 8}};
    struct dkim_signer *signer = NULL;
    struct problem problem;
    (void)state;
    struct dkim_signer_settings cases[7];
    for (size_t i = 0; i < 7; i++) {
        cases[i] = settings_of(DKIM_CANON_FORM_SIMPLE, true);
    }
    cases[0].domain = TEXT("not a name");
    cases[1].rsa.key = ed25519_key;
    cases[2].ed25519.key = rsa_key;
    cases[3].ed25519.selector = TEXT("R1");
    cases[4].expires_after_s = 5 * 86400;
    cases[5].sign_headers = no_from;
    cases[5].sign_header_count = 1;
    cases[5].oversign_headers = no_from;
    cases[5].oversign_header_count = 1;
    cases[6].sign_headers = forbidden;
    cases[6].sign_header_count = 2;
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(dkim_signer_create(&cases[i], &signer, &problem), -EINVAL);
        assert_null(signer);
    }
    cases[4].expires_after_s = 5 * 86400 + 1;
    assert_int_equal(dkim_signer_create(&cases[4], &signer, &problem), 0);
    OWNED(buffer_finish) struct buffer flat = {0};
    struct text part = text_of(body);
    sign(signer, &part, 1, &flat);
    buffer_append_byte(&flat, '\0');
    assert_non_null(strstr(flat.data, "t=1795480200; x=1795912201;"));
    dkim_signer_destroy(&signer);
}

/* Y4: one signature that fails is told, although another passes. */
static void one_broken_signature_is_not_hidden_by_a_good_one(void **state)
{
    static struct dkim_verifier_result result;
    OWNED(dkim_signer_destroy)
    struct dkim_signer *signer = make_signer(DKIM_CANON_FORM_RELAXED, true);
    OWNED(buffer_finish) struct buffer flat = {0};
    struct text part = text_of(body);
    struct dkim_verifier_key keys[] = {
        {TEXT("r1._domainkey." DOMAIN), DKIM_VERIFIER_FOUND, buffer_text(&rsa_record)},
        {TEXT("e1._domainkey." DOMAIN), DKIM_VERIFIER_FAILED, {NULL, 0}},
    };
    (void)state;
    sign(signer, &part, 1, &flat);
    assert_int_equal(dkim_verifier_check(verifier, buffer_text(&flat), keys, 2, SIGNED_AT, &result),
                     0);
    assert_int_equal(result.verdict, DKIM_VERIFIER_PASS);
    assert_int_equal(result.signatures[1].verdict, DKIM_VERIFIER_TEMPERROR);
    assert_false(dkim_verifier_is_all_pass(&result, TEXT(DOMAIN)));
    assert_false(dkim_verifier_is_all_pass(&result, TEXT("other.example")));
    OWNED(buffer_finish) struct buffer names = {0};
    assert_int_equal(dkim_verifier_key_names(verifier, buffer_text(&flat), &names), 0);
    assert_true(text_equal(buffer_text(&names),
                           TEXT("r1._domainkey." DOMAIN "\ne1._domainkey." DOMAIN "\n")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_composed_and_signed_verifies),
        cmocka_unit_test(what_relays_change_passes_and_forgery_fails),
        cmocka_unit_test(everything_that_counts_is_signed),
        cmocka_unit_test(parts_may_be_cut_anywhere),
        cmocka_unit_test(several_messages_at_once_are_each_signed),
        cmocka_unit_test(settings_that_break_the_rules_are_refused),
        cmocka_unit_test(one_broken_signature_is_not_hidden_by_a_good_one),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
