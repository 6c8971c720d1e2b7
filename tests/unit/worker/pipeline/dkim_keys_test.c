#include "worker/pipeline/dkim_keys.h"

#include "common/security/key_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* cmocka.h needs the above. */
#include <cmocka.h>

static char folder[64];

static void put_key(const char *domain, const char *name, const char *from, mode_t mode)
{
    char path[256];
    char pem[8192];
    (void)snprintf(path, sizeof path, "%s/%s", HIKYAKU_TEST_DATA, from);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    size_t size = fread(pem, 1, sizeof pem, file);
    (void)fclose(file);
    (void)snprintf(path, sizeof path, "%s/%s", folder, domain);
    assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
    (void)snprintf(path, sizeof path, "%s/%s/%s", folder, domain, name);
    assert_int_equal(key_file_write_new(path, (struct text){pem, size}, NULL), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/dkim_keys_XXXXXX");
    assert_non_null(mkdtemp(folder));
    put_key("b.test", "s1.pem", "dkim/rsa1024.pem", 0600);
    put_key("b.test", "s2.pem", "dkim/rsa2048.pem", 0600);
    put_key("b.test", "e1.pem", "dkim/ed25519.pem", 0400);
    put_key("b.test", "notes.txt", "dkim/rsa2048.pem", 0644);
    put_key("a.test", "x.pem", "dkim/rsa2048.pem", 0600);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    return system(
        command); /* NOLINT(cert-env33-c,concurrency-mt-unsafe): our own temporary folder */
}

static void test_the_newest_named_selector_signs(void **state)
{
    (void)state;
    struct dkim_keys *keys = NULL;
    struct problem problem = {0};
    struct dkim_keys_settings settings = {.directory = folder};
    assert_int_equal(dkim_keys_load(&settings, &keys, &problem), 0);
    assert_int_equal(dkim_keys_count(keys), 2);
    struct dkim_keys_domain *domain = dkim_keys_find(keys, TEXT("b.test"));
    assert_string_equal(domain->selector, "s2");
    assert_string_equal(domain->ed25519_selector, "");
    assert_string_equal(dkim_keys_find(keys, TEXT("a.test"))->selector, "x");
    assert_null(dkim_keys_find(keys, TEXT("c.test")));
    assert_null(dkim_keys_find(keys, TEXT("")));
    dkim_keys_destroy(&keys);
}

static void test_selectors_may_be_named(void **state)
{
    (void)state;
    struct dkim_keys *keys = NULL;
    struct problem problem = {0};
    struct dkim_keys_choice choice = {"b.test", "s1", "e1"};
    struct dkim_keys_settings settings = {
        .directory = folder, .choices = &choice, .choice_count = 1, .is_double = true};
    assert_int_equal(dkim_keys_load(&settings, &keys, &problem), 0);
    struct dkim_keys_domain *domain = dkim_keys_find(keys, TEXT("b.test"));
    assert_string_equal(domain->selector, "s1");
    assert_string_equal(domain->ed25519_selector, "e1");
    dkim_keys_destroy(&keys);
    choice.selector = "s9";
    assert_int_equal(dkim_keys_load(&settings, &keys, &problem), -EINVAL);
    assert_string_equal(problem.field, "b.test");
}

static void test_what_others_can_read_is_refused(void **state)
{
    (void)state;
    struct dkim_keys *keys = NULL;
    struct problem problem = {0};
    struct dkim_keys_settings settings = {.directory = folder};
    put_key("a.test", "y.pem", "dkim/rsa2048.pem", 0644);
    assert_int_equal(dkim_keys_load(&settings, &keys, &problem), -EPERM);
    assert_string_equal(problem.rule, "key_file_mode");
    assert_null(keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_newest_named_selector_signs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_selectors_may_be_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_others_can_read_is_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
