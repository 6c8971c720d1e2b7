#include "common/net/resolver_answer.h"
#include "common/base/bytes.h"

#include <string.h>

#define LABEL_BYTES_MAX 63
#define NAME_BYTES_MAX 254 /* with the dots: 255 on the wire (RFC 1035, 2.3.4) */

void resolver_answer_begin(struct resolver_records *records, enum resolver_kind kind)
{
    records->kind = kind;
    records->count = 0;
    buffer_clear(&records->bytes);
}

static bool is_host_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
}

/* An uncompressed name that ends exactly with `wire`, made only of what host names are made of:
 * other bytes could not be told from dots, or end up in a log or command.
 * @return false: no such name */
static bool read_host(struct text wire, char ret_host[RESOLVER_NAME_BYTES])
{
    size_t filled = 0;
    size_t place = 0;
    while (place < wire.size) {
        size_t size = (unsigned char)wire.data[place++];
        if (size == 0) {
            ret_host[filled > 0 ? filled - 1 : 0] = '\0'; /* over the last dot */
            text_lower_ascii(ret_host, filled);
            return place == wire.size;
        }
        if (size > LABEL_BYTES_MAX || size > wire.size - place ||
            filled + size + 1 > NAME_BYTES_MAX) {
            return false;
        }
        for (size_t i = 0; i < size; i++) {
            if (!is_host_byte(wire.data[place + i])) {
                return false;
            }
        }
        memcpy(ret_host + filled, wire.data + place, size);
        filled += size;
        ret_host[filled++] = '.';
        place += size;
    }
    return false;
}

static void add_mx(struct resolver_records *records, struct text rdata)
{
    struct resolver_mx mx;
    if (rdata.size < 3 || !read_host(text_skip(rdata, 2), mx.host)) {
        return;
    }
    mx.preference = bytes_get_u16(rdata.data);
    size_t place = records->count;
    while (place > 0 && records->mx[place - 1].preference > mx.preference) {
        place--;
    }
    if (place == RESOLVER_RECORDS_MAX) {
        return;
    }
    if (records->count < RESOLVER_RECORDS_MAX) {
        records->count++;
    }
    memmove(&records->mx[place + 1], &records->mx[place],
            (records->count - 1 - place) * sizeof records->mx[0]);
    records->mx[place] = mx;
}

static void add_address(struct resolver_records *records, struct text rdata)
{
    bool is_v6 = records->kind == RESOLVER_AAAA;
    if (rdata.size != (is_v6 ? 16 : 4) || records->count == RESOLVER_RECORDS_MAX) {
        return;
    }
    struct stream_address *address = &records->addresses[records->count++];
    *address = (struct stream_address){.is_v6 = is_v6};
    memcpy(address->bytes, rdata.data, rdata.size);
}

/* The strings of one record follow each other without anything between them: RFC 7208, 3.3. */
static void add_text(struct resolver_records *records, struct text rdata)
{
    size_t start = records->bytes.size;
    if (records->count == RESOLVER_RECORDS_MAX || rdata.size == 0) {
        return;
    }
    while (rdata.size > 0) {
        size_t size = (unsigned char)rdata.data[0];
        if (size > rdata.size - 1) {
            records->bytes.size = start;
            return;
        }
        buffer_append(&records->bytes, rdata.data + 1, size);
        rdata = text_skip(rdata, size + 1);
    }
    records->text_sizes[records->count++] = records->bytes.size - start;
}

void resolver_answer_add(struct resolver_records *records, struct text rdata)
{
    switch (records->kind) {
    case RESOLVER_MX:
        add_mx(records, rdata);
        break;
    case RESOLVER_TXT:
        add_text(records, rdata);
        break;
    case RESOLVER_A:
    case RESOLVER_AAAA:
        add_address(records, rdata);
        break;
    }
}

void resolver_answer_finish(struct resolver_records *records, struct resolver_answer *answer)
{
    answer->count = records->count;
    answer->mx = records->kind == RESOLVER_MX ? records->mx : NULL;
    answer->texts = records->kind == RESOLVER_TXT ? records->texts : NULL;
    answer->addresses = answer->mx == NULL && answer->texts == NULL ? records->addresses : NULL;
    size_t place = 0;
    for (size_t i = 0; answer->texts != NULL && i < records->count; i++) {
        /* An empty record is a text with data all the same. */
        const char *data = records->bytes.data == NULL ? "" : records->bytes.data + place;
        records->texts[i] = (struct text){data, records->text_sizes[i]};
        place += records->text_sizes[i];
    }
}
