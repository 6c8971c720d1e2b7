#include "tests/unit/coordinator/intake/chunks.h"

#include <errno.h>

static void a_recipient_is_normalised_and_keeps_only_used_fields(void **state)
{
    struct chunks *chunks = *state;
    chunks_load(chunks);
    Hikyaku__V1__AddRecipientsRequest *request = chunks_request(chunks, 3, 1);
    request->recipients[0]->address = requests_string(chunks->arena, "Taro@\xe4\xbe\x8b.JP");
    request->recipients[0]->fields =
        requests_string(chunks->arena, "{ \"unused\": 1, \"name\" : \"\\u5c71\", \"city\":1.10 }");
    request->recipients[0]->ref = requests_string(chunks->arena, "customer-17");
    request->recipients[0]->lang = requests_string(chunks->arena, "ja");
    struct intake_result *result = NULL;
    assert_int_equal(intake_chunk(chunks->intake, &chunks->settings, request, &result), 0);
    assert_int_equal(result->batch_count, 1);
    assert_int_equal(result->accepted, 1);
    assert_int_equal(result->batches[0].number, 3 << 16);
    struct wire_store_recipient recipient;
    chunks_find(result, 0, &recipient);
    assert_int_equal(recipient.index, 3 * 4096);
    chunks_assert_text(recipient.address, "Taro@\xe4\xbe\x8b.JP");
    chunks_assert_text(recipient.wire_address, "Taro@xn--fsq.jp");
    chunks_assert_text(recipient.fields, "{\"city\":1.10,\"name\":\"\xe5\xb1\xb1\"}");
    chunks_assert_text(recipient.lang, "ja");
    struct text rest = buffer_text(&result->batches[0].refs);
    struct wire_store_ref ref;
    assert_int_equal(wire_store_next_ref(&rest, &ref), 0);
    assert_int_equal(ref.index, 3 * 4096);
    chunks_assert_text(ref.ref, "customer-17");
    assert_int_not_equal(ref.address_hash, 0);
    intake_result_destroy(&result);
    assert_null(result);
}

static void the_same_request_gives_the_same_result(void **state)
{
    struct chunks *chunks = *state;
    chunks_load(chunks);
    Hikyaku__V1__AddRecipientsRequest *request = chunks_request(chunks, 1, 700);
    chunks_fill(chunks, request, 0, 600, "gmail.com");
    chunks_fill(chunks, request, 600, 99, "example.com");
    struct intake *other = intake_create();
    struct intake_result *first = NULL;
    struct intake_result *again = NULL;
    struct intake_result *elsewhere = NULL;
    assert_int_equal(intake_chunk(chunks->intake, &chunks->settings, request, &first), 0);
    assert_int_equal(intake_chunk(chunks->intake, &chunks->settings, request, &again), 0);
    assert_int_equal(intake_chunk(other, &chunks->settings, request, &elsewhere), 0);
    const struct intake_result *twins[] = {again, elsewhere};
    for (size_t t = 0; t < 2; t++) {
        assert_int_equal(twins[t]->batch_count, first->batch_count);
        assert_memory_equal(twins[t]->digest, first->digest, DIGEST_BYTES);
        assert_true(text_equal(twins[t]->map, first->map));
        assert_int_equal(twins[t]->row_count, first->row_count);
        assert_int_equal(twins[t]->rejected_total, 1);
        for (size_t i = 0; i < first->row_count; i++) {
            assert_true(twins[t]->rows[i].hash == first->rows[i].hash);
            assert_int_equal(twins[t]->rows[i].position, first->rows[i].position);
        }
        for (size_t i = 0; i < first->batch_count; i++) {
            assert_true(text_equal(buffer_text(&twins[t]->batches[i].recipients),
                                   buffer_text(&first->batches[i].recipients)));
            assert_true(text_equal(buffer_text(&twins[t]->batches[i].refs),
                                   buffer_text(&first->batches[i].refs)));
        }
    }
    intake_result_destroy(&first);
    intake_result_destroy(&again);
    intake_result_destroy(&elsewhere);
    intake_destroy(&other);
}

