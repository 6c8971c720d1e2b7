#include "coordinator/intake/intake_entry.h"

#include "tests/unit/coordinator/intake/chunks.h"

static void each_hash_is_new_once(void **state)
{
    (void)state;
    struct intake_entry_seen *seen = xalloc_zero(1, sizeof *seen);
    for (int64_t i = 0; i < 4096; i++) {
        /* Worst case: all in one run of slots; zero and negative ones are hashes as well. */
        int64_t hash = (i - 2048) * INTAKE_ENTRY_SEEN_SLOTS;
        assert_false(intake_entry_seen_before(seen, hash));
        if (i % 64 == 0) {
            assert_true(intake_entry_seen_before(seen, hash));
        }
    }
    assert_true(intake_entry_seen_before(seen, 0));
    free(seen);
}

static void buckets_follow_the_estimate(void **state)
{
    (void)state;
    static const uint32_t cases[][2] = {{0, 16},    {1, 16},     {4096, 16},
                                        {4352, 17}, {10000, 39}, {10000000, 39062}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(intake_settings_buckets(cases[i][0]), cases[i][1]);
    }
}

/* I9: what cannot be composed is refused at Create, by field, line and column. */
static void settings_refuse_content_that_cannot_be_composed(void **state)
{
    struct chunks *chunks = *state;
    struct problem problem = {0};
    struct compose_prepared *prepared = NULL;
    chunks->create->content->text = requests_string(chunks->arena, "Dear\n{{#name}}");
    assert_true(intake_settings_prepare(chunks->create->content, "", &wire_limits_default,
                                        &prepared, &problem) < 0);
    assert_null(prepared);
    assert_string_equal(problem.field, "content.text");
    assert_non_null(strstr(problem.message, "line 2"));
}

static void settings_wipe_their_keys(void **state)
{
    struct chunks *chunks = *state;
    static const unsigned char zero[SEAL_KEY_BYTES] = {0};
    chunks_load(chunks);
    assert_memory_not_equal(chunks->settings.data_key, zero, sizeof zero);
    intake_settings_finish(&chunks->settings);
    assert_memory_equal(chunks->settings.data_key, zero, sizeof zero);
    assert_null(chunks->settings.prepared);
    chunks_load(chunks);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, chunks_setup, chunks_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_hash_is_new_once),
        cmocka_unit_test(buckets_follow_the_estimate),
        TEST(settings_refuse_content_that_cannot_be_composed),
        TEST(settings_wipe_their_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
