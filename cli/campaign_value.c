#include "cli/campaign_value.h"

#include "cli/enum_word.h"
#include "cli/format.h"
#include "cli/json_text.h"
#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/config/config_value.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FILE_PREFIX TEXT("file:")

static void append_path(const struct campaign_value_place *place, struct buffer *out)
{
    if (place->parent == NULL) {
        return;
    }
    append_path(place->parent, out);
    if (place->is_list) {
        buffer_printf(out, "[%u]", place->index);
    } else {
        buffer_printf(out, "%s%.*s", out->size > 0 ? "." : "", TEXT_PRINT(place->name));
    }
}

const char *campaign_value_path(const struct campaign_value_place *place, struct text name)
{
    OWNED(buffer_finish) struct buffer path = {0};
    append_path(place, &path);
    if (name.size > 0) {
        buffer_printf(&path, "%s%.*s", path.size > 0 ? "." : "", TEXT_PRINT(name));
    }
    return arena_text(place->arena, buffer_text(&path)).data;
}

int campaign_value_refuse(const struct campaign_value_place *place, const struct config_node *node,
                          const char *rule, const char *format, ...)
{
    char message[256];
    va_list values;
    va_start(values, format);
    (void)vsnprintf(message, sizeof message, format, values);
    va_end(values);
    config_error_add(place->errors, node->place, campaign_value_path(place, TEXT("")), rule, "%s",
                     message);
    return -EINVAL;
}

static int load(const struct campaign_value_place *place, const struct config_node *node,
                struct text path, struct text *ret_content)
{
    struct problem problem = {0};
    if (place->loader->load(place->loader->context, path, place->arena, ret_content, &problem) !=
        0) {
        return campaign_value_refuse(place, node, "file", "%s", problem.message);
    }
    return 0;
}

/* ------------------------------------------------------------- maps and lists as JSON */

static void append_json(struct buffer *out, const struct config_node *node);

static void append_json_children(struct buffer *out, const struct config_node *node)
{
    bool is_map = node->kind == CONFIG_NODE_MAP;
    buffer_append_byte(out, is_map ? '{' : '[');
    for (const struct config_node *child = node->children; child != NULL; child = child->next) {
        buffer_append_string(out, child == node->children ? "" : ",");
        if (is_map) {
            json_text_append(out, child->key);
            buffer_append_byte(out, ':');
        }
        append_json(out, child);
    }
    buffer_append_byte(out, is_map ? '}' : ']');
}

/* Numbers stay as they are written; what stands in quotes is a text. */
static void append_json(struct buffer *out, const struct config_node *node)
{
    bool is_word = node->is_plain &&
                   (text_equal(node->scalar, TEXT("true")) ||
                    text_equal(node->scalar, TEXT("false")) || json_text_is_number(node->scalar));
    if (node->kind != CONFIG_NODE_SCALAR) {
        append_json_children(out, node);
    } else if (config_node_is_empty(node)) {
        buffer_append_string(out, "null");
    } else if (is_word) {
        buffer_append_text(out, node->scalar);
    } else {
        json_text_append(out, node->scalar);
    }
}

/* ------------------------------------------------------------- scalars */

static int read_string(const struct campaign_value_place *place, const struct config_node *node,
                       struct text name, char **ret_string)
{
    struct text content = node->scalar;
    bool is_body = text_equal(name, TEXT("text")) || text_equal(name, TEXT("html"));
    if (is_body && text_starts_with(content, FILE_PREFIX)) {
        int refused = load(place, node, text_skip(content, FILE_PREFIX.size), &content);
        if (refused != 0) {
            return refused;
        }
        if (!text_is_utf8(content) || text_find(content, '\0') < content.size) {
            return campaign_value_refuse(place, node, "utf8",
                                         "names a file that is not UTF-8 text");
        }
        if (text_starts_with(content, TEXT("\xEF\xBB\xBF"))) {
            content = text_skip(content, 3);
        }
    }
    *ret_string = arena_copy(place->arena, content.data, content.size);
    return 0;
}

static int read_bytes(const struct campaign_value_place *place, const struct config_node *node,
                      struct text name, ProtobufCBinaryData *ret_bytes)
{
    if (text_ends_with_nocase(name, TEXT("sha256"))) {
        ret_bytes->data = arena_alloc(place->arena, 32);
        ret_bytes->len = 32;
        return bytes_from_hex(node->scalar, ret_bytes->data, 32) == 0
                   ? 0
                   : campaign_value_refuse(place, node, "hex", "must be 64 hex digits");
    }
    if (!text_starts_with(node->scalar, FILE_PREFIX)) {
        return campaign_value_refuse(place, node, "file", "must name a file: \"file:PATH\"");
    }
    struct text content;
    int refused = load(place, node, text_skip(node->scalar, FILE_PREFIX.size), &content);
    if (refused == 0) {
        ret_bytes->data = arena_copy(place->arena, content.data, content.size);
        ret_bytes->len = content.size;
    }
    return refused;
}

static int read_uint32(const struct campaign_value_place *place, const struct config_node *node,
                       struct text name, uint32_t *ret_number)
{
    uint64_t number;
    if (text_ends_with_nocase(name, TEXT("_s")) &&
        config_value_integer(node->scalar, &number) != 0) {
        if (config_value_duration(node->scalar, &number) != 0 || number % SECOND_MS != 0) {
            return campaign_value_refuse(place, node, "duration",
                                         "must be seconds, or a time such as 90m or 3d");
        }
        number /= SECOND_MS;
    } else if (config_value_integer(node->scalar, &number) != 0) {
        return campaign_value_refuse(place, node, "number", "must be a number");
    }
    if (number > UINT32_MAX) {
        return campaign_value_refuse(place, node, "range", "is too large");
    }
    *ret_number = (uint32_t)number;
    return 0;
}

