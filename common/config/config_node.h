/* A YAML file as a neutral tree that knows where everything stands. The subset is small on purpose:
 * one document of maps with scalar keys, lists and scalars; no anchors, aliases or tags, and no
 * key twice. config_table.h fills structs from it; who needs free shapes walks it himself. */
#ifndef HIKYAKU_COMMON_CONFIG_CONFIG_NODE_H
#define HIKYAKU_COMMON_CONFIG_CONFIG_NODE_H

#include "common/base/arena.h"
#include "common/config/config_error.h"

#define CONFIG_FILE_BYTES_MAX ((size_t)1 << 20)
/** Maps and lists inside each other, the outermost included. */
#define CONFIG_DEPTH_MAX 8
#define CONFIG_NODES_MAX 100000

enum config_node_kind { CONFIG_NODE_SCALAR, CONFIG_NODE_LIST, CONFIG_NODE_MAP };

struct config_node {
    enum config_node_kind kind;
    /** A scalar not in quotes and not a block: only such a one can mean "no value". */
    bool is_plain;
    struct config_place place;
    struct config_place key_place; /* of an entry of a map */
    struct text key;               /* of an entry of a map; else empty */
    struct text scalar;            /* valid UTF-8 without NUL; a NUL byte stands behind it */
    struct config_node *children;  /* first item or entry, in the order of the file; else NULL */
    struct config_node *next;      /* next item or entry of the same parent */
    size_t child_count;
};

/**
 * Read a YAML text. An empty text is an empty map.
 *
 * @param yaml      borrowed during the call only
 * @param arena     all nodes and texts live in it
 * @param errors    mistakes are added, each with its place
 * @param ret_root  out: a map; untouched on error
 * @return 0, -EINVAL (see errors) or -EMSGSIZE (larger than CONFIG_FILE_BYTES_MAX; in errors too)
 */
MUST_USE int config_node_parse(struct text yaml, struct arena *arena, struct config_errors *errors,
                               struct config_node **ret_root);

/**
 * Read a YAML file: config_node_parse on its content.
 *
 * @return as config_node_parse, or -Exxx of the system when the file cannot be read (in errors too)
 */
MUST_USE int config_node_read(const char *path, struct arena *arena, struct config_errors *errors,
                              struct config_node **ret_root);

/** The entry `key` of a map, or NULL (also when `map` is no map or NULL). */
struct config_node *config_node_find(const struct config_node *map, struct text key);
/** Nothing was written behind the key: plain and empty, or ~ or null. */
bool config_node_is_empty(const struct config_node *node);
/** "a text", "a list" or "a map": for messages. */
const char *config_node_kind_name(const struct config_node *node);

#endif
