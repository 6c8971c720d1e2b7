/* restore: a backup into an empty Redis, which then waits for an operator. */
#include "cli/backup_place.h"
#include "cli/commands/commands.h"
#include "cli/tell.h"
#include "common/backup/rdb_reader.h"
#include "common/base/clock.h"
#include "common/security/key_directory.h"
#include "common/security/seal.h"
#include "common/store/store_load.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct loading {
    const struct options *options;
    const unsigned char *key;
    struct backup_input input;
    struct store_direct *direct;
    struct store_load *load;
    struct buffer payload;
    struct backup_totals loaded;
    uint64_t began_ms;
};

static const char *path_of(const struct loading *loading)
{
    return options_positional(loading->options, 0);
}

/* Every byte of it is right: found out before anything is loaded. */
static enum exit_code verify(const struct loading *loading)
{
    struct backup_input input = {.file = -1};
    struct backup_record record;
    struct problem problem = {.message = ""};
    enum exit_code code = backup_place_open(path_of(loading), loading->key, &input);
    int result = code == EXIT_CODE_OK ? 1 : 0;
    while (result == 1) {
        result = backup_file_next(input.reader, &record, &problem);
    }
    if (result < 0) {
        tell("%s: %s", path_of(loading), problem.message);
        code = EXIT_CODE_BAD_FILE;
    }
    backup_place_close(&input);
    return code;
}

static enum exit_code begin(struct loading *loading)
{
    const Hikyaku__V1__StoredBackup *header = loading->input.header;
    struct problem problem = {.message = ""};
    struct store_load_settings settings = {.prefix = header->prefix,
                                           .taken_unix_ms = header->taken_unix_ms};
    memcpy(settings.id, backup_file_id(loading->input.reader), sizeof settings.id);
    if (strcmp(header->prefix, backup_place_prefix(loading->options)) != 0) {
        tell("%s: is of a cluster whose keys begin with %s: say --prefix %s, and store.prefix in "
             "its configuration",
             path_of(loading), header->prefix, header->prefix);
        return EXIT_CODE_USAGE;
    }
    int error = store_load_begin(loading->direct, &settings, &loading->load, &problem);
    if (error != 0) {
        tell_problem(&problem);
        return backup_place_code(error);
    }
    return EXIT_CODE_OK;
}

static int load_key(struct loading *loading, const struct backup_record *record,
                    struct problem *problem)
{
    bool is_loaded = false;
    buffer_clear(&loading->payload);
    rdb_reader_append_payload(record->value, loading->input.header->rdb_version, &loading->payload);
    int error = store_load_key(loading->load, record->key, record->expires_unix_ms,
                               buffer_text(&loading->payload), &is_loaded, problem);
    if (error == 0 && is_loaded) {
        loading->loaded.keys++;
        loading->loaded.bytes += record->key.size + record->value.size;
    }
    return error;
}

static enum exit_code load_keys(struct loading *loading)
{
    struct backup_record record;
    struct problem problem = {.message = ""};
    int result;
    while ((result = backup_file_next(loading->input.reader, &record, &problem)) == 1) {
        int error = load_key(loading, &record, &problem);
        if (error != 0) {
            tell_problem(&problem);
            tell("half of the backup is loaded: nothing drives it; restore it again, here or into "
                 "another empty Redis (not older than %s)",
                 loading->input.header->redis_version);
            return backup_place_code(error);
        }
    }
    int error = result;
    if (error == 0) {
        error = store_load_end(loading->load, clock_unix_ms(), &problem);
    }
    if (error != 0) {
        tell_problem(&problem);
        return result != 0 ? EXIT_CODE_BAD_FILE : backup_place_code(error);
    }
    return EXIT_CODE_OK;
}

/* ---------------------------------------------------------------- month keys */

static bool has_key(struct key_directory *directory, uint32_t month)
{
    unsigned char key[KEY_DIRECTORY_KEY_BYTES];
    int error = key_directory_month_key(directory, month, false, key, NULL);
    seal_wipe(key, sizeof key);
    return error == 0;
}

/* @return false: some are missing */
static bool print_months(const struct store_load_month *months, size_t count,
                         struct key_directory *directory)
{
    bool has_all = true;
    for (size_t i = 0; i < count; i++) {
        bool is_here = directory != NULL && has_key(directory, months[i].month);
        has_all = has_all && (directory == NULL || is_here);
        tell("needs month-%u-%02u.key for %" PRIu64 " campaigns%s", months[i].month / 100,
             months[i].month % 100, months[i].campaigns,
             directory == NULL ? ""
             : is_here         ? ": is there"
                               : ": MISSING, they cannot be read");
    }
    return has_all;
}

