#include "coordinator/intake/intake_messages.h"

#include "tests/unit/coordinator/intake/chunks.h"

#include <errno.h>

static const unsigned char id_key[IDENTITY_KEY_BYTES] = {9};

/* A call of `count` messages order-0 ..., all to addresses of their own. */
static Hikyaku__V1__SendMessagesRequest *call(struct chunks *chunks, size_t count)
{
    Hikyaku__V1__SendMessagesRequest *request = requests_send(chunks->arena);
    request->content->subject = requests_string(chunks->arena, "Hello");
    request->content->text = requests_string(chunks->arena, "Dear {{name}}");
    request->messages = arena_zero(chunks->arena, count, sizeof(void *));
    request->n_messages = count;
    for (size_t i = 0; i < count; i++) {
        request->messages[i] = requests_item(chunks->arena);
        request->messages[i]->message_key = arena_printf(chunks->arena, "order-%zu", i);
        request->messages[i]->to = arena_printf(chunks->arena, "u%zu@d%zu.example", i, i % 7);
        request->messages[i]->fields = requests_string(chunks->arena, "{\"name\":\"Bob\"}");
    }
    return request;
}

static void load_container(struct chunks *chunks, const Hikyaku__V1__SendMessagesRequest *request)
{
    struct wire_effective_tenant tenant = {"trx", ""};
    chunks_load_stored(chunks, wire_effective_messages(request, &wire_limits_default, &tenant, NULL,
                                                       chunks->arena));
}

/* All messages of a call into one container. */
static struct intake_result *take_all(struct chunks *chunks,
                                      const Hikyaku__V1__SendMessagesRequest *request)
{
    struct intake_identity identities[1000];
    uint32_t places[1000];
    for (uint32_t i = 0; i < request->n_messages; i++) {
        places[i] = i;
    }
    intake_messages_identify(chunks->intake, id_key, TEXT("shop"), request, identities);
    struct intake_messages messages = {
        .request = request,
        .identities = identities,
        .places = places,
        .count = request->n_messages,
        .chunk = 2,
    };
    struct intake_result *result = NULL;
    intake_messages(chunks->intake, &chunks->settings, &messages, &result);
    return result;
}

static void messages_share_mixed_batches(void **state)
{
    struct chunks *chunks = *state;
    Hikyaku__V1__SendMessagesRequest *request = call(chunks, 1000);
    load_container(chunks, request);
    struct intake_result *result = take_all(chunks, request);
    assert_int_equal(result->batch_count, 2);
    assert_int_equal(result->accepted, 1000);
    assert_int_equal(result->message_count, 1000);
    for (size_t i = 0; i < 2; i++) {
        chunks_assert_text(result->batches[i].provider, INTAKE_MIXED);
        assert_int_equal(result->batches[i].row_count, 500);
        assert_int_equal(result->batches[i].number, 2 << 16 | i);
    }
    assert_int_equal(result->messages[999].index, 2 * 4096 + 999);
    struct wire_store_recipient recipient;
    chunks_find(result, 999, &recipient);
    chunks_assert_text(recipient.address, "u999@d5.example");
    assert_int_equal(recipient.override.size, 0);
    intake_result_destroy(&result);
}

/* The token is the local part of the Message-ID that the worker will make. */
static void a_message_knows_its_message_id(void **state)
{
    struct chunks *chunks = *state;
    Hikyaku__V1__SendMessagesRequest *request = call(chunks, 2);
    load_container(chunks, request);
    struct intake_result *result = take_all(chunks, request);
    char token[TOKEN_LENGTH + 1];
    unsigned char person[ADDRESS_HASH_BYTES];
    address_hash_make(chunks->settings.address_hash_key, TEXT("u1@d1.example"), person);
    token_make(&chunks->settings.token_key, TOKEN_MESSAGE_ID, 2 * 4096 + 1, person, token);
    assert_true(result->messages[1].is_accepted);
    assert_string_equal(result->messages[1].token, token);
    assert_string_not_equal(result->messages[0].token, token);
    intake_result_destroy(&result);
}

