/* keygen: the keys of a cluster. Private halves go into files that only this user can read, never
 * over an existing file. */
#include "cli/commands/commands.h"

#include "cli/tell.h"
#include "cli/z85.h"
#include "cli/json_text.h"
#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/security/key_directory.h"
#include "common/security/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { API_KEY_BYTES = 32, BACKUP_KEY_BYTES = 32 };

/* A file that exists is somebody's key: a usage mistake, not ours to overwrite. */
static enum exit_code refuse_file(const struct problem *problem)
{
    tell_problem(problem);
    return EXIT_CODE_BAD_FILE;
}

/* @return false when libsodium has no source of randomness */
static bool has_randomness(void)
{
    if (sodium_init() < 0) {
        tell("no source of randomness");
        return false;
    }
    return true;
}

/* The caller left room for it. */
static void end_line(char *text)
{
    size_t length = strlen(text);
    text[length] = '\n';
    text[length + 1] = '\0';
}

/* "{"NAME": "VALUE", ...}" of texts, ended by NULL. */
static void print_json(const char *const *members)
{
    OWNED(buffer_finish) struct buffer out = {0};
    for (size_t i = 0; members[i] != NULL; i += 2) {
        buffer_append_string(&out, i == 0 ? "{" : ",");
        json_text_append(&out, text_of(members[i]));
        buffer_append_byte(&out, ':');
        json_text_append(&out, text_of(members[i + 1]));
    }
    buffer_append_string(&out, "}\n");
    tell_out(&out);
}

/* ------------------------------------------------------------- master */

/* "2026-11" @return 202611, or 0 */
static uint32_t parse_month(struct text text)
{
    uint64_t year;
    uint64_t month;
    bool is_month = text.size == 7 && text.data[4] == '-' &&
                    text_to_u64((struct text){text.data, 4}, 9999, &year) == 0 &&
                    text_to_u64((struct text){text.data + 5, 2}, 12, &month) == 0 && month >= 1 &&
                    year >= 1970;
    return is_month ? (uint32_t)(year * 100 + month) : 0;
}

static enum exit_code run_master(const struct options *options)
{
    const char *folder = options_positional(options, 0);
    const char *given = options_text(options, "month");
    uint32_t month = given == NULL ? key_directory_month_of(clock_unix_ms() / 1000)
                                   : parse_month(text_of(given));
    struct problem problem = {0};
    if (month == 0) {
        tell("--month: needs YYYY-MM, such as 2026-11");
        return EXIT_CODE_USAGE;
    }
    if (key_directory_make(folder, month, &problem) != 0) {
        return refuse_file(&problem);
    }
    char name[16];
    (void)snprintf(name, sizeof name, "%u-%02u", month / 100, month % 100);
    if (options_flag(options, "json")) {
        print_json((const char *const[]){"directory", folder, "month", name, NULL});
    } else {
        (void)printf("%s holds id.key, hash.key, token-0.key and month-%s.key\n"
                     "Keep a copy apart from Redis and its backups: without id.key campaign ids\n"
                     "change, without the month's key its campaigns cannot be read.\n",
                     folder, name);
    }
    return EXIT_CODE_OK;
}

static const struct option_spec master_options[] = {
    {"month", "YYYY-MM", "the month whose key is made (this month)", .kind = OPTION_TEXT},
    {.name = NULL},
};
const struct command keygen_master_command = {
    .name = "keygen master",
    .words = "DIR",
    .summary = "make the key directory of a cluster, or add a month's key",
    .help =
        "Makes what is missing in the key directory: the id key, the hash key, the first token\n"
        "key and the key of a month. Keys that exist are never touched. Coordinators make\n"
        "month keys themselves where they may write into the directory; on a read-only mount\n"
        "make the next month's key with --month in time.\n"
        "\n"
        "  hikyaku keygen master /etc/hikyaku/keys\n"
        "  hikyaku keygen master /etc/hikyaku/keys --month 2026-12",
    .options = master_options,
    .minimum_words = 1,
    .maximum_words = 1,
    .is_offline = true,
    .run = run_master,
};

/* ------------------------------------------------------------- retire */

static enum exit_code destroy_month(const char *folder, uint32_t month)
{
    struct key_directory *directory = NULL;
    struct problem problem = {0};
    int failed = key_directory_open(folder, &directory, &problem);
    if (failed == 0) {
        failed = key_directory_destroy_month(directory, month, &problem);
    }
    key_directory_close(&directory);
    return failed == 0 ? EXIT_CODE_OK : refuse_file(&problem);
}

