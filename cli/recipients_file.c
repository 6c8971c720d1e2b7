#include "cli/recipients_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 256 * 1024 };

/* @return 0 to go on */
typedef int part_fn(void *context, struct text part, struct problem *problem);

static int tell_system(const char *path, int error, struct problem *problem)
{
    char reason[128];
    problem_set(problem, path, "file", "cannot be read: %s",
                strerror_r(error, reason, sizeof reason));
    return -error;
}

/* The whole file in parts. A pipe could be read only once. */
static int read_parts(const char *path, part_fn *on_part, void *context, struct problem *problem)
{
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0) {
        return tell_system(path, errno, problem);
    }
    int refused = 0;
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        problem_set(problem, path, "file", "is not a regular file");
        refused = -EINVAL;
    }
    char *bytes = xalloc(READ_BYTES);
    while (refused == 0) {
        ssize_t got = read(file, bytes, READ_BYTES);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            refused = tell_system(path, errno, problem);
        } else if (got == 0) {
            break;
        } else {
            refused = on_part(context, (struct text){bytes, (size_t)got}, problem);
        }
    }
    free(bytes);
    (void)close(file);
    return refused;
}

/* ------------------------------------------------------------- the first look */

struct look {
    struct csv_encoding_detector detector;
    EVP_MD_CTX *sha256;
};

static int look_at_part(void *context, struct text part, struct problem *problem)
{
    struct look *look = context;
    (void)problem;
    csv_encoding_look(&look->detector, part);
    return EVP_DigestUpdate(look->sha256, part.data, part.size) == 1 ? 0 : -EIO;
}

struct count {
    struct recipient_columns *columns;
    uint64_t rows;
};

static int count_row(void *context, const struct csv_row *row, struct problem *problem)
{
    struct count *count = context;
    if (count->columns == NULL) {
        return recipient_columns_create(row, &count->columns, problem);
    }
    count->rows++;
    return 0;
}

static int digest_and_detect(const enum csv_encoding *encoding, struct recipients_file *file,
                             struct problem *problem)
{
    struct look look = {.sha256 = EVP_MD_CTX_new()};
    int refused = look.sha256 != NULL && EVP_DigestInit_ex(look.sha256, EVP_sha256(), NULL) == 1
                      ? read_parts(file->path, look_at_part, &look, problem)
                      : -EIO;
    if (refused == 0 && EVP_DigestFinal_ex(look.sha256, file->digest, NULL) != 1) {
        refused = -EIO;
    }
    EVP_MD_CTX_free(look.sha256);
    if (refused != 0) {
        return refused;
    }
    if (encoding != NULL) {
        file->encoding = *encoding;
        return 0;
    }
    return csv_encoding_detect(&look.detector, &file->encoding, problem);
}

int recipients_file_look(const char *path, const enum csv_encoding *encoding,
                         struct recipients_file *ret_file, struct problem *problem)
{
    struct recipients_file file = {.path = path};
    struct count count = {0};
    int refused = digest_and_detect(encoding, &file, problem);
    if (refused == 0) {
        refused = recipients_file_read(&file, count_row, &count, problem);
    }
    recipient_columns_destroy(&count.columns);
    if (refused == 0 && count.rows == 0) {
        problem_set(problem, "", "csv_empty", "holds no recipients");
        refused = -EINVAL;
    }
    if (refused == 0) {
        file.rows = count.rows;
        *ret_file = file;
    }
    return refused;
}

/* ------------------------------------------------------------- row by row */

struct reading {
    struct csv_decoder *decoder;
    struct csv_reader *reader;
    struct buffer decoded;
};

static int read_part(void *context, struct text part, struct problem *problem)
{
    struct reading *reading = context;
    buffer_clear(&reading->decoded);
    int refused = csv_encoding_decode(reading->decoder, part, &reading->decoded, problem);
    return refused != 0 ? refused
                        : csv_reader_feed(reading->reader, buffer_text(&reading->decoded), problem);
}

int recipients_file_read(const struct recipients_file *file, csv_reader_row_fn *on_row,
                         void *context, struct problem *problem)
{
    struct reading reading = {0};
    int refused = csv_encoding_open(file->encoding, &reading.decoder, problem);
    if (refused != 0) {
        return refused;
    }
    reading.reader = csv_reader_create(on_row, context);
    refused = read_parts(file->path, read_part, &reading, problem);
    if (refused == 0) {
        refused = csv_encoding_finish(reading.decoder, problem);
    }
    if (refused == 0) {
        refused = csv_reader_end(reading.reader, problem);
    }
    csv_reader_destroy(&reading.reader);
    csv_encoding_close(&reading.decoder);
    buffer_finish(&reading.decoded);
    return refused;
}