/* I9; API.md: a bad item never fails its neighbours. */
static void a_bad_message_is_rejected_alone(void **state)
{
    struct chunks *chunks = *state;
    Hikyaku__V1__SendMessagesRequest *request = call(chunks, 7);
    load_container(chunks, request);
    request->messages[1]->to = requests_string(chunks->arena, "nobody");
    request->messages[2]->message_key = requests_string(chunks->arena, "order-0");
    request->messages[3]->fields = requests_string(chunks->arena, "{}");
    request->messages[4]->message_key = requests_string(chunks->arena, "");
    request->messages[5]->html = requests_string(chunks->arena, "<p>{{/name}}</p>");
    static const struct {
        uint32_t place;
        const char *field;
    } want[] = {{1, "to"}, {2, "message_key"}, {3, NULL}, {4, "message_key"}, {5, "html"}};
    struct intake_result *result = take_all(chunks, request);
    assert_int_equal(result->accepted, 2);
    assert_int_equal(result->rejected_total, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(result->rejected[i].index, want[i].place);
        assert_false(result->messages[want[i].place].is_accepted);
        assert_true(result->rejected[i].message.size > 0);
        if (want[i].field != NULL) {
            chunks_assert_text(result->rejected[i].field, want[i].field);
        }
    }
    assert_true(result->messages[6].is_accepted);
    assert_int_equal(result->messages[6].index, 2 * 4096 + 6);
    intake_result_destroy(&result);
}

static void all_bad_leaves_nothing_to_store(void **state)
{
    struct chunks *chunks = *state;
    Hikyaku__V1__SendMessagesRequest *request = call(chunks, 1);
    load_container(chunks, request);
    request->messages[0]->to = requests_string(chunks->arena, "");
    struct intake_result *result = take_all(chunks, request);
    assert_int_equal(result->accepted, 0);
    assert_int_equal(result->batch_count, 0);
    intake_result_destroy(&result);
}

static void what_a_message_overrides_is_stored_with_it(void **state)
{
    struct chunks *chunks = *state;
    Hikyaku__V1__SendMessagesRequest *request = call(chunks, 2);
    load_container(chunks, request);
    Hikyaku__V1__MessageItem *item = request->messages[1];
    item->text = requests_string(chunks->arena, "code {{code}} for {{name}}");
    item->fields =
        requests_string(chunks->arena, "{\"name\":\"Bob\",\"code\":\"042\",\"unused\":1}");
    item->headers = requests_headers(chunks->arena, "X-Order", 1);
    item->n_headers = 1;
    struct intake_result *result = take_all(chunks, request);
    assert_int_equal(result->accepted, 2);
    struct wire_store_recipient recipient;
    chunks_find(result, 1, &recipient);
    chunks_assert_text(recipient.fields, "{\"code\":\"042\",\"name\":\"Bob\"}");
    assert_int_equal(recipient.header_count, 1);
    Hikyaku__V1__MessageItem *stored = NULL;
    assert_int_equal(wire_store_read_override(recipient.override, chunks->arena, &stored), 0);
    assert_string_equal(stored->text, item->text);
    assert_string_equal(stored->to, ""); /* stands elsewhere */
    assert_string_equal(stored->fields, "");
    assert_int_equal(stored->n_headers, 0);
    intake_result_destroy(&result);
}

