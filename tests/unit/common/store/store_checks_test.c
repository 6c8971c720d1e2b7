#include "common/store/store_checks.h"

#include "common/store/store_command.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* cmocka wants these before it */
#include <cmocka.h>

#define GOOD                                                                                  \
    "# Server\r\nredis_version:7.0.15\r\nrun_id:0123456789012345678901234567890123456789\r\n" \
    "loading:0\r\naof_enabled:1\r\nrole:master\r\nmaxmemory_policy:noeviction\r\n"            \
    "used_memory:12345\r\nmaxmemory:99999\r\n"

static struct store_checks checks_of(const char *more, const char *fsync, const char *rewrite)
{
    struct store_checks checks = {0};
    store_checks_read_info(&checks, TEXT(GOOD));
    store_checks_read_info(&checks, text_of(more));
    store_checks_read_config(&checks, TEXT("appendfsync"), text_of(fsync));
    store_checks_read_config(&checks, TEXT("no-appendfsync-on-rewrite"), text_of(rewrite));
    return checks;
}

static const struct store_checks_wishes disk = {STORE_DISK, 0};
static const struct store_checks_wishes relaxed = {STORE_RELAXED, 0};

static void test_each_check(void **state)
{
    (void)state;
    static const struct {
        const char *info, *fsync, *rewrite;
        int disk, relaxed;
        const char *field;
        size_t warnings; /* of relaxed */
    } cases[] = {
        {"", "always", "no", 0, 0, "", 0},
        {"redis_version:6.2.7\r\n", "always", "no", -EINVAL, -EINVAL, "version", 0},
        {"redis_version:\r\n", "always", "no", -EINVAL, -EINVAL, "version", 0},
        {"redis_version:8.0.2\r\n", "always", "no", 0, 0, "", 0},
        {"role:slave\r\n", "always", "no", -EINVAL, -EINVAL, "role", 0},
        {"maxmemory_policy:allkeys-lru\r\n", "always", "no", -EINVAL, -EINVAL, "maxmemory-policy",
         0},
        {"aof_enabled:0\r\n", "always", "no", -EINVAL, 0, "appendonly", 1},
        {"", "everysec", "no", -EINVAL, 0, "appendfsync", 1},
        {"", "always", "yes", -EINVAL, 0, "no-appendfsync-on-rewrite", 1},
        {"aof_enabled:0\r\n", "no", "yes", -EINVAL, 0, "appendonly", 3},
        {"", "", "", 0, 0, "", 1}, /* CONFIG is forbidden */
        {"loading:1\r\n", "always", "no", -EAGAIN, -EAGAIN, "", 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct store_checks checks = checks_of(cases[i].info, cases[i].fsync, cases[i].rewrite);
        const char *warnings[STORE_CHECKS_WARNINGS_MAX + 1] = {NULL};
        struct problem problem = {0};
        assert_int_equal(store_checks_judge(&checks, &disk, warnings, &problem), cases[i].disk);
        assert_string_equal(problem.field, cases[i].field);
        assert_int_equal(store_checks_judge(&checks, &relaxed, warnings, &problem),
                         cases[i].relaxed);
        size_t count = 0;
        while (cases[i].relaxed == 0 && warnings[count] != NULL) {
            count++;
        }
        assert_int_equal(count, cases[i].warnings);
    }
}

static void test_the_default_user_needs_its_rights(void **state)
{
    (void)state;
    static const struct {
        const char *commands, *keys;
        int disk;
    } cases[] = {
        {"+@all", "~*", 0},       {"-@all", "", -EINVAL},
        {"+@all", "", -EINVAL},   {"+@all -eval", "~*", -EINVAL},
        {"-@all", "~*", -EINVAL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct store_checks checks = checks_of("", "always", "no");
        const char *warnings[STORE_CHECKS_WARNINGS_MAX + 1] = {NULL};
        struct problem problem = {0};
        store_checks_read_user(&checks, TEXT("commands"), text_of(cases[i].commands));
        store_checks_read_user(&checks, TEXT("keys"), text_of(cases[i].keys));
        assert_int_equal(store_checks_judge(&checks, &disk, warnings, &problem), cases[i].disk);
        assert_string_equal(problem.field, cases[i].disk == 0 ? "" : "user default");
        assert_int_equal(store_checks_judge(&checks, &relaxed, warnings, &problem), 0);
        assert_true((warnings[0] != NULL) == (cases[i].disk != 0));
    }
}

/* A master without replicas must stop by itself, soon: F9. */
static void test_replicas(void **state)
{
    (void)state;
    static const struct {
        const char *least, *lag, *info;
        unsigned int wanted;
        int result;
        const char *field;
    } cases[] = {
        {"1", "3", "min_slaves_good_slaves:1\r\n", 1, 0, ""},
        {"2", "1", "min_slaves_good_slaves:2\r\n", 1, 0, ""},
        {"0", "3", "min_slaves_good_slaves:2\r\n", 1, -EINVAL, "min-replicas-to-write"},
        {"1", "3", "min_slaves_good_slaves:2\r\n", 2, -EINVAL, "min-replicas-to-write"},
        {"", "3", "min_slaves_good_slaves:2\r\n", 1, -EINVAL, "min-replicas-to-write"},
        {"1", "10", "min_slaves_good_slaves:2\r\n", 1, -EINVAL, "min-replicas-max-lag"},
        {"1", "0", "min_slaves_good_slaves:2\r\n", 1, -EINVAL, "min-replicas-max-lag"},
        {"2", "3", "min_slaves_good_slaves:1\r\n", 2, -EAGAIN, "replicas"},
        {"2", "3", "min_slaves_good_slaves:1\r\n", 1, -EAGAIN, "replicas"},
        {"1", "3", "connected_slaves:1\r\n", 1, -EAGAIN, "replicas"},
        {"0", "0", "", 0, 0, ""}, /* a connection for reading */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct store_checks checks = checks_of(cases[i].info, "always", "no");
        const struct store_checks_wishes wishes = {STORE_REPLICATED, cases[i].wanted};
        const char *warnings[STORE_CHECKS_WARNINGS_MAX + 1] = {NULL};
        struct problem problem = {0};
        store_checks_read_config(&checks, TEXT("min-replicas-to-write"), text_of(cases[i].least));
        store_checks_read_config(&checks, TEXT("min-replicas-max-lag"), text_of(cases[i].lag));
        assert_int_equal(store_checks_judge(&checks, &wishes, warnings, &problem), cases[i].result);
        assert_string_equal(problem.field, cases[i].field);
    }
    /* As durable as `disk` besides. */
    struct store_checks checks = checks_of("", "everysec", "no");
    const struct store_checks_wishes wishes = {STORE_REPLICATED, 1};
    const char *warnings[STORE_CHECKS_WARNINGS_MAX + 1] = {NULL};
    struct problem problem = {0};
    assert_int_equal(store_checks_judge(&checks, &wishes, warnings, &problem), -EINVAL);
    assert_string_equal(problem.field, "appendfsync");
}

static void test_hostile_info(void **state)
{
    (void)state;
    struct store_checks checks = {0};
    store_checks_read_info(
        &checks, TEXT("redis_version:0123456789012345678901234567890123456789\nrole\n:\n\n"
                      "used_memory:x\nmaxmemory:99999999999999999999\nrun_id:\0"));
    assert_string_equal(checks.version, "");
    assert_string_equal(checks.role, "");
    assert_int_equal(checks.used_memory_bytes, 0);
    assert_int_equal(checks.max_memory_bytes, 0);
}

static void test_commands(void **state)
{
    (void)state;
    struct store_command command = {0};
    for (int again = 0; again < 2; again++) {
        store_command_begin(&command, "SET");
        buffer_append_string(store_command_scratch(&command), "key");
        store_command_add_scratch(&command);
        store_command_add(&command, (struct text){"a\0b\r\n", 5});
        store_command_add_number(&command, INT64_MIN);
        store_command_add_unsigned(&command, UINT64_MAX);
        for (int i = 0; i < 6; i++) {
            store_command_add_string(&command, "");
        }
        struct text text = store_command_text(&command);
        static const char expected[] =
            "*11\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\na\0b\r\n\r\n$20\r\n-9223372036854775808\r\n"
            "$20\r\n18446744073709551615\r\n$0\r\n\r\n$0\r\n\r\n$0\r\n\r\n$0\r\n\r\n$0\r\n\r\n"
            "$0\r\n\r\n";
        assert_int_equal(text.size, sizeof(expected) - 1);
        assert_memory_equal(text.data, expected, text.size);
    }
    store_command_finish(&command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_check), cmocka_unit_test(test_the_default_user_needs_its_rights),
        cmocka_unit_test(test_replicas),   cmocka_unit_test(test_hostile_info),
        cmocka_unit_test(test_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