static void the_digest_tells_chunks_apart(void **state)
{
    struct chunks *chunks = *state;
    chunks_load(chunks);
    Hikyaku__V1__AddRecipientsRequest *request = chunks_request(chunks, 1, 2);
    chunks_fill(chunks, request, 0, 2, "gmail.com");
    unsigned char digests[3][DIGEST_BYTES];
    for (size_t i = 0; i < 3; i++) {
        struct intake_result *result = NULL;
        assert_int_equal(intake_chunk(chunks->intake, &chunks->settings, request, &result), 0);
        memcpy(digests[i], result->digest, DIGEST_BYTES);
        intake_result_destroy(&result);
        if (i == 0) {
            request->recipients[1]->ref = requests_string(chunks->arena, "x");
        } else {
            request->chunk = 2;
        }
    }
    assert_memory_not_equal(digests[0], digests[1], DIGEST_BYTES);
    assert_memory_not_equal(digests[1], digests[2], DIGEST_BYTES);
}

static void large_groups_get_batches_of_their_own(void **state)
{
    struct chunks *chunks = *state;
    chunks_load(chunks);
    Hikyaku__V1__AddRecipientsRequest *request = chunks_request(chunks, 0, 1100);
    chunks_fill(chunks, request, 0, 600, "gmail.com");
    chunks_fill(chunks, request, 600, 401, "googlemail.com"); /* 1,001 of google: 3 batches */
    chunks_fill(chunks, request, 1001, 49, "example.com");    /* too few for one of its own */
    chunks_fill(chunks, request, 1050, 50, "example.org");
    struct intake_result *result = NULL;
    assert_int_equal(intake_chunk(chunks->intake, &chunks->settings, request, &result), 0);
    static const struct {
        const char *provider;
        uint32_t rows;
    } want[] = {
        {"google", 334}, {"google", 334}, {"google", 333}, {"example.org", 50}, {INTAKE_MIXED, 49},
    };
    assert_int_equal(result->batch_count, sizeof want / sizeof *want);
    for (size_t i = 0; i < result->batch_count; i++) {
        chunks_assert_text(result->batches[i].provider, want[i].provider);
        assert_int_equal(result->batches[i].row_count, want[i].rows);
        assert_int_equal(result->batches[i].number, i);
    }
    intake_result_destroy(&result);
}

static void small_groups_share_mixed_batches_but_stay_together(void **state)
{
    struct chunks *chunks = *state;
    chunks_load(chunks);
    Hikyaku__V1__AddRecipientsRequest *request = chunks_request(chunks, 0, 1200);
    for (size_t i = 0; i < 1200; i++) { /* 40 domains of 30 rows, well mixed */
        request->recipients[i]->address =
            arena_printf(chunks->arena, "u%zu@d%zu.example", i, i * 7 % 40);
    }
    struct intake_result *result = NULL;
    assert_int_equal(intake_chunk(chunks->intake, &chunks->settings, request, &result), 0);
    assert_int_equal(result->batch_count, 3);
    size_t split = 0;
    for (size_t domain = 0; domain < 40; domain++) {
        char end[32];
        (void)snprintf(end, sizeof end, "@d%zu.example", domain);
        size_t batches = 0;
        for (size_t b = 0; b < 3; b++) {
            chunks_assert_text(result->batches[b].provider, INTAKE_MIXED);
            assert_int_equal(result->batches[b].row_count, 400);
            struct text rest = buffer_text(&result->batches[b].recipients);
            struct wire_store_recipient recipient;
            bool is_there = false;
            while (wire_store_next_recipient(&rest, &recipient) == 0) {
                is_there = is_there || text_ends_with_nocase(recipient.address, text_of(end));
            }
            batches += is_there;
        }
        split += batches > 1;
    }
    assert_true(split <= 2); /* only where one batch ends and the next begins */
    intake_result_destroy(&result);
}

