/* The report against a store that is played here: what is asked for, and when. */
#include "worker/report/report.h"

#include "common/base/clock.h"
#include "common/store/store_doubt.h"

#include <errno.h>
#include <stdlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

#define LETTERS 3

/* One call at the store, kept until the test answers it. */
static struct call {
    bool is_mark;
    bool is_evidence;
    bool finishes;
    uint32_t number;
    size_t count;
    bool has_details;
    uint32_t due; /* of the first change */
    store_batch_written_fn *on_answer;
    store_batch_marked_fn *on_marked;
    store_batch_changed_fn *on_changed;
    void *context;
} calls[16];
static size_t call_count;
static bool is_ready;
static int64_t store_behind_ms;
static const char *run_id;
static bool refuses_mark;
static bool fails_marks; /* the claim is lost while marks are asked for */

static struct loop *loop;
static struct report *report;
static struct campaign campaign = {.lane = HIKYAKU__V1__LANE__LANE_BULK, .tenant = {"default", 7}};
static struct claim *claim;
static size_t marked;
static size_t failed;
static size_t lost;
static size_t ended;
static struct report_progress progress;

bool store_is_ready(const struct store *store)
{
    (void)store;
    return is_ready;
}

/* Its clock is behind ours. */
int64_t store_now_unix_ms(const struct store *store)
{
    (void)store;
    return clock_unix_ms() - store_behind_ms;
}

void store_facts(const struct store *store, struct store_facts *ret_facts)
{
    (void)store;
    *ret_facts = (struct store_facts){.run_id = run_id};
}

void store_doubt_evidence(struct store *store, const struct store_claim *name,
                          const struct store_evidence *evidence, store_batch_changed_fn *on_answer,
                          void *context)
{
    (void)store;
    assert_int_equal(name->epoch, 77);
    assert_true(text_equal(name->tenant, TEXT("default")));
    calls[call_count++] = (struct call){.is_evidence = true,
                                        .count = evidence->count,
                                        .has_details = evidence->sealed_details.size > 0,
                                        .on_changed = on_answer,
                                        .context = context};
}

void store_batch_mark(struct store *store, const struct store_claim *name,
                      const uint16_t *positions, size_t count, store_batch_marked_fn *on_answer,
                      void *context)
{
    (void)store;
    (void)positions;
    assert_int_equal(name->epoch, 77);
    calls[call_count++] =
        (struct call){.is_mark = true, .count = count, .on_marked = on_answer, .context = context};
}

void store_batch_flush(struct store *store, const struct store_claim *name,
                       const struct store_flush *flush, store_batch_written_fn *on_answer,
                       void *context)
{
    (void)store;
    assert_int_equal(name->epoch, 77);
    calls[call_count++] = (struct call){.finishes = flush->finishes,
                                        .number = flush->number,
                                        .count = flush->count,
                                        .has_details = flush->sealed_details.size > 0,
                                        .due = flush->count > 0 ? flush->changes[0].row.due : 0,
                                        .on_answer = on_answer,
                                        .context = context};
}

static void on_letter(void *context, struct letter *letter)
{
    (void)context;
    (void)letter;
    marked++;
}

static void on_mark_failed(void *context, struct letter *letter)
{
    (void)context;
    (void)letter;
    assert_true(refuses_mark || fails_marks);
    failed++;
}

static void on_word(void *context, struct claim *which, enum store_word word, uint64_t ms_left)
{
    (void)context;
    (void)which;
    assert_int_equal(word, STORE_RUN);
    assert_int_equal(ms_left, 1000);
}

static void on_durable(void *context, struct claim *which, const struct report_progress *told)
{
    (void)context;
    (void)which;
    progress = *told;
}

static void on_lost(void *context, struct claim *which)
{
    (void)context;
    assert_true(which->is_lost);
    lost++;
}

static void on_end(void *context, struct claim *which)
{
    (void)context;
    assert_null(which->report);
    ended++;
}

/* Let the loop run until its deferred calls are through. */
static void turn(void)
{
    loop_defer(loop, (loop_fn *)loop_stop, loop);
    loop_run(loop);
}

