/* A hash table from bytes to pointers, over uthash with a keyed hash: keys often come from outside,
 * and a chosen set of keys must not turn the table into a list. Not safe for several threads. */
#ifndef HIKYAKU_COMMON_BASE_TABLE_H
#define HIKYAKU_COMMON_BASE_TABLE_H

#include "common/base/text.h"

struct table;
struct table_entry;

/** The walk's place; the value just returned may be removed, no other. */
struct table_walk {
    struct table_entry *next; /* borrowed */
    struct text key;          /* of the value just returned; borrowed while it stands there */
};

struct table *table_create(void);
/** Values are the caller's: free them first. */
void table_destroy(struct table **table);

/** The value under `key`, or NULL. */
void *table_get(const struct table *table, struct text key);
/** Put `value` (not NULL) under `key` (copied). @return the value that it replaces, or NULL */
void *table_put(struct table *table, struct text key, void *value);
/** @return the value that was removed, or NULL */
void *table_remove(struct table *table, struct text key);
size_t table_count(const struct table *table);

/** Visit all values in the order of their entry: for (v = table_first(t, &w); v != NULL; v =
 * table_next(&w)). */
void *table_first(const struct table *table, struct table_walk *ret_walk);
void *table_next(struct table_walk *walk);

/** The key of 4 bytes that stands for a number, e.g. TABLE_KEY(number). */
#define TABLE_KEY(object) ((struct text){(const char *)&(object), sizeof(object)})

#endif
