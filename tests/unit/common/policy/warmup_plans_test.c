#include "common/policy/warmup_setting.h"

#include "common/base/arena.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static int fill(struct arena *arena, const char *yaml, struct warmup_plans_record *ret_record,
                struct config_errors *errors)
{
    struct config_node *root = NULL;
    assert_int_equal(config_node_parse(text_of(yaml), arena, errors, &root), 0);
    return config_table_fill(&warmup_plans_table, root, NULL, arena, errors, ret_record);
}

static void plans_are_read(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct config_errors errors = {.count = 0};
    struct warmup_plans_record records[2];
    struct warmup_plan plan;
    assert_int_equal(
        fill(arena, "{name: a, first: 50, growth: 2000, last: 300}", &records[0], &errors), 0);
    warmup_plans_read(&records[0], &plan);
    assert_int_equal(plan.days, 4); /* 50, 100, 200, 300 */
    assert_int_equal(plan.volumes[2], 200);
    assert_int_equal(plan.volumes[3], 300);
    assert_int_equal(fill(arena, "{name: b, volumes: [20, 20, 100]}", &records[1], &errors), 0);
    warmup_plans_read(&records[1], &plan);
    assert_int_equal(plan.days, 3);
    assert_int_equal(plan.volumes[1], 20);
    assert_int_equal(plan.volumes[2], 100);
    const struct config_list list = {records, 2};
    assert_ptr_equal(warmup_plans_find(&list, "b"), &records[1]);
    assert_null(warmup_plans_find(&list, "c"));
}

/* I9 */
static void plans_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *rule;
    } cases[] = {
        {"{name: a}", "plan_volumes"},
        {"{name: a, first: 1, last: 5, volumes: [1]}", "plan_volumes"},
        {"{name: a, first: 50}", "plan_last"},
        {"{name: a, last: 50}", "plan_last"},
        {"{name: a, first: 1, growth: 1001, last: 1000}", "plan_days"},
        {"{name: a, volumes: [5, 4]}", "volumes_rise"},
        {"{name: a, volumes: [0]}", "volume"},
        {"{name: a, volumes: [many]}", "volume"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        OWNED(arena_destroy) struct arena *arena = arena_create(0);
        struct config_errors errors = {.count = 0};
        struct warmup_plans_record record;
        assert_int_equal(fill(arena, cases[i].yaml, &record, &errors), -EINVAL);
        assert_int_equal(errors.count, 1);
        assert_string_equal(errors.items[0].problem.rule, cases[i].rule);
    }
}

static void what_readers_are_told_comes_back(void **state)
{
    (void)state;
    struct warmup_setting setting = {
        .plan = {.volumes = {20, 40}, .days = 2}, .hour_share = 250, .name = "slow"};
    struct warmup_setting read;
    OWNED(buffer_finish) struct buffer stored = {0};
    (void)strcpy(setting.zone, "Asia/Tokyo");
    warmup_setting_append(&setting, &stored);
    assert_int_equal(warmup_setting_read(buffer_text(&stored), &read), 0);
    assert_int_equal(read.plan.days, 2);
    assert_int_equal(read.plan.volumes[1], 40);
    assert_int_equal(read.hour_share, 250);
    assert_string_equal(read.name, "slow");
    assert_string_equal(read.zone, "Asia/Tokyo");
    size_t name_at = 5 + 8;
    for (size_t size = 0; size < name_at + 5; size++) { /* up to the name's NUL */
        assert_int_equal(warmup_setting_read((struct text){stored.data, size}, &read), -EPROTO);
    }
    stored.data[0] = 2;
    assert_int_equal(warmup_setting_read(buffer_text(&stored), &read), -EPROTO);
    stored.data[0] = 1;
    stored.data[4] = WARMUP_DAYS_MAX + 1;
    assert_int_equal(warmup_setting_read(buffer_text(&stored), &read), -EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_are_read),
        cmocka_unit_test(plans_that_cannot_be_are_refused),
        cmocka_unit_test(what_readers_are_told_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
