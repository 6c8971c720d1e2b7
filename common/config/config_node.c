#include "common/config/config_node.h"

#include "common/base/table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

/* A map or list that is being filled. */
struct level {
    struct config_node *node;
    struct config_node *last; /* youngest child */
    struct table *keys;       /* of a map: what stood before, for duplicates */
    struct config_node *key;  /* of a map: read, its value is awaited; else NULL */
};

struct reader {
    struct arena *arena;
    struct config_errors *errors;
    struct config_node *root;
    struct level levels[CONFIG_DEPTH_MAX];
    size_t depth;
    size_t node_count;
    bool is_done; /* the one document has ended */
};

static struct config_place place_of(const yaml_mark_t *mark)
{
    return (struct config_place){(unsigned int)mark->line + 1, (unsigned int)mark->column + 1};
}

static int refuse(struct reader *reader, struct config_place place, const char *rule,
                  const char *message)
{
    config_error_add(reader->errors, place, "", rule, "%s", message);
    return -EINVAL;
}

static struct config_node *make_node(struct reader *reader, enum config_node_kind kind,
                                     struct config_place place)
{
    struct config_node *node = arena_zero(reader->arena, 1, sizeof *node);
    node->kind = kind;
    node->place = place;
    reader->node_count++;
    return node;
}

/* Hang a finished or just opened node into its parent. */
static int attach(struct reader *reader, struct config_node *node)
{
    if (reader->depth == 0) {
        if (config_node_is_empty(node)) {
            return 0; /* "---" and nothing else */
        }
        if (node->kind != CONFIG_NODE_MAP) {
            return refuse(reader, node->place, "map", "the file must be a map of keys");
        }
        reader->root = node;
        return 0;
    }
    struct level *level = &reader->levels[reader->depth - 1];
    if (level->key != NULL) {
        node->key = level->key->scalar;
        node->key_place = level->key->place;
        level->key = NULL;
    }
    if (level->last == NULL) {
        level->node->children = node;
    } else {
        level->last->next = node;
    }
    level->last = node;
    level->node->child_count++;
    return 0;
}

static bool awaits_key(const struct reader *reader)
{
    return reader->depth > 0 && reader->levels[reader->depth - 1].keys != NULL &&
           reader->levels[reader->depth - 1].key == NULL;
}

/* A key given twice is told and reading goes on: there may be more to tell. */
static void take_key(struct reader *reader, struct config_node *key)
{
    struct level *level = &reader->levels[reader->depth - 1];
    const struct config_node *former = table_put(level->keys, key->scalar, key);
    if (former != NULL) {
        config_error_add(reader->errors, key->place, "", "duplicate_key",
                         "\"%.*s\" was already given in line %u", (int)key->scalar.size,
                         key->scalar.data, former->place.line);
    }
    level->key = key;
}

static int on_scalar(struct reader *reader, const yaml_event_t *event)
{
    struct config_place place = place_of(&event->start_mark);
    struct text value = {(const char *)event->data.scalar.value, event->data.scalar.length};
    if (event->data.scalar.anchor != NULL) {
        return refuse(reader, place, "anchor", "anchors are not allowed: write the value again");
    }
    if (event->data.scalar.tag != NULL) {
        return refuse(reader, place, "tag", "tags (!...) are not allowed");
    }
    if (text_find(value, '\0') < value.size) {
        return refuse(reader, place, "nul", "a text must not hold a NUL byte");
    }
    struct config_node *node = make_node(reader, CONFIG_NODE_SCALAR, place);
    node->scalar = arena_text(reader->arena, value);
    node->is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (awaits_key(reader)) {
        take_key(reader, node);
        return 0;
    }
    return attach(reader, node);
}

static int on_open(struct reader *reader, const yaml_event_t *event)
{
    bool is_map = event->type == YAML_MAPPING_START_EVENT;
    struct config_place place = place_of(&event->start_mark);
    const void *anchor =
        is_map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
    const void *tag = is_map ? event->data.mapping_start.tag : event->data.sequence_start.tag;
    if (anchor != NULL || tag != NULL) {
        return refuse(reader, place, anchor != NULL ? "anchor" : "tag",
                      "anchors (&...) and tags (!...) are not allowed");
    }
    if (awaits_key(reader)) {
        return refuse(reader, place, "key", "a key must be a text");
    }
    if (reader->depth == CONFIG_DEPTH_MAX) {
        config_error_add(reader->errors, place, "", "depth",
                         "more than %d maps and lists inside each other", CONFIG_DEPTH_MAX);
        return -EINVAL;
    }
    struct config_node *node =
        make_node(reader, is_map ? CONFIG_NODE_MAP : CONFIG_NODE_LIST, place);
    int refused = attach(reader, node);
    if (refused == 0) {
        reader->levels[reader->depth++] =
            (struct level){.node = node, .keys = is_map ? table_create() : NULL};
    }
    return refused;
}

static int on_close(struct reader *reader)
{
    struct level *level = &reader->levels[--reader->depth];
    table_destroy(&level->keys);
    return 0;
}

static int on_document_start(struct reader *reader, const yaml_event_t *event)
{
    bool has_directives = event->data.document_start.tag_directives.start !=
                          event->data.document_start.tag_directives.end;
    if (reader->is_done || has_directives) {
        return refuse(reader, place_of(&event->start_mark), "document",
                      "a file is one document without %TAG lines");
    }
    return 0;
}