static int read_int64(const struct campaign_value_place *place, const struct config_node *node,
                      struct text name, int64_t *ret_number)
{
    uint64_t number;
    if (text_to_u64(node->scalar, INT64_MAX, &number) == 0) {
        *ret_number = (int64_t)number;
        return 0;
    }
    if (text_ends_with_nocase(name, TEXT("_unix_ms")) &&
        format_parse_time(node->scalar, ret_number) == 0) {
        return 0;
    }
    return campaign_value_refuse(place, node, "time",
                                 "must be a time with its offset, such as "
                                 "2026-11-28T09:00+09:00, or Unix milliseconds");
}

static int read_enum(const struct campaign_value_place *place, const struct config_node *node,
                     const ProtobufCEnumDescriptor *descriptor, int *ret_value)
{
    if (enum_word_parse(descriptor, node->scalar, ret_value) == 0) {
        return 0;
    }
    OWNED(buffer_finish) struct buffer choices = {0};
    enum_word_append_choices(descriptor, &choices);
    return campaign_value_refuse(place, node, "choice", "must be one of %.*s",
                                 TEXT_PRINT(buffer_text(&choices)));
}

static int read_bool(const struct campaign_value_place *place, const struct config_node *node,
                     protobuf_c_boolean *ret_value)
{
    bool value;
    if (config_value_boolean(node->scalar, &value) != 0) {
        return campaign_value_refuse(place, node, "boolean", "must be true or false");
    }
    *ret_value = value;
    return 0;
}

/* A text in the file is taken as JSON already; the server reads it. */
static int read_json(const struct campaign_value_place *place, const struct config_node *node,
                     char **ret_string)
{
    OWNED(buffer_finish) struct buffer json = {0};
    if (node->kind == CONFIG_NODE_SCALAR) {
        buffer_append_text(&json, node->scalar);
    } else if (node->kind == CONFIG_NODE_MAP) {
        append_json(&json, node);
    } else {
        return campaign_value_refuse(place, node, "map", "must be a map, not a list");
    }
    *ret_string = arena_copy(place->arena, json.data, json.size);
    return 0;
}

int campaign_value_read(const struct campaign_value_place *place, const struct config_node *node,
                        const ProtobufCFieldDescriptor *field, void *value)
{
    struct text name = text_of(field->name);
    if (text_equal(name, TEXT("default_fields"))) {
        return read_json(place, node, value);
    }
    if (node->kind != CONFIG_NODE_SCALAR) {
        return campaign_value_refuse(place, node, "text", "must be a single value, not %s",
                                     config_node_kind_name(node));
    }
    /* Every type that the messages of a campaign use. */
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        return read_string(place, node, name, value);
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        return read_bytes(place, node, name, value);
    }
    if (field->type == PROTOBUF_C_TYPE_UINT32) {
        return read_uint32(place, node, name, value);
    }
    if (field->type == PROTOBUF_C_TYPE_INT64) {
        return read_int64(place, node, name, value);
    }
    if (field->type == PROTOBUF_C_TYPE_ENUM) {
        return read_enum(place, node, field->descriptor, value);
    }
    return read_bool(place, node, value);
}

/* ------------------------------------------------------------- mailboxes and attachments */

int campaign_value_mailbox(const struct campaign_value_place *place, const struct config_node *node,
                           Hikyaku__V1__Mailbox *mailbox)
{
    if (campaign_file_mailbox(node->scalar, place->arena, mailbox) != 0) {
        return campaign_value_refuse(place, node, "mailbox",
                                     "must be ADDRESS or \"Name <ADDRESS>\"");
    }
    return 0;
}

static const char *media_type_of(struct text path)
{
    static const struct {
        const char *ending;
        const char *type;
    } types[] = {
        {".pdf", "application/pdf"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".jpeg", "image/jpeg"},
        {".gif", "image/gif"},
        {".webp", "image/webp"},
        {".svg", "image/svg+xml"},
        {".ics", "text/calendar"},
        {".csv", "text/csv"},
        {".txt", "text/plain"},
        {".html", "text/html"},
        {".zip", "application/zip"},
        {".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
        {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (text_ends_with_nocase(path, text_of(types[i].ending))) {
            return types[i].type;
        }
    }
    return "application/octet-stream";
}

static struct text last_part(struct text path)
{
    size_t start = path.size;
    while (start > 0 && path.data[start - 1] != '/') {
        start--;
    }
    return text_skip(path, start);
}

int campaign_value_attachment(const struct campaign_value_place *place,
                              const struct config_node *node, Hikyaku__V1__Attachment *attachment)
{
    const struct config_node *source = node;
    if (node->kind == CONFIG_NODE_MAP) {
        source = config_node_find(node, TEXT("data"));
        if (source == NULL) {
            return 0; /* a blob, or nothing: the server says */
        }
    } else if (node->kind == CONFIG_NODE_SCALAR) {
        attachment->source_case = HIKYAKU__V1__ATTACHMENT__SOURCE_DATA;
        int refused = read_bytes(place, node, TEXT("data"), &attachment->data);
        if (refused != 0) {
            return refused;
        }
    } else {
        return campaign_value_refuse(place, node, "map", "must be file:PATH or a map");
    }
    struct text path = text_skip(source->scalar, FILE_PREFIX.size);
    if (attachment->file_name[0] == '\0') {
        struct text name = last_part(path);
        attachment->file_name = arena_copy(place->arena, name.data, name.size);
    }
    if (attachment->media_type[0] == '\0') {
        const char *type = media_type_of(path);
        attachment->media_type = arena_copy(place->arena, type, strlen(type));
    }
    return 0;
}
