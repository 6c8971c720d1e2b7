/* Random chunks, by seed: what must hold of every result. */
#include "tests/unit/coordinator/intake/chunks.h"

#include <errno.h>

#define SEEDS 12

struct dice {
    uint64_t state;
};

static uint32_t roll(struct dice *dice, uint32_t sides)
{
    dice->state = dice->state * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(dice->state >> 33) % sides;
}

/* Few large domains, many small ones, some recipients twice, some bad. */
static Hikyaku__V1__AddRecipientsRequest *random_chunk(struct chunks *chunks, struct dice *dice)
{
    static const char *const large[] = {"gmail.com", "googlemail.com", "docomo.ne.jp", "a.example",
                                        "b.example"};
    uint32_t count = 1 + roll(dice, 4096);
    uint32_t people = 1 + roll(dice, 2 * count);
    uint32_t small = 1 + roll(dice, 500);
    uint32_t large_permille = roll(dice, 1001);
    Hikyaku__V1__AddRecipientsRequest *request =
        chunks_request(chunks, roll(dice, ROWS_CHUNKS_MAX), count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t person = roll(dice, people);
        bool is_large = person % 1000 < large_permille;
        request->recipients[i]->address =
            is_large ? arena_printf(chunks->arena, "u%u@%s", person, large[person % 5])
                     : arena_printf(chunks->arena, "u%u@s%u.example", person, person % small);
        if (roll(dice, 50) == 0) {
            request->recipients[i]->address = requests_string(chunks->arena, "bad@");
        }
    }
    return request;
}

/* Provider of a row's address as the groups should have it: its key, or its domain. */
static struct text key_of(const char *address)
{
    struct text domain = text_skip(text_of(address), text_find(text_of(address), '@') + 1);
    struct text provider = chunks_provider(NULL, domain);
    return provider.size > 0 ? provider : domain;
}

static size_t rows_with_key(const Hikyaku__V1__AddRecipientsRequest *request, struct text key)
{
    size_t rows = 0;
    for (size_t i = 0; i < request->n_recipients; i++) {
        const char *address = request->recipients[i]->address;
        rows += strcmp(address, "bad@") != 0 && text_equal(key_of(address), key);
    }
    return rows;
}

static void check_batch(const Hikyaku__V1__AddRecipientsRequest *request,
                        const struct intake_batch *batch)
{
    struct text rest = buffer_text(&batch->recipients);
    struct text refs = buffer_text(&batch->refs);
    bool is_mixed = text_equal(batch->provider, TEXT(INTAKE_MIXED));
    assert_in_range(batch->row_count, 1, INTAKE_BATCH_ROWS_MAX);
    assert_int_equal(batch->number >> 16, request->chunk);
    for (uint32_t i = 0; i < batch->row_count; i++) {
        const struct intake_row *row = &batch->rows[i];
        const char *address = request->recipients[row->position]->address;
        struct wire_store_recipient recipient;
        struct wire_store_ref ref;
        assert_true(i == 0 || batch->rows[i - 1].position < row->position);
        assert_int_equal(wire_store_next_recipient(&rest, &recipient), 0);
        assert_int_equal(wire_store_next_ref(&refs, &ref), 0);
        assert_int_equal(recipient.index, request->chunk * ROWS_PER_CHUNK + row->position);
        assert_int_equal(ref.index, recipient.index);
        chunks_assert_text(recipient.address, row->is_duplicate ? "" : address);
        if (!is_mixed) {
            assert_true(text_equal(batch->provider, key_of(address)));
        }
    }
    assert_int_equal(rest.size, 0);
    assert_int_equal(refs.size, 0);
    if (!is_mixed) {
        assert_true(rows_with_key(request, batch->provider) >= INTAKE_GROUP_ROWS_MIN);
    }
}

/* Every position is where the map says, or in no batch. */
static void check_map(const Hikyaku__V1__AddRecipientsRequest *request,
                      const struct intake_result *result)
{
    for (uint32_t i = 0; i < request->n_recipients; i += i % 7 + 1) {
        uint16_t ordinal = 0;
        uint32_t row = 0;
        int error = intake_map_find(result->map, i, &ordinal, &row);
        if (strcmp(request->recipients[i]->address, "bad@") == 0) {
            assert_int_equal(error, -ENOENT);
            continue;
        }
        assert_int_equal(error, 0);
        assert_true(ordinal < result->batch_count);
        assert_true(row < result->batches[ordinal].row_count);
        assert_int_equal(result->batches[ordinal].rows[row].position, i);
    }
    uint16_t ordinal = 0;
    uint32_t row = 0;
    assert_int_equal(intake_map_find(result->map, (uint32_t)request->n_recipients, &ordinal, &row),
                     -ENOENT);
}

