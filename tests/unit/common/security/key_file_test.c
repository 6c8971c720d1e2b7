#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/security/key_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static char path[128];
static char other[128];

static int setup(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/hikyaku-key-file.XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/secret", folder);
    (void)snprintf(other, sizeof other, "%s/other", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)rmdir(other);
    (void)unlink(other);
    (void)unlink(path);
    assert_int_equal(rmdir(folder), 0); /* no draft is left behind */
    return 0;
}

static void read_is(const char *file, int want, const char *rule)
{
    struct key_file_secret secret = {NULL, 0};
    struct problem problem = {{0}, {0}, {0}};
    assert_int_equal(key_file_read(file, 16, &secret, &problem), want);
    assert_string_equal(problem.rule, rule);
    if (want != 0) {
        assert_null(secret.data);
        assert_string_equal(problem.field, file); /* names the path */
        assert_true(problem.message[0] != '\0');
    }
    key_file_wipe(&secret);
    assert_null(secret.data);
}

static void what_is_written_can_be_read(void **state)
{
    struct key_file_secret secret;
    struct stat status;
    (void)state;
    assert_int_equal(key_file_write_new(path, TEXT("sixteen bytes ok"), NULL), 0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(key_file_read(path, 16, &secret, NULL), 0);
    assert_int_equal(secret.size, 16);
    assert_string_equal((const char *)secret.data, "sixteen bytes ok");
    key_file_wipe(&secret);
    key_file_wipe(&secret);
}

/* FORMATS: mode 0600 or 0400, else refused. */
static void only_private_modes_are_read(void **state)
{
    static const struct {
        unsigned int mode;
        int want;
    } cases[] = {
        {0600, 0},      {0400, 0},      {0640, -EPERM}, {0604, -EPERM},  {0644, -EPERM},
        {0440, -EPERM}, {0700, -EPERM}, {0666, -EPERM}, {04600, -EPERM},
    };
    (void)state;
    assert_int_equal(key_file_write_new(path, TEXT("secret"), NULL), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(chmod(path, cases[i].mode), 0);
        read_is(path, cases[i].want, cases[i].want == 0 ? "" : "key_file_mode");
    }
}

static void a_file_of_another_user_is_refused(void **state)
{
    (void)state;
    assert_int_equal(key_file_write_new(path, TEXT("secret"), NULL), 0);
    /* Only root can give files away: run by others this test fails rather than tests nothing. */
    assert_int_equal(chown(path, 12345, 12345), 0);
    read_is(path, -EPERM, "key_file_owner");
}

static void what_is_no_secret_file_is_refused(void **state)
{
    (void)state;
    read_is(path, -ENOENT, "key_file");
    read_is(folder, -EINVAL, "key_file");
    assert_int_equal(mkfifo(other, 0600), 0);
    read_is(other, -EINVAL, "key_file"); /* and does not wait for a writer */
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fclose(file);
    assert_int_equal(chmod(path, 0600), 0);
    read_is(path, -EINVAL, "key_file");
}

static void a_long_file_is_refused(void **state)
{
    (void)state;
    assert_int_equal(key_file_write_new(path, TEXT("seventeen bytes.."), NULL), 0);
    read_is(path, -EMSGSIZE, "key_file");
}

/* Mounted secrets are links to the real file; the rules hold for what they point to. */
static void a_link_is_followed(void **state)
{
    (void)state;
    assert_int_equal(key_file_write_new(path, TEXT("secret"), NULL), 0);
    assert_int_equal(symlink(path, other), 0);
    read_is(other, 0, "");
    assert_int_equal(chmod(path, 0644), 0);
    read_is(other, -EPERM, "key_file_mode");
}

static void an_existing_file_is_never_overwritten(void **state)
{
    struct key_file_secret secret;
    struct problem problem;
    (void)state;
    assert_int_equal(key_file_write_new(path, TEXT("first"), NULL), 0);
    assert_int_equal(key_file_write_new(path, TEXT("second"), &problem), -EEXIST);
    assert_string_equal(problem.field, path);
    assert_int_equal(key_file_read(path, 16, &secret, NULL), 0);
    assert_string_equal((const char *)secret.data, "first");
    key_file_wipe(&secret);
}

static void writing_tells_why_it_failed(void **state)
{
    struct problem problem;
    char missing[160];
    (void)state;
    (void)snprintf(missing, sizeof missing, "%s/none/secret", folder);
    assert_int_equal(key_file_write_new(missing, TEXT("x"), &problem), -ENOENT);
    assert_string_equal(problem.field, missing);
}

static void a_destroyed_file_is_gone(void **state)
{
    FILE *file;
    char content[16] = {0};
    (void)state;
    assert_int_equal(key_file_write_new(path, TEXT("secret"), NULL), 0);
    assert_int_equal(link(path, other), 0); /* to look at what was written over it */
    assert_int_equal(chmod(path, 0400), 0);
    assert_int_equal(key_file_destroy(path, NULL), 0);
    assert_int_equal(access(path, F_OK), -1);
    file = fopen(other, "r");
    assert_non_null(file);
    assert_int_equal(fread(content, 1, sizeof content, file), 6);
    (void)fclose(file);
    assert_memory_not_equal(content, "secret", 6);
    assert_int_equal(key_file_destroy(path, NULL), -ENOENT);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(what_is_written_can_be_read),
        CASE(only_private_modes_are_read),
        CASE(a_file_of_another_user_is_refused),
        CASE(what_is_no_secret_file_is_refused),
        CASE(a_long_file_is_refused),
        CASE(a_link_is_followed),
        CASE(an_existing_file_is_never_overwritten),
        CASE(writing_tells_why_it_failed),
        CASE(a_destroyed_file_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
