#include "worker/worker_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

static const char least[] = "name: w-0\n"
                            "cluster: test\n"
                            "coordinators: [\"127.0.0.1:8462\"]\n"
                            "bus:\n  key_file: KEY\n  server_key_file: server.pub\n"
                            "pools:\n"
                            "  - name: mkt\n"
                            "    ips:\n"
                            "      - address: 192.0.2.1\n"
                            "        ehlo: out1.example\n";

/* Read `least` with KEY replaced and `more` behind it. */
static int read_config(const char *more, struct arena *arena, struct config_errors *errors,
                       struct worker_config *config)
{
    char path[] = "/tmp/worker_config_XXXXXX";
    char key[] = "/tmp/worker_key_XXXXXX";
    int key_file = mkstemp(key); /* mode 0600 */
    assert_true(key_file >= 0);
    assert_int_equal(write(key_file, "secret\n", 7), 7);
    assert_int_equal(close(key_file), 0);
    int file = mkstemp(path);
    assert_true(file >= 0);
    const char *place = strstr(least, "KEY");
    assert_true(dprintf(file, "%.*s%s%s%s", (int)(place - least), least, key, place + 3, more) > 0);
    assert_int_equal(close(file), 0);
    int error = service_config_read(&worker_config_table, path, arena, errors, config);
    (void)unlink(path);
    (void)unlink(key);
    return error;
}

static void test_defaults(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    struct config_errors errors = {0};
    struct worker_config config;
    assert_int_equal(read_config("dkim:\n  directory: keys\n", arena, &errors, &config), 0);
    const struct worker_config_pool *pool = config.pools.items;
    const struct worker_config_ip *ip = pool->ips.items;
    assert_string_equal(pool->name, "mkt");
    assert_string_equal(ip->ehlo, "out1.example");
    assert_int_equal(config.smtp.connections_per_site, 10);
    assert_int_equal(config.smtp.messages_per_connection, 100);
    assert_int_equal(config.claim.recipients, 5000);
    assert_int_equal(config.claim.idle_ms, 60000);
    assert_int_equal(config.flush.interval_ms, 100);
    assert_int_equal(config.flush.outcomes, 200);
    assert_int_equal(config.service.durability, 0);
    assert_true(config.dkim.verifies);
    assert_true(config.dkim.signs);
    assert_non_null(config.dkim.directory);
    arena_destroy(&arena);
}

/* A decision, not an omission. */
static void test_unsigned_mail_is_asked_for(void **state)
{
    (void)state;
    struct arena *arena = arena_create(0);
    struct config_errors errors = {0};
    struct worker_config config;
    assert_int_equal(read_config("dkim:\n  sign: false\n", arena, &errors, &config), 0);
    assert_false(config.dkim.signs);
    assert_int_equal(read_config("", arena, &errors, &config), -EINVAL);
    assert_non_null(strstr(errors.items[0].problem.message, "dkim.sign"));
    arena_destroy(&arena);
}

static void test_mistakes_name_their_key(void **state)
{
    static const struct {
        const char *more;
        const char *field;
    } cases[] = {
        {"claim:\n  recipients: 1000\n  reserve: 600\n", "claim.reserve"},
        {"smtp:\n  ports: 25\n", "smtp.ports"},
        {"routes:\n  - domain: \"*\"\n    host: \"a b\"\n", "routes[0].host"},
        {"routes:\n  - domain: \"*\"\n    host: mx.test\n    tls: always\n", "routes[0].tls"},
        {"flush:\n  interval: 5s\n", "flush.interval"},
        {"durability: \"replicated: 1\"\n", "durability"},
        {"", "dkim.directory"},
        {"dkim:\n  sign: true\n", "dkim.directory"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena *arena = arena_create(0);
        struct config_errors errors = {0};
        struct worker_config config;
        assert_int_equal(read_config(cases[i].more, arena, &errors, &config), -EINVAL);
        assert_string_equal(errors.items[0].problem.field, cases[i].field);
        arena_destroy(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_unsigned_mail_is_asked_for),
        cmocka_unit_test(test_mistakes_name_their_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
