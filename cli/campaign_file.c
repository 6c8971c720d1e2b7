#include "cli/campaign_file.h"

#include "cli/campaign_value.h"
#include "cli/file_read.h"
#include "common/config/config_suggest.h"
#include "common/wire/wire_field.h"

#include <errno.h>
#include <string.h>

/* What one "file:" may hold: the call itself is at most 8 MiB. */
#define LOADED_BYTES_MAX ((size_t)8 << 20)

/* At the top the fields of two messages stand side by side. */
struct shape {
    ProtobufCMessage *message;
    ProtobufCMessage *also; /* NULL but at the top */
};

static int fill(struct campaign_value_place *place, const struct config_node *map,
                struct shape shape);

static const ProtobufCFieldDescriptor *field_of(struct shape *shape, const char *name,
                                                ProtobufCMessage **ret_message)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(shape->message->descriptor, name);
    *ret_message = shape->message;
    if (shape->also != NULL && (field == NULL || strcmp(name, "content") == 0)) {
        field = protobuf_c_message_descriptor_get_field_by_name(shape->also->descriptor, name);
        *ret_message = shape->also;
    }
    return field;
}

static void offer_names(struct config_suggest *suggest, const ProtobufCMessage *message)
{
    for (unsigned int i = 0; message != NULL && i < message->descriptor->n_fields; i++) {
        config_suggest_offer(suggest, text_of(message->descriptor->fields[i].name));
    }
}

static int refuse_key(const struct campaign_value_place *place, const struct config_node *entry,
                      const struct shape *shape)
{
    struct config_suggest suggest = config_suggest_start(entry->key);
    offer_names(&suggest, shape->message);
    offer_names(&suggest, shape->also);
    const char *path = campaign_value_path(place, entry->key);
    if (shape->also != NULL && text_equal(entry->key, TEXT("content"))) {
        config_error_add(place->errors, entry->key_place, path, "unknown_key",
                         "is no key: write its entries (subject, text, ...) at the top");
    } else if (suggest.best.data != NULL) {
        config_error_add(place->errors, entry->key_place, path, "unknown_key",
                         "is no key here; did you mean %.*s?", TEXT_PRINT(suggest.best));
    } else {
        config_error_add(place->errors, entry->key_place, path, "unknown_key", "is no key here");
    }
    return -EINVAL;
}

static bool is_map_entry(const ProtobufCMessageDescriptor *descriptor)
{
    return descriptor->n_fields == 2 && strcmp(descriptor->fields[0].name, "key") == 0 &&
           strcmp(descriptor->fields[1].name, "value") == 0;
}

static ProtobufCMessage *make_message(struct arena *arena,
                                      const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message = arena_alloc(arena, descriptor->sizeof_message);
    protobuf_c_message_init(descriptor, message);
    return message;
}

/* A message where the file has a map, or a shorter form of it. */
static int read_message(struct campaign_value_place *place, const struct config_node *node,
                        const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage **ret_value)
{
    ProtobufCMessage *message = make_message(place->arena, descriptor);
    *ret_value = message;
    if (node->kind == CONFIG_NODE_SCALAR && descriptor == &hikyaku__v1__mailbox__descriptor) {
        return campaign_value_mailbox(place, node, (Hikyaku__V1__Mailbox *)message);
    }
    if (descriptor == &hikyaku__v1__attachment__descriptor) {
        Hikyaku__V1__Attachment *attachment = (Hikyaku__V1__Attachment *)message;
        int refused = node->kind == CONFIG_NODE_MAP
                          ? fill(place, node, (struct shape){.message = message})
                          : 0;
        return refused != 0 ? refused : campaign_value_attachment(place, node, attachment);
    }
    if (node->kind != CONFIG_NODE_MAP) {
        return campaign_value_refuse(place, node, "map", "must be a map, not %s",
                                     config_node_kind_name(node));
    }
    return fill(place, node, (struct shape){.message = message});
}

static int read_value(struct campaign_value_place *place, const struct config_node *node,
                      const ProtobufCFieldDescriptor *field, void *value)
{
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return read_message(place, node, field->descriptor, value);
    }
    return campaign_value_read(place, node, field, value);
}

