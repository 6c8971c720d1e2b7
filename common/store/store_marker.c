#include "common/store/store_marker.h"

#include "common/base/bytes.h"

#include <errno.h>
#include <string.h>

#define FORMAT 1
#define MARKER_BYTES (1 + 32 + 4 * 4)
#define MESSAGE_BYTES (1 + 32 + 16 + 4)

int store_marker_read(struct text stored, struct store_marker *ret_marker)
{
    if (stored.size != MARKER_BYTES || stored.data[0] != FORMAT) {
        return -EPROTO;
    }
    const char *at = stored.data + 1;
    memcpy(ret_marker->digest, at, 32);
    ret_marker->accepted = bytes_get_u32(at + 32);
    ret_marker->duplicates = bytes_get_u32(at + 36);
    ret_marker->rejected = bytes_get_u32(at + 40);
    ret_marker->batches = bytes_get_u32(at + 44);
    uint64_t rows = (uint64_t)ret_marker->accepted + ret_marker->duplicates + ret_marker->rejected;
    bool is_right = rows <= ROWS_PER_CHUNK && ret_marker->batches <= ROWS_PER_CHUNK;
    return is_right ? 0 : -EPROTO;
}

int store_marker_read_message(struct text stored, struct store_message *ret_message)
{
    size_t token = stored.size - MESSAGE_BYTES;
    if (stored.size < MESSAGE_BYTES || stored.data[0] != FORMAT ||
        token >= sizeof(ret_message->token) ||
        memchr(stored.data + MESSAGE_BYTES, '\0', token) != NULL) {
        return -EPROTO;
    }
    const char *at = stored.data + 1;
    memcpy(ret_message->digest, at, 32);
    memcpy(ret_message->container, at + 32, 16);
    ret_message->index = bytes_get_u32(at + 48);
    memcpy(ret_message->token, at + 52, token);
    ret_message->token[token] = '\0';
    return 0;
}

void store_marker_pack_message(const struct store_message *message, struct buffer *out)
{
    char index[4];
    bytes_put_u32(index, message->index);
    buffer_append_byte(out, FORMAT);
    buffer_append(out, message->digest, 32);
    buffer_append(out, message->container, 16);
    buffer_append(out, index, sizeof(index));
    buffer_append(out, message->token, strnlen(message->token, sizeof(message->token) - 1));
}

static int read_number(struct text value, uint64_t *ret_number)
{
    *ret_number = 0;
    return value.size == 0 || text_to_u64(value, UINT64_MAX, ret_number) == 0 ? 0 : -EPROTO;
}

int store_marker_read_beat(const struct text values[4], struct lease_beat *ret_beat)
{
    struct lease_beat beat = {0};
    if ((values[0].size != 0 && values[0].size != sizeof(beat.session) - 1) ||
        read_number(values[1], &beat.epoch) != 0 || read_number(values[2], &beat.beat) != 0) {
        return -EPROTO;
    }
    if (values[0].size != 0) {
        memcpy(beat.session, values[0].data, values[0].size);
    }
    if (strlen(beat.session) != values[0].size) {
        return -EPROTO;
    }
    beat.is_taken = text_equal(values[3], TEXT("t"));
    *ret_beat = beat;
    return 0;
}
