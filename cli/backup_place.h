/* What commands about backups have in common: options that lead to Redis, the backup key, files
 * that are there whole or not at all, and what people are told of a backup. */
#ifndef HIKYAKU_CLI_BACKUP_PLACE_H
#define HIKYAKU_CLI_BACKUP_PLACE_H

#include "cli/command.h"
#include "common/backup/backup_file.h"
#include "common/store/store_direct.h"
#include "hikyaku/v1/store.pb-c.h"

#define BACKUP_PLACE_KEY_OPTION                                                      \
    {                                                                                \
        "key", "FILE", "the backup key (hikyaku keygen backup)", .kind = OPTION_TEXT \
    }
/* clang-format off */
#define BACKUP_PLACE_REDIS_OPTIONS                                                               \
    {"redis", "ENDPOINT", "Redis: HOST:PORT or unix:PATH", .kind = OPTION_TEXT},                 \
    {"redis-user", "USER", "who logs in there (its default user)", .kind = OPTION_TEXT},         \
    {"redis-password-file", "FILE", "with what password (mode 0600)", .kind = OPTION_TEXT},      \
    {"database", "N", "its database (0)", .maximum = UINT32_MAX, .kind = OPTION_NUMBER},         \
    {"prefix", "TEXT", "what keys begin with (hk)", .kind = OPTION_TEXT}
/* clang-format on */

/** @return EXIT_CODE_OK, or what was told: USAGE, BAD_FILE */
enum exit_code backup_place_key(const struct options *options,
                                unsigned char ret_key[BACKUP_FILE_KEY_BYTES]);
/** @return EXIT_CODE_OK, or what was told: USAGE, BAD_FILE, UNREACHABLE, REFUSED */
enum exit_code backup_place_connect(const struct options *options,
                                    struct store_direct **ret_direct);
const char *backup_place_prefix(const struct options *options);

/** A new file: under its name only once it is whole and on disk, never over another. */
struct backup_output {
    const char *path;
    char partial[4096]; /* where it is written */
    int file;
    uint64_t bytes;
};
MUST_USE int backup_place_create(const char *path, struct backup_output *ret_output,
                                 struct problem *problem);
/** A backup_file_write_fn; `output` is a struct backup_output. */
MUST_USE int backup_place_write(void *output, struct text bytes);
/** Sync it and give it its name. */
MUST_USE int backup_place_keep(struct backup_output *output, struct problem *problem);
/** Remove what is not kept. */
void backup_place_drop(struct backup_output *output);

/** A backup that is open for reading. */
struct backup_input {
    struct backup_reader *reader;
    const Hikyaku__V1__StoredBackup *header; /* in the arena */
    struct arena *arena;                     /* owned */
    int file;
};
/** @return EXIT_CODE_OK, or what was told: BAD_FILE; end it with backup_place_close() in any case
 */
enum exit_code backup_place_open(const char *path, const unsigned char key[BACKUP_FILE_KEY_BYTES],
                                 struct backup_input *ret_input);
void backup_place_close(struct backup_input *input);

/** What was written, verified or restored; with --json as one object. */
struct backup_report {
    const char *what; /* "verified" */
    const char *path;
    const unsigned char *id;
    const Hikyaku__V1__StoredBackup *header;
    struct backup_totals totals;
    uint64_t took_ms;
};
void backup_place_report(const struct options *options, const struct backup_report *report);
/** The exit code that an error of the store means. */
enum exit_code backup_place_code(int error);

#endif
