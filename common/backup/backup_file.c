#include "common/backup/backup_file.h"

#include "common/backup/rdb_reader.h"
#include "common/base/bytes.h"
#include "common/security/digest.h"
#include "common/security/seal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "HKBACKUP"
#define MAGIC_BYTES (sizeof MAGIC - 1)
#define HEAD_BYTES (MAGIC_BYTES + 1 + BACKUP_FILE_ID_BYTES)
#define FRAME_BYTES ((size_t)1 << 20)
/* Fast, and smaller: decision 22. */
#define LEVEL 1

enum { RECORD_KEY = 'k', RECORD_END = 'e' };

/* What writing and reading share. */
struct sealing {
    struct seal *seal;
    unsigned char key[SEAL_KEY_BYTES];
    struct seal_name name; /* of the next frame */
};

static void open_sealing(const unsigned char *key, const unsigned char *id, struct sealing *sealing)
{
    sealing->seal = seal_create(LEVEL);
    sealing->name = (struct seal_name){.kind = SEAL_BACKUP};
    memcpy(sealing->name.campaign, id, sizeof sealing->name.campaign);
    digest_derive_key(key, TEXT("backup"), (struct text){(const char *)id, BACKUP_FILE_ID_BYTES},
                      sealing->key);
}

static void close_sealing(struct sealing *sealing)
{
    seal_destroy(&sealing->seal);
    seal_wipe(sealing->key, sizeof sealing->key);
}

/* ---------------------------------------------------------------- writing */

struct backup_writer {
    struct sealing sealing;
    backup_file_write_fn *write;
    void *context;
    struct buffer plain;  /* of the frame in work */
    struct buffer sealed; /* of the one that is written */
    struct backup_totals totals;
};

static int write_frame(struct backup_writer *writer)
{
    struct text plain = buffer_text(&writer->plain);
    buffer_clear(&writer->sealed);
    (void)buffer_reserve(&writer->sealed, 4);
    writer->sealed.size = 4;
    int error = seal_encrypt(writer->sealing.seal, writer->sealing.key, &writer->sealing.name,
                             &plain, 1, &writer->sealed);
    if (error != 0) {
        return error;
    }
    bytes_put_u32(writer->sealed.data, (uint32_t)(writer->sealed.size - 4));
    buffer_clear(&writer->plain);
    writer->sealing.name.batch++;
    return writer->sealing.name.batch == 0
               ? -EMSGSIZE
               : writer->write(writer->context, buffer_text(&writer->sealed));
}

static int put(struct backup_writer *writer, struct text bytes)
{
    while (bytes.size > 0) {
        size_t room = FRAME_BYTES - writer->plain.size;
        size_t now = bytes.size < room ? bytes.size : room;
        buffer_append(&writer->plain, bytes.data, now);
        bytes = text_skip(bytes, now);
        if (writer->plain.size == FRAME_BYTES) {
            int error = write_frame(writer);
            if (error != 0) {
                return error;
            }
        }
    }
    return 0;
}

static int put_sized(struct backup_writer *writer, struct text bytes)
{
    char size[4];
    bytes_put_u32(size, (uint32_t)bytes.size);
    int error = put(writer, (struct text){size, sizeof size});
    return error != 0 ? error : put(writer, bytes);
}

int backup_file_create(const unsigned char key[BACKUP_FILE_KEY_BYTES],
                       const unsigned char id[BACKUP_FILE_ID_BYTES], struct text header,
                       backup_file_write_fn *write, void *context,
                       struct backup_writer **ret_writer)
{
    if (header.size > BACKUP_FILE_HEADER_MAX) {
        return -EMSGSIZE;
    }
    struct backup_writer *writer = xalloc_zero(1, sizeof *writer);
    writer->write = write;
    writer->context = context;
    open_sealing(key, id, &writer->sealing);
    char head[HEAD_BYTES];
    memcpy(head, MAGIC, MAGIC_BYTES);
    head[MAGIC_BYTES] = BACKUP_FILE_FORMAT;
    memcpy(head + MAGIC_BYTES + 1, id, BACKUP_FILE_ID_BYTES);
    int error = write(context, (struct text){head, sizeof head});
    if (error == 0) {
        error = put_sized(writer, header);
    }
    if (error != 0) {
        backup_file_close_writer(&writer);
        return error;
    }
    *ret_writer = writer;
    return 0;
}