static void answer(size_t call, int error)
{
    struct store_marked answered = {.word = STORE_RUN, .ms_left = 1000};
    answered.refused_count = refuses_mark ? 1 : 0; /* position 0 */
    if (calls[call].is_mark) {
        calls[call].on_marked(calls[call].context, error, &answered);
    } else if (calls[call].is_evidence) {
        calls[call].on_changed(calls[call].context, error, 1, 3);
    } else {
        calls[call].on_answer(calls[call].context, error, STORE_RUN, 1000);
    }
    turn();
}

static struct letter *letter_on_wire(size_t i)
{
    claim->letters[i].place = LETTER_ON_WIRE;
    return &claim->letters[i];
}

static void settle(size_t i, uint8_t state)
{
    struct outcome_report outcome = {
        .state = state, .counts_attempt = true, .is_reply_to_dot = true};
    report_settle(report, letter_on_wire(i), &outcome);
}

static int set_up(void **state)
{
    (void)state;
    call_count = marked = failed = lost = ended = 0;
    is_ready = true;
    refuses_mark = fails_marks = false;
    run_id = "first";
    loop = loop_create();
    report = report_create(&(struct report_settings){.loop = loop,
                                                     .interval_ms = HOUR_MS,
                                                     .outcomes = 2,
                                                     .on_marked = on_letter,
                                                     .on_mark_failed = on_mark_failed,
                                                     .on_word = on_word,
                                                     .on_durable = on_durable,
                                                     .on_lost = on_lost,
                                                     .on_end = on_end});
    claim = claim_create(&campaign, &(struct store_batch_name){.number = 1});
    claim->epoch = 77;
    claim->count = LETTERS;
    claim->working = LETTERS;
    claim->letters = xalloc_zero(LETTERS, sizeof *claim->letters);
    for (uint16_t i = 0; i < LETTERS; i++) {
        claim->letters[i] = (struct letter){.claim = claim,
                                            .position = i,
                                            .place = LETTER_FILING,
                                            .row = {.state = OUTCOME_PENDING}};
    }
    report_add(report, claim);
    turn();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    report_destroy(&report);
    claim_destroy(&claim);
    loop_destroy(&loop);
    return 0;
}

static void test_the_last_flush_ends_the_claim(void **state)
{
    (void)state;
    settle(0, OUTCOME_DELIVERED);
    turn();
    assert_int_equal(call_count, 0); /* one outcome waits for company */
    settle(1, OUTCOME_BOUNCED);
    turn();
    assert_int_equal(call_count, 1);
    assert_int_equal(calls[0].number, 1);
    assert_int_equal(calls[0].count, 2);
    assert_true(calls[0].has_details);
    assert_false(calls[0].finishes);
    settle(2, OUTCOME_DEFERRED);
    turn();
    assert_int_equal(call_count, 1); /* one flush of a batch in flight */
    answer(0, 0);
    assert_int_equal(progress.delivered, 1);
    assert_int_equal(progress.bounced, 1);
    assert_int_equal(call_count, 2);
    assert_int_equal(calls[1].number, 2);
    assert_true(calls[1].finishes);
    assert_int_equal(ended, 0);
    answer(1, 0);
    assert_true(progress.is_finished);
    assert_int_equal(progress.open, 1);
    assert_true(progress.next_due_unix_ms > 0);
    assert_int_equal(ended, 1);
}

/* The answer got lost: the same number again, not another. */
static void test_a_lost_answer_repeats_the_number(void **state)
{
    (void)state;
    for (size_t i = 0; i < LETTERS; i++) {
        settle(i, OUTCOME_DELIVERED);
    }
    turn();
    is_ready = false;
    answer(0, -ECONNRESET);
    assert_int_equal(call_count, 1);
    assert_int_equal(ended, 0);
    is_ready = true;
    while (call_count < 2) { /* after a short while */
        report_resume(report);
        turn();
    }
    assert_int_equal(calls[1].number, calls[0].number);
    assert_int_equal(calls[1].count, LETTERS);
    assert_true(calls[1].finishes);
    answer(1, 0);
    assert_int_equal(ended, 1);
}