static void duplicates_keep_a_row_but_no_letter(void **state)
{
    struct chunks *chunks = *state;
    chunks_load(chunks);
    Hikyaku__V1__AddRecipientsRequest *request = chunks_request(chunks, 0, 4);
    chunks_address(chunks, request, 0, "bob", "example.com");
    chunks_address(chunks, request, 1, "BOB", "EXAMPLE.com");
    chunks_address(chunks, request, 2, "bob+1", "example.com");
    chunks_address(chunks, request, 3, "bob", "example.com");
    request->recipients[3]->ref = requests_string(chunks->arena, "second");
    struct intake_result *result = NULL;
    assert_int_equal(intake_chunk(chunks->intake, &chunks->settings, request, &result), 0);
    assert_int_equal(result->accepted, 2);
    assert_int_equal(result->duplicates, 2);
    assert_int_equal(result->row_count, 4);
    static const bool is_duplicate[] = {false, true, false, true};
    for (uint32_t i = 0; i < 4; i++) {
        struct wire_store_recipient recipient;
        chunks_recipient(&result->batches[0], i, &recipient);
        assert_int_equal(recipient.index, i);
        assert_int_equal(recipient.address.size == 0, is_duplicate[i]);
        assert_int_equal(result->rows[i].is_duplicate, is_duplicate[i]);
        assert_int_equal(result->rows[i].bucket,
                         (uint64_t)result->rows[i].hash % chunks->settings.buckets);
    }
    assert_true(result->rows[0].hash == result->rows[1].hash);
    assert_true(result->rows[0].hash != result->rows[2].hash);
    intake_result_destroy(&result);
}

static void what_counts_as_a_duplicate_is_the_campaigns_choice(void **state)
{
    struct chunks *chunks = *state;
    chunks->create->duplicate_key = HIKYAKU__V1__DUPLICATE_KEY__DUPLICATE_KEY_ADDRESS_AND_REF;
    chunks_load(chunks);
    Hikyaku__V1__AddRecipientsRequest *request = chunks_request(chunks, 0, 3);
    for (size_t i = 0; i < 3; i++) {
        chunks_address(chunks, request, i, "bob", "example.com");
        request->recipients[i]->ref = requests_string(chunks->arena, i == 1 ? "b" : "a");
    }
    struct intake_result *result = NULL;
    assert_int_equal(intake_chunk(chunks->intake, &chunks->settings, request, &result), 0);
    assert_int_equal(result->accepted, 2);
    assert_true(result->rows[2].is_duplicate);
    intake_result_destroy(&result);

    chunks->create->duplicates = HIKYAKU__V1__DUPLICATES__DUPLICATES_KEEP;
    chunks_load(chunks);
    assert_int_equal(intake_chunk(chunks->intake, &chunks->settings, request, &result), 0);
    assert_int_equal(result->accepted, 3);
    assert_int_equal(result->duplicates, 0);
    assert_true(result->rows[0].hash == 0);
    intake_result_destroy(&result);
}

static void refused_duplicates_refuse_the_chunk(void **state)
{
    struct chunks *chunks = *state;
    chunks->create->duplicates = HIKYAKU__V1__DUPLICATES__DUPLICATES_REFUSE;
    chunks_load(chunks);
    /* More bad ones than are named stand before it. */
    Hikyaku__V1__AddRecipientsRequest *request = chunks_request(chunks, 1, 1102);
    chunks_address(chunks, request, 0, "bob", "example.com");
    chunks_address(chunks, request, 1101, "Bob", "example.com");
    struct intake_result *result = NULL;
    assert_int_equal(intake_chunk(chunks->intake, &chunks->settings, request, &result), -EEXIST);
    assert_int_equal(result->rejected_total, 1101);
    assert_int_equal(result->rejected_count, INTAKE_REJECTED_MAX);
    intake_result_destroy(&result);
    request = chunks_request(chunks, 1, 2);
    chunks_address(chunks, request, 0, "bob", "example.com");
    chunks_address(chunks, request, 1, "Bob", "example.com");
    assert_int_equal(intake_chunk(chunks->intake, &chunks->settings, request, &result), -EEXIST);
    assert_int_equal(result->rejected[0].index, 4097);
    chunks_assert_text(result->rejected[0].field, "address");
    chunks_assert_text(result->rejected[0].rule, "duplicate");
    intake_result_destroy(&result);
}

