/* backup, backup verify: all of Redis at one moment, sealed into a file. */
#include "cli/backup_place.h"
#include "cli/commands/commands.h"
#include "cli/message_string.h"
#include "cli/tell.h"
#include "common/backup/rdb_reader.h"
#include "common/base/clock.h"
#include "common/security/seal.h"
#include "common/store/store_dump.h"
#include "common/store/store_keys.h"
#include "common/wire/wire_unpack.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

/* ---------------------------------------------------------------- backup */

/* A dump on its way into a file. */
struct making {
    const struct options *options;
    const unsigned char *key;
    unsigned char id[BACKUP_FILE_ID_BYTES];
    struct store_dump *dump;
    struct rdb_reader *rdb;
    struct backup_output output;
    struct backup_writer *writer;
    Hikyaku__V1__StoredBackup header;
    uint64_t left_out; /* keys of others */
};

static int tell_writing(int error, const struct making *making, struct problem *problem)
{
    char reason[128];
    problem_set(problem, making->output.partial, "file", "cannot be written: %s",
                strerror_r(-error, reason, sizeof reason));
    return error;
}

/* The first entry was read: now it is known what dump this is. */
static int begin_file(struct making *making, struct problem *problem)
{
    const struct store_dump_facts *facts = store_dump_facts(making->dump);
    Hikyaku__V1__StoredBackup *header = &making->header;
    hikyaku__v1__stored_backup__init(header);
    header->cluster = message_string(options_text(making->options, "cluster"));
    header->prefix = message_string(backup_place_prefix(making->options));
    header->database = (uint32_t)options_number(making->options, "database", 0);
    int64_t taken_unix_s = rdb_reader_taken_unix_s(making->rdb);
    header->taken_unix_ms = taken_unix_s > 0 ? taken_unix_s * 1000 : clock_unix_ms();
    header->redis_version = message_string(facts->version);
    header->rdb_version = rdb_reader_version(making->rdb);
    header->run_id = message_string(facts->run_id);
    header->replication_id = message_string(facts->replication_id);
    header->replication_offset = facts->offset;
    header->version = message_string(HIKYAKU_VERSION);
    OWNED(buffer_finish) struct buffer packed = {0};
    wire_unpack_append(&header->base, &packed);
    int error = backup_file_create(making->key, making->id, buffer_text(&packed),
                                   backup_place_write, &making->output, &making->writer);
    return error != 0 ? tell_writing(error, making, problem) : 0;
}

static int take_entry(struct making *making, const struct rdb_entry *entry, struct problem *problem)
{
    bool is_ours = entry->database == making->header.database &&
                   store_keys_judge(making->header.prefix, entry->key) == STORE_KEYS_KEPT;
    if (!is_ours) {
        making->left_out++;
        return 0;
    }
    const struct backup_record record = {
        .expires_unix_ms = entry->expires_unix_ms, .key = entry->key, .value = entry->value};
    int error = backup_file_add(making->writer, &record);
    return error != 0 ? tell_writing(error, making, problem) : 0;
}

static int copy_entries(struct making *making, struct problem *problem)
{
    struct rdb_entry entry;
    int result = rdb_reader_next(making->rdb, &entry, problem);
    int error = result < 0 ? result : begin_file(making, problem);
    while (error == 0 && result == 1) {
        error = take_entry(making, &entry, problem);
        if (error == 0) {
            result = rdb_reader_next(making->rdb, &entry, problem);
            error = result < 0 ? result : 0;
        }
    }
    if (error == 0 && store_dump_end(making->dump) != 0) {
        problem_set(problem, "redis", "rdb_end", "Redis' dump ended in an unexpected way");
        error = -ENODATA;
    }
    if (error == 0) {
        error = backup_file_end(making->writer);
        error = error != 0 ? tell_writing(error, making, problem) : 0;
    }
    return error != 0 ? error : backup_place_keep(&making->output, problem);
}

static int make(struct making *making, struct store_direct *direct, struct problem *problem)
{
    int error =
        backup_place_create(options_positional(making->options, 0), &making->output, problem);
    if (error == 0) {
        error = store_dump_begin(direct, &making->dump, problem);
    }
    if (error == 0) {
        making->rdb = rdb_reader_create(store_dump_read, making->dump, RDB_READER_VALUE_MAX);
        error = copy_entries(making, problem);
    }
    backup_place_drop(&making->output);
    return error;
}