/* I3: refused, so nothing more is written of it. */
static void test_a_refused_flush_loses_the_claim(void **state)
{
    (void)state;
    settle(0, OUTCOME_DELIVERED);
    settle(1, OUTCOME_DELIVERED);
    turn();
    answer(0, -ESTALE);
    assert_int_equal(lost, 1);
    assert_int_equal(ended, 0);        /* one letter is still on the wire */
    assert_true(calls[1].is_evidence); /* F6: what is known is not thrown away */
    assert_int_equal(calls[1].count, 2);
    assert_true(calls[1].has_details);
    settle(2, OUTCOME_DELIVERED);
    turn();
    assert_int_equal(call_count, 3);
    assert_true(calls[2].is_evidence);
    assert_int_equal(calls[2].count, 1);
    assert_int_equal(ended, 1);
    assert_true(report_is_open(report));
    assert_int_equal(report_evidence(report), 2);
    answer(1, 0);
    answer(2, -ECONNRESET);
    report_resume(report);
    turn();
    assert_int_equal(call_count, 4); /* repeated until it is answered */
    answer(3, 0);
    assert_int_equal(report_evidence(report), 0);
}

/* Only a final reply to a message that went out is evidence. */
static void test_other_outcomes_are_no_evidence(void **state)
{
    (void)state;
    struct outcome_report refused = {.state = OUTCOME_BOUNCED, .stage = "rcpt"};
    report_settle(report, letter_on_wire(0), &refused);
    settle(1, OUTCOME_UNCERTAIN);
    turn();
    answer(0, -ESTALE);
    settle(2, OUTCOME_DEFERRED);
    turn();
    assert_int_equal(call_count, 1);
    assert_int_equal(ended, 1);
}

/* The session was taken over while letters are on the wire. */
static void test_a_lost_session_gives_evidence(void **state)
{
    (void)state;
    settle(0, OUTCOME_DELIVERED);
    report_lose_all(report);
    turn();
    assert_int_equal(lost, 1);
    assert_true(calls[0].is_evidence);
    settle(1, OUTCOME_DELIVERED);
    settle(2, OUTCOME_DELIVERED);
    turn();
    assert_int_equal(ended, 1);
    answer(0, 0);
    for (size_t i = 1; i < call_count; i++) {
        assert_true(calls[i].is_evidence);
        answer(i, 0);
    }
    assert_int_equal(report_evidence(report), 0);
}

/* F9: Redis comes back as another one: it may have lost the end of what it knew. */
static void test_another_redis_hears_it_again(void **state)
{
    (void)state;
    report_resume(report);
    settle(0, OUTCOME_DELIVERED);
    settle(1, OUTCOME_BOUNCED);
    turn();
    answer(0, 0);
    report_resume(report); /* the same one: a broken connection */
    turn();
    assert_int_equal(call_count, 1);
    run_id = "second";
    report_resume(report);
    turn();
    assert_int_equal(call_count, 2);
    assert_true(calls[1].is_evidence);
    assert_int_equal(calls[1].count, 2);
    answer(1, 0);
    settle(2, OUTCOME_DELIVERED);
    turn();
    answer(2, 0);
    assert_int_equal(ended, 1);
}

/* Evidence of an earlier try ended the row: it must not be sent. */
static void test_a_refused_mark_resets_the_connection(void **state)
{
    (void)state;
    refuses_mark = true;
    report_mark(report, letter_on_wire(0));
    report_mark(report, letter_on_wire(1));
    turn();
    answer(0, 0);
    assert_int_equal(marked, 1);
    assert_int_equal(failed, 1);
    for (size_t i = 0; i < LETTERS; i++) {
        settle(i, i == 0 ? OUTCOME_PENDING : OUTCOME_DELIVERED);
    }
    turn();
    answer(1, 0);
    assert_int_equal(ended, 1);
}

