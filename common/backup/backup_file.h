/* A backup as a file: sealed, and only readable whole. Pure but for the calls that write and read.
 *
 *   "HKBACKUP" | format u8 (1) | id 16 | frames
 *   frame: size u32 | sealed part (common/security/seal): kind BACKUP, campaign = id, batch = n
 * What the frames hold, one after the other, is cut wherever a frame is full:
 *   size u32 | StoredBackup, then of each key: 'k' | expires i64 (ms) | size u32 | key
 *   | size u32 | value (rdb_reader.h); at the end 'e' | keys u64 | bytes u64 (of keys and values)
 * All big-endian. The frames' key is derived from the backup key and the id, so frames of another
 * backup, in another order, altered, or left out do not open, and a backup without its end is none.
 */
#ifndef HIKYAKU_COMMON_BACKUP_BACKUP_FILE_H
#define HIKYAKU_COMMON_BACKUP_BACKUP_FILE_H

#include "common/base/buffer.h"
#include "common/base/problem.h"

#include <stdint.h>

#define BACKUP_FILE_FORMAT 1
#define BACKUP_FILE_KEY_BYTES 32
#define BACKUP_FILE_ID_BYTES 16
#define BACKUP_FILE_HEADER_MAX 65536
#define BACKUP_FILE_KEY_MAX 65536

struct backup_record {
    int64_t expires_unix_ms; /* 0: never */
    struct text key;
    struct text value;
};

struct backup_totals {
    uint64_t keys;
    uint64_t bytes; /* of keys and values */
};

/* Writing */

/** @return 0, or an error that ends the writing */
typedef int backup_file_write_fn(void *context, struct text bytes);

struct backup_writer;

/** @param key  the backup key, borrowed for the call. @param header  a packed StoredBackup */
MUST_USE int backup_file_create(const unsigned char key[BACKUP_FILE_KEY_BYTES],
                                const unsigned char id[BACKUP_FILE_ID_BYTES], struct text header,
                                backup_file_write_fn *write, void *context,
                                struct backup_writer **ret_writer);
/** @return 0, -EMSGSIZE (a key or value above its bound), -EIO (random source), or of `write` */
MUST_USE int backup_file_add(struct backup_writer *writer, const struct backup_record *record);
/** Write the end. */
MUST_USE int backup_file_end(struct backup_writer *writer);
const struct backup_totals *backup_file_written(const struct backup_writer *writer);
/** Wipes what it holds. Accepts NULL, nulls the pointer. */
void backup_file_close_writer(struct backup_writer **writer);

/* Reading */

/** Up to `size` bytes. @param ret_size  less only at the end. @return 0 or an error */
typedef int backup_file_read_fn(void *context, void *place, size_t size, size_t *ret_size);

struct backup_reader;

/**
 * Read the head and the header.
 *
 * @param ret_header  a packed StoredBackup, valid until the next call
 * @return 0; -EPROTO (no backup, of a newer format); -EBADMSG (another key, altered); -ENODATA
 *         (cut off); or of `read`; with a problem
 */
MUST_USE int backup_file_open(const unsigned char key[BACKUP_FILE_KEY_BYTES],
                              backup_file_read_fn *read, void *context,
                              struct backup_reader **ret_reader, struct text *ret_header,
                              struct problem *problem);
const unsigned char *backup_file_id(const struct backup_reader *reader);
/** @return 1: a record, valid until the next call; 0: the end, and all was there; else as
 *  backup_file_open() */
MUST_USE int backup_file_next(struct backup_reader *reader, struct backup_record *ret_record,
                              struct problem *problem);
const struct backup_totals *backup_file_read_so_far(const struct backup_reader *reader);
/** Wipes what it holds. Accepts NULL, nulls the pointer. */
void backup_file_close_reader(struct backup_reader **reader);

#endif
