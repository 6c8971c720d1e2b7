#include "coordinator/quota/quota_meter.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define NOW (INT64_C(20000) * 86400000 + 3600000)
#define MINUTE 60000

static struct quota_meter_charge charge_of(uint64_t calls, uint64_t rows)
{
    struct quota_meter_charge charge = {.cost = {{0}}};
    charge.subjects[0].name = TEXT("shop|key");
    charge.subjects[0].limits.of[QUOTA_CALLS] = 64;
    charge.subjects[1].name = TEXT("shop|*");
    charge.subjects[1].limits.of[QUOTA_ROWS] = 100;
    charge.cost.of[QUOTA_CALLS] = calls;
    charge.cost.of[QUOTA_ROWS] = rows;
    return charge;
}

static enum quota_meter_verdict take(struct quota_meter *meter,
                                     const struct quota_meter_charge *charge, int64_t now,
                                     struct quota_meter_answer *answer)
{
    return quota_meter_take(meter, charge, now, answer);
}

static void a_slice_is_asked_for_once_and_then_used_up(void **state)
{
    (void)state;
    struct quota_meter *meter = quota_meter_create();
    struct quota_meter_charge charge = charge_of(1, 0);
    struct quota_meter_answer answer;
    assert_int_equal(take(meter, &charge, NOW, &answer), QUOTA_METER_ASK);
    assert_int_equal(answer.ask_count, 1);
    assert_int_equal(answer.asks[0].needed, 1);
    assert_int_equal(answer.asks[0].more, 2); /* 64 / 32 */
    struct quota_meter_answer second;
    assert_int_equal(take(meter, &charge, NOW, &second), QUOTA_METER_ASK);
    assert_int_equal(second.asks[0].more, 0); /* a slice is on its way */
    quota_meter_give(meter, &answer.asks[0], 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(take(meter, &charge, NOW, &answer), QUOTA_METER_TAKEN);
    }
    assert_int_equal(take(meter, &charge, NOW, &answer), QUOTA_METER_ASK);
    quota_meter_give(meter, &answer.asks[0], 0);
    assert_int_equal(take(meter, &charge, NOW + 1000, &answer), QUOTA_METER_REFUSED);
    assert_int_equal(answer.kind, QUOTA_CALLS);
    assert_ptr_equal(answer.subject, &charge.subjects[0]);
    assert_int_equal(answer.wait_ms, MINUTE - 1000);
    assert_int_equal(take(meter, &charge, NOW + MINUTE, &answer), QUOTA_METER_ASK);
    quota_meter_destroy(&meter);
    assert_null(meter);
}

static void all_is_taken_or_nothing(void **state)
{
    (void)state;
    struct quota_meter *meter = quota_meter_create();
    struct quota_meter_charge charge = charge_of(1, 60);
    struct quota_meter_answer answer;
    assert_int_equal(take(meter, &charge, NOW, &answer), QUOTA_METER_ASK);
    assert_int_equal(answer.ask_count, 2);
    assert_int_equal(answer.asks[1].needed, 60);
    quota_meter_give(meter, &answer.asks[0], 1);
    quota_meter_give(meter, &answer.asks[1], 0); /* 60 rows are not left */
    assert_int_equal(take(meter, &charge, NOW, &answer), QUOTA_METER_REFUSED);
    assert_int_equal(answer.kind, QUOTA_ROWS);
    /* The call was not taken for it. */
    struct quota_meter_charge alone = charge_of(1, 0);
    assert_int_equal(take(meter, &alone, NOW, &answer), QUOTA_METER_TAKEN);
    /* Fewer rows may still be left: the store says. */
    struct quota_meter_charge fewer = charge_of(0, 59);
    assert_int_equal(take(meter, &fewer, NOW, &answer), QUOTA_METER_ASK);
    struct quota_meter_charge never = charge_of(0, 101);
    assert_int_equal(take(meter, &never, NOW, &answer), QUOTA_METER_REFUSED);
    quota_meter_destroy(&meter);
}

static void what_came_to_nothing_is_given_back_on_its_day(void **state)
{
    (void)state;
    struct quota_meter *meter = quota_meter_create();
    struct quota_meter_charge charge = charge_of(0, 10);
    struct quota_meter_answer answer;
    assert_int_equal(take(meter, &charge, NOW, &answer), QUOTA_METER_ASK);
    quota_meter_give(meter, &answer.asks[0], 10);
    assert_int_equal(take(meter, &charge, NOW, &answer), QUOTA_METER_TAKEN);
    quota_meter_refund(meter, &charge, 1U << QUOTA_ROWS, NOW, NOW + 5);
    assert_int_equal(take(meter, &charge, NOW, &answer), QUOTA_METER_TAKEN);
    quota_meter_refund(meter, &charge, 1U << QUOTA_CALLS, NOW, NOW + 5);
    assert_int_equal(take(meter, &charge, NOW, &answer), QUOTA_METER_ASK);
    quota_meter_refund(meter, &charge, 1U << QUOTA_ROWS, NOW, NOW + 86400000);
    assert_int_equal(take(meter, &charge, NOW + 86400000, &answer), QUOTA_METER_ASK);
    /* A slice of yesterday is worth nothing today. */
    struct quota_meter_ask old = answer.asks[0];
    old.window--;
    quota_meter_give(meter, &old, 100);
    assert_int_equal(take(meter, &charge, NOW + 86400000, &answer), QUOTA_METER_ASK);
    quota_meter_destroy(&meter);
}

static void without_limits_nothing_is_counted(void **state)
{
    (void)state;
    struct quota_meter *meter = quota_meter_create();
    struct quota_meter_charge charge = charge_of(5, 5);
    struct quota_meter_answer answer;
    charge.subjects[0].limits.of[QUOTA_CALLS] = 0;
    charge.subjects[1].name = TEXT("");
    assert_int_equal(take(meter, &charge, NOW, &answer), QUOTA_METER_TAKEN);
    quota_meter_destroy(&meter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slice_is_asked_for_once_and_then_used_up),
        cmocka_unit_test(all_is_taken_or_nothing),
        cmocka_unit_test(what_came_to_nothing_is_given_back_on_its_day),
        cmocka_unit_test(without_limits_nothing_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
