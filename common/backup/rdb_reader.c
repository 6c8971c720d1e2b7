#include "common/backup/rdb_reader.h"

#include "common/backup/crc64.h"
#include "common/backup/rdb_value.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "REDIS"
#define VERSION_DIGITS 4
/* Dumps before have no checksum; Redis 7.0 writes 10. */
#define VERSION_MIN 9
/* Redis' own bound is 512 MiB; our keys are below 600 bytes. */
#define KEY_MAX 65536
#define AUX_MAX ((size_t)1 << 20)

enum opcode {
    OPCODE_SLOT_INFO = 244,
    OPCODE_FUNCTION = 245,
    OPCODE_MODULE_AUX = 247,
    OPCODE_IDLE = 248,
    OPCODE_FREQUENCY = 249,
    OPCODE_AUX = 250,
    OPCODE_RESIZE = 251,
    OPCODE_EXPIRES_MS = 252,
    OPCODE_EXPIRES_S = 253,
    OPCODE_DATABASE = 254,
    OPCODE_END = 255,
};

struct rdb_reader {
    struct rdb_source source;
    size_t value_max;
    unsigned int version; /* 0: the head was not read */
    int64_t taken_unix_s;
    uint32_t database;
    int64_t expires_unix_ms; /* of the next entry */
    struct buffer key;
    struct buffer value;
    struct buffer aux;
};

struct rdb_reader *rdb_reader_create(rdb_reader_fn *read, void *context, size_t value_max)
{
    assert(value_max > 0 && value_max <= RDB_READER_VALUE_MAX);
    struct rdb_reader *reader = xalloc_zero(1, sizeof *reader);
    reader->source = (struct rdb_source){.read = read, .context = context};
    reader->value_max = value_max;
    return reader;
}

void rdb_reader_destroy(struct rdb_reader **reader)
{
    if (*reader == NULL) {
        return;
    }
    buffer_finish(&(*reader)->key);
    buffer_finish(&(*reader)->value);
    buffer_finish(&(*reader)->aux);
    free(*reader);
    *reader = NULL;
}

static uint64_t little_endian(const unsigned char *bytes, size_t size)
{
    uint64_t number = 0;
    for (size_t i = size; i > 0; i--) {
        number = (number << 8) | bytes[i - 1];
    }
    return number;
}

static int read_head(struct rdb_reader *reader)
{
    char head[sizeof MAGIC - 1 + VERSION_DIGITS];
    uint64_t version = 0;
    int error = rdb_value_bytes(&reader->source, head, sizeof head);
    if (error != 0) {
        return error;
    }
    struct text text = {head, sizeof head};
    if (!text_starts_with(text, TEXT(MAGIC)) ||
        text_to_u64(text_skip(text, sizeof MAGIC - 1), 9999, &version) != 0 ||
        version < VERSION_MIN) {
        return -EPROTO;
    }
    reader->version = (unsigned int)version;
    return 0;
}

static int read_aux(struct rdb_reader *reader)
{
    buffer_clear(&reader->aux);
    int error = rdb_value_string(&reader->source, AUX_MAX, &reader->aux);
    bool is_time = error == 0 && text_equal(buffer_text(&reader->aux), TEXT("ctime"));
    if (error == 0) {
        buffer_clear(&reader->aux);
        error = rdb_value_string(&reader->source, AUX_MAX, &reader->aux);
    }
    uint64_t time = 0;
    if (error == 0 && is_time && text_to_u64(buffer_text(&reader->aux), INT32_MAX, &time) == 0) {
        reader->taken_unix_s = (int64_t)time;
    }
    return error;
}

static int read_expiry(struct rdb_reader *reader, size_t size, int64_t unit_ms)
{
    unsigned char bytes[8];
    int error = rdb_value_bytes(&reader->source, bytes, size);
    if (error != 0) {
        return error;
    }
    uint64_t time = little_endian(bytes, size);
    if (time > (uint64_t)(INT64_MAX / unit_ms)) {
        return -EPROTO;
    }
    reader->expires_unix_ms = (int64_t)time * unit_ms;
    return 0;
}

static int skip_lengths(struct rdb_reader *reader, unsigned int count)
{
    int error = 0;
    for (unsigned int i = 0; error == 0 && i < count; i++) {
        uint64_t ignored = 0;
        error = rdb_value_length(&reader->source, &ignored);
    }
    return error;
}

static int read_database(struct rdb_reader *reader)
{
    uint64_t database = 0;
    int error = rdb_value_length(&reader->source, &database);
    if (error == 0 && database > UINT32_MAX) {
        return -EPROTO;
    }
    reader->database = (uint32_t)database;
    return error;
}