/* The first of each address goes, the later ones do not. */
static void check_duplicates(struct chunks *chunks,
                             const Hikyaku__V1__AddRecipientsRequest *request,
                             const struct intake_result *result)
{
    struct table *seen = table_create();
    bool *is_duplicate = arena_zero(chunks->arena, request->n_recipients, sizeof *is_duplicate);
    for (size_t i = 0; i < request->n_recipients; i++) {
        struct text address = text_of(request->recipients[i]->address);
        is_duplicate[i] = table_put(seen, address, chunks) != NULL;
    }
    uint32_t duplicates = 0;
    for (size_t i = 0; i < result->row_count; i++) {
        assert_int_equal(result->rows[i].is_duplicate, is_duplicate[result->rows[i].position]);
        duplicates += result->rows[i].is_duplicate;
    }
    assert_int_equal(result->duplicates, duplicates);
    table_destroy(&seen);
}

static void every_random_chunk_keeps_the_rules(void **state)
{
    struct chunks *chunks = *state;
    chunks_load(chunks);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct dice dice = {seed};
        Hikyaku__V1__AddRecipientsRequest *request = random_chunk(chunks, &dice);
        struct intake_result *result = NULL;
        assert_int_equal(intake_chunk(chunks->intake, &chunks->settings, request, &result), 0);
        size_t rows = 0;
        size_t not_full_of_mixed = 0;
        for (size_t i = 0; i < result->batch_count; i++) {
            check_batch(request, &result->batches[i]);
            rows += result->batches[i].row_count;
            not_full_of_mixed += text_equal(result->batches[i].provider, TEXT(INTAKE_MIXED)) &&
                                 result->batches[i].row_count < INTAKE_BATCH_ROWS_MAX / 2;
        }
        assert_int_equal(rows, result->row_count);
        assert_true(not_full_of_mixed <= 1);
        assert_int_equal(result->accepted + result->duplicates, rows);
        assert_int_equal(rows + result->rejected_total, request->n_recipients);
        check_map(request, result);
        check_duplicates(chunks, request, result);
        intake_result_destroy(&result);
    }
}

/* One domain each: the most groups there can be. */
static void a_chunk_of_all_different_domains_is_one_mixed_lot(void **state)
{
    struct chunks *chunks = *state;
    chunks_load(chunks);
    Hikyaku__V1__AddRecipientsRequest *request = chunks_request(chunks, 0, 4096);
    for (size_t i = 0; i < 4096; i++) {
        request->recipients[i]->address = arena_printf(chunks->arena, "u@d%zu.example", i);
    }
    struct intake_result *result = NULL;
    assert_int_equal(intake_chunk(chunks->intake, &chunks->settings, request, &result), 0);
    assert_int_equal(result->batch_count, 9);
    for (size_t i = 0; i < 9; i++) {
        chunks_assert_text(result->batches[i].provider, INTAKE_MIXED);
        check_batch(request, &result->batches[i]);
    }
    intake_result_destroy(&result);
}

/* The most lots there can be: 81 domains of 50 rows and a rest. */
static void a_chunk_of_many_small_lots_fits(void **state)
{
    struct chunks *chunks = *state;
    chunks_load(chunks);
    Hikyaku__V1__AddRecipientsRequest *request = chunks_request(chunks, 0, 4096);
    for (size_t i = 0; i < 4096; i++) {
        request->recipients[i]->address =
            arena_printf(chunks->arena, "u%zu@d%zu.example", i, i / 50);
    }
    struct intake_result *result = NULL;
    assert_int_equal(intake_chunk(chunks->intake, &chunks->settings, request, &result), 0);
    assert_int_equal(result->batch_count, 82);
    chunks_assert_text(result->batches[81].provider, INTAKE_MIXED);
    check_map(request, result);
    intake_result_destroy(&result);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, chunks_setup, chunks_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_random_chunk_keeps_the_rules),
        TEST(a_chunk_of_all_different_domains_is_one_mixed_lot),
        TEST(a_chunk_of_many_small_lots_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