/* An entry of a map field: its key is the entry's, its value the rest. */
static int read_entry(struct campaign_value_place *place, const struct config_node *node,
                      const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage **ret_value)
{
    ProtobufCMessage *message = make_message(place->arena, descriptor);
    char *base = (char *)message;
    struct text key = arena_text(place->arena, node->key);
    memcpy(base + descriptor->fields[0].offset, &key.data, sizeof key.data);
    *ret_value = message;
    return read_value(place, node, &descriptor->fields[1], base + descriptor->fields[1].offset);
}

static int read_list(struct campaign_value_place *place, const struct config_node *node,
                     const ProtobufCFieldDescriptor *field, ProtobufCMessage *message)
{
    bool is_map = field->type == PROTOBUF_C_TYPE_MESSAGE && is_map_entry(field->descriptor);
    enum config_node_kind wanted = is_map ? CONFIG_NODE_MAP : CONFIG_NODE_LIST;
    if (node->kind != wanted) {
        return campaign_value_refuse(place, node, is_map ? "map" : "list", "must be a %s, not %s",
                                     is_map ? "map" : "list", config_node_kind_name(node));
    }
    char *items = arena_zero(place->arena, node->child_count + 1, wire_field_size(field->type));
    int refused = 0;
    unsigned int index = 0;
    struct campaign_value_place inner = *place;
    inner.parent = place;
    inner.is_list = !is_map;
    for (const struct config_node *item = node->children; item != NULL; item = item->next) {
        char *value = items + index * wire_field_size(field->type);
        inner.name = item->key;
        inner.index = index++;
        int one =
            is_map ? read_entry(&inner, item, field->descriptor, (ProtobufCMessage **)(void *)value)
                   : read_value(&inner, item, field, value);
        refused = one != 0 ? one : refused;
    }
    char *base = (char *)message;
    memcpy(base + field->offset, &items, sizeof items);
    memcpy(base + field->quantifier_offset, &node->child_count, sizeof node->child_count);
    return refused;
}

static int read_field(struct campaign_value_place *place, const struct config_node *entry,
                      const ProtobufCFieldDescriptor *field, ProtobufCMessage *message)
{
    struct campaign_value_place inner = *place;
    inner.parent = place;
    inner.name = entry->key;
    inner.is_list = false;
    if (config_node_is_empty(entry)) {
        return campaign_value_refuse(&inner, entry, "empty",
                                     "has no value; leave the line out for the default");
    }
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return read_list(&inner, entry, field, message);
    }
    char *base = (char *)message;
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        uint32_t chosen = field->id;
        memcpy(base + field->quantifier_offset, &chosen, sizeof chosen);
    }
    return read_value(&inner, entry, field, base + field->offset);
}

static int fill(struct campaign_value_place *place, const struct config_node *map,
                struct shape shape)
{
    int refused = 0;
    for (const struct config_node *entry = map->children; entry != NULL; entry = entry->next) {
        ProtobufCMessage *message;
        const ProtobufCFieldDescriptor *field = field_of(&shape, entry->key.data, &message);
        int one = field == NULL ? refuse_key(place, entry, &shape)
                                : read_field(place, entry, field, message);
        refused = one != 0 ? one : refused;
    }
    return refused;
}

int campaign_file_parse(struct text yaml, const struct campaign_file_loader *loader,
                        struct arena *arena, struct config_errors *errors,
                        struct campaign_file *ret_file)
{
    struct config_node *root;
    int refused = config_node_parse(yaml, arena, errors, &root);
    if (refused != 0) {
        return refused;
    }
    struct campaign_file file = {(Hikyaku__V1__CreateCampaignRequest *)make_message(
                                     arena, &hikyaku__v1__create_campaign_request__descriptor),
                                 root};
    file.request->content =
        (Hikyaku__V1__Content *)make_message(arena, &hikyaku__v1__content__descriptor);
    struct campaign_value_place place = {.arena = arena, .errors = errors, .loader = loader};
    refused = fill(&place, root, (struct shape){&file.request->base, &file.request->content->base});
    if (refused == 0) {
        *ret_file = file;
    }
    return refused;
}

