/* What is remembered and for how long, against a store that is played here. */
#include "worker/report/evidence.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

static struct call {
    uint64_t epoch;
    size_t count;
    store_batch_changed_fn *on_answer;
    void *context;
} calls[16];
static size_t call_count;
static bool is_ready;

bool store_is_ready(const struct store *store)
{
    (void)store;
    return is_ready;
}

void store_doubt_evidence(struct store *store, const struct store_claim *name,
                          const struct store_evidence *evidence, store_batch_changed_fn *on_answer,
                          void *context)
{
    (void)store;
    assert_true(text_equal(name->tenant, TEXT("default")));
    assert_true(text_equal(evidence->sealed_details, TEXT("sealed")));
    assert_int_equal(evidence->changes[evidence->count - 1].position, evidence->count - 1);
    calls[call_count++] = (struct call){name->epoch, evidence->count, on_answer, context};
}

static struct store_row_change rows[500];

static void remember(struct evidence *evidence, uint64_t epoch, size_t count, uint64_t now_ms)
{
    struct store_claim claim = {.epoch = epoch, .tenant = TEXT("default")};
    struct store_evidence known = {rows, count, TEXT("sealed")};
    evidence_remember(evidence, &claim, &known, now_ms);
}

static int set_up(void **state)
{
    for (uint16_t i = 0; i < 500; i++) {
        rows[i] = (struct store_row_change){i, {.state = OUTCOME_DELIVERED}};
    }
    call_count = 0;
    is_ready = true;
    *state = evidence_create(NULL);
    return 0;
}

static int tear_down(void **state)
{
    struct evidence *evidence = *state;
    evidence_destroy(&evidence);
    return 0;
}

static void test_thirty_seconds_are_remembered(void **state)
{
    struct evidence *evidence = *state;
    remember(evidence, 1, 2, 1000);
    remember(evidence, 2, 3, 2000);
    remember(evidence, 3, 0, 2000); /* nothing went out */
    evidence_advance(evidence, 1000 + EVIDENCE_KEPT_MS - 1);
    assert_int_equal(evidence_remembered(evidence), 2);
    evidence_advance(evidence, 1000 + EVIDENCE_KEPT_MS);
    assert_int_equal(evidence_remembered(evidence), 1);
    is_ready = false; /* Redis is away: nothing grows old */
    evidence_advance(evidence, 1000 + 10 * (uint64_t)EVIDENCE_KEPT_MS);
    evidence_repeat(evidence);
    assert_int_equal(evidence_waiting(evidence), 1);
    evidence_advance(evidence, 1000 + 10 * (uint64_t)EVIDENCE_KEPT_MS);
    assert_int_equal(call_count, 0);
    is_ready = true;
    evidence_advance(evidence, 1000 + 10 * (uint64_t)EVIDENCE_KEPT_MS);
    assert_int_equal(call_count, 1);
    assert_int_equal(calls[0].epoch, 2);
    assert_int_equal(calls[0].count, 3);
    calls[0].on_answer(calls[0].context, 0, 0, 3);
    assert_int_equal(evidence_waiting(evidence), 0);
}

static void test_calls_are_few_and_repeated(void **state)
{
    struct evidence *evidence = *state;
    struct store_claim claim = {.tenant = TEXT("default")};
    struct store_evidence known = {rows, 1, TEXT("sealed")};
    for (claim.epoch = 1; claim.epoch <= 6; claim.epoch++) {
        evidence_add(evidence, &claim, &known);
    }
    evidence_advance(evidence, 0);
    assert_int_equal(call_count, EVIDENCE_CALLS_MAX);
    calls[0].on_answer(calls[0].context, -EAGAIN, 0, 0);
    calls[1].on_answer(calls[1].context, -ENOENT, 0, 0);
    assert_int_equal(evidence_waiting(evidence), 5);
    evidence_advance(evidence, 0);
    assert_int_equal(call_count, EVIDENCE_CALLS_MAX + 2);
    assert_int_equal(calls[4].epoch, 1);
    assert_int_equal(calls[5].epoch, 5);
    for (size_t i = 2; i < 6; i++) {
        calls[i].on_answer(calls[i].context, 0, 1, 3);
    }
    evidence_advance(evidence, 0);
    calls[6].on_answer(calls[6].context, 0, 1, 3);
    assert_int_equal(evidence_waiting(evidence), 0);
    assert_int_equal(evidence_remembered(evidence), 5);
    evidence_repeat(evidence); /* what was given may be forgotten as well */
    assert_int_equal(evidence_waiting(evidence), 5);
}

static void test_memory_is_bounded(void **state)
{
    struct evidence *evidence = *state;
    size_t fit = EVIDENCE_BYTES_MAX / (500 * sizeof rows[0]);
    for (size_t i = 0; i < fit + 50; i++) {
        remember(evidence, i, 500, 0);
    }
    assert_in_range(evidence_remembered(evidence), fit - 20, fit);
    evidence_repeat(evidence);
    evidence_advance(evidence, 0);
    assert_true(calls[0].epoch >= 50); /* the oldest went first */
    for (size_t i = 0; i < call_count; i++) {
        calls[i].on_answer(calls[i].context, 0, 0, 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_thirty_seconds_are_remembered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_calls_are_few_and_repeated, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_memory_is_bounded, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