int backup_file_add(struct backup_writer *writer, const struct backup_record *record)
{
    if (record->key.size > BACKUP_FILE_KEY_MAX || record->value.size > RDB_READER_VALUE_MAX) {
        return -EMSGSIZE;
    }
    char head[9] = {RECORD_KEY};
    bytes_put_u64(head + 1, (uint64_t)record->expires_unix_ms);
    int error = put(writer, (struct text){head, sizeof head});
    if (error == 0) {
        error = put_sized(writer, record->key);
    }
    if (error == 0) {
        error = put_sized(writer, record->value);
    }
    writer->totals.keys++;
    writer->totals.bytes += record->key.size + record->value.size;
    return error;
}

int backup_file_end(struct backup_writer *writer)
{
    char end[17] = {RECORD_END};
    bytes_put_u64(end + 1, writer->totals.keys);
    bytes_put_u64(end + 9, writer->totals.bytes);
    int error = put(writer, (struct text){end, sizeof end});
    return error == 0 && writer->plain.size > 0 ? write_frame(writer) : error;
}

const struct backup_totals *backup_file_written(const struct backup_writer *writer)
{
    return &writer->totals;
}

void backup_file_close_writer(struct backup_writer **writer)
{
    if (*writer == NULL) {
        return;
    }
    close_sealing(&(*writer)->sealing);
    seal_wipe_buffer(&(*writer)->plain);
    buffer_finish(&(*writer)->sealed);
    free(*writer);
    *writer = NULL;
}

/* ---------------------------------------------------------------- reading */

struct backup_reader {
    struct sealing sealing;
    backup_file_read_fn *read;
    void *context;
    struct buffer sealed;
    struct buffer plain; /* of the frame in work */
    size_t at;           /* in it */
    struct buffer first; /* header, or a key */
    struct buffer value;
    struct backup_totals totals;
};

/* All of `size`. @return -ENODATA: it ends before */
static int read_all(struct backup_reader *reader, void *place, size_t size)
{
    size_t got = 0;
    int error = reader->read(reader->context, place, size, &got);
    if (error == 0 && got < size) {
        error = -ENODATA;
    }
    return error;
}

static int read_frame(struct backup_reader *reader)
{
    char head[4];
    int error = read_all(reader, head, sizeof head);
    if (error != 0) {
        return error;
    }
    size_t size = bytes_get_u32(head);
    if (size > FRAME_BYTES + SEAL_OVERHEAD_BYTES) {
        return -EBADMSG;
    }
    buffer_clear(&reader->sealed);
    buffer_clear(&reader->plain);
    reader->at = 0;
    error = read_all(reader, buffer_reserve(&reader->sealed, size), size);
    if (error != 0) {
        return error;
    }
    reader->sealed.size = size;
    error = seal_decrypt(reader->sealing.seal, reader->sealing.key, &reader->sealing.name,
                         buffer_text(&reader->sealed), FRAME_BYTES, &reader->plain);
    reader->sealing.name.batch++;
    return error == 0 && reader->plain.size > 0 ? 0 : -EBADMSG;
}

/* Append `size` bytes of what the frames hold: as many as there are, piece by piece. */
static int take(struct backup_reader *reader, size_t size, struct buffer *out)
{
    while (size > 0) {
        if (reader->at == reader->plain.size) {
            int error = read_frame(reader);
            if (error != 0) {
                return error;
            }
        }
        size_t left = reader->plain.size - reader->at;
        size_t now = size < left ? size : left;
        buffer_append(out, reader->plain.data + reader->at, now);
        reader->at += now;
        size -= now;
    }
    return 0;
}

static int take_sized(struct backup_reader *reader, size_t max, struct buffer *out)
{
    OWNED(buffer_finish) struct buffer size = {0};
    int error = take(reader, 4, &size);
    if (error != 0) {
        return error;
    }
    uint32_t bytes = bytes_get_u32(size.data);
    return bytes > max ? -EBADMSG : take(reader, bytes, out);
}

/* @return `error` */
static int explain(int error, struct problem *problem)
{
    switch (error) {
    case -EBADMSG:
        problem_set(problem, "", "backup_sealed",
                    "was sealed with another key, or is altered or damaged");
        break;
    case -ENODATA:
        problem_set(problem, "", "backup_cut", "is cut off: its end is missing");
        break;
    default:
        break;
    }
    return error;
}