/* A campaign_file_load_fn; `folder` is a char *. */
static int load_from_folder(void *folder, struct text path, struct arena *arena,
                            struct text *ret_content, struct problem *problem)
{
    bool is_absolute = path.size > 0 && path.data[0] == '/';
    const char *whole =
        arena_printf(arena, "%s%.*s", is_absolute ? "" : (const char *)folder, TEXT_PRINT(path));
    return file_read(whole, LOADED_BYTES_MAX, arena, ret_content, problem);
}

int campaign_file_read(const char *path, struct arena *arena, struct config_errors *errors,
                       struct campaign_file *ret_file)
{
    struct text yaml;
    struct problem problem = {0};
    int failed = file_read(path, CONFIG_FILE_BYTES_MAX, arena, &yaml, &problem);
    if (failed != 0) {
        config_error_add_problem(errors, (struct config_place){0}, &problem);
        return failed;
    }
    const char *slash = strrchr(path, '/');
    char *folder = arena_copy(arena, path, slash == NULL ? 0 : (size_t)(slash - path) + 1);
    struct campaign_file_loader loader = {load_from_folder, folder};
    return campaign_file_parse(yaml, &loader, arena, errors, ret_file);
}

/* One step of a path: a name, or "[n]" (an entry of a list, or of a map in the file's order). */
static const struct config_node *step(const struct config_node *node, struct text part)
{
    uint64_t index;
    bool is_index =
        part.size > 2 && part.data[0] == '[' && part.data[part.size - 1] == ']' &&
        text_to_u64((struct text){part.data + 1, part.size - 2}, UINT32_MAX, &index) == 0;
    if (!is_index) {
        return config_node_find(node, part);
    }
    const struct config_node *child = node->children;
    for (; child != NULL && index > 0; index--) {
        child = child->next;
    }
    return child;
}

/* @return the next part: up to "." or before "[" */
static struct text take_part(struct text *rest)
{
    size_t start = rest->size > 0 && rest->data[0] == '.' ? 1 : 0;
    size_t end = start + (start < rest->size ? 1 : 0);
    while (end < rest->size && rest->data[end] != '.' && rest->data[end] != '[') {
        end++;
    }
    struct text part = {rest->data + start, end - start};
    *rest = text_skip(*rest, end);
    return part;
}

bool campaign_file_place(const struct campaign_file *file, struct text field,
                         struct config_place *ret_place)
{
    if (text_starts_with(field, TEXT("content."))) {
        field = text_skip(field, sizeof "content." - 1);
    }
    const struct config_node *node = file->root;
    bool is_found = false;
    while (field.size > 0) {
        struct text part = take_part(&field);
        const struct config_node *next = step(node, part);
        if (next == NULL) {
            break; /* also "key" and "value" of a map's entry: the entry is the place */
        }
        node = next;
        is_found = true;
    }
    if (is_found) {
        *ret_place = node->key.size > 0 ? node->key_place : node->place;
    }
    return is_found;
}

int campaign_file_mailbox(struct text text, struct arena *arena, Hikyaku__V1__Mailbox *ret_mailbox)
{
    text = text_trim(text);
    size_t open = text_find(text, '<');
    struct text name = {text.data, 0};
    struct text address = text;
    if (open < text.size) {
        if (text.data[text.size - 1] != '>') {
            return -EINVAL;
        }
        name = text_trim((struct text){text.data, open});
        address = text_trim((struct text){text.data + open + 1, text.size - open - 2});
        if (name.size >= 2 && name.data[0] == '"' && name.data[name.size - 1] == '"') {
            name = (struct text){name.data + 1, name.size - 2};
        }
    }
    if (address.size == 0 || text_has_any(address, TEXT("<> "))) {
        return -EINVAL;
    }
    ret_mailbox->address = arena_copy(arena, address.data, address.size);
    ret_mailbox->display_name = arena_copy(arena, name.data, name.size);
    return 0;
}
