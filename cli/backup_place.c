#include "cli/backup_place.h"

#include "cli/format.h"
#include "cli/json_text.h"
#include "cli/table_print.h"
#include "cli/tell.h"
#include "common/base/arena.h"
#include "common/base/bytes.h"
#include "common/security/key_file.h"
#include "common/wire/wire_unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define KEY_FILE_MAX 256
#define PASSWORD_MAX 4096
#define PREFIX_DEFAULT "hk"

/* ---------------------------------------------------------------- options */

static enum exit_code want(const struct options *options, const char *name, const char **ret_value)
{
    *ret_value = options_text(options, name);
    if (*ret_value == NULL) {
        tell("--%s: must be given", name);
        return EXIT_CODE_USAGE;
    }
    return EXIT_CODE_OK;
}

enum exit_code backup_place_key(const struct options *options,
                                unsigned char ret_key[BACKUP_FILE_KEY_BYTES])
{
    const char *path = NULL;
    struct key_file_secret secret = {.data = NULL};
    struct problem problem = {.message = ""};
    if (want(options, "key", &path) != EXIT_CODE_OK) {
        return EXIT_CODE_USAGE;
    }
    if (key_file_read(path, KEY_FILE_MAX, &secret, &problem) != 0) {
        tell_problem(&problem);
        return EXIT_CODE_BAD_FILE;
    }
    struct text hex = text_trim((struct text){(const char *)secret.data, secret.size});
    int error = bytes_from_hex(hex, ret_key, BACKUP_FILE_KEY_BYTES);
    key_file_wipe(&secret);
    if (error != 0) {
        tell("%s: is no backup key: 64 hex digits", path);
        return EXIT_CODE_BAD_FILE;
    }
    return EXIT_CODE_OK;
}

const char *backup_place_prefix(const struct options *options)
{
    const char *prefix = options_text(options, "prefix");
    return prefix == NULL ? PREFIX_DEFAULT : prefix;
}

enum exit_code backup_place_code(int error)
{
    return error == -ECONNREFUSED || error == -EAGAIN ? EXIT_CODE_UNREACHABLE : EXIT_CODE_REFUSED;
}

enum exit_code backup_place_connect(const struct options *options, struct store_direct **ret_direct)
{
    const char *endpoint = NULL;
    const char *path = options_text(options, "redis-password-file");
    struct key_file_secret secret = {.data = NULL};
    struct problem problem = {.message = ""};
    if (want(options, "redis", &endpoint) != EXIT_CODE_OK) {
        return EXIT_CODE_USAGE;
    }
    if (path != NULL && key_file_read(path, PASSWORD_MAX, &secret, &problem) != 0) {
        tell_problem(&problem);
        return EXIT_CODE_BAD_FILE;
    }
    const struct store_direct_settings settings = {
        .endpoint = endpoint,
        .user = options_text(options, "redis-user"),
        .password = text_trim((struct text){(const char *)secret.data, secret.size}),
        .database = (uint32_t)options_number(options, "database", 0),
    };
    int error = store_direct_open(&settings, ret_direct, &problem);
    key_file_wipe(&secret);
    if (error != 0) {
        tell_problem(&problem);
        return backup_place_code(error);
    }
    return EXIT_CODE_OK;
}

/* ---------------------------------------------------------------- writing */

static int refuse_path(const char *path, int error, struct problem *problem)
{
    char reason[128];
    problem_set(problem, path, "file", "cannot be written: %s",
                strerror_r(-error, reason, sizeof reason));
    return error;
}

int backup_place_create(const char *path, struct backup_output *ret_output, struct problem *problem)
{
    *ret_output = (struct backup_output){.path = path, .file = -1};
    int length = snprintf(ret_output->partial, sizeof ret_output->partial, "%s.partial", path);
    if (length < 0 || (size_t)length >= sizeof ret_output->partial) {
        return refuse_path(path, -ENAMETOOLONG, problem);
    }
    if (access(path, F_OK) == 0) {
        return refuse_path(path, -EEXIST, problem);
    }
    /* What an earlier one left when it was killed is worth nothing. */
    (void)unlink(ret_output->partial);
    ret_output->file =
        open(ret_output->partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return ret_output->file < 0 ? refuse_path(ret_output->partial, -errno, problem) : 0;
}

int backup_place_write(void *object, struct text bytes)
{
    struct backup_output *output = object;
    while (bytes.size > 0) {
        ssize_t written = write(output->file, bytes.data, bytes.size);
        if (written < 0 && errno != EINTR) {
            return -errno;
        }
        if (written > 0) {
            bytes = text_skip(bytes, (size_t)written);
            output->bytes += (uint64_t)written;
        }
    }
    return 0;
}

/* The name is on disk once its folder is. */
static int sync_folder(const char *path)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - path);
    (void)snprintf(folder, sizeof folder, "%.*s%s", (int)length, path,
                   slash == NULL ? "."
                   : length == 0 ? "/"
                                 : "");
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) {
        return -errno;
    }
    int error = fsync(file) == 0 ? 0 : -errno;
    (void)close(file);
    return error;
}

