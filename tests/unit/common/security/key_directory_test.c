#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/security/key_directory.h"
#include "common/security/key_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_BYTES KEY_DIRECTORY_KEY_BYTES

static char base[64];
static char folder[80];

static const char *file_of(const char *name)
{
    static char path[sizeof folder + 256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(base, sizeof base, "/tmp/hikyaku-keys.XXXXXX");
    assert_non_null(mkdtemp(base));
    (void)snprintf(folder, sizeof folder, "%s/keys", base);
    return 0;
}

static int teardown(void **state)
{
    struct dirent *entry;
    DIR *listing = opendir(folder);
    (void)state;
    while (listing != NULL && (entry = readdir(listing)) != NULL) {
        (void)unlink(file_of(entry->d_name));
    }
    if (listing != NULL) {
        (void)closedir(listing);
    }
    (void)rmdir(folder);
    return rmdir(base);
}

static struct key_directory *open_made(uint32_t month)
{
    struct key_directory *directory = NULL;
    struct problem problem = {{0}, {0}, {0}};
    int error = key_directory_make(folder, month, &problem);
    assert_string_equal(problem.message, "");
    assert_int_equal(error, 0);
    assert_int_equal(key_directory_open(folder, &directory, &problem), 0);
    return directory;
}

static void keygen_makes_keys_once(void **state)
{
    unsigned char id_key[KEY_BYTES];
    unsigned char month_key[KEY_BYTES];
    unsigned char again[KEY_BYTES];
    struct key_directory *directory = open_made(202611);
    (void)state;
    memcpy(id_key, key_directory_id_key(directory), KEY_BYTES);
    assert_memory_not_equal(id_key, key_directory_hash_key(directory), KEY_BYTES);
    assert_int_equal(key_directory_newest_token_key_id(directory), 0);
    assert_int_equal(key_directory_month_key(directory, 202611, false, month_key, NULL), 0);
    key_directory_close(&directory);
    assert_null(directory);

    directory = open_made(202611); /* keygen again: nothing changes */
    assert_memory_equal(id_key, key_directory_id_key(directory), KEY_BYTES);
    assert_int_equal(key_directory_month_key(directory, 202611, false, again, NULL), 0);
    assert_memory_equal(month_key, again, KEY_BYTES);
    key_directory_close(&directory);
}

/* A coordinator with the wrong directory must not invent a new cluster's keys. */
static void missing_keys_name_keygen(void **state)
{
    static const char *const required[] = {"id.key", "hash.key", "token-0.key"};
    struct key_directory *directory = NULL;
    struct problem problem;
    (void)state;
    assert_int_equal(key_directory_open(folder, &directory, &problem), -ENOENT);
    assert_non_null(strstr(problem.message, "hikyaku keygen"));
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(key_directory_make(folder, 0, NULL), 0);
        assert_int_equal(unlink(file_of(required[i])), 0);
        assert_int_equal(key_directory_open(folder, &directory, &problem), -ENOENT);
        assert_non_null(strstr(problem.message, "hikyaku keygen"));
        assert_string_equal(problem.field, folder);
        assert_null(directory);
    }
}

static void an_open_directory_is_refused(void **state)
{
    struct key_directory *directory = NULL;
    struct problem problem;
    (void)state;
    assert_int_equal(key_directory_make(folder, 0, NULL), 0);
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(key_directory_open(folder, &directory, &problem), -EPERM);
    assert_string_equal(problem.rule, "key_file_mode");
    assert_int_equal(chmod(folder, 0700), 0);
    assert_int_equal(chmod(file_of("hash.key"), 0644), 0);
    assert_int_equal(key_directory_open(folder, &directory, &problem), -EPERM);
    assert_string_equal(problem.field, file_of("hash.key"));
}