static enum exit_code run_retire(const struct options *options)
{
    const char *folder = options_positional(options, 0);
    const char *name = options_positional(options, 1);
    uint32_t month = parse_month(text_of(name));
    if (month == 0) {
        tell("needs a month as YYYY-MM, such as 2026-11");
        return EXIT_CODE_USAGE;
    }
    if (month >= key_directory_month_of(clock_unix_ms() / 1000)) {
        tell("%s is not over: campaigns are still sealed under its key", name);
        return EXIT_CODE_USAGE;
    }
    enum exit_code code = destroy_month(folder, month);
    if (code == EXIT_CODE_OK && options_flag(options, "json")) {
        print_json((const char *const[]){"directory", folder, "destroyed", name, NULL});
    } else if (code == EXIT_CODE_OK) {
        (void)printf("%s holds no month-%s.key any more: nobody reads that month's campaigns.\n"
                     "Send SIGHUP to the coordinators, and destroy other copies of the key.\n",
                     folder, name);
    }
    return code;
}

static const struct option_spec no_options[] = {{.name = NULL}};
const struct command keygen_retire_command = {
    .name = "keygen retire",
    .words = "DIR YYYY-MM",
    .summary = "destroy a month's key, so that its campaigns cannot be read any more",
    .help =
        "Overwrites and removes the key of a month that is over. Coordinators do this themselves\n"
        "when nothing of the month is retained, where they may write into the directory; do it\n"
        "by hand where their log says month_key.due. There is no way back: recipients and\n"
        "contents of that month stay sealed for good, in backups as well.\n"
        "\n"
        "  hikyaku keygen retire /etc/hikyaku/keys 2026-05",
    .options = no_options,
    .minimum_words = 2,
    .maximum_words = 2,
    .is_offline = true,
    .run = run_retire,
};

/* ------------------------------------------------------------- backup */

static enum exit_code run_backup(const struct options *options)
{
    const char *path = options_positional(options, 0);
    unsigned char bytes[BACKUP_KEY_BYTES];
    char hex[2 * BACKUP_KEY_BYTES + 2];
    struct problem problem = {0};
    if (!has_randomness()) {
        return EXIT_CODE_REFUSED;
    }
    randombytes_buf(bytes, sizeof bytes);
    bytes_to_hex(bytes, sizeof bytes, hex);
    end_line(hex);
    int failed = key_file_write_new(path, text_of(hex), &problem);
    sodium_memzero(bytes, sizeof bytes);
    sodium_memzero(hex, sizeof hex);
    if (failed != 0) {
        return refuse_file(&problem);
    }
    if (options_flag(options, "json")) {
        print_json((const char *const[]){"file", path, NULL});
    } else {
        (void)printf("%s holds a backup key (mode 0600). Keep a copy apart from the backups:\n"
                     "without it they cannot be opened.\n",
                     path);
    }
    return EXIT_CODE_OK;
}

const struct command keygen_backup_command = {
    .name = "keygen backup",
    .words = "FILE",
    .summary = "make the key that seals backups",
    .help = "Writes 32 random bytes in hex into FILE, for hikyaku backup and restore. It opens\n"
            "backups, and nothing that is sealed in them.\n"
            "\n"
            "  hikyaku keygen backup /etc/hikyaku/backup.key",
    .options = no_options,
    .minimum_words = 1,
    .maximum_words = 1,
    .is_offline = true,
    .run = run_backup,
};

/* ------------------------------------------------------------- api */

static enum exit_code run_api(const struct options *options)
{
    const char *path = options_positional(options, 0);
    unsigned char bytes[API_KEY_BYTES];
    char key[BYTES_BASE32_LENGTH(API_KEY_BYTES) + 2];
    struct problem problem = {0};
    if (!has_randomness()) {
        return EXIT_CODE_REFUSED;
    }
    randombytes_buf(bytes, sizeof bytes);
    bytes_to_base32(bytes, sizeof bytes, key);
    end_line(key);
    int failed = key_file_write_new(path, text_of(key), &problem);
    sodium_memzero(bytes, sizeof bytes);
    sodium_memzero(key, sizeof key);
    if (failed != 0) {
        return refuse_file(&problem);
    }
    if (options_flag(options, "json")) {
        print_json((const char *const[]){"file", path, NULL});
    } else {
        (void)printf("%s holds a new API key (mode 0600).\n"
                     "Name it in the coordinator's configuration, and here with --key-file.\n",
                     path);
    }
    return EXIT_CODE_OK;
}