/* I9: an error names field and rule; its neighbours go on, or nothing does. */
static void bad_recipients_are_skipped_or_refuse_the_chunk(void **state)
{
    struct chunks *chunks = *state;
    chunks_load(chunks);
    Hikyaku__V1__AddRecipientsRequest *request = chunks_request(chunks, 2, 6);
    chunks_fill(chunks, request, 0, 6, "example.com");
    request->recipients[1]->address = requests_string(chunks->arena, "nobody");
    request->recipients[2]->fields = requests_string(chunks->arena, "{\"name\":}");
    request->recipients[3]->fields = requests_string(chunks->arena, "{\"name\":\"Bob\"}");
    request->recipients[4]->ref = requests_string(chunks->arena, "a@b");
    static const struct {
        uint32_t index;
        const char *field;
        const char *rule;
    } want[] = {
        {8193, "address", "address_no_at"},
        {8194, "fields", "fields_syntax"},
        {8195, NULL, NULL}, /* a missing field: named by the composer */
        {8196, "ref", NULL},
    };
    struct intake_result *result = NULL;
    assert_int_equal(intake_chunk(chunks->intake, &chunks->settings, request, &result), 0);
    assert_int_equal(result->accepted, 2);
    assert_int_equal(result->rejected_total, 4);
    for (size_t i = 0; i < 4; i++) {
        const struct intake_rejected *rejected = &result->rejected[i];
        assert_int_equal(rejected->index, want[i].index);
        assert_true(rejected->rule.size > 0 && rejected->message.size > 0);
        if (want[i].field != NULL) {
            chunks_assert_text(rejected->field, want[i].field);
        }
        if (want[i].rule != NULL) {
            chunks_assert_text(rejected->rule, want[i].rule);
        }
        uint16_t ordinal = 0;
        uint32_t row = 0;
        assert_int_equal(intake_map_find(result->map, want[i].index % 4096, &ordinal, &row),
                         -ENOENT);
    }
    intake_result_destroy(&result);
    request->on_invalid = HIKYAKU__V1__ON_INVALID__ON_INVALID_REFUSE_CHUNK;
    assert_int_equal(intake_chunk(chunks->intake, &chunks->settings, request, &result), -EINVAL);
    assert_int_equal(result->rejected_total, 4);
    assert_int_equal(result->batch_count, 0);
    intake_result_destroy(&result);
}

static void a_chunk_of_bad_recipients_makes_no_batch(void **state)
{
    struct chunks *chunks = *state;
    chunks_load(chunks);
    Hikyaku__V1__AddRecipientsRequest *request = chunks_request(chunks, 0, 3);
    struct intake_result *result = NULL;
    assert_int_equal(intake_chunk(chunks->intake, &chunks->settings, request, &result), 0);
    assert_int_equal(result->batch_count, 0);
    assert_int_equal(result->row_count, 0);
    assert_int_equal(result->rejected_total, 3);
    assert_int_equal(intake_seal(chunks->intake, &chunks->settings, result), 0);
    intake_result_destroy(&result);
}

