/* A file of recipients on disk: looked through once as a whole (encoding, digest, every row's
 * form), so that nothing is begun with a file that cannot be finished; then read row by row. */
#ifndef HIKYAKU_CLI_RECIPIENTS_FILE_H
#define HIKYAKU_CLI_RECIPIENTS_FILE_H

#include "cli/csv_encoding.h"
#include "cli/recipient_columns.h"
#include "common/security/digest.h"

struct recipients_file {
    const char *path; /* borrowed */
    enum csv_encoding encoding;
    uint64_t rows; /* recipients: the header is not counted */
    unsigned char digest[DIGEST_BYTES];
};

/**
 * @param encoding    NULL: detect
 * @param ret_file    out: digest covers the bytes as they are on disk
 * @return 0; -EINVAL (see csv_reader, csv_encoding, recipient_columns; also: no recipient at all)
 *         or an error of the file system
 */
MUST_USE int recipients_file_look(const char *path, const enum csv_encoding *encoding,
                                  struct recipients_file *ret_file, struct problem *problem);

/** Give every row to `on_row`, the header too. @return 0, what `on_row` returned, or as above */
MUST_USE int recipients_file_read(const struct recipients_file *file, csv_reader_row_fn *on_row,
                                  void *context, struct problem *problem);

#endif
