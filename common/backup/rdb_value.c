#include "common/backup/rdb_value.h"

#include "common/backup/crc64.h"
#include "common/base/bytes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Bytes asked for at once: a length that lies allocates no more than what is there. */
#define PIECE_BYTES ((size_t)64 << 10)

/* How a length begins. */
enum { SIX_BITS = 0, FOURTEEN_BITS = 1, LONG_LENGTH = 2, PACKED = 3 };
enum { LENGTH_32 = 0x80, LENGTH_64 = 0x81 };
/* How a string is packed. */
enum { AS_INT8 = 0, AS_INT16 = 1, AS_INT32 = 2, AS_LZF = 3 };

int rdb_value_bytes(struct rdb_source *source, void *place, size_t size)
{
    int error = source->read(source->context, place, size);
    if (error != 0) {
        return error;
    }
    struct text bytes = {place, size};
    source->sum = crc64_add(source->sum, bytes);
    if (source->kept == NULL) {
        return 0;
    }
    if (size > source->kept_max - source->kept->size) {
        return -EMSGSIZE;
    }
    buffer_append_text(source->kept, bytes);
    return 0;
}

static int skip(struct rdb_source *source, uint64_t size)
{
    char piece[4096];
    if (source->kept != NULL && size > source->kept_max - source->kept->size) {
        return -EMSGSIZE;
    }
    while (size > 0) {
        size_t now = size < sizeof piece ? (size_t)size : sizeof piece;
        int error = rdb_value_bytes(source, piece, now);
        if (error != 0) {
            return error;
        }
        size -= now;
    }
    return 0;
}

/* @param ret_packing  -1: a length; else how the string behind it is packed */
static int read_length(struct rdb_source *source, uint64_t *ret_length, int *ret_packing)
{
    unsigned char bytes[8];
    int error = rdb_value_bytes(source, bytes, 1);
    if (error != 0) {
        return error;
    }
    unsigned char first = bytes[0];
    *ret_packing = -1;
    switch (first >> 6) {
    case SIX_BITS:
        *ret_length = first & 0x3f;
        return 0;
    case FOURTEEN_BITS:
        error = rdb_value_bytes(source, bytes, 1);
        *ret_length = ((uint64_t)(first & 0x3f) << 8) | bytes[0];
        return error;
    case LONG_LENGTH:
        if (first != LENGTH_32 && first != LENGTH_64) {
            return -EPROTO;
        }
        error = rdb_value_bytes(source, bytes, first == LENGTH_32 ? 4 : 8);
        if (error == 0) {
            *ret_length = first == LENGTH_32 ? bytes_get_u32(bytes) : bytes_get_u64(bytes);
        }
        return error;
    default:
        *ret_packing = first & 0x3f;
        *ret_length = 0;
        return 0;
    }
}

int rdb_value_length(struct rdb_source *source, uint64_t *ret_length)
{
    int packing;
    int error = read_length(source, ret_length, &packing);
    return error == 0 && packing != -1 ? -EPROTO : error;
}

/* ---------------------------------------------------------------- strings */

static int append_bytes(struct rdb_source *source, uint64_t size, size_t max, struct buffer *out)
{
    if (size > max) {
        return -EMSGSIZE;
    }
    while (size > 0) {
        size_t now = size < PIECE_BYTES ? (size_t)size : PIECE_BYTES;
        int error = rdb_value_bytes(source, buffer_reserve(out, now), now);
        if (error != 0) {
            return error;
        }
        out->size += now;
        size -= now;
    }
    return 0;
}

/* A copy of what was unpacked `back` bytes ago; it may reach into itself. */
static int copy_back(struct buffer *out, size_t start, size_t back, size_t size, size_t length)
{
    if (back > out->size - start || size > length - (out->size - start)) {
        return -EPROTO;
    }
    for (size_t i = 0; i < size; i++) {
        buffer_append_byte(out, out->data[out->size - back]);
    }
    return 0;
}

/* LZF: a control byte, then either so many bytes as they are, or a copy of earlier ones. */
static int unpack_lzf(struct text packed, size_t length, struct buffer *out)
{
    const unsigned char *bytes = (const unsigned char *)packed.data;
    size_t start = out->size;
    size_t at = 0;
    while (at < packed.size) {
        size_t control = bytes[at++];
        if (control < 32) {
            size_t count = control + 1;
            if (count > packed.size - at || count > length - (out->size - start)) {
                return -EPROTO;
            }
            buffer_append(out, bytes + at, count);
            at += count;
            continue;
        }
        size_t size = control >> 5;
        if (size == 7 && at < packed.size) {
            size += bytes[at++];
        }
        if (at == packed.size) {
            return -EPROTO;
        }
        size_t back = ((control & 0x1f) << 8) + bytes[at++] + 1;
        int error = copy_back(out, start, back, size + 2, length);
        if (error != 0) {
            return error;
        }
    }
    return out->size - start == length ? 0 : -EPROTO;
}