static void what_is_no_key_is_refused(void **state)
{
    const struct text contents[] = {TEXT("00"),
                                    TEXT("no hex digits"),
                                    {"0123456789abcdef0123456789abcdef"
                                     "0123456789abcdef0123456789abcdeg\n",
                                     65}};
    struct key_directory *directory = NULL;
    struct problem problem;
    (void)state;
    assert_int_equal(key_directory_make(folder, 0, NULL), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(unlink(file_of("id.key")), 0);
        assert_int_equal(key_file_write_new(file_of("id.key"), contents[i], NULL), 0);
        assert_int_equal(key_directory_open(folder, &directory, &problem), -EINVAL);
        assert_string_equal(problem.field, file_of("id.key"));
        assert_null(strstr(problem.message, "0123")); /* never the key itself */
    }
}

/* U3, K5: the newest key makes tokens, old ones are accepted until their file goes. */
static void token_keys_rotate(void **state)
{
    unsigned int added = 0;
    struct key_directory *directory = open_made(0);
    (void)state;
    assert_null(key_directory_token_key(directory, 1));
    assert_int_equal(key_directory_add_token_key(folder, &added, NULL), 0);
    assert_int_equal(added, 1);
    assert_int_equal(key_directory_newest_token_key_id(directory), 0);
    assert_int_equal(key_directory_refresh(directory, NULL), 0);
    assert_int_equal(key_directory_newest_token_key_id(directory), 1);
    assert_non_null(key_directory_token_key(directory, 0));
    assert_memory_not_equal(key_directory_token_key(directory, 0),
                            key_directory_token_key(directory, 1), KEY_BYTES);
    assert_int_equal(unlink(file_of("token-0.key")), 0);
    assert_int_equal(key_directory_refresh(directory, NULL), 0);
    assert_null(key_directory_token_key(directory, 0));
    assert_int_equal(unlink(file_of("token-1.key")), 0);
    assert_int_equal(key_directory_refresh(directory, NULL), -ENOENT);
    assert_non_null(key_directory_token_key(directory, 1)); /* a failure changes nothing */
    key_directory_close(&directory);
}

static void only_names_of_token_keys_count(void **state)
{
    static const char *const names[] = {"token-256.key", "token-.key",  "token-1.key.new",
                                        "token-01.key",  "token-x.key", "token-7.key"};
    const struct text key =
        TEXT("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n");
    (void)state;
    assert_int_equal(key_directory_make(folder, 0, NULL), 0);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(key_file_write_new(file_of(names[i]), key, NULL), 0);
    }
    struct key_directory *directory = open_made(0);
    assert_int_equal(key_directory_newest_token_key_id(directory), 7);
    assert_null(key_directory_token_key(directory, 1));
    key_directory_close(&directory);
}

static void there_are_at_most_256_token_keys(void **state)
{
    unsigned int added = 0;
    struct problem problem;
    (void)state;
    assert_int_equal(key_directory_make(folder, 0, NULL), 0);
    assert_int_equal(
        key_file_write_new(file_of("token-255.key"),
                           TEXT("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
                           NULL),
        0);
    assert_int_equal(key_directory_add_token_key(folder, &added, &problem), -ENOSPC);
}

/* FORMATS: the first coordinator that needs a month makes it, the others read it. */
static void the_first_who_needs_a_month_makes_it(void **state)
{
    unsigned char first_key[KEY_BYTES];
    unsigned char second_key[KEY_BYTES];
    struct key_directory *first = open_made(0);
    struct key_directory *second = open_made(0);
    (void)state;
    assert_int_equal(key_directory_month_key(first, 202612, false, first_key, NULL), -ENOKEY);
    assert_int_equal(key_directory_month_key(first, 202612, true, first_key, NULL), 0);
    assert_int_equal(access(file_of("month-2026-12.key"), F_OK), 0);
    assert_int_equal(key_directory_month_key(second, 202612, true, second_key, NULL), 0);
    assert_memory_equal(first_key, second_key, KEY_BYTES);
    key_directory_close(&first);
    key_directory_close(&second);
}

static void months_that_are_none_are_refused(void **state)
{
    static const uint32_t bad[] = {0, 202600, 202613, 20261, 2026111};
    unsigned char key[KEY_BYTES];
    struct key_directory *directory = open_made(0);
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(key_directory_month_key(directory, bad[i], true, key, NULL), -EINVAL);
        assert_int_equal(key_directory_destroy_month(directory, bad[i], NULL), -EINVAL);
    }
    key_directory_close(&directory);
}

