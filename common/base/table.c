#include "common/base/table.h"

#include "common/base/bytes.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static unsigned char process_key[16];
static pthread_once_t key_once = PTHREAD_ONCE_INIT;

#define HASH_FUNCTION(key, size, hash) \
    ((hash) = (unsigned int)bytes_siphash((key), (size), process_key))
#define uthash_fatal(message) \
    abort() /* NOLINT(readability-identifier-naming): uthash asks for it */
#include <uthash.h>

struct table_entry {
    UT_hash_handle hh;
    void *value;
    char key[];
};

struct table {
    struct table_entry *entries;
};

static void make_key(void)
{
    if (getrandom(process_key, sizeof process_key, 0) != (ssize_t)sizeof process_key) {
        abort();
    }
}

/* uthash is macros: its expansions are not ours to lint, and gcc's analyzer does not see that the
 * table keeps an entry. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif
/* NOLINTBEGIN(readability-function-size,clang-analyzer-*,bugprone-*) */
static struct table_entry *find(const struct table *table, struct text key)
{
    struct table_entry *entry = NULL;
    const char *data = key.size == 0 ? "" : key.data;
    HASH_FIND(hh, table->entries, data, key.size, entry);
    return entry;
}

static void add(struct table *table, struct table_entry *entry, size_t size)
{
    HASH_ADD_KEYPTR(hh, table->entries, entry->key, size, entry);
}

static void delete_entry(struct table *table, struct table_entry *entry)
{
    HASH_DEL(table->entries, entry);
    free(entry);
}

static void delete_all(struct table *table)
{
    struct table_entry *entry = table->entries;
    HASH_CLEAR(hh, table->entries);
    while (entry != NULL) {
        struct table_entry *next = entry->hh.next;
        free(entry);
        entry = next;
    }
}
/* NOLINTEND(readability-function-size,clang-analyzer-*,bugprone-*) */

struct table *table_create(void)
{
    (void)pthread_once(&key_once, make_key);
    return xalloc_zero(1, sizeof(struct table));
}

void table_destroy(struct table **table)
{
    if (*table == NULL) {
        return;
    }
    delete_all(*table);
    free(*table);
    *table = NULL;
}

void *table_get(const struct table *table, struct text key)
{
    const struct table_entry *entry = find(table, key);
    return entry == NULL ? NULL : entry->value;
}

void *table_put(struct table *table, struct text key, void *value)
{
    struct table_entry *entry = find(table, key);
    if (entry != NULL) {
        void *former = entry->value;
        entry->value = value;
        return former;
    }
    entry = xalloc(sizeof *entry + key.size + 1);
    memset(entry, 0, sizeof *entry);
    entry->value = value;
    if (key.size > 0) {
        memcpy(entry->key, key.data, key.size);
    }
    entry->key[key.size] = '\0';
    add(table, entry, key.size);
    return NULL;
}

void *table_remove(struct table *table, struct text key)
{
    struct table_entry *entry = find(table, key);
    if (entry == NULL) {
        return NULL;
    }
    void *value = entry->value;
    delete_entry(table, entry);
    return value;
}

size_t table_count(const struct table *table)
{
    return HASH_COUNT(table->entries);
}

void *table_first(const struct table *table, struct table_walk *ret_walk)
{
    ret_walk->next = table->entries;
    return table_next(ret_walk);
}

void *table_next(struct table_walk *walk)
{
    struct table_entry *entry = walk->next;
    if (entry == NULL) {
        return NULL;
    }
    walk->next = entry->hh.next;
    walk->key = (struct text){entry->key, (size_t)entry->hh.keylen};
    return entry->value;
}
