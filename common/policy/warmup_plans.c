#include "common/policy/warmup_plans.h"

#include "common/config/config_check.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

static int check_volume(struct text value, struct problem *problem)
{
    uint64_t volume;
    if (text_to_u64(value, WARMUP_PLANS_VOLUME_MAX, &volume) != 0 || volume == 0) {
        problem_set(problem, "", "volume", "must be messages of a day, 1 to %d",
                    WARMUP_PLANS_VOLUME_MAX);
        return -EINVAL;
    }
    return 0;
}

static void read_volumes(const struct config_strings *volumes, struct warmup_plan *ret_plan)
{
    *ret_plan = (struct warmup_plan){.days = (uint16_t)volumes->count};
    for (size_t i = 0; i < volumes->count; i++) {
        uint64_t volume = 1;
        int error = text_to_u64(text_of(volumes->items[i]), UINT32_MAX, &volume);
        assert(error == 0);
        ret_plan->volumes[i] = (uint32_t)volume;
    }
}

static int grow(const struct warmup_plans_record *record, struct warmup_plan *ret_plan)
{
    return warmup_plan_grow((uint32_t)record->first, (uint32_t)record->growth,
                            (uint32_t)record->last, ret_plan);
}

static int check_rising(const struct warmup_plan *plan, struct problem *problem)
{
    for (uint16_t day = 1; day < plan->days; day++) {
        if (plan->volumes[day] < plan->volumes[day - 1]) {
            problem_set(problem, "volumes", "volumes_rise",
                        "day %d has fewer messages than the day before", day + 1);
            return -EINVAL;
        }
    }
    return 0;
}

static int check_plan(const void *given, struct problem *problem)
{
    const struct warmup_plans_record *record = given;
    struct warmup_plan plan;
    bool has_growth = record->first > 0 || record->last > 0;
    if (has_growth == (record->volumes.count > 0)) {
        problem_set(problem, "volumes", "plan_volumes",
                    "either volumes, or first, growth and last must be given");
        return -EINVAL;
    }
    if (!has_growth) {
        read_volumes(&record->volumes, &plan);
        return check_rising(&plan, problem);
    }
    if (record->first == 0 || record->last < record->first) {
        problem_set(problem, "last", "plan_last", "must not be below first, and first not 0");
        return -EINVAL;
    }
    if (grow(record, &plan) != 0) {
        problem_set(problem, "growth", "plan_days",
                    "is too small: the plan would take more than %d days", WARMUP_DAYS_MAX);
        return -EINVAL;
    }
    return 0;
}

#define AT(member) offsetof(struct warmup_plans_record, member)
static const struct config_key plan_keys[] = {
    {"name", CONFIG_STRING, AT(name), .is_required = true, .maximum = WARMUP_PLANS_NAME_BYTES - 1,
     .check = config_check_name, .example = "steady", .doc = "The plan's name."},
    {"first", CONFIG_INTEGER, AT(first), .fallback = "0", .maximum = WARMUP_PLANS_VOLUME_MAX,
     .example = "50", .doc = "Messages to one site on the first day."},
    {"growth", CONFIG_INTEGER, AT(growth), .fallback = "1400", .minimum = 1001, .maximum = 10000,
     .doc = "Each day has so many thousandths of the day before: 1400 is 1.4 times."},
    {"last", CONFIG_INTEGER, AT(last), .fallback = "0", .maximum = WARMUP_PLANS_VOLUME_MAX,
     .example = "100000", .doc = "Messages of the last day; after it there is no limit."},
    {"volumes", CONFIG_STRINGS, AT(volumes), .maximum = WARMUP_DAYS_MAX, .check = check_volume,
     .example = "[50, 100, 500, 2000, 10000]",
     .doc = "Instead: the messages of each day, one after the other."},
};
#undef AT

const struct config_table warmup_plans_table =
    CONFIG_TABLE(struct warmup_plans_record, plan_keys, .name = "plan", .unique_key = "name",
                 .doc = "How much a young IP sends to one site, day by day (docs/warmup.md).",
                 .check = check_plan);

void warmup_plans_read(const struct warmup_plans_record *record, struct warmup_plan *ret_plan)
{
    if (record->volumes.count > 0) {
        read_volumes(&record->volumes, ret_plan);
        return;
    }
    int error = grow(record, ret_plan);
    assert(error == 0);
}

const struct warmup_plans_record *warmup_plans_find(const struct config_list *plans,
                                                    const char *name)
{
    const struct warmup_plans_record *records = plans->items;
    for (size_t i = 0; i < plans->count; i++) {
        if (strcmp(records[i].name, name) == 0) {
            return &records[i];
        }
    }
    return NULL;
}