/* K3: the key of a destroyed month is gone from disk and from memory. */
static void a_destroyed_month_is_gone(void **state)
{
    unsigned char key[KEY_BYTES];
    struct key_directory *directory = open_made(202611);
    (void)state;
    assert_int_equal(key_directory_month_key(directory, 202611, false, key, NULL), 0);
    assert_int_equal(key_directory_destroy_month(directory, 202611, NULL), 0);
    assert_int_equal(access(file_of("month-2026-11.key"), F_OK), -1);
    assert_int_equal(key_directory_month_key(directory, 202611, false, key, NULL), -ENOKEY);
    assert_int_equal(key_directory_destroy_month(directory, 202611, NULL), 0);
    key_directory_close(&directory);
}

/* More months than memory keeps: all can still be read. */
static void months_in_memory_are_bounded(void **state)
{
    unsigned char keys[KEY_DIRECTORY_MONTHS_MAX + 10][KEY_BYTES];
    unsigned char key[KEY_BYTES];
    struct key_directory *directory = open_made(0);
    (void)state;
    for (uint32_t i = 0; i < KEY_DIRECTORY_MONTHS_MAX + 10; i++) {
        uint32_t month = (2026 + i / 12) * 100 + i % 12 + 1;
        assert_int_equal(key_directory_month_key(directory, month, true, keys[i], NULL), 0);
    }
    for (uint32_t i = 0; i < KEY_DIRECTORY_MONTHS_MAX + 10; i++) {
        uint32_t month = (2026 + i / 12) * 100 + i % 12 + 1;
        assert_int_equal(key_directory_month_key(directory, month, false, key, NULL), 0);
        assert_memory_equal(key, keys[i], KEY_BYTES);
    }
    key_directory_close(&directory);
}

/* A read-only mount in a container, say. Modes do not stop root, so root becomes nobody. */
static void a_directory_that_cannot_be_written_names_keygen(void **state)
{
    unsigned char key[KEY_BYTES];
    struct problem problem;
    struct key_directory *directory = open_made(0);
    bool is_root = geteuid() == 0;
    (void)state;
    assert_int_equal(chmod(folder, 0555), 0);
    assert_int_equal(chmod(base, 0755), 0);
    assert_true(!is_root || seteuid(65534) == 0);
    int error = key_directory_month_key(directory, 203001, true, key, &problem);
    assert_true(!is_root || seteuid(0) == 0);
    assert_int_equal(error, -EACCES);
    assert_non_null(strstr(problem.message, "hikyaku keygen"));
    assert_non_null(strstr(problem.message, "month-2030-01.key"));
    assert_int_equal(chmod(folder, 0700), 0);
    key_directory_close(&directory);
}

static void months_are_counted_in_utc(void **state)
{
    (void)state;
    assert_int_equal(key_directory_month_of(0), 197001);
    assert_int_equal(key_directory_month_of(951782400), 200002); /* 29 February */
    assert_int_equal(key_directory_month_of(1793491199), 202610);
    assert_int_equal(key_directory_month_of(1793491200), 202611);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(keygen_makes_keys_once),
        CASE(missing_keys_name_keygen),
        CASE(an_open_directory_is_refused),
        CASE(what_is_no_key_is_refused),
        CASE(token_keys_rotate),
        CASE(only_names_of_token_keys_count),
        CASE(there_are_at_most_256_token_keys),
        CASE(the_first_who_needs_a_month_makes_it),
        CASE(months_that_are_none_are_refused),
        CASE(a_destroyed_month_is_gone),
        CASE(months_in_memory_are_bounded),
        CASE(a_directory_that_cannot_be_written_names_keygen),
        CASE(months_are_counted_in_utc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
