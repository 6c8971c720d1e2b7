/* What the hand-written writers make is what protobuf-c reads, and the other way round. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/wire/wire_store.h"
#include "common/wire/wire_unpack.h"

#include <errno.h>
#include <stdlib.h>

static struct wire_store_recipient full(void)
{
    struct wire_store_recipient recipient = {
        .index = 4096 * 3 + 17,
        .address = TEXT("taro@日本.jp"),
        .wire_address = TEXT("taro@xn--wgv71a.jp"),
        .display_name = TEXT("山田 太郎"),
        .fields = TEXT("{\"name\":\"山田\"}"),
        .lang = TEXT("ja"),
        .header_count = 2,
        .override = TEXT("\x0a\x01k"),
        .needs_smtputf8 = true,
    };
    recipient.headers[0] = (struct wire_store_header){TEXT("X-A"), TEXT("1")};
    recipient.headers[1] = (struct wire_store_header){TEXT("X-B"), TEXT("")};
    return recipient;
}

static void append_three(struct buffer *out)
{
    struct wire_store_recipient recipient = full();
    wire_store_append_recipient(&recipient, out);
    wire_store_append_recipient(&(struct wire_store_recipient){.index = 5}, out);
    recipient = (struct wire_store_recipient){.address = TEXT("a@b.c")};
    wire_store_append_recipient(&recipient, out);
}

static void test_protobuf_c_reads_recipients(void **state)
{
    (void)state;
    struct buffer plain = {0};
    append_three(&plain);
    struct arena *arena = arena_create(0);
    ProtobufCMessage *message = NULL;
    assert_int_equal(wire_unpack(&hikyaku__v1__stored_recipients__descriptor,
                                 &wire_unpack_store_bounds, buffer_text(&plain), arena, &message,
                                 NULL),
                     0);
    const Hikyaku__V1__StoredRecipients *list = (const void *)message;
    assert_int_equal(list->n_recipients, 3);
    const Hikyaku__V1__StoredRecipient *first = list->recipients[0];
    assert_int_equal(first->index, 4096 * 3 + 17);
    assert_string_equal(first->address, "taro@日本.jp");
    assert_string_equal(first->wire_address, "taro@xn--wgv71a.jp");
    assert_string_equal(first->display_name, "山田 太郎");
    assert_string_equal(first->fields, "{\"name\":\"山田\"}");
    assert_string_equal(first->lang, "ja");
    assert_int_equal(first->n_headers, 2);
    assert_string_equal(first->headers[1]->name, "X-B");
    assert_string_equal(first->override->message_key, "k");
    assert_true(first->needs_smtputf8);
    assert_int_equal(list->recipients[1]->index, 5);
    assert_string_equal(list->recipients[1]->address, "");
    arena_destroy(&arena);
    buffer_finish(&plain);
}

static void test_recipients_come_back(void **state)
{
    (void)state;
    struct buffer plain = {0};
    append_three(&plain);
    struct text rest = buffer_text(&plain);
    struct wire_store_recipient got = full(); /* leftovers must not show */
    struct wire_store_recipient want = full();
    assert_int_equal(wire_store_next_recipient(&rest, &got), 0);
    assert_int_equal(got.index, want.index);
    assert_true(text_equal(got.address, want.address));
    assert_true(text_equal(got.wire_address, want.wire_address));
    assert_true(text_equal(got.display_name, want.display_name));
    assert_true(text_equal(got.fields, want.fields));
    assert_true(text_equal(got.lang, want.lang));
    assert_true(text_equal(got.override, want.override));
    assert_int_equal(got.header_count, 2);
    assert_true(text_equal(got.headers[0].value, TEXT("1")));
    assert_true(text_equal(got.headers[1].name, TEXT("X-B")));
    assert_int_equal(got.headers[1].value.size, 0);
    assert_true(got.needs_smtputf8);
    assert_int_equal(wire_store_next_recipient(&rest, &got), 0);
    assert_int_equal(got.index, 5);
    assert_int_equal(got.address.size + got.fields.size + got.override.size, 0);
    assert_int_equal(got.header_count, 0);
    assert_false(got.needs_smtputf8);
    assert_int_equal(wire_store_next_recipient(&rest, &got), 0);
    assert_true(text_equal(got.address, TEXT("a@b.c")));
    assert_int_equal(wire_store_next_recipient(&rest, &got), -ENODATA);
    buffer_finish(&plain);
}

static void test_override_is_read(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    Hikyaku__V1__MessageItem *item = NULL;
    assert_int_equal(wire_store_read_override(TEXT("\x0a\x01k"), arena, &item), 0);
    assert_string_equal(item->message_key, "k");
    assert_int_equal(wire_store_read_override(TEXT("\x0a\x05k"), arena, &item), -EPROTO);
    arena_destroy(&arena);
}