static void labels_lie_with_the_ref(void **state)
{
    struct chunks *chunks = *state;
    Hikyaku__V1__SendMessagesRequest *request = call(chunks, 1);
    load_container(chunks, request);
    Hikyaku__V1__MessageItem__LabelsEntry *label =
        requests_new(chunks->arena, &hikyaku__v1__message_item__labels_entry__descriptor);
    label->key = requests_string(chunks->arena, "kind");
    label->value = requests_string(chunks->arena, "otp");
    request->messages[0]->labels = &label;
    request->messages[0]->n_labels = 1;
    request->messages[0]->ref = requests_string(chunks->arena, "order-17");
    struct intake_result *result = take_all(chunks, request);
    assert_int_equal(result->accepted, 1);
    struct text rest = buffer_text(&result->batches[0].refs);
    struct wire_store_ref ref;
    Hikyaku__V1__StoredRef *stored = NULL;
    assert_int_equal(wire_store_next_ref(&rest, &ref), 0);
    assert_int_equal(wire_store_read_ref(ref.packed, chunks->arena, &stored), 0);
    assert_string_equal(stored->ref, "order-17");
    assert_int_equal(stored->n_labels, 1);
    assert_string_equal(stored->labels[0]->value, "otp");
    intake_result_destroy(&result);
}

static void a_container_without_a_body_takes_whole_messages_only(void **state)
{
    struct chunks *chunks = *state;
    Hikyaku__V1__SendMessagesRequest *request = call(chunks, 2);
    request->content->text = requests_string(chunks->arena, "");
    load_container(chunks, request);
    assert_null(chunks->settings.prepared);
    request->messages[1]->text = requests_string(chunks->arena, "code for {{name}}");
    struct intake_result *result = take_all(chunks, request);
    assert_int_equal(result->accepted, 1);
    assert_int_equal(result->rejected[0].index, 0);
    chunks_assert_text(result->rejected[0].field, "text");
    intake_result_destroy(&result);
}

/* Re-cut calls are the same payload; another option, other fields or another tenant are not. */
static void identities_do_not_depend_on_how_a_call_is_cut(void **state)
{
    struct chunks *chunks = *state;
    Hikyaku__V1__SendMessagesRequest *request = call(chunks, 3);
    struct intake_identity whole[3];
    struct intake_identity cut[1];
    intake_messages_identify(chunks->intake, id_key, TEXT("shop"), request, whole);
    Hikyaku__V1__SendMessagesRequest *part = call(chunks, 3);
    part->messages += 2;
    part->n_messages = 1;
    intake_messages_identify(chunks->intake, id_key, TEXT("shop"), part, cut);
    assert_memory_equal(cut[0].key_hash, whole[2].key_hash, IDENTITY_MESSAGE_BYTES);
    assert_memory_equal(cut[0].digest, whole[2].digest, DIGEST_BYTES);
    assert_memory_not_equal(whole[0].digest, whole[1].digest, DIGEST_BYTES);
    assert_memory_not_equal(whole[0].key_hash, whole[1].key_hash, IDENTITY_MESSAGE_BYTES);
    part->expires_after_s = 600;
    intake_messages_identify(chunks->intake, id_key, TEXT("other"), part, cut);
    assert_memory_not_equal(cut[0].key_hash, whole[2].key_hash, IDENTITY_MESSAGE_BYTES);
    assert_memory_not_equal(cut[0].digest, whole[2].digest, DIGEST_BYTES);
}

static void a_repeated_key_is_seen(void **state)
{
    struct chunks *chunks = *state;
    Hikyaku__V1__SendMessagesRequest *request = call(chunks, 4);
    request->messages[2]->message_key = request->messages[0]->message_key;
    struct intake_identity identities[4];
    for (size_t i = 0; i < 2; i++) { /* and a second call starts anew */
        intake_messages_identify(chunks->intake, id_key, TEXT("shop"), request, identities);
        assert_false(identities[0].is_repeated);
        assert_false(identities[1].is_repeated);
        assert_true(identities[2].is_repeated);
        assert_false(identities[3].is_repeated);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, chunks_setup, chunks_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(messages_share_mixed_batches),
        TEST(a_message_knows_its_message_id),
        TEST(a_bad_message_is_rejected_alone),
        TEST(all_bad_leaves_nothing_to_store),
        TEST(what_a_message_overrides_is_stored_with_it),
        TEST(labels_lie_with_the_ref),
        TEST(a_container_without_a_body_takes_whole_messages_only),
        TEST(identities_do_not_depend_on_how_a_call_is_cut),
        TEST(a_repeated_key_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