/* What stands between entries. @return -ENOENT: it is none of these */
static int read_between(struct rdb_reader *reader, unsigned int opcode)
{
    unsigned char ignored;
    switch (opcode) {
    case OPCODE_SLOT_INFO:
        return skip_lengths(reader, 3);
    case OPCODE_FUNCTION:
        return rdb_value_skip_string(&reader->source);
    case OPCODE_MODULE_AUX:
        return rdb_value_skip_module(&reader->source);
    case OPCODE_IDLE:
        return skip_lengths(reader, 1);
    case OPCODE_FREQUENCY:
        return rdb_value_bytes(&reader->source, &ignored, 1);
    case OPCODE_AUX:
        return read_aux(reader);
    case OPCODE_RESIZE:
        return skip_lengths(reader, 2);
    case OPCODE_EXPIRES_MS:
        return read_expiry(reader, 8, 1);
    case OPCODE_EXPIRES_S:
        return read_expiry(reader, 4, 1000);
    case OPCODE_DATABASE:
        return read_database(reader);
    default:
        return -ENOENT;
    }
}

static int read_entry(struct rdb_reader *reader, unsigned int type, struct rdb_entry *ret_entry)
{
    struct rdb_source *source = &reader->source;
    buffer_clear(&reader->key);
    buffer_clear(&reader->value);
    int error = rdb_value_string(source, KEY_MAX, &reader->key);
    if (error != 0) {
        return error;
    }
    buffer_append_byte(&reader->value, (char)type);
    source->kept = &reader->value;
    source->kept_max = reader->value_max;
    error = rdb_value_skip(source, type);
    source->kept = NULL;
    *ret_entry = (struct rdb_entry){.database = reader->database,
                                    .expires_unix_ms = reader->expires_unix_ms,
                                    .key = buffer_text(&reader->key),
                                    .value = buffer_text(&reader->value)};
    reader->expires_unix_ms = 0;
    return error != 0 ? error : 1;
}

static int read_end(struct rdb_reader *reader)
{
    uint64_t sum = reader->source.sum;
    unsigned char bytes[8];
    int error = rdb_value_bytes(&reader->source, bytes, sizeof bytes);
    if (error != 0) {
        return error;
    }
    uint64_t told = little_endian(bytes, sizeof bytes);
    return told == 0 || told == sum ? 0 : -EBADMSG; /* 0: rdbchecksum no */
}

static int next(struct rdb_reader *reader, struct rdb_entry *ret_entry)
{
    int error = reader->version == 0 ? read_head(reader) : 0;
    while (error == 0) {
        unsigned char opcode = 0;
        error = rdb_value_bytes(&reader->source, &opcode, 1);
        if (error == 0 && opcode == OPCODE_END) {
            return read_end(reader);
        }
        if (error == 0) {
            error = read_between(reader, opcode);
        }
        if (error == -ENOENT) {
            return read_entry(reader, opcode, ret_entry);
        }
    }
    return error;
}

int rdb_reader_next(struct rdb_reader *reader, struct rdb_entry *ret_entry, struct problem *problem)
{
    int result = next(reader, ret_entry);
    switch (result) {
    case -EPROTO:
        problem_set(problem, "", "rdb_format",
                    "Redis sends a dump that this version cannot read: another application's data "
                    "in it, or a newer Redis");
        break;
    case -EMSGSIZE:
        problem_set(problem, "", "rdb_size", "Redis holds a value of more than %zu MiB",
                    reader->value_max >> 20);
        break;
    case -EBADMSG:
        problem_set(problem, "", "rdb_checksum", "Redis' dump was altered on its way");
        break;
    case -ENODATA:
        problem_set(problem, "", "rdb_end", "Redis' dump ended too early");
        break;
    default:
        break;
    }
    return result;
}

unsigned int rdb_reader_version(const struct rdb_reader *reader)
{
    return reader->version;
}

int64_t rdb_reader_taken_unix_s(const struct rdb_reader *reader)
{
    return reader->taken_unix_s;
}

static void append_little_endian(uint64_t number, size_t size, struct buffer *out)
{
    for (size_t i = 0; i < size; i++) {
        buffer_append_byte(out, (char)(number >> (8 * i)));
    }
}

void rdb_reader_append_payload(struct text value, unsigned int version, struct buffer *out)
{
    size_t start = out->size;
    buffer_append_text(out, value);
    append_little_endian(version, 2, out);
    struct text summed = {out->data + start, out->size - start};
    append_little_endian(crc64_add(0, summed), 8, out);
}