static int on_event(struct reader *reader, const yaml_event_t *event)
{
    struct config_place place = place_of(&event->start_mark);
    if (reader->node_count >= CONFIG_NODES_MAX) {
        return refuse(reader, place, "nodes", "more than 100,000 values in one file");
    }
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return on_scalar(reader, event);
    case YAML_MAPPING_START_EVENT:
    case YAML_SEQUENCE_START_EVENT:
        return on_open(reader, event);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        return on_close(reader);
    case YAML_ALIAS_EVENT:
        return refuse(reader, place, "alias", "aliases (*...) are not allowed: write the value");
    case YAML_DOCUMENT_START_EVENT:
        return on_document_start(reader, event);
    case YAML_DOCUMENT_END_EVENT:
        reader->is_done = true;
        return 0;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
        return 0;
    }
    return 0;
}

static int refuse_syntax(struct reader *reader, const yaml_parser_t *parser)
{
    bool has_mark = parser->error == YAML_SCANNER_ERROR || parser->error == YAML_PARSER_ERROR;
    struct config_place place =
        has_mark ? place_of(&parser->problem_mark) : place_of(&parser->mark);
    const char *problem = parser->problem == NULL ? "cannot be read" : parser->problem;
    const char *context = parser->context == NULL ? "" : parser->context;
    config_error_add(reader->errors, place, "", "yaml", "%s%s%s", problem,
                     context[0] == '\0' ? "" : " ", context);
    return -EINVAL;
}

/* The events of one text, until its end or the first mistake: after one, places no longer hold. */
static int read_events(struct reader *reader, yaml_parser_t *parser)
{
    int refused = 0;
    bool is_end = false;
    while (refused == 0 && !is_end) {
        yaml_event_t event;
        if (yaml_parser_parse(parser, &event) == 0) {
            return refuse_syntax(reader, parser);
        }
        is_end = event.type == YAML_STREAM_END_EVENT;
        refused = on_event(reader, &event);
        yaml_event_delete(&event);
    }
    return refused;
}

int config_node_parse(struct text yaml, struct arena *arena, struct config_errors *errors,
                      struct config_node **ret_root)
{
    struct reader reader = {.arena = arena, .errors = errors};
    size_t errors_before = errors->total;
    if (yaml.size > CONFIG_FILE_BYTES_MAX) {
        (void)refuse(&reader, (struct config_place){0}, "size", "the file is larger than 1 MiB");
        return -EMSGSIZE;
    }
    yaml_parser_t parser;
    if (yaml_parser_initialize(&parser) == 0) {
        return -ENOMEM;
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)(yaml.size == 0 ? "" : yaml.data),
                                 yaml.size);
    int refused = read_events(&reader, &parser);
    yaml_parser_delete(&parser);
    while (reader.depth > 0) {
        (void)on_close(&reader);
    }
    if (refused != 0 || errors->total > errors_before) {
        return -EINVAL;
    }
    if (reader.root == NULL) {
        reader.root = make_node(&reader, CONFIG_NODE_MAP, (struct config_place){1, 1});
    }
    *ret_root = reader.root;
    return 0;
}

/* @return bytes read, or -errno; stops one byte above the bound, so that the parser refuses */
static ssize_t read_whole(int file, struct buffer *content)
{
    while (content->size <= CONFIG_FILE_BYTES_MAX) {
        size_t room = CONFIG_FILE_BYTES_MAX + 1 - content->size;
        room = room > 65536 ? 65536 : room;
        ssize_t got = read(file, buffer_reserve(content, room), room);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -errno;
        }
        if (got == 0) {
            break;
        }
        content->size += (size_t)got;
    }
    return (ssize_t)content->size;
}

int config_node_read(const char *path, struct arena *arena, struct config_errors *errors,
                     struct config_node **ret_root)
{
    OWNED(buffer_finish) struct buffer content = {0};
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t done = file < 0 ? -errno : read_whole(file, &content);
    if (file >= 0) {
        (void)close(file);
    }
    if (done < 0) {
        char reason[128];
        config_error_add(errors, (struct config_place){0}, "", "file", "cannot be read: %s",
                         strerror_r((int)-done, reason, sizeof reason));
        return (int)done;
    }
    return config_node_parse(buffer_text(&content), arena, errors, ret_root);
}

struct config_node *config_node_find(const struct config_node *map, struct text key)
{
    if (map == NULL || map->kind != CONFIG_NODE_MAP) {
        return NULL;
    }
    for (struct config_node *entry = map->children; entry != NULL; entry = entry->next) {
        if (text_equal(entry->key, key)) {
            return entry;
        }
    }
    return NULL;
}

bool config_node_is_empty(const struct config_node *node)
{
    return node->kind == CONFIG_NODE_SCALAR && node->is_plain &&
           (node->scalar.size == 0 || text_equal(node->scalar, TEXT("~")) ||
            text_equal(node->scalar, TEXT("null")));
}

const char *config_node_kind_name(const struct config_node *node)
{
    static const char *const names[] = {"a text", "a list", "a map"};
    return names[node->kind];
}
