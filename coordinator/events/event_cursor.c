#include "coordinator/events/event_cursor.h"

#include "common/base/bytes.h"
#include "common/security/digest.h"
#include "common/wire/wire_varint.h"

#include <errno.h>
#include <string.h>

#define FORMAT 1
#define FLEETS_PLACE 254
#define CHECK_BYTES 4
#define PARTITION_BYTES_MAX (2 * WIRE_VARINT_BYTES_MAX + 1 + WIRE_VARINT_BYTES_MAX)
#define BINARY_BYTES_MAX (4 + EVENT_CURSOR_PARTITIONS * PARTITION_BYTES_MAX + 1 + CHECK_BYTES)

void event_cursor_init(struct event_cursor *cursor)
{
    memset(cursor, 0, sizeof *cursor);
    cursor->cut_partition = EVENT_CURSOR_UNCUT;
}

/* base64url without padding: goes through any URL, header or shell unquoted. @source RFC 4648, 5 */
static void append_base64url(const void *data, size_t size, struct buffer *out)
{
    char *place = buffer_reserve(out, 4 * ((size + 2) / 3) + 1);
    size_t length = bytes_to_base64(data, size, place);
    while (length > 0 && place[length - 1] == '=') {
        length--;
    }
    for (size_t i = 0; i < length; i++) {
        if (place[i] == '+') {
            place[i] = '-';
        } else if (place[i] == '/') {
            place[i] = '_';
        }
    }
    out->size += length;
}

static int digit_value(char digit)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *found = digit != '\0' ? strchr(digits, digit) : NULL;
    return found == NULL ? -1 : (int)(found - digits);
}

/* @return 0 or -EINVAL */
static int read_base64url(struct text text, unsigned char *ret_data, size_t capacity,
                          size_t *ret_size)
{
    uint32_t bits = 0;
    unsigned int held = 0;
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        int value = digit_value(text.data[i]);
        if (value < 0) {
            return -EINVAL;
        }
        bits = (bits << 6 | (uint32_t)value) & 0xffffff;
        held += 6;
        if (held >= 8) {
            held -= 8;
            if (size == capacity) {
                return -EINVAL;
            }
            ret_data[size++] = (unsigned char)(bits >> held);
        }
    }
    *ret_size = size;
    return 0;
}

static size_t put_place(unsigned char *binary, const struct store_event_place *place)
{
    size_t size = wire_varint_put(binary, place->generation);
    return size + wire_varint_put(binary + size, place->sequence);
}

static bool take_place(struct text *rest, struct store_event_place *place)
{
    return wire_varint_take(rest, &place->generation) && wire_varint_take(rest, &place->sequence);
}

void event_cursor_append(const struct event_cursor *cursor, struct buffer *out)
{
    unsigned char binary[BINARY_BYTES_MAX];
    binary[0] = FORMAT;
    binary[1] = cursor->cut_partition;
    bytes_put_u16(binary + 2, cursor->cut_offset);
    size_t size = 4;
    for (size_t i = 0; i < STORE_EVENT_FLEET; i++) {
        size += put_place(binary + size, &cursor->places[i]);
    }
    const struct store_event_place *fleets = &cursor->places[STORE_EVENT_FLEET];
    if (fleets->generation != 0 || fleets->sequence != 0) {
        binary[size++] = FLEETS_PLACE;
        size += put_place(binary + size, fleets);
    }
    for (size_t i = 0; i < EVENT_CURSOR_PARTITIONS; i++) {
        if (cursor->told[i] > cursor->places[i].generation) {
            binary[size++] = (unsigned char)i;
            size += wire_varint_put(binary + size, cursor->told[i]);
        }
    }
    unsigned char digest[DIGEST_BYTES];
    digest_sha256((struct text){(const char *)binary, size}, digest);
    memcpy(binary + size, digest, CHECK_BYTES);
    append_base64url(binary, size + CHECK_BYTES, out);
}

/* What was told, and the fleet's place. @return 0 or -EINVAL */
static int read_told(struct text rest, struct event_cursor *cursor)
{
    while (rest.size > 0) {
        unsigned char partition = (unsigned char)rest.data[0];
        rest = text_skip(rest, 1);
        bool is_good = partition == FLEETS_PLACE
                           ? take_place(&rest, &cursor->places[STORE_EVENT_FLEET])
                           : partition < EVENT_CURSOR_PARTITIONS &&
                                 wire_varint_take(&rest, &cursor->told[partition]);
        if (!is_good) {
            return -EINVAL;
        }
    }
    return 0;
}

int event_cursor_parse(struct text text, struct event_cursor *ret_cursor)
{
    unsigned char binary[BINARY_BYTES_MAX];
    size_t size = 0;
    if (read_base64url(text, binary, sizeof binary, &size) != 0 || size < 4 + CHECK_BYTES ||
        binary[0] != FORMAT) {
        return -EINVAL;
    }
    size -= CHECK_BYTES;
    unsigned char digest[DIGEST_BYTES];
    digest_sha256((struct text){(const char *)binary, size}, digest);
    if (memcmp(digest, binary + size, CHECK_BYTES) != 0) {
        return -EINVAL;
    }
    struct event_cursor cursor = {.cut_partition = binary[1],
                                  .cut_offset = bytes_get_u16(binary + 2)};
    if (cursor.cut_partition != EVENT_CURSOR_UNCUT &&
        cursor.cut_partition >= EVENT_CURSOR_PARTITIONS) {
        return -EINVAL;
    }
    struct text rest = {(const char *)binary + 4, size - 4};
    for (size_t i = 0; i < STORE_EVENT_FLEET; i++) {
        if (!take_place(&rest, &cursor.places[i])) {
            return -EINVAL;
        }
    }
    if (read_told(rest, &cursor) != 0) {
        return -EINVAL;
    }
    *ret_cursor = cursor;
    return 0;
}