int backup_place_keep(struct backup_output *output, struct problem *problem)
{
    int error = fsync(output->file) == 0 ? 0 : -errno;
    if (close(output->file) != 0 && error == 0) {
        error = -errno;
    }
    output->file = -1;
    if (error == 0 && link(output->partial, output->path) != 0) {
        error = -errno;
    }
    if (error == 0) {
        error = unlink(output->partial) == 0 ? sync_folder(output->path) : -errno;
    }
    return error != 0 ? refuse_path(output->path, error, problem) : 0;
}

void backup_place_drop(struct backup_output *output)
{
    if (output->file >= 0) {
        (void)close(output->file);
        (void)unlink(output->partial);
        output->file = -1;
    }
}

/* ---------------------------------------------------------------- reading */

static int read_file(void *object, void *place, size_t size, size_t *ret_size)
{
    const struct backup_input *input = object;
    char *next = place;
    *ret_size = 0;
    while (*ret_size < size) {
        ssize_t got = read(input->file, next + *ret_size, size - *ret_size);
        if (got == 0) {
            return 0;
        }
        if (got < 0 && errno != EINTR) {
            return -errno;
        }
        *ret_size += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

static int open_reader(const unsigned char *key, struct backup_input *input,
                       struct problem *problem)
{
    struct text header;
    ProtobufCMessage *message = NULL;
    int error = backup_file_open(key, read_file, input, &input->reader, &header, problem);
    if (error == 0) {
        input->arena = arena_create(0);
        error = wire_unpack(&hikyaku__v1__stored_backup__descriptor, &wire_unpack_store_bounds,
                            header, input->arena, &message, problem);
    }
    if (error == 0) {
        input->header = (const Hikyaku__V1__StoredBackup *)message;
    }
    return error;
}

enum exit_code backup_place_open(const char *path, const unsigned char key[BACKUP_FILE_KEY_BYTES],
                                 struct backup_input *ret_input)
{
    struct problem problem = {.message = ""};
    *ret_input = (struct backup_input){.file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)};
    int error = ret_input->file < 0 ? -errno : open_reader(key, ret_input, &problem);
    if (error == 0) {
        return EXIT_CODE_OK;
    }
    char reason[128];
    tell("%s: %s", path,
         problem.message[0] != '\0' ? problem.message : strerror_r(-error, reason, sizeof reason));
    return EXIT_CODE_BAD_FILE;
}

void backup_place_close(struct backup_input *input)
{
    backup_file_close_reader(&input->reader);
    arena_destroy(&input->arena);
    if (input->file >= 0) {
        (void)close(input->file);
    }
    *input = (struct backup_input){.file = -1};
}

/* ---------------------------------------------------------------- telling */

static void append_json(const struct backup_report *report, const char *id, struct buffer *out)
{
    const Hikyaku__V1__StoredBackup *header = report->header;
    buffer_printf(out, "{\"%s\":", report->what);
    json_text_append(out, text_of(report->path));
    buffer_printf(out, ",\"backup_id\":\"%s\",\"cluster\":", id);
    json_text_append(out, text_of(header->cluster));
    buffer_append_string(out, ",\"redis_version\":");
    json_text_append(out, text_of(header->redis_version));
    buffer_printf(out, ",\"taken_unix_ms\":%" PRId64 ",\"keys\":%" PRIu64 ",\"bytes\":%" PRIu64,
                  header->taken_unix_ms, report->totals.keys, report->totals.bytes);
    buffer_printf(out, ",\"took_ms\":%" PRIu64 "}\n", report->took_ms);
}

static void append_text(const struct backup_report *report, const char *id, struct buffer *out)
{
    const Hikyaku__V1__StoredBackup *header = report->header;
    char text[FORMAT_BYTES];
    buffer_printf(out, "%s  ", report->what);
    table_print_append_clean(out, text_of(report->path));
    buffer_printf(out, "\nbackup    %s  of %s", id, format_time(header->taken_unix_ms, text));
    if (header->cluster[0] != '\0') {
        buffer_append_string(out, "  cluster ");
        table_print_append_clean(out, text_of(header->cluster));
    }
    buffer_append_string(out, "  Redis ");
    table_print_append_clean(out, text_of(header->redis_version));
    buffer_printf(out, "\nholds     %s keys", format_count(report->totals.keys, text));
    buffer_printf(out, ", %s", format_bytes(report->totals.bytes, text));
    buffer_printf(out, ", in %s\n", format_length(report->took_ms, text));
}

void backup_place_report(const struct options *options, const struct backup_report *report)
{
    OWNED(buffer_finish) struct buffer out = {0};
    char id[2 * BACKUP_FILE_ID_BYTES + 1];
    bytes_to_hex(report->id, BACKUP_FILE_ID_BYTES, id);
    if (options_flag(options, "json")) {
        append_json(report, id, &out);
    } else {
        append_text(report, id, &out);
    }
    tell_out(&out);
}
