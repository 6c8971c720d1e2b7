#include "tests/unit/common/service/service_files.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

#define LEAST "name: t-0\ncluster: trial\n"

static int read_text(const char *text, struct arena *arena, struct config_errors *errors,
                     struct service_files_config *config)
{
    char path[32];
    service_files_write(text, path);
    int error = service_config_read(&service_files_table, path, arena, errors, config);
    (void)unlink(path);
    return error;
}

static void shared_keys_have_their_defaults(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct config_errors errors = {.file = "t"};
    struct service_files_config config;
    assert_int_equal(read_text(LEAST, arena, &errors, &config), 0);
    assert_string_equal(config.service.name, "t-0");
    assert_string_equal(config.service.cluster, "trial");
    assert_string_equal(config.service.store.endpoint, "127.0.0.1:6379");
    assert_string_equal(config.service.store.prefix, "hk");
    assert_null(config.service.store.password_file);
    assert_int_equal(config.service.durability, 0);
    assert_int_equal(config.service.log_level, 1);
    assert_int_equal(config.threads, 2);
}

static void mistakes_are_told(void **state)
{
    static const struct {
        const char *text;
        const char *field;
    } cases[] = {
        {"cluster: trial\n", "name"},
        {LEAST "durability: always\n", "durability"},
        {LEAST "durability: replicated\ndurability_replicas: 0\n", "durability_replicas"},
        {LEAST "store: {endpoint: 'rediss://redis.example:6379'}\n", "store.endpoint"},
        {LEAST "store: {endpoint: nowhere}\n", "store.endpoint"},
        {LEAST "store: {password_file: /tmp/service_is_not_there}\n", "store.password_file"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWNED(arena_destroy) struct arena *arena = arena_create(0);
        struct config_errors errors = {.file = "t"};
        struct service_files_config config;
        assert_int_equal(read_text(cases[i].text, arena, &errors, &config), -EINVAL);
        assert_string_equal(errors.items[0].problem.field, cases[i].field);
    }
}

static void a_password_that_others_may_read_is_refused(void **state)
{
    (void)state;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct config_errors errors = {.file = "t"};
    struct service_files_config config;
    char secret[32];
    char text[256];
    service_files_write("secret\n", secret);
    (void)snprintf(text, sizeof text, LEAST "store: {password_file: %s}\n", secret);
    assert_int_equal(read_text(text, arena, &errors, &config), 0);
    assert_int_equal(chmod(secret, 0644), 0);
    assert_int_equal(read_text(text, arena, &errors, &config), -EINVAL);
    assert_string_equal(errors.items[0].problem.rule, "key_file_mode");
    (void)unlink(secret);
}

static void a_reload_takes_what_it_may(void **state)
{
    static const struct {
        const char *text;
        int error;
        const char *field;
    } cases[] = {
        {LEAST, 0, ""},
        {LEAST "log: {level: debug}\n", 0, ""},
        {LEAST "threads: 5\n", -EBUSY, "threads"},
        {"name: t-1\ncluster: trial\n", -EBUSY, "name"},
        {LEAST "nonsense: 1\n", -EINVAL, "nonsense"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OWNED(arena_destroy) struct arena *arena = arena_create(0);
        struct config_errors errors = {.file = "t"};
        struct service_files_config before;
        struct service_files_config after;
        struct problem problem = {.field = ""};
        char path[32];
        service_files_write(LEAST, path);
        assert_int_equal(service_config_read(&service_files_table, path, arena, &errors, &before),
                         0);
        service_files_change(path, cases[i].text);
        assert_int_equal(
            service_config_reread(&service_files_table, path, &before, arena, &after, &problem),
            cases[i].error);
        assert_string_equal(problem.field, cases[i].field);
        (void)unlink(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shared_keys_have_their_defaults),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(a_password_that_others_may_read_is_refused),
        cmocka_unit_test(a_reload_takes_what_it_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
