#include "coordinator/access/access_book.h"

#include "common/base/table.h"
#include "common/wire/wire_store.h"

#include <errno.h>
#include <stdlib.h>

struct access_book {
    struct arena *arena;
    struct table *used; /* key id -> int64_t *, on the heap: outlives a fill */
    struct table *principals;
    struct table *keys;
    struct access_principal *principal_list; /* in the arena, as all below */
    size_t principal_count;
    struct access_key *key_list;
    size_t key_count;
};

struct access_book *access_book_create(void)
{
    struct access_book *book = xalloc_zero(1, sizeof *book);
    book->arena = arena_create(0);
    book->used = table_create();
    book->principals = table_create();
    book->keys = table_create();
    return book;
}

void access_book_destroy(struct access_book **book)
{
    if (*book == NULL) {
        return;
    }
    struct table_walk walk;
    for (void *used = table_first((*book)->used, &walk); used != NULL; used = table_next(&walk)) {
        free(used);
    }
    table_destroy(&(*book)->used);
    table_destroy(&(*book)->principals);
    table_destroy(&(*book)->keys);
    arena_destroy(&(*book)->arena);
    free(*book);
    *book = NULL;
}

/* ------------------------------------------------------------------ filling */

static int read_principal(struct access_book *book, const struct store_access_entry *entry)
{
    Hikyaku__V1__StoredPrincipal *stored = NULL;
    int error = wire_store_read_principal(entry->packed, book->arena, &stored);
    if (error == 0 && !text_equal(text_of(stored->name), entry->name)) {
        error = -EPROTO;
    }
    if (error == 0) {
        book->principal_list[book->principal_count++] = (struct access_principal){
            .stored = stored, .packed = arena_text(book->arena, entry->packed)};
    }
    return error;
}

/* A network that cannot be read must not widen what the key may: the key is left out. */
static int read_networks(struct access_key *key)
{
    const Hikyaku__V1__StoredKey *stored = key->stored;
    if (stored->n_networks > ACCESS_BOOK_NETWORKS_MAX) {
        return -EPROTO;
    }
    for (size_t i = 0; i < stored->n_networks; i++) {
        if (access_network_parse(text_of(stored->networks[i]),
                                 &key->networks[key->network_count++]) != 0) {
            return -EPROTO;
        }
    }
    return 0;
}

static int read_key(struct access_book *book, const struct store_access_entry *entry)
{
    Hikyaku__V1__StoredKey *stored = NULL;
    struct access_key *key = &book->key_list[book->key_count];
    int error = wire_store_read_key(entry->packed, book->arena, &stored);
    if (error == 0 && !text_equal(text_of(stored->id), entry->name)) {
        error = -EPROTO;
    }
    if (error == 0) {
        *key =
            (struct access_key){.stored = stored, .packed = arena_text(book->arena, entry->packed)};
        error = read_networks(key);
    }
    if (error == 0) {
        book->key_count++;
    }
    return error;
}

static int compare_principals(const void *a, const void *b)
{
    const struct access_principal *left = a;
    const struct access_principal *right = b;
    return text_compare(text_of(left->stored->name), text_of(right->stored->name));
}

static int compare_keys(const void *a, const void *b)
{
    const Hikyaku__V1__StoredKey *left = ((const struct access_key *)a)->stored;
    const Hikyaku__V1__StoredKey *right = ((const struct access_key *)b)->stored;
    if (left->created_unix_ms != right->created_unix_ms) {
        return left->created_unix_ms < right->created_unix_ms ? -1 : 1;
    }
    return text_compare(text_of(left->id), text_of(right->id));
}

static void index_all(struct access_book *book)
{
    table_destroy(&book->principals);
    table_destroy(&book->keys);
    book->principals = table_create();
    book->keys = table_create();
    for (size_t i = 0; i < book->principal_count; i++) {
        struct access_principal *principal = &book->principal_list[i];
        (void)table_put(book->principals, text_of(principal->stored->name), principal);
    }
    for (size_t i = 0; i < book->key_count; i++) {
        struct access_key *key = &book->key_list[i];
        const int64_t *used = table_get(book->used, text_of(key->stored->id));
        key->principal = table_get(book->principals, text_of(key->stored->principal));
        key->used_unix_ms = used == NULL ? 0 : *used;
        (void)table_put(book->keys, text_of(key->stored->id), key);
    }
}