static int append_lzf(struct rdb_source *source, size_t max, struct buffer *out)
{
    uint64_t packed_size = 0;
    uint64_t length = 0;
    OWNED(buffer_finish) struct buffer packed = {0};
    int error = rdb_value_length(source, &packed_size);
    if (error == 0) {
        error = rdb_value_length(source, &length);
    }
    if (error == 0 && length > max) {
        error = -EMSGSIZE;
    }
    if (error == 0) {
        error = append_bytes(source, packed_size, max, &packed);
    }
    return error != 0 ? error : unpack_lzf(buffer_text(&packed), (size_t)length, out);
}

static int append_integer(struct rdb_source *source, int packing, struct buffer *out)
{
    unsigned char bytes[4];
    int error = rdb_value_bytes(source, bytes, (size_t)1 << packing);
    if (error != 0) {
        return error;
    }
    /* Little-endian, as Redis' machines are. */
    int32_t number = (bytes[0] ^ 0x80) - 0x80;
    if (packing == AS_INT16) {
        number = (int16_t)(bytes[0] | (bytes[1] << 8));
    } else if (packing == AS_INT32) {
        number = (int32_t)(bytes[0] | ((uint32_t)bytes[1] << 8) | ((uint32_t)bytes[2] << 16) |
                           ((uint32_t)bytes[3] << 24));
    }
    buffer_printf(out, "%" PRId32, number);
    return 0;
}

int rdb_value_string(struct rdb_source *source, size_t max, struct buffer *ret_string)
{
    uint64_t length = 0;
    int packing;
    int error = read_length(source, &length, &packing);
    if (error != 0) {
        return error;
    }
    switch (packing) {
    case -1:
        return append_bytes(source, length, max, ret_string);
    case AS_INT8:
    case AS_INT16:
    case AS_INT32:
        return append_integer(source, packing, ret_string);
    case AS_LZF:
        return append_lzf(source, max, ret_string);
    default:
        return -EPROTO;
    }
}

int rdb_value_skip_string(struct rdb_source *source)
{
    uint64_t length = 0;
    uint64_t unpacked = 0;
    int packing;
    int error = read_length(source, &length, &packing);
    if (error != 0) {
        return error;
    }
    switch (packing) {
    case -1:
        return skip(source, length);
    case AS_INT8:
    case AS_INT16:
    case AS_INT32:
        return skip(source, (uint64_t)1 << packing);
    case AS_LZF:
        error = rdb_value_length(source, &length);
        if (error == 0) {
            error = rdb_value_length(source, &unpacked);
        }
        return error != 0 ? error : skip(source, length);
    default:
        return -EPROTO;
    }
}

/* ---------------------------------------------------------------- values */

/* What a value consists of. `counts`: a length comes first, and `parts` so often. Parts: s string,
 * l length, 8 eight bytes, d a number as text. */
struct shape {
    bool is_known;
    bool counts;
    const char *parts;
};

static const struct shape shapes[] = {
    [0] = {true, false, "s"},   /* string */
    [1] = {true, true, "s"},    /* list */
    [2] = {true, true, "s"},    /* set */
    [3] = {true, true, "sd"},   /* sorted set, old */
    [4] = {true, true, "ss"},   /* hash */
    [5] = {true, true, "s8"},   /* sorted set */
    [9] = {true, false, "s"},   /* hash, zipmap */
    [10] = {true, false, "s"},  /* list, ziplist */
    [11] = {true, false, "s"},  /* set of integers */
    [12] = {true, false, "s"},  /* sorted set, ziplist */
    [13] = {true, false, "s"},  /* hash, ziplist */
    [14] = {true, true, "s"},   /* list, quicklist of ziplists */
    [16] = {true, false, "s"},  /* hash, listpack */
    [17] = {true, false, "s"},  /* sorted set, listpack */
    [18] = {true, true, "ls"},  /* list, quicklist */
    [20] = {true, false, "s"},  /* set, listpack */
    [24] = {true, false, NULL}, /* hash whose fields expire: below */
    [25] = {true, false, "8s"}, /* the same, listpack */
};