static enum exit_code check_months(struct loading *loading)
{
    const char *folder = options_text(loading->options, "keys");
    struct store_load_month *months = xalloc_zero(STORE_LOAD_MONTHS_MAX, sizeof *months);
    struct key_directory *directory = NULL;
    struct problem problem = {.message = ""};
    size_t count = 0;
    enum exit_code code = EXIT_CODE_OK;
    if (store_load_months(loading->load, months, &count, &problem) != 0 ||
        (folder != NULL && key_directory_open(folder, &directory, &problem) != 0)) {
        tell_problem(&problem);
        code = EXIT_CODE_REFUSED;
    } else if (!print_months(months, count, directory)) {
        code = EXIT_CODE_REFUSED;
    }
    key_directory_close(&directory);
    free(months);
    return code;
}

/* ---------------------------------------------------------------- restore */

static void report(const struct loading *loading)
{
    const struct backup_totals *all = backup_file_read_so_far(loading->input.reader);
    backup_place_report(loading->options, &(struct backup_report){
                                              .what = "restored",
                                              .path = path_of(loading),
                                              .id = backup_file_id(loading->input.reader),
                                              .header = loading->input.header,
                                              .totals = loading->loaded,
                                              .took_ms = clock_monotonic_ms() - loading->began_ms});
    if (all->keys > loading->loaded.keys) {
        tell("left out: %" PRIu64 " keys of processes that lived then",
             all->keys - loading->loaded.keys);
    }
    tell("nothing is sent or taken: start coordinators, then hikyaku restore status");
}

static enum exit_code load(struct loading *loading)
{
    loading->began_ms = clock_monotonic_ms();
    enum exit_code code = verify(loading);
    if (code == EXIT_CODE_OK) {
        code = backup_place_open(path_of(loading), loading->key, &loading->input);
    }
    if (code == EXIT_CODE_OK) {
        code = backup_place_connect(loading->options, &loading->direct);
    }
    if (code == EXIT_CODE_OK) {
        code = begin(loading);
    }
    if (code == EXIT_CODE_OK) {
        code = load_keys(loading);
    }
    if (code == EXIT_CODE_OK) {
        report(loading);
        code = check_months(loading);
    }
    return code;
}

static enum exit_code run(const struct options *options)
{
    unsigned char key[BACKUP_FILE_KEY_BYTES];
    struct loading loading = {.options = options, .key = key, .input = {.file = -1}};
    enum exit_code code = backup_place_key(options, key);
    if (code == EXIT_CODE_OK) {
        code = load(&loading);
    }
    store_load_close(&loading.load);
    store_direct_close(&loading.direct);
    backup_place_close(&loading.input);
    buffer_finish(&loading.payload);
    seal_wipe(key, sizeof key);
    return code;
}

static const struct option_spec option_table[] = {
    BACKUP_PLACE_KEY_OPTION,
    BACKUP_PLACE_REDIS_OPTIONS,
    {"keys", "DIR", "the key directory: are all months' keys there?", .kind = OPTION_TEXT},
    {.name = NULL},
};

const struct command restore_command = {
    .name = "restore",
    .words = "FILE",
    .summary = "a backup into an empty Redis; the cluster then waits for you",
    .help =
        "Opens all of FILE first; then loads it, key by key, into a Redis that holds nothing (or\n"
        "half of the same backup). Stop coordinators and workers before, start them after: what\n"
        "was sent after the backup is not known there, so nothing is sent or taken until you have\n"
        "decided with `hikyaku restore resume`. Tells which month keys its campaigns need; with\n"
        "--keys exit code 1 says that some are missing.\n"
        "\n"
        "  hikyaku restore /backups/hikyaku-2026-11-25-0300 --key /etc/hikyaku/backup.key \\\n"
        "    --redis 10.0.0.2:6379 --redis-user hikyaku-restore \\\n"
        "    --redis-password-file /etc/hikyaku/redis-restore.password --keys /etc/hikyaku/keys",
    .options = option_table,
    .minimum_words = 1,
    .maximum_words = 1,
    .is_offline = true,
    .run = run,
};