size_t access_book_fill(struct access_book *book, const struct store_access_entry *entries,
                        size_t count)
{
    size_t damaged = 0;
    arena_reset(book->arena);
    book->principal_list = arena_zero(book->arena, count + 1, sizeof *book->principal_list);
    book->key_list = arena_zero(book->arena, count + 1, sizeof *book->key_list);
    book->principal_count = 0;
    book->key_count = 0;
    for (size_t i = 0; i < count; i++) {
        int error = entries[i].kind == STORE_ACCESS_KEY ? read_key(book, &entries[i])
                                                        : read_principal(book, &entries[i]);
        damaged += error == 0 ? 0 : 1;
    }
    qsort(book->principal_list, book->principal_count, sizeof *book->principal_list,
          compare_principals);
    qsort(book->key_list, book->key_count, sizeof *book->key_list, compare_keys);
    index_all(book);
    return damaged;
}

void access_book_note_used(struct access_book *book, struct text key_id, int64_t unix_ms)
{
    struct access_key *key = table_get(book->keys, key_id);
    if (key == NULL || unix_ms <= key->used_unix_ms) {
        return;
    }
    key->used_unix_ms = unix_ms;
    int64_t *used = table_get(book->used, key_id);
    if (used == NULL) {
        used = xalloc_zero(1, sizeof *used);
        (void)table_put(book->used, key_id, used);
    }
    *used = unix_ms;
}

/* ------------------------------------------------------------------ asking */

const struct access_principal *access_book_principal(const struct access_book *book,
                                                     struct text name)
{
    return table_get(book->principals, name);
}

const struct access_key *access_book_key(const struct access_book *book, struct text key_id)
{
    return table_get(book->keys, key_id);
}

const struct access_principal *access_book_principal_at(const struct access_book *book,
                                                        size_t place)
{
    return place < book->principal_count ? &book->principal_list[place] : NULL;
}

const struct access_key *access_book_key_at(const struct access_book *book, size_t place)
{
    return place < book->key_count ? &book->key_list[place] : NULL;
}

size_t access_book_principal_count(const struct access_book *book)
{
    return book->principal_count;
}

size_t access_book_key_count(const struct access_book *book)
{
    return book->key_count;
}

enum access_key_state access_book_state(const struct access_key *key, int64_t now_unix_ms)
{
    const Hikyaku__V1__StoredKey *stored = key->stored;
    int64_t used_ms =
        key->used_unix_ms > stored->created_unix_ms ? key->used_unix_ms : stored->created_unix_ms;
    if (stored->revoked_unix_ms != 0) {
        return ACCESS_KEY_REVOKED;
    }
    if (stored->expires_unix_ms != 0 && stored->expires_unix_ms <= now_unix_ms) {
        return ACCESS_KEY_EXPIRED;
    }
    if (key->principal == NULL || key->principal->stored->disabled) {
        return ACCESS_KEY_DISABLED;
    }
    return now_unix_ms - used_ms > ACCESS_BOOK_UNUSED_MS ? ACCESS_KEY_UNUSED : ACCESS_KEY_ACTIVE;
}

bool access_book_is_past(const struct access_key *key, int64_t now_unix_ms)
{
    const Hikyaku__V1__StoredKey *stored = key->stored;
    int64_t end_ms =
        stored->revoked_unix_ms != 0 ? stored->revoked_unix_ms : stored->expires_unix_ms;
    return end_ms != 0 && now_unix_ms - end_ms > ACCESS_BOOK_KEPT_MS;
}

uint32_t access_book_scopes(const struct access_key *key, int64_t now_unix_ms)
{
    if (access_book_state(key, now_unix_ms) != ACCESS_KEY_ACTIVE) {
        return 0;
    }
    uint32_t own = key->stored->scopes;
    uint32_t scopes = key->principal->stored->scopes & ACCESS_ALL;
    return own == 0 ? scopes : scopes & own;
}

bool access_book_comes_from(const struct access_key *key, const struct stream_address *source)
{
    if (key->network_count == 0 || source == NULL) {
        return true;
    }
    for (size_t i = 0; i < key->network_count; i++) {
        if (access_network_has(&key->networks[i], source)) {
            return true;
        }
    }
    return false;
}
