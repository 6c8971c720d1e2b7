#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/security/key_directory.h"
#include "common/security/key_vault.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static char one_path[160];
static char two_path[160];

static struct key_vault_name name_of(const char *file, const char *meaning)
{
    return (struct key_vault_name){
        .directory = folder, .file = text_of(file), .meaning = text_of(meaning)};
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/hikyaku-key-vault.XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(one_path, sizeof one_path, "%s/vault-one.sealed", folder);
    (void)snprintf(two_path, sizeof two_path, "%s/vault-two.sealed", folder);
    const struct key_vault_name one = name_of("one", "shop.example one");
    const struct key_vault_name two = name_of("two", "shop.example two");
    assert_int_equal(key_vault_put(&one, TEXT("first secret"), NULL), 0);
    assert_int_equal(key_vault_put(&two, TEXT("second secret"), NULL), 0);
    return 0;
}

static int teardown(void **state)
{
    char key[160];
    (void)state;
    (void)snprintf(key, sizeof key, "%s/vault.key", folder);
    (void)unlink(one_path);
    (void)unlink(two_path);
    (void)unlink(key);
    assert_int_equal(rmdir(folder), 0);
    return 0;
}

static void opens(const char *file, const char *meaning, int want, const char *secret)
{
    struct key_file_secret found = {NULL, 0};
    struct problem problem = {.message = ""};
    const struct key_vault_name name = name_of(file, meaning);
    assert_int_equal(key_vault_get(&name, &found, &problem), want);
    if (want == 0) {
        assert_string_equal((const char *)found.data, secret);
        assert_int_equal(found.size, strlen(secret));
    } else {
        assert_null(found.data);
        assert_true(problem.message[0] != '\0');
    }
    key_file_wipe(&found);
}

/* All bytes of a file; the length is returned. */
static size_t slurp(const char *path, char bytes[256])
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, 256, file);
    (void)fclose(file);
    return size;
}

static void write_all(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void what_is_put_comes_back_and_only_once(void **state)
{
    struct stat status;
    char bytes[256];
    (void)state;
    opens("one", "shop.example one", 0, "first secret");
    opens("two", "shop.example two", 0, "second secret");
    const struct key_vault_name one = name_of("one", "shop.example one");
    assert_int_equal(key_vault_put(&one, TEXT("another"), NULL), -EEXIST);
    opens("one", "shop.example one", 0, "first secret");
    assert_int_equal(stat(one_path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    /* Nothing of it can be read in the file. */
    size_t size = slurp(one_path, bytes);
    assert_null(memmem(bytes, size, "first", 5));
}

static void a_file_opens_only_under_its_own_meaning(void **state)
{
    (void)state;
    opens("one", "shop.example two", -EBADMSG, NULL);
    char held[160];
    (void)snprintf(held, sizeof held, "%s/held", folder);
    assert_int_equal(rename(one_path, held), 0);
    assert_int_equal(rename(two_path, one_path), 0);
    assert_int_equal(rename(held, two_path), 0);
    opens("one", "shop.example one", -EBADMSG, NULL);
    opens("two", "shop.example two", -EBADMSG, NULL);
}

static void any_altered_byte_is_found(void **state)
{
    char bytes[256];
    (void)state;
    size_t size = slurp(one_path, bytes);
    for (size_t i = 0; i < size; i++) {
        struct key_file_secret found = {NULL, 0};
        const struct key_vault_name one = name_of("one", "shop.example one");
        bytes[i] = (char)(bytes[i] ^ 1);
        write_all(one_path, bytes, size);
        int error = key_vault_get(&one, &found, NULL);
        assert_true(error == -EBADMSG || error == -EPROTO);
        bytes[i] = (char)(bytes[i] ^ 1);
    }
    write_all(one_path, bytes, size - 1);
    opens("one", "shop.example one", -EBADMSG, NULL);
    write_all(one_path, bytes, size);
    opens("one", "shop.example one", 0, "first secret");
}

static void another_vault_key_opens_nothing(void **state)
{
    char key[160];
    unsigned char made[KEY_DIRECTORY_KEY_BYTES];
    (void)state;
    (void)snprintf(key, sizeof key, "%s/vault.key", folder);
    assert_int_equal(unlink(key), 0);
    opens("one", "shop.example one", -ENOKEY, NULL);
    assert_int_equal(key_directory_named_key(folder, "vault.key", true, made, NULL), 0);
    opens("one", "shop.example one", -EBADMSG, NULL);
}

static void names_and_sizes_are_bounded(void **state)
{
    static char large[KEY_VAULT_BYTES_MAX + 1];
    static const char *const bad[] = {"",
                                      "../one",
                                      "One",
                                      "one.two",
                                      "one/two",
                                      "a b",
                                      "0123456789012345678901234567890123456789012345678901"
                                      "23456789012345"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct key_vault_name name = name_of(bad[i], "x");
        assert_int_equal(key_vault_put(&name, TEXT("secret"), NULL), -EINVAL);
        opens(bad[i], "x", -EINVAL, NULL);
    }
    const struct key_vault_name three = name_of("three", "x");
    assert_int_equal(key_vault_put(&three, (struct text){large, sizeof large}, NULL), -EMSGSIZE);
}

static void what_is_destroyed_is_gone(void **state)
{
    (void)state;
    const struct key_vault_name one = name_of("one", "shop.example one");
    assert_int_equal(key_vault_destroy(&one, NULL), 0);
    assert_int_equal(access(one_path, F_OK), -1);
    opens("one", "shop.example one", -ENOENT, NULL);
    assert_int_equal(key_vault_destroy(&one, NULL), 0);
    opens("two", "shop.example two", 0, "second secret");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_put_comes_back_and_only_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_opens_only_under_its_own_meaning, setup, teardown),
        cmocka_unit_test_setup_teardown(any_altered_byte_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(another_vault_key_opens_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(names_and_sizes_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_destroyed_is_gone, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
