#include "common/service/service_command.h"

#include "tests/unit/common/service/service_files.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static char ran_with[64];

static int run(const char *file, const void *config)
{
    const struct service_files_config *read = config;
    (void)snprintf(ran_with, sizeof ran_with, "%s %s", file, read->service.name);
    return 7;
}

static int call(const char *a, const char *b, const char *c)
{
    static const struct service_command command = {
        .program = "trial", .table = &service_files_table, .run = run};
    char words[4][64] = {"trial"};
    char *list[5] = {words[0], NULL, NULL, NULL, NULL};
    const char *given[] = {a, b, c};
    int count = 1;
    for (int i = 0; i < 3 && given[i] != NULL; i++) {
        (void)snprintf(words[count], sizeof words[count], "%s", given[i]);
        list[count] = words[count];
        count++;
    }
    ran_with[0] = '\0';
    return service_command_run(&command, count, list);
}

static void words_lead_to_what_they_say(void **state)
{
    (void)state;
    char good[32];
    char bad[32];
    char expected[64];
    service_files_write("name: t-0\ncluster: trial\n", good);
    service_files_write("nonsense: 1\n", bad);
    assert_int_equal(call("--config", good, NULL), 7);
    (void)snprintf(expected, sizeof expected, "%s t-0", good);
    assert_string_equal(ran_with, expected);
    assert_int_equal(call("config", "check", good), 0);
    assert_string_equal(ran_with, "");
    assert_int_equal(call("config", "check", bad), 2);
    assert_int_equal(call("--config", bad, NULL), 2);
    assert_string_equal(ran_with, "");
    assert_int_equal(call("config", "reference", NULL), 0);
    assert_int_equal(call("--help", NULL, NULL), 0);
    assert_int_equal(call("--version", NULL, NULL), 0);
    assert_int_equal(call(NULL, NULL, NULL), 2);
    assert_int_equal(call("--config", NULL, NULL), 2);
    assert_int_equal(call("start", NULL, NULL), 2);
    (void)unlink(good);
    (void)unlink(bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_lead_to_what_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
