/* The encodings that CSV files come in: UTF-8, or CP932 (Microsoft's Shift_JIS, what spreadsheets
 * in Japan write). Incremental; the only file that touches iconv. */
#ifndef HIKYAKU_CLI_CSV_ENCODING_H
#define HIKYAKU_CLI_CSV_ENCODING_H

#include "common/base/buffer.h"
#include "common/base/problem.h"

enum csv_encoding { CSV_ENCODING_UTF8, CSV_ENCODING_CP932 };

/** "utf-8", "cp932". */
const char *csv_encoding_name(enum csv_encoding encoding);
/** Also "utf8", "shift_jis", "sjis", "windows-31j", in either case. @return 0 or -EINVAL */
MUST_USE int csv_encoding_parse(struct text name, enum csv_encoding *ret_encoding);

/** Looks at a whole file, part by part. Start zeroed. */
struct csv_encoding_detector {
    char tail[4]; /* of a character that the last part cut */
    size_t tail_size;
    bool is_begun;
    bool is_utf16;
    bool is_broken; /* no UTF-8 */
};
void csv_encoding_look(struct csv_encoding_detector *detector, struct text bytes);
/** Valid UTF-8 is UTF-8, all else is CP932. @return 0, or -EINVAL (UTF-16, rule csv_utf16) */
MUST_USE int csv_encoding_detect(const struct csv_encoding_detector *detector,
                                 enum csv_encoding *ret_encoding, struct problem *problem);

/** Turns bytes into UTF-8. */
struct csv_decoder;
/** @return 0, or -ENOTSUP when this system's iconv lacks CP932 */
MUST_USE int csv_encoding_open(enum csv_encoding encoding, struct csv_decoder **ret_decoder,
                               struct problem *problem);
/** Accepts NULL, nulls the pointer. */
void csv_encoding_close(struct csv_decoder **decoder);
/**
 * Append `bytes` as UTF-8; a character that is cut waits for the next call.
 * @return 0, or -EINVAL: field "line N", rule csv_cp932
 */
MUST_USE int csv_encoding_decode(struct csv_decoder *decoder, struct text bytes, struct buffer *out,
                                 struct problem *problem);
/** The file is at its end. @return 0, or -EINVAL when half a character is left */
MUST_USE int csv_encoding_finish(struct csv_decoder *decoder, struct problem *problem);

#endif
