#include "common/mail/dkim_fields.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* What the next byte belongs to. */
enum position {
    LINE_START,
    CR_AT_LINE_START, /* a CR: with LF the empty line */
    IN_NAME,
    IN_VALUE,
    IN_BODY,
};

struct search {
    struct dkim_fields *fields;
    const struct dkim_names *names;
    enum position position;
    char name[DKIM_NAMES_LENGTH_MAX]; /* lower case; longer names are not signed */
    size_t name_size;
};

static int start_field(struct search *search, struct dkim_place place)
{
    struct dkim_fields *fields = search->fields;
    if (fields->count == DKIM_FIELDS_MAX) {
        return -EINVAL;
    }
    if (fields->count == fields->capacity) {
        fields->capacity = fields->capacity == 0 ? 32 : fields->capacity * 2;
        fields->items = xalloc_resize(fields->items, fields->capacity, sizeof *fields->items);
    }
    fields->items[fields->count++] = (struct dkim_field){.start = place, .name = -1};
    search->position = IN_NAME;
    search->name_size = 0;
    return 0;
}

static struct dkim_field *current(const struct search *search)
{
    return search->fields->count == 0 ? NULL : &search->fields->items[search->fields->count - 1];
}

static int name_byte(struct search *search, char byte)
{
    if (byte == ':' && search->name_size > 0) {
        struct dkim_field *field = current(search);
        assert(field != NULL); /* its first byte made it */
        field->name =
            search->name_size > sizeof search->name
                ? -1
                : dkim_names_find(search->names, (struct text){search->name, search->name_size});
        search->position = IN_VALUE;
        return 0;
    }
    if (byte <= ' ' || byte >= 0x7f || byte == ':') {
        return -EINVAL;
    }
    if (search->name_size < sizeof search->name) {
        search->name[search->name_size] =
            byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
    }
    search->name_size++;
    return 0;
}

static int line_start_byte(struct search *search, char byte, struct dkim_place place)
{
    if (byte == '\n') {
        search->position = IN_BODY;
        return 0;
    }
    if (byte == '\r') {
        search->position = CR_AT_LINE_START;
        return 0;
    }
    if (byte == ' ' || byte == '\t') {
        search->position = IN_VALUE;
        return current(search) == NULL ? -EINVAL : 0;
    }
    int error = start_field(search, place);
    return error == 0 ? name_byte(search, byte) : error;
}

static int header_byte(struct search *search, char byte, struct dkim_place place)
{
    int error = 0;
    switch (search->position) {
    case LINE_START:
        error = line_start_byte(search, byte, place);
        break;
    case CR_AT_LINE_START:
        search->position = IN_BODY;
        error = byte == '\n' ? 0 : -EINVAL;
        break;
    case IN_NAME:
        error = name_byte(search, byte);
        break;
    case IN_VALUE:
        search->position = byte == '\n' ? LINE_START : IN_VALUE;
        break;
    case IN_BODY:
        break;
    }
    bool is_in_field = search->position == IN_NAME || search->position == IN_VALUE ||
                       (search->position == LINE_START && byte == '\n');
    if (error == 0 && is_in_field) {
        struct dkim_field *field = current(search);
        assert(field != NULL); /* its first byte made it */
        field->size++;
    }
    return error;
}

int dkim_fields_find(struct dkim_fields *fields, const struct dkim_names *names,
                     const struct text *parts, size_t part_count)
{
    struct search search = {.fields = fields, .names = names, .position = LINE_START};
    struct dkim_place place = {0, 0};
    int error = 0;
    fields->count = 0;
    while (error == 0 && search.position != IN_BODY && place.part < part_count) {
        if (place.offset == parts[place.part].size) {
            place.part++;
            place.offset = 0;
            continue;
        }
        error = header_byte(&search, parts[place.part].data[place.offset], place);
        place.offset++;
    }
    bool is_cut_off = search.position == IN_NAME || search.position == CR_AT_LINE_START;
    fields->body = place;
    return error == 0 && is_cut_off ? -EINVAL : error;
}

void dkim_fields_finish(struct dkim_fields *fields)
{
    free(fields->items);
    *fields = (struct dkim_fields){.items = NULL};
}

void dkim_fields_feed(const struct dkim_field *field, const struct text *parts,
                      struct dkim_canon *canon)
{
    size_t left = field->size;
    size_t offset = field->start.offset;
    for (size_t i = field->start.part; left > 0; i++) {
        struct text piece = text_skip(parts[i], offset);
        piece.size = piece.size < left ? piece.size : left;
        dkim_canon_header_feed(canon, piece);
        left -= piece.size;
        offset = 0;
    }
}

void dkim_fields_feed_body(const struct dkim_fields *fields, const struct text *parts,
                           size_t part_count, struct dkim_canon *canon)
{
    size_t offset = fields->body.offset;
    for (size_t i = fields->body.part; i < part_count; i++) {
        dkim_canon_body_feed(canon, text_skip(parts[i], offset));
        offset = 0;
    }
}
