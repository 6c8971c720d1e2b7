#include "common/policy/time_zone.h"

#include "common/policy/time_zone_rule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES 44
#define COUNTS_AT 20
#define TYPE_BYTES 6
#define TRANSITIONS_MAX 4096
#define TYPES_MAX 256
/* RFC 8536, 3.2: -25 h < offset < 26 h. */
#define OFFSET_MIN_S (-25 * 3600)
#define OFFSET_MAX_S (26 * 3600)

struct time_zone {
    size_t count;
    int64_t *at;       /* ascending */
    uint8_t *types;    /* of each transition */
    size_t type_count; /* at least 1 */
    int32_t offsets_s[TYPES_MAX];
    bool has_rule;
    struct time_zone_rule rule;
};

/* What the header says of a block. */
struct block {
    uint32_t is_ut_count;
    uint32_t is_standard_count;
    uint32_t leap_count;
    uint32_t time_count;
    uint32_t type_count;
    uint32_t character_count;
    size_t time_bytes; /* 4, or 8 from version 2 on */
};

static uint64_t read_big(const char *data, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        value = value << 8 | (unsigned char)data[i];
    }
    return value;
}

static int read_header(struct text rest, size_t time_bytes, struct block *ret_block)
{
    if (rest.size < HEADER_BYTES || memcmp(rest.data, "TZif", 4) != 0) {
        return -EPROTO;
    }
    uint32_t counts[6];
    for (size_t i = 0; i < 6; i++) {
        counts[i] = (uint32_t)read_big(rest.data + COUNTS_AT + 4 * i, 4);
        if (counts[i] > TIME_ZONE_FILE_BYTES_MAX) {
            return -EPROTO;
        }
    }
    *ret_block = (struct block){counts[0], counts[1], counts[2], counts[3],
                                counts[4], counts[5], time_bytes};
    return 0;
}

static size_t block_bytes(const struct block *block)
{
    return (size_t)block->time_count * (block->time_bytes + 1) +
           (size_t)block->type_count * TYPE_BYTES + block->character_count +
           (size_t)block->leap_count * (block->time_bytes + 4) + block->is_standard_count +
           block->is_ut_count;
}

static int read_times(struct time_zone *zone, const struct block *block, const char *data)
{
    zone->count = block->time_count;
    zone->at = xalloc_zero(zone->count + 1, sizeof *zone->at);
    zone->types = xalloc_zero(zone->count + 1, sizeof *zone->types);
    for (size_t i = 0; i < zone->count; i++) {
        uint64_t raw = read_big(data + i * block->time_bytes, block->time_bytes);
        zone->at[i] = block->time_bytes == 4 ? (int64_t)(int32_t)(uint32_t)raw : (int64_t)raw;
        zone->types[i] = (uint8_t)data[zone->count * block->time_bytes + i];
        if (zone->types[i] >= block->type_count || (i > 0 && zone->at[i] <= zone->at[i - 1])) {
            return -EPROTO;
        }
    }
    return 0;
}

static int read_types(struct time_zone *zone, const struct block *block, const char *data)
{
    zone->type_count = block->type_count;
    for (size_t i = 0; i < block->type_count; i++) {
        zone->offsets_s[i] = (int32_t)(uint32_t)read_big(data + i * TYPE_BYTES, 4);
        if (zone->offsets_s[i] <= OFFSET_MIN_S || zone->offsets_s[i] >= OFFSET_MAX_S) {
            return -EPROTO;
        }
    }
    return 0;
}

static int read_block(struct time_zone *zone, const struct block *block, struct text data)
{
    if (data.size < block_bytes(block) || block->type_count == 0 || block->type_count > TYPES_MAX ||
        block->time_count > TRANSITIONS_MAX) {
        return -EPROTO;
    }
    int error = read_times(zone, block, data.data);
    const char *types = data.data + (size_t)block->time_count * (block->time_bytes + 1);
    return error != 0 ? error : read_types(zone, block, types);
}

/* "\n<TZ string>\n"; an empty one says that nobody knows. */
static int read_footer(struct time_zone *zone, struct text rest)
{
    if (rest.size < 2 || rest.data[0] != '\n') {
        return -EPROTO;
    }
    rest = text_skip(rest, 1);
    size_t size = text_find(rest, '\n');
    if (size == rest.size) {
        return -EPROTO;
    }
    zone->has_rule = size > 0;
    return size == 0 ? 0 : time_zone_rule_parse((struct text){rest.data, size}, &zone->rule);
}

static int read_file(struct time_zone *zone, struct text file)
{
    struct block block;
    int error = read_header(file, 4, &block);
    if (error != 0) {
        return error;
    }
    struct text rest = text_skip(file, HEADER_BYTES);
    if (file.data[4] == '\0') {
        return read_block(zone, &block, rest);
    }
    rest = text_skip(rest, block_bytes(&block));
    error = read_header(rest, 8, &block);
    if (error != 0) {
        return error;
    }
    rest = text_skip(rest, HEADER_BYTES);
    error = read_block(zone, &block, rest);
    return error != 0 ? error : read_footer(zone, text_skip(rest, block_bytes(&block)));
}

int time_zone_parse(struct text file, struct time_zone **ret_zone)
{
    if (file.size > TIME_ZONE_FILE_BYTES_MAX) {
        return -EPROTO;
    }
    struct time_zone *zone = xalloc_zero(1, sizeof *zone);
    if (read_file(zone, file) != 0) {
        time_zone_destroy(&zone);
        return -EPROTO;
    }
    *ret_zone = zone;
    return 0;
}

void time_zone_destroy(struct time_zone **zone)
{
    if (*zone == NULL) {
        return;
    }
    free((*zone)->at);
    free((*zone)->types);
    free(*zone);
    *zone = NULL;
}

int32_t time_zone_offset_s(const struct time_zone *zone, int64_t unix_s)
{
    bool is_beyond = zone->count == 0 || unix_s >= zone->at[zone->count - 1];
    if (zone->has_rule && is_beyond) {
        return time_zone_rule_offset_s(&zone->rule, unix_s);
    }
    size_t low = 0; /* transitions that are past */
    size_t high = zone->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->at[middle] <= unix_s) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return zone->offsets_s[low == 0 ? 0 : zone->types[low - 1]];
}

bool time_zone_is_name(struct text name)
{
    bool is_good = name.size > 0 && name.size <= TIME_ZONE_NAME_BYTES_MAX && name.data[0] != '/' &&
                   name.data[name.size - 1] != '/';
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        is_good = is_good && (is_letter || (c >= '0' && c <= '9') || c == '_' || c == '+' ||
                              c == '-' || c == '/');
    }
    return is_good;
}
