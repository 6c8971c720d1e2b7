/* Who goes first: as many of each group as of any other, in batches of their own. */
#include "tests/unit/coordinator/intake/chunks.h"

#include <assert.h>

#define GROUPS 12

static void set_canary(struct chunks *chunks, uint32_t rows)
{
    chunks->create->canary = requests_new(chunks->arena, &hikyaku__v1__canary__descriptor);
    chunks->create->canary->count = rows;
    chunks->create->canary->wait_s = 60;
    chunks_load(chunks);
}

/* `rows[i]` recipients of domain i, taking turns. The first two domains are one provider's. */
static struct intake_result *take(struct chunks *chunks, uint32_t number, const uint32_t *rows,
                                  size_t domains)
{
    static const char *const names[] = {"gmail.com", "googlemail.com", "docomo.ne.jp"};
    uint32_t sum = 0;
    uint32_t most = 0;
    for (size_t i = 0; i < domains; i++) {
        sum += rows[i];
        most = rows[i] > most ? rows[i] : most;
    }
    Hikyaku__V1__AddRecipientsRequest *request = chunks_request(chunks, number, sum);
    uint32_t at = 0;
    for (uint32_t turn = 0; turn < most; turn++) {
        for (size_t i = 0; i < domains; i++) {
            if (turn < rows[i]) {
                request->recipients[at++]->address =
                    i < 3 ? arena_printf(chunks->arena, "u%u@%s", turn, names[i])
                          : arena_printf(chunks->arena, "u%u@d%zu.example", turn, i);
            }
        }
    }
    struct intake_result *result = NULL;
    assert_int_equal(intake_chunk(chunks->intake, &chunks->settings, request, &result), 0);
    return result;
}

/* Rows of the canary whose batch stands under `provider`. */
static uint32_t canary_rows(const struct intake_result *result, const char *provider)
{
    uint32_t rows = 0;
    for (size_t i = 0; i < result->canary_batches; i++) {
        bool is_it = provider == NULL || text_equal(result->batches[i].provider, text_of(provider));
        rows += is_it ? result->batches[i].row_count : 0;
    }
    return rows;
}

static uint32_t all_rows(const struct intake_result *result)
{
    uint32_t rows = 0;
    for (size_t i = 0; i < result->batch_count; i++) {
        assert_true(result->batches[i].row_count > 0);
        assert_int_equal(result->batches[i].number & 0xffff, i);
        rows += result->batches[i].row_count;
    }
    return rows;
}

static void every_group_gives_as_many(void **state)
{
    struct chunks *chunks = *state;
    static const struct {
        uint32_t rows[4]; /* google twice, docomo, a domain */
        uint32_t asked;
        uint32_t google;
        uint32_t docomo;
        uint32_t other;
    } cases[] = {
        {{500, 500, 500, 500}, 30, 10, 10, 10},
        {{500, 500, 500, 500}, 31, 11, 10, 10}, /* the first one gives one more */
        {{500, 500, 4, 2}, 30, 24, 4, 2},       /* who has few gives all */
        {{0, 0, 500, 1}, 7, 0, 6, 1},
        {{3, 3, 3, 3}, 1000, 6, 3, 3}, /* all of them */
        {{1000, 1000, 1000, 1000}, 1000, 334, 333, 333},
        {{1, 1, 1, 1}, 1, 1, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        set_canary(chunks, cases[i].asked);
        struct intake_result *result = take(chunks, 0, cases[i].rows, 4);
        uint32_t sum = cases[i].google + cases[i].docomo + cases[i].other;
        assert_int_equal(canary_rows(result, "google"), cases[i].google);
        assert_int_equal(canary_rows(result, "docomo"), cases[i].docomo);
        assert_int_equal(canary_rows(result, NULL), sum);
        assert_int_equal(all_rows(result), result->row_count);
        intake_result_destroy(&result);
    }
}

static void it_is_in_the_first_chunk_only(void **state)
{
    struct chunks *chunks = *state;
    static const uint32_t rows[] = {100, 100, 100, 100};
    set_canary(chunks, 40);
    struct intake_result *result = take(chunks, 1, rows, 4);
    assert_int_equal(result->canary_batches, 0);
    intake_result_destroy(&result);
    chunks->create->canary->count = 0;
    chunks_load(chunks);
    result = take(chunks, 0, rows, 4);
    assert_int_equal(result->canary_batches, 0);
    intake_result_destroy(&result);
    set_canary(chunks, 40);
    chunks->create->mode = HIKYAKU__V1__MODE__MODE_DRY_RUN; /* reaches nobody: nothing to judge */
    chunks_load(chunks);
    result = take(chunks, 0, rows, 4);
    assert_int_equal(result->canary_batches, 0);
    intake_result_destroy(&result);
    chunks->create->mode = HIKYAKU__V1__MODE__MODE_LIVE;
}

static void duplicates_are_nobodys_canary(void **state)
{
    struct chunks *chunks = *state;
    set_canary(chunks, 10);
    Hikyaku__V1__AddRecipientsRequest *request = chunks_request(chunks, 0, 40);
    for (size_t i = 0; i < 40; i++) {
        request->recipients[i]->address = arena_printf(chunks->arena, "u%zu@gmail.com", i / 8);
    }
    struct intake_result *result = NULL;
    assert_int_equal(intake_chunk(chunks->intake, &chunks->settings, request, &result), 0);
    assert_int_equal(canary_rows(result, NULL), 5);
    for (uint32_t i = 0; i < result->batches[0].row_count; i++) {
        assert_false(result->batches[0].rows[i].is_duplicate);
    }
    assert_int_equal(all_rows(result), 40);
    intake_result_destroy(&result);
}

static uint32_t next(uint64_t *dice, uint32_t sides)
{
    *dice = *dice * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(*dice >> 33) % sides;
}

/* Whatever the chunk: the canary has as many rows as asked for and there are, nobody is lost. */
static void random_chunks(void **state)
{
    struct chunks *chunks = *state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        uint64_t dice = seed;
        uint32_t rows[GROUPS];
        uint32_t sum = 0;
        for (size_t i = 0; i < GROUPS; i++) {
            rows[i] = next(&dice, 3) == 0 ? next(&dice, 300) : next(&dice, 5);
            sum += rows[i];
        }
        rows[0] += sum == 0;
        sum += sum == 0;
        uint32_t asked = 1 + next(&dice, 1000);
        set_canary(chunks, asked);
        struct intake_result *result = take(chunks, 0, rows, GROUPS);
        assert_int_equal(canary_rows(result, NULL), asked < sum ? asked : sum);
        assert_int_equal(all_rows(result), sum);
        assert_int_equal(result->accepted, sum);
        intake_result_destroy(&result);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, chunks_setup, chunks_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_group_gives_as_many),
        TEST(it_is_in_the_first_chunk_only),
        TEST(duplicates_are_nobodys_canary),
        TEST(random_chunks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
