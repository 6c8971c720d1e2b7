#include "coordinator/approve/approve_rule.h"

#include "hikyaku/v1/api.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BULK HIKYAKU__V1__LANE__LANE_BULK
#define TRANSACTIONAL HIKYAKU__V1__LANE__LANE_TRANSACTIONAL
#define ADVERTISING HIKYAKU__V1__CONTENT_CLASS__CONTENT_CLASS_ADVERTISING
#define NOTICE HIKYAKU__V1__CONTENT_CLASS__CONTENT_CLASS_NOTICE
#define LIVE HIKYAKU__V1__MODE__MODE_LIVE
#define SANDBOX HIKYAKU__V1__MODE__MODE_SANDBOX
#define DRY_RUN HIKYAKU__V1__MODE__MODE_DRY_RUN
#define BIT(number) (UINT32_C(1) << (number))

static const struct {
    const char *name;
    struct approve_policy policy;
    struct store_campaign campaign;
    uint32_t needed;
} cases[] = {
    {"off", {.approvers = 0}, {.mode = LIVE, .accepted = 1000000}, 0},
    {"one", {.approvers = 1}, {.mode = LIVE, .accepted = 1}, 1},
    {"two", {.approvers = 2}, {.mode = LIVE, .accepted = 1}, 2},
    {"nobody to send to", {.approvers = 2}, {.mode = LIVE}, 0},
    {"as many as need none",
     {.approvers = 1, .above_recipients = 10},
     {.mode = LIVE, .accepted = 10},
     0},
    {"one more", {.approvers = 1, .above_recipients = 10}, {.mode = LIVE, .accepted = 11}, 1},
    {"not so large", {.approvers = 1, .two_above = 100}, {.mode = LIVE, .accepted = 100}, 1},
    {"large: two", {.approvers = 1, .two_above = 100}, {.mode = LIVE, .accepted = 101}, 2},
    {"off, however large", {.two_above = 100}, {.mode = LIVE, .accepted = 101}, 0},
    {"a lane that is meant",
     {.approvers = 1, .lanes = BIT(BULK)},
     {.mode = LIVE, .accepted = 1, .lane = BULK},
     1},
    {"another lane",
     {.approvers = 1, .lanes = BIT(BULK)},
     {.mode = LIVE, .accepted = 1, .lane = TRANSACTIONAL},
     0},
    {"a class that is meant",
     {.approvers = 1, .content_classes = BIT(ADVERTISING)},
     {.mode = LIVE, .accepted = 1, .content_class = ADVERTISING},
     1},
    {"another class",
     {.approvers = 1, .content_classes = BIT(ADVERTISING)},
     {.mode = LIVE, .accepted = 1, .content_class = NOTICE},
     0},
    {"it reaches nobody", {.approvers = 1}, {.mode = DRY_RUN, .accepted = 1}, 0},
    {"it reaches nobody real", {.approvers = 1}, {.mode = SANDBOX, .accepted = 1}, 0},
    {"single messages", {.approvers = 1}, {.mode = LIVE, .accepted = 1, .is_container = true}, 0},
    {"a lane of a later version",
     {.approvers = 1, .lanes = BIT(BULK)},
     {.mode = LIVE, .accepted = 1, .lane = 200},
     0},
};

static void the_policy_says_how_many(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t needed = approve_rule_needed(&cases[i].policy, &cases[i].campaign);
        if (needed != cases[i].needed) {
            fail_msg("%s: %u", cases[i].name, needed);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_policy_says_how_many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