static int check_head(const char head[HEAD_BYTES], struct problem *problem)
{
    if (memcmp(head, MAGIC, MAGIC_BYTES) != 0) {
        problem_set(problem, "", "backup_format", "is no backup of Hikyaku");
        return -EPROTO;
    }
    if (head[MAGIC_BYTES] != BACKUP_FILE_FORMAT) {
        problem_set(problem, "", "backup_format",
                    "is a backup of format %d; this version reads format %d",
                    (unsigned char)head[MAGIC_BYTES], BACKUP_FILE_FORMAT);
        return -EPROTO;
    }
    return 0;
}

int backup_file_open(const unsigned char key[BACKUP_FILE_KEY_BYTES], backup_file_read_fn *read,
                     void *context, struct backup_reader **ret_reader, struct text *ret_header,
                     struct problem *problem)
{
    struct backup_reader *reader = xalloc_zero(1, sizeof *reader);
    reader->read = read;
    reader->context = context;
    char head[HEAD_BYTES];
    int error = explain(read_all(reader, head, sizeof head), problem);
    if (error == 0) {
        error = check_head(head, problem);
    }
    if (error == 0) {
        open_sealing(key, (const unsigned char *)head + MAGIC_BYTES + 1, &reader->sealing);
        error = explain(take_sized(reader, BACKUP_FILE_HEADER_MAX, &reader->first), problem);
    }
    if (error != 0) {
        backup_file_close_reader(&reader);
        return error;
    }
    *ret_header = buffer_text(&reader->first);
    *ret_reader = reader;
    return 0;
}

const unsigned char *backup_file_id(const struct backup_reader *reader)
{
    return reader->sealing.name.campaign;
}

static int take_record(struct backup_reader *reader, struct backup_record *ret_record)
{
    buffer_clear(&reader->first);
    buffer_clear(&reader->value);
    int error = take(reader, 8, &reader->first);
    if (error != 0) {
        return error;
    }
    ret_record->expires_unix_ms = (int64_t)bytes_get_u64(reader->first.data);
    buffer_clear(&reader->first);
    error = take_sized(reader, BACKUP_FILE_KEY_MAX, &reader->first);
    if (error == 0) {
        error = take_sized(reader, RDB_READER_VALUE_MAX, &reader->value);
    }
    ret_record->key = buffer_text(&reader->first);
    ret_record->value = buffer_text(&reader->value);
    reader->totals.keys++;
    reader->totals.bytes += ret_record->key.size + ret_record->value.size;
    return error != 0 ? error : 1;
}

/* The counts must be right, and nothing may follow. */
static int take_end(struct backup_reader *reader)
{
    buffer_clear(&reader->first);
    int error = take(reader, 16, &reader->first);
    if (error != 0) {
        return error;
    }
    char more;
    size_t got = 0;
    error = reader->read(reader->context, &more, 1, &got);
    bool is_right = bytes_get_u64(reader->first.data) == reader->totals.keys &&
                    bytes_get_u64(reader->first.data + 8) == reader->totals.bytes &&
                    reader->at == reader->plain.size && got == 0;
    return error == 0 && !is_right ? -EBADMSG : error;
}

int backup_file_next(struct backup_reader *reader, struct backup_record *ret_record,
                     struct problem *problem)
{
    buffer_clear(&reader->first);
    int error = take(reader, 1, &reader->first);
    if (error != 0) {
        return explain(error, problem);
    }
    switch (reader->first.data[0]) {
    case RECORD_KEY:
        return explain(take_record(reader, ret_record), problem);
    case RECORD_END:
        return explain(take_end(reader), problem);
    default:
        return explain(-EBADMSG, problem);
    }
}

const struct backup_totals *backup_file_read_so_far(const struct backup_reader *reader)
{
    return &reader->totals;
}

void backup_file_close_reader(struct backup_reader **reader)
{
    if (*reader == NULL) {
        return;
    }
    close_sealing(&(*reader)->sealing);
    seal_wipe_buffer(&(*reader)->plain);
    buffer_finish(&(*reader)->sealed);
    seal_wipe_buffer(&(*reader)->first);
    seal_wipe_buffer(&(*reader)->value);
    free(*reader);
    *reader = NULL;
}