const struct command keygen_api_command = {
    .name = "keygen api",
    .words = "FILE",
    .summary = "make a key for callers of the API",
    .help =
        "Writes 32 random bytes as text into FILE with mode 0600. Whoever has the file may call\n"
        "the API.\n"
        "\n"
        "  hikyaku keygen api /etc/hikyaku/api.key\n"
        "  hikyaku list --key-file /etc/hikyaku/api.key --endpoint unix:/run/hikyaku/api.sock",
    .options = NULL,
    .minimum_words = 1,
    .maximum_words = 1,
    .is_offline = true,
    .run = run_api,
};

/* ------------------------------------------------------------- curve */

/* Written before the secret: a secret never stands there without its public half. */
static int write_public(const char *path, const char *key, struct problem *problem)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    size_t size = strlen(key);
    int failed = file < 0 ? -errno : 0;
    if (file >= 0) {
        failed = write(file, key, size) == (ssize_t)size ? 0 : -EIO;
        failed = close(file) != 0 && failed == 0 ? -errno : failed;
    }
    if (failed != 0) {
        char reason[128];
        problem_set(problem, path, "key_file", "cannot be written: %s",
                    strerror_r(-failed, reason, sizeof reason));
    }
    return failed;
}

static enum exit_code write_pair(const char *path, const char *secret, const char *public)
{
    char public_path[4096];
    struct problem problem = {0};
    int length = snprintf(public_path, sizeof public_path, "%s.pub", path);
    if (length < 0 || (size_t)length >= sizeof public_path) {
        tell("%s: is too long a path", path);
        return EXIT_CODE_USAGE;
    }
    if (access(path, F_OK) == 0) {
        tell("%s: exists; keys are never overwritten", path);
        return EXIT_CODE_BAD_FILE;
    }
    if (write_public(public_path, public, &problem) != 0) {
        return refuse_file(&problem);
    }
    if (key_file_write_new(path, text_of(secret), &problem) != 0) {
        (void)unlink(public_path);
        return refuse_file(&problem);
    }
    return EXIT_CODE_OK;
}

static enum exit_code run_curve(const struct options *options)
{
    const char *path = options_positional(options, 0);
    unsigned char public[crypto_box_PUBLICKEYBYTES];
    unsigned char secret[crypto_box_SECRETKEYBYTES];
    char public_text[Z85_LENGTH(sizeof public) + 2];
    char secret_text[Z85_LENGTH(sizeof secret) + 2];
    if (!has_randomness()) {
        return EXIT_CODE_REFUSED;
    }
    (void)crypto_box_keypair(public, secret);
    z85_encode(public, sizeof public, public_text);
    z85_encode(secret, sizeof secret, secret_text);
    end_line(public_text);
    end_line(secret_text);
    enum exit_code code = write_pair(path, secret_text, public_text);
    sodium_memzero(secret, sizeof secret);
    sodium_memzero(secret_text, sizeof secret_text);
    if (code != EXIT_CODE_OK) {
        return code;
    }
    public_text[Z85_LENGTH(sizeof public)] = '\0';
    if (options_flag(options, "json")) {
        print_json((const char *const[]){"file", path, "public", public_text, NULL});
    } else {
        (void)printf("secret in %s (mode 0600), public in %s.pub:\n%s\n", path, path, public_text);
    }
    return EXIT_CODE_OK;
}

const struct command keygen_curve_command = {
    .name = "keygen curve",
    .words = "FILE",
    .summary = "make the CURVE key pair of a coordinator or worker",
    .help =
        "Writes the secret key into FILE (mode 0600) and the public key into FILE.pub, each 40\n"
        "characters of Z85, and prints the public key: a worker needs its coordinators' and is\n"
        "admitted when its own stands in their list of keys.\n"
        "\n"
        "  hikyaku keygen curve /etc/hikyaku/worker-0.key\n"
        "  cat /etc/hikyaku/worker-0.key.pub >> /etc/hikyaku/workers.allow",
    .options = NULL,
    .minimum_words = 1,
    .maximum_words = 1,
    .is_offline = true,
    .run = run_curve,
};