/* The claim is not ours: nobody waits 30 s before its dot for a mark that never comes. */
static void test_marks_of_a_lost_claim_fail_at_once(void **state)
{
    (void)state;
    fails_marks = true;
    claim->is_hold = true;
    report_mark(report, letter_on_wire(0));
    turn();
    report_mark(report, letter_on_wire(1)); /* waits for the answer to the first */
    turn();
    answer(0, -ESTALE);
    assert_int_equal(lost, 1);
    assert_int_equal(failed, 2);
    for (size_t i = 0; i < LETTERS; i++) {
        settle(i, OUTCOME_PENDING);
    }
    turn();
    assert_int_equal(ended, 1);
    assert_int_equal(failed, 2);
}

static void test_marks_go_in_groups(void **state)
{
    (void)state;
    claim->is_hold = true;
    report_mark(report, letter_on_wire(0));
    report_mark(report, letter_on_wire(1));
    turn();
    assert_int_equal(call_count, 1);
    assert_true(calls[0].is_mark);
    assert_int_equal(calls[0].count, 2);
    report_mark(report, letter_on_wire(2));
    turn();
    assert_int_equal(call_count, 1); /* gathered while the first is under way */
    settle(1, OUTCOME_BOUNCED);      /* refused at RCPT before its mark was answered */
    answer(0, 0);
    assert_int_equal(marked, 1);
    assert_true(claim->letters[0].is_marked);
    assert_int_equal(call_count, 2);
    answer(1, 0);
    assert_int_equal(marked, 2);
    settle(0, OUTCOME_DELIVERED);
    settle(2, OUTCOME_DELIVERED);
    turn();
    answer(2, 0);
    assert_int_equal(ended, 1);
}

/* DESIGN, Doubt: a row that may be marked is written without its mark when it goes back. */
static void test_untouched_rows_are_written_only_when_they_change(void **state)
{
    (void)state;
    report_mark(report, letter_on_wire(0));
    turn();
    answer(0, 0);
    for (size_t i = 0; i < LETTERS; i++) {
        struct outcome_report outcome = outcome_untouched(i == 2 ? GATE_PAUSED : GATE_NONE);
        report_settle(report, letter_on_wire(i), &outcome);
    }
    turn();
    assert_int_equal(calls[1].count, 2); /* the marked one and the one with a gate */
    assert_false(calls[1].has_details);
    assert_true(calls[1].finishes);
    answer(1, 0);
    assert_int_equal(ended, 1);
}

/* I5: what cannot be recorded is not started, even if no flush waits for its answer. */
static void test_nothing_starts_without_a_store(void **state)
{
    (void)state;
    assert_true(report_is_open(report));
    is_ready = false;
    assert_false(report_is_open(report));
    is_ready = true;
    assert_true(report_is_open(report));
    settle(0, OUTCOME_DELIVERED);
    settle(1, OUTCOME_DELIVERED);
    settle(2, OUTCOME_DELIVERED);
    turn();
    answer(0, 0);
}

/* Due times are read by Redis' clock: with one of ours that is behind, a retry would come at once.
 */
static void test_due_times_are_the_stores(void **state)
{
    (void)state;
    store_behind_ms = DAY_MS;
    for (size_t i = 0; i < LETTERS; i++) {
        settle(i, OUTCOME_DEFERRED);
    }
    turn();
    int64_t due_ms = (int64_t)calls[0].due * 1000;
    assert_true(due_ms > clock_unix_ms() - store_behind_ms);
    assert_true(due_ms < clock_unix_ms() - store_behind_ms + (int64_t)HOUR_MS);
    store_behind_ms = 0;
    answer(0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_last_flush_ends_the_claim, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_lost_answer_repeats_the_number, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_refused_flush_loses_the_claim, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_outcomes_are_no_evidence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_lost_session_gives_evidence, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_redis_hears_it_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_refused_mark_resets_the_connection, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_marks_of_a_lost_claim_fail_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_marks_go_in_groups, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_starts_without_a_store, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_due_times_are_the_stores, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_untouched_rows_are_written_only_when_they_change,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