static void test_refs_come_back(void **state)
{
    (void)state;
    struct buffer plain = {0};
    Hikyaku__V1__Consent consent = HIKYAKU__V1__CONSENT__INIT;
    consent.basis = HIKYAKU__V1__CONSENT_BASIS__CONSENT_BASIS_CARD;
    consent.at_unix_ms = INT64_C(1800000000000);
    const struct wire_store_header labels[] = {{TEXT("team"), TEXT("shop")}};
    struct wire_store_ref ref = {
        .index = 300,
        .ref = TEXT("customer-17"),
        .address_hash = UINT64_C(0xfedcba9876543210),
        .consent = &consent,
        .labels = labels,
        .label_count = 1,
    };
    wire_store_append_ref(&ref, &plain);
    wire_store_append_ref(&(struct wire_store_ref){.index = 301}, &plain);
    struct text rest = buffer_text(&plain);
    struct wire_store_ref got;
    assert_int_equal(wire_store_next_ref(&rest, &got), 0);
    assert_int_equal(got.index, 300);
    assert_true(text_equal(got.ref, ref.ref));
    assert_true(got.address_hash == ref.address_hash);
    struct arena *arena = arena_create(0);
    Hikyaku__V1__StoredRef *whole = NULL;
    assert_int_equal(wire_store_read_ref(got.packed, arena, &whole), 0);
    assert_int_equal(whole->n_labels, 1);
    assert_string_equal(whole->labels[0]->value, "shop");
    assert_int_equal(whole->consent->basis, HIKYAKU__V1__CONSENT_BASIS__CONSENT_BASIS_CARD);
    assert_int_equal(whole->consent->at_unix_ms, consent.at_unix_ms);
    assert_int_equal(wire_store_next_ref(&rest, &got), 0);
    assert_int_equal(got.index, 301);
    assert_true(got.address_hash == 0);
    assert_int_equal(wire_store_next_ref(&rest, &got), -ENODATA);
    arena_destroy(&arena);
    buffer_finish(&plain);
}

/* Any cut or wild byte is refused or read, never followed out of bounds. */
static void test_damage(void **state)
{
    (void)state;
    struct buffer plain = {0};
    append_three(&plain);
    for (size_t size = 0; size < plain.size; size++) {
        char *exact = xalloc_copy(plain.data, size);
        struct text rest = {exact, size};
        struct wire_store_recipient got;
        int error = 0;
        while (error == 0) {
            error = wire_store_next_recipient(&rest, &got);
        }
        assert_true(error == -EPROTO || error == -ENODATA);
        free(exact);
    }
    struct text rest = TEXT("\x08\x01"); /* the list's own number, but no entry */
    struct wire_store_recipient got;
    assert_int_equal(wire_store_next_recipient(&rest, &got), -EPROTO);
    buffer_finish(&plain);
}

/* A newer writer's fields are skipped, in the list and in an entry. */
static void test_unknown_fields_pass(void **state)
{
    (void)state;
    struct text rest = TEXT("\xea\x04\x01x\x0a\x0a\xe8\x04\x07\x12\x05"
                            "a@b.c");
    struct wire_store_recipient got;
    assert_int_equal(wire_store_next_recipient(&rest, &got), 0);
    assert_true(text_equal(got.address, TEXT("a@b.c")));
    assert_int_equal(wire_store_next_recipient(&rest, &got), -ENODATA);
}

static void test_event_details(void **state)
{
    (void)state;
    struct buffer plain = {0};
    char text[] = "550 5.1.1 no such user";
    Hikyaku__V1__StoredEventDetail detail = HIKYAKU__V1__STORED_EVENT_DETAIL__INIT;
    detail.position = 7;
    detail.reply_text = text;
    wire_store_append_event_detail(&detail, &plain);
    detail.position = 8;
    wire_store_append_event_detail(&detail, &plain);
    struct arena *arena = arena_create(0);
    Hikyaku__V1__StoredEventDetails *details = NULL;
    assert_int_equal(wire_store_read_event_details(buffer_text(&plain), arena, &details), 0);
    assert_int_equal(details->n_details, 2);
    assert_int_equal(details->details[1]->position, 8);
    assert_string_equal(details->details[0]->reply_text, text);
    arena_destroy(&arena);
    buffer_finish(&plain);
}

static void test_whole_values(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    Hikyaku__V1__StoredCampaign *campaign = NULL;
    Hikyaku__V1__StoredSession *session = NULL;
    Hikyaku__V1__StoredDkimVerdict *verdict = NULL;
    assert_int_equal(wire_store_read_campaign(TEXT("\x12\x02t1"), arena, &campaign), 0);
    assert_string_equal(campaign->tenant, "t1");
    assert_int_equal(wire_store_read_session(TEXT("\x0a\x06worker\x28\x01"), arena, &session), 0);
    assert_string_equal(session->role, "worker");
    assert_int_equal(wire_store_read_dkim_verdict(TEXT("\x08\x01"), arena, &verdict), 0);
    assert_true(verdict->good);
    assert_int_equal(wire_store_read_session(TEXT("\x0a\x09worker"), arena, &session), -EPROTO);
    arena_destroy(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_protobuf_c_reads_recipients),
        cmocka_unit_test(test_recipients_come_back),
        cmocka_unit_test(test_override_is_read),
        cmocka_unit_test(test_refs_come_back),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_unknown_fields_pass),
        cmocka_unit_test(test_event_details),
        cmocka_unit_test(test_whole_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