static void extra_and_missing_fields_follow_the_campaign(void **state)
{
    struct chunks *chunks = *state;
    Hikyaku__V1__Content *content = chunks->create->content;
    static const struct {
        Hikyaku__V1__ExtraField extra;
        Hikyaku__V1__MissingField missing;
        const char *fields;
        const char *stored; /* NULL: rejected */
    } cases[] = {
        {HIKYAKU__V1__EXTRA_FIELD__EXTRA_FIELD_DROP,
         HIKYAKU__V1__MISSING_FIELD__MISSING_FIELD_ERROR, "{\"name\":1,\"city\":2,\"age\":3}",
         "{\"city\":2,\"name\":1}"},
        {HIKYAKU__V1__EXTRA_FIELD__EXTRA_FIELD_ERROR,
         HIKYAKU__V1__MISSING_FIELD__MISSING_FIELD_ERROR, "{\"name\":1,\"city\":2,\"age\":3}",
         NULL},
        {HIKYAKU__V1__EXTRA_FIELD__EXTRA_FIELD_ERROR,
         HIKYAKU__V1__MISSING_FIELD__MISSING_FIELD_ERROR, "{\"name\":1,\"city\":2}",
         "{\"city\":2,\"name\":1}"},
        {HIKYAKU__V1__EXTRA_FIELD__EXTRA_FIELD_DROP,
         HIKYAKU__V1__MISSING_FIELD__MISSING_FIELD_ERROR, "{\"name\":1}", NULL},
        {HIKYAKU__V1__EXTRA_FIELD__EXTRA_FIELD_DROP,
         HIKYAKU__V1__MISSING_FIELD__MISSING_FIELD_ERROR, "", NULL},
        {HIKYAKU__V1__EXTRA_FIELD__EXTRA_FIELD_DROP,
         HIKYAKU__V1__MISSING_FIELD__MISSING_FIELD_EMPTY, "{\"name\":1}", "{\"name\":1}"},
        {HIKYAKU__V1__EXTRA_FIELD__EXTRA_FIELD_DROP,
         HIKYAKU__V1__MISSING_FIELD__MISSING_FIELD_EMPTY, "{\"age\":3}", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        content->extra_field = cases[i].extra;
        content->missing_field = cases[i].missing;
        chunks_load(chunks);
        Hikyaku__V1__AddRecipientsRequest *request = chunks_request(chunks, 0, 1);
        chunks_address(chunks, request, 0, "bob", "example.com");
        request->recipients[0]->fields = requests_string(chunks->arena, cases[i].fields);
        struct intake_result *result = NULL;
        assert_int_equal(intake_chunk(chunks->intake, &chunks->settings, request, &result), 0);
        assert_int_equal(result->accepted, cases[i].stored != NULL);
        if (cases[i].stored != NULL) {
            struct wire_store_recipient recipient;
            chunks_find(result, 0, &recipient);
            chunks_assert_text(recipient.fields, cases[i].stored);
        }
        intake_result_destroy(&result);
    }
}

/* S15: a control character in a value that goes into a header is refused. */
static void header_values_are_held_against_the_rules(void **state)
{
    struct chunks *chunks = *state;
    chunks->create->content->subject = requests_string(chunks->arena, "For {{name}}");
    chunks_load(chunks);
    Hikyaku__V1__AddRecipientsRequest *request = chunks_request(chunks, 0, 1);
    chunks_address(chunks, request, 0, "bob", "example.com");
    request->recipients[0]->fields =
        requests_string(chunks->arena, "{\"name\":\"x\\r\\nBcc: y@z\",\"city\":1}");
    struct intake_result *result = NULL;
    assert_int_equal(intake_chunk(chunks->intake, &chunks->settings, request, &result), 0);
    assert_int_equal(result->rejected_total, 1);
    chunks_assert_text(result->rejected[0].rule, "S15");
    intake_result_destroy(&result);
}

static void what_was_sealed_opens_only_as_what_it_was(void **state)
{
    struct chunks *chunks = *state;
    chunks_load(chunks);
    Hikyaku__V1__AddRecipientsRequest *request = chunks_request(chunks, 5, 900);
    chunks_fill(chunks, request, 0, 900, "gmail.com");
    struct intake_result *result = NULL;
    assert_int_equal(intake_chunk(chunks->intake, &chunks->settings, request, &result), 0);
    OWNED(buffer_finish) struct buffer plain = {0};
    buffer_append_text(&plain, buffer_text(&result->batches[1].recipients));
    assert_int_equal(intake_seal(chunks->intake, &chunks->settings, result), 0);
    assert_int_equal(result->batches[1].recipients.size, 0);
    assert_int_equal(result->batches[1].refs.size, 0);
    struct seal *seal = seal_create(0);
    OWNED(buffer_finish) struct buffer opened = {0};
    struct seal_name name = {.kind = SEAL_RECIPIENTS, .batch = 5 << 16 | 1};
    memcpy(name.campaign, chunks->settings.campaign, sizeof name.campaign);
    struct text sealed = buffer_text(&result->batches[1].sealed_recipients);
    assert_int_equal(seal_decrypt(seal, chunks->settings.data_key, &name, sealed,
                                  WIRE_STORE_PLAIN_BYTES_MAX, &opened),
                     0);
    assert_true(text_equal(buffer_text(&opened), buffer_text(&plain)));
    name.batch--;
    assert_int_equal(seal_decrypt(seal, chunks->settings.data_key, &name, sealed,
                                  WIRE_STORE_PLAIN_BYTES_MAX, &opened),
                     -EBADMSG);
    name.batch++;
    name.kind = SEAL_REFS;
    assert_int_equal(seal_decrypt(seal, chunks->settings.data_key, &name, sealed,
                                  WIRE_STORE_PLAIN_BYTES_MAX, &opened),
                     -EBADMSG);
    assert_int_equal(seal_decrypt(seal, chunks->settings.data_key, &name,
                                  buffer_text(&result->batches[1].sealed_refs),
                                  WIRE_STORE_PLAIN_BYTES_MAX, &opened),
                     0);
    seal_destroy(&seal);
    intake_result_destroy(&result);
}

/* No more than 65 bytes of sealed parts a recipient, with an address and two short fields. */
static void sealed_parts_are_small(void **state)
{
    struct chunks *chunks = *state;
    static const char *const domains[] = {"gmail.com", "gmail.com", "docomo.ne.jp", "example.com"};
    static const char *const names[] = {"Haruto", "Yui", "Sota", "Hina", "Ren", "Aoi", "Minato"};
    chunks_load(chunks);
    Hikyaku__V1__AddRecipientsRequest *request = chunks_request(chunks, 7, 4096);
    uint64_t random = 42;
    for (size_t i = 0; i < 4096; i++) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        const char *name = names[random >> 40 & 3];
        request->recipients[i]->address =
            arena_printf(chunks->arena, "%s.%x@%s", name, (unsigned int)(random >> 44),
                         domains[random >> 33 & 3]);
        request->recipients[i]->fields =
            arena_printf(chunks->arena, "{\"name\":\"%s\",\"city\":\"%u\"}",
                         names[random >> 50 & 3], (unsigned int)(random >> 36 & 0xfff));
        request->recipients[i]->ref = arena_printf(chunks->arena, "%zu", 100000 + i);
    }
    struct intake_result *result = NULL;
    assert_int_equal(intake_chunk(chunks->intake, &chunks->settings, request, &result), 0);
    assert_int_equal(intake_seal(chunks->intake, &chunks->settings, result), 0);
    size_t recipients = 0;
    size_t refs = 0;
    for (size_t i = 0; i < result->batch_count; i++) {
        recipients += result->batches[i].sealed_recipients.size;
        refs += result->batches[i].sealed_refs.size;
    }
    print_message("%zu batches; sealed bytes a recipient: %.1f + refs %.1f, map %.2f\n",
                  result->batch_count, (double)recipients / 4096, (double)refs / 4096,
                  (double)result->map.size / 4096);
    assert_true((recipients + refs) / 4096 < 65);
    assert_true(result->map.size < 8192);
    intake_result_destroy(&result);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, chunks_setup, chunks_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_recipient_is_normalised_and_keeps_only_used_fields),
        TEST(the_same_request_gives_the_same_result),
        TEST(the_digest_tells_chunks_apart),
        TEST(large_groups_get_batches_of_their_own),
        TEST(small_groups_share_mixed_batches_but_stay_together),
        TEST(duplicates_keep_a_row_but_no_letter),
        TEST(what_counts_as_a_duplicate_is_the_campaigns_choice),
        TEST(refused_duplicates_refuse_the_chunk),
        TEST(bad_recipients_are_skipped_or_refuse_the_chunk),
        TEST(a_chunk_of_bad_recipients_makes_no_batch),
        TEST(extra_and_missing_fields_follow_the_campaign),
        TEST(header_values_are_held_against_the_rules),
        TEST(what_was_sealed_opens_only_as_what_it_was),
        TEST(sealed_parts_are_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