static enum exit_code run_with(const struct options *options, const unsigned char *key,
                               struct store_direct *direct)
{
    struct making making = {.options = options, .key = key};
    struct problem problem = {.message = ""};
    uint64_t began_ms = clock_monotonic_ms();
    randombytes_buf(making.id, sizeof making.id);
    int error = make(&making, direct, &problem);
    if (error == 0) {
        backup_place_report(options,
                            &(struct backup_report){.what = "written",
                                                    .path = options_positional(options, 0),
                                                    .id = making.id,
                                                    .header = &making.header,
                                                    .totals = *backup_file_written(making.writer),
                                                    .took_ms = clock_monotonic_ms() - began_ms});
    } else {
        tell_problem(&problem);
    }
    if (making.left_out > 0) {
        tell("left out: %llu keys of living processes, of other databases and of others than %s:",
             (unsigned long long)making.left_out, backup_place_prefix(options));
    }
    backup_file_close_writer(&making.writer);
    rdb_reader_destroy(&making.rdb);
    store_dump_close(&making.dump);
    bool is_file = strcmp(problem.rule, "file") == 0;
    return error == 0 ? EXIT_CODE_OK : is_file ? EXIT_CODE_BAD_FILE : backup_place_code(error);
}

static enum exit_code run_backup(const struct options *options)
{
    unsigned char key[BACKUP_FILE_KEY_BYTES];
    struct store_direct *direct = NULL;
    if (sodium_init() < 0) {
        tell("no source of randomness");
        return EXIT_CODE_REFUSED;
    }
    enum exit_code code = backup_place_key(options, key);
    if (code == EXIT_CODE_OK) {
        code = backup_place_connect(options, &direct);
    }
    if (code == EXIT_CODE_OK) {
        code = run_with(options, key, direct);
    }
    store_direct_close(&direct);
    seal_wipe(key, sizeof key);
    return code;
}

static const struct option_spec backup_options[] = {
    BACKUP_PLACE_KEY_OPTION,
    BACKUP_PLACE_REDIS_OPTIONS,
    {"cluster", "NAME", "noted in the backup, for people", .kind = OPTION_TEXT},
    {.name = NULL},
};

const struct command backup_command = {
    .name = "backup",
    .words = "FILE",
    .summary = "all of Redis at one moment, sealed into a new file",
    .help =
        "Takes the dump that a replica would get: what Redis held when it forked, however long\n"
        "the rest takes, while the cluster works on. FILE (mode 0600) is there once it is whole\n"
        "and on disk. It is sealed with the backup key and holds no other key: without the key\n"
        "directory nobody reads recipients or contents in it. Run it where Redis is reached, as\n"
        "the user hikyaku-backup of docs/examples/redis-users.acl, from a timer.\n"
        "\n"
        "  hikyaku backup /backups/hikyaku-$(date +%F-%H%M) --key /etc/hikyaku/backup.key \\\n"
        "    --redis 10.0.0.1:6379 --redis-user hikyaku-backup \\\n"
        "    --redis-password-file /etc/hikyaku/redis-backup.password",
    .options = backup_options,
    .minimum_words = 1,
    .maximum_words = 1,
    .is_offline = true,
    .run = run_backup,
};

/* ---------------------------------------------------------------- verify */

static enum exit_code verify(const struct options *options, struct backup_input *input)
{
    struct backup_record record;
    struct problem problem = {.message = ""};
    uint64_t began_ms = clock_monotonic_ms();
    int result = 1;
    while (result == 1) {
        result = backup_file_next(input->reader, &record, &problem);
    }
    if (result != 0) {
        tell("%s: %s", options_positional(options, 0), problem.message);
        return EXIT_CODE_BAD_FILE;
    }
    backup_place_report(options,
                        &(struct backup_report){.what = "verified",
                                                .path = options_positional(options, 0),
                                                .id = backup_file_id(input->reader),
                                                .header = input->header,
                                                .totals = *backup_file_read_so_far(input->reader),
                                                .took_ms = clock_monotonic_ms() - began_ms});
    return EXIT_CODE_OK;
}

static enum exit_code run_verify(const struct options *options)
{
    unsigned char key[BACKUP_FILE_KEY_BYTES];
    struct backup_input input = {.file = -1};
    enum exit_code code = backup_place_key(options, key);
    if (code == EXIT_CODE_OK) {
        code = backup_place_open(options_positional(options, 0), key, &input);
    }
    if (code == EXIT_CODE_OK) {
        code = verify(options, &input);
    }
    backup_place_close(&input);
    seal_wipe(key, sizeof key);
    return code;
}

static const struct option_spec verify_options[] = {BACKUP_PLACE_KEY_OPTION, {.name = NULL}};

const struct command backup_verify_command = {
    .name = "backup verify",
    .words = "FILE",
    .summary = "is a backup whole, and of this key?",
    .help =
        "Opens all of it, to the end; nothing is restored.\n"
        "\n"
        "  hikyaku backup verify /backups/hikyaku-2026-11-25-0300 --key /etc/hikyaku/backup.key",
    .options = verify_options,
    .minimum_words = 1,
    .maximum_words = 1,
    .is_offline = true,
    .run = run_verify,
};
