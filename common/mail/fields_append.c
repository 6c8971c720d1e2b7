/* The writing half of fields.h. */
#include "common/mail/fields.h"

#include <assert.h>
#include <string.h>

static void append_value(struct buffer *out, const struct fields_value *value);

static void append_escape(struct buffer *out, char byte)
{
    static const char bytes[] = "\"\\\b\f\n\r\t";
    static const char names[] = "\"\\bfnrt";
    const char *found = strchr(bytes, byte);
    if (found != NULL) {
        buffer_append_byte(out, '\\');
        buffer_append_byte(out, names[found - bytes]);
    } else {
        buffer_printf(out, "\\u%04x", (unsigned int)(unsigned char)byte);
    }
}

static void append_string(struct buffer *out, struct text text)
{
    buffer_append_byte(out, '"');
    size_t start = 0;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if ((unsigned char)byte < 0x20 || byte == '"' || byte == '\\') {
            buffer_append(out, text.data + start, i - start);
            append_escape(out, byte);
            start = i + 1;
        }
    }
    if (start < text.size) {
        buffer_append(out, text.data + start, text.size - start);
    }
    buffer_append_byte(out, '"');
}

/* The member that follows `last` in the order of names (NULL: the first one). */
static const struct fields_value *following(const struct fields_value *object,
                                            const struct fields_value *last)
{
    const struct fields_value *best = NULL;
    for (const struct fields_value *member = object->first; member != NULL; member = member->next) {
        bool is_behind = last == NULL || text_compare(member->name, last->name) > 0;
        if (is_behind && (best == NULL || text_compare(member->name, best->name) < 0)) {
            best = member;
        }
    }
    return best;
}

static void append_member(struct buffer *out, const struct fields_value *member)
{
    assert(member != NULL);
    append_string(out, member->name);
    buffer_append_byte(out, ':');
    append_value(out, member);
}

static void append_object(struct buffer *out, const struct fields_value *object)
{
    buffer_append_byte(out, '{');
    const struct fields_value *member = NULL;
    for (size_t i = 0; i < object->count; i++) {
        if (i > 0) {
            buffer_append_byte(out, ',');
        }
        member = object->sorted != NULL ? object->sorted[i] : following(object, member);
        append_member(out, member);
    }
    buffer_append_byte(out, '}');
}

static void append_list(struct buffer *out, const struct fields_value *list)
{
    buffer_append_byte(out, '[');
    for (const struct fields_value *item = list->first; item != NULL; item = item->next) {
        append_value(out, item);
        if (item->next != NULL) {
            buffer_append_byte(out, ',');
        }
    }
    buffer_append_byte(out, ']');
}

static void append_value(struct buffer *out, const struct fields_value *value)
{
    switch (value->kind) {
    case FIELDS_NULL:
        buffer_append_string(out, "null");
        break;
    case FIELDS_FALSE:
        buffer_append_string(out, "false");
        break;
    case FIELDS_TRUE:
        buffer_append_string(out, "true");
        break;
    case FIELDS_NUMBER:
        buffer_append_text(out, value->text);
        break;
    case FIELDS_STRING:
        append_string(out, value->text);
        break;
    case FIELDS_LIST:
        append_list(out, value);
        break;
    case FIELDS_OBJECT:
        append_object(out, value);
        break;
    }
}

void fields_append_canonical(struct buffer *out, const struct fields_value *object,
                             const struct text *names, size_t count)
{
    if (names == NULL) {
        append_object(out, object);
        return;
    }
    bool is_first = true;
    buffer_append_byte(out, '{');
    for (size_t i = 0; i < count; i++) {
        const struct fields_value *member = fields_find(object, names[i]);
        if (member == NULL) {
            continue;
        }
        if (!is_first) {
            buffer_append_byte(out, ',');
        }
        is_first = false;
        append_member(out, member);
    }
    buffer_append_byte(out, '}');
}