enum {
    TYPE_MODULE = 7,
    TYPE_STREAM = 15,
    TYPE_STREAM_2 = 19,
    TYPE_STREAM_3 = 21,
    TYPE_EXPIRING_HASH = 24,
};

/* An old score: a size and text; the sizes above 252 are numbers themselves. */
static int skip_old_score(struct rdb_source *source)
{
    unsigned char size = 0;
    int error = rdb_value_bytes(source, &size, 1);
    return error != 0 || size >= 253 ? error : skip(source, size);
}

static int skip_part(struct rdb_source *source, char part)
{
    uint64_t ignored = 0;
    switch (part) {
    case 's':
        return rdb_value_skip_string(source);
    case 'l':
        return rdb_value_length(source, &ignored);
    case '8':
        return skip(source, 8);
    case 'i':
        return skip(source, 16);
    case 'd':
    default:
        return skip_old_score(source);
    }
}

static int skip_parts(struct rdb_source *source, const char *parts)
{
    int error = 0;
    for (const char *part = parts; error == 0 && *part != '\0'; part++) {
        error = skip_part(source, *part);
    }
    return error;
}

/* Each round reads a byte at least: a count that lies ends with the dump. */
static int skip_counted(struct rdb_source *source, const char *parts)
{
    uint64_t count = 0;
    int error = rdb_value_length(source, &count);
    for (uint64_t i = 0; error == 0 && i < count; i++) {
        error = skip_parts(source, parts);
    }
    return error;
}

static int skip_expiring_hash(struct rdb_source *source)
{
    int error = skip(source, 8);
    return error != 0 ? error : skip_counted(source, "lss");
}

static int skip_consumers(struct rdb_source *source, unsigned int type)
{
    uint64_t count = 0;
    int error = rdb_value_length(source, &count);
    for (uint64_t i = 0; error == 0 && i < count; i++) {
        error = skip_parts(source, type == TYPE_STREAM_3 ? "s88" : "s8");
        if (error == 0) {
            error = skip_counted(source, "i");
        }
    }
    return error;
}

static int skip_stream(struct rdb_source *source, unsigned int type)
{
    uint64_t groups = 0;
    int error = skip_counted(source, "ss");
    if (error == 0) {
        error = skip_parts(source, type == TYPE_STREAM ? "lll" : "llllllll");
    }
    if (error == 0) {
        error = rdb_value_length(source, &groups);
    }
    for (uint64_t i = 0; error == 0 && i < groups; i++) {
        error = skip_parts(source, type == TYPE_STREAM ? "sll" : "slll");
        if (error == 0) {
            error = skip_counted(source, "i8l");
        }
        if (error == 0) {
            error = skip_consumers(source, type);
        }
    }
    return error;
}

/* A module's own parts, each with its kind before it, up to the kind 0. */
static int skip_module_parts(struct rdb_source *source)
{
    static const uint64_t float_bytes[] = {[3] = 4, [4] = 8};
    for (;;) {
        uint64_t kind = 0;
        uint64_t ignored = 0;
        int error = rdb_value_length(source, &kind);
        if (error != 0 || kind == 0) {
            return error;
        }
        if (kind == 1 || kind == 2) {
            error = rdb_value_length(source, &ignored);
        } else if (kind == 3 || kind == 4) {
            error = skip(source, float_bytes[kind]);
        } else if (kind == 5) {
            error = rdb_value_skip_string(source);
        } else {
            error = -EPROTO;
        }
        if (error != 0) {
            return error;
        }
    }
}

int rdb_value_skip_module(struct rdb_source *source)
{
    /* Whose, and (as a part of its own) when it is to be loaded: parts like all others. */
    int error = skip_parts(source, "l");
    return error != 0 ? error : skip_module_parts(source);
}

int rdb_value_skip(struct rdb_source *source, unsigned int type)
{
    if (type == TYPE_STREAM || type == TYPE_STREAM_2 || type == TYPE_STREAM_3) {
        return skip_stream(source, type);
    }
    if (type == TYPE_EXPIRING_HASH) {
        return skip_expiring_hash(source);
    }
    if (type == TYPE_MODULE) {
        return rdb_value_skip_module(source);
    }
    if (type >= sizeof shapes / sizeof shapes[0] || !shapes[type].is_known) {
        return -EPROTO;
    }
    return shapes[type].counts ? skip_counted(source, shapes[type].parts)
                               : skip_parts(source, shapes[type].parts);
}
