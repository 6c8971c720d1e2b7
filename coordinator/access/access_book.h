/* Principals and keys in memory, as the store tells them. Pure: what is stored comes as bytes, time
 * is an argument. What cannot be read is nobody's. */
#ifndef HIKYAKU_COORDINATOR_ACCESS_ACCESS_BOOK_H
#define HIKYAKU_COORDINATOR_ACCESS_ACCESS_BOOK_H

#include "common/base/arena.h"
#include "common/policy/access_scope.h"
#include "common/store/store_access.h"
#include "coordinator/access/access_network.h"
#include "hikyaku/v1/store.pb-c.h"

#define ACCESS_BOOK_NETWORKS_MAX 16
/** A key that is not used for so long is refused. */
#define ACCESS_BOOK_UNUSED_MS (INT64_C(90) * 24 * 3600 * 1000)
/** A key that is revoked or expired for so long may be forgotten. */
#define ACCESS_BOOK_KEPT_MS (INT64_C(90) * 24 * 3600 * 1000)

struct access_principal {
    const Hikyaku__V1__StoredPrincipal *stored;
    struct text packed; /* as it was read */
};

struct access_key {
    const Hikyaku__V1__StoredKey *stored;
    struct text packed;
    const struct access_principal *principal; /* NULL: there is none */
    struct access_network networks[ACCESS_BOOK_NETWORKS_MAX];
    size_t network_count;
    int64_t used_unix_ms; /* 0: not known to be used */
};

enum access_key_state { /* the numbers of Hikyaku__V1__KeyState */
                        ACCESS_KEY_ACTIVE = 1,
                        ACCESS_KEY_EXPIRED,
                        ACCESS_KEY_REVOKED,
                        ACCESS_KEY_UNUSED,
                        ACCESS_KEY_DISABLED,
};

struct access_book;

struct access_book *access_book_create(void);
/** Accepts NULL, nulls the pointer. */
void access_book_destroy(struct access_book **book);
/** Everything anew. @return how many entries could not be read */
size_t access_book_fill(struct access_book *book, const struct store_access_entry *entries,
                        size_t count);
/** A key was used, here or elsewhere; an earlier time changes nothing. */
void access_book_note_used(struct access_book *book, struct text key_id, int64_t unix_ms);

/* Borrowed until the next fill; NULL: there is none. */
const struct access_principal *access_book_principal(const struct access_book *book,
                                                     struct text name);
const struct access_key *access_book_key(const struct access_book *book, struct text key_id);
const struct access_principal *access_book_principal_at(const struct access_book *book,
                                                        size_t place);
const struct access_key *access_book_key_at(const struct access_book *book, size_t place);
/** In the order of their names, and of their making. */
size_t access_book_principal_count(const struct access_book *book);
size_t access_book_key_count(const struct access_book *book);

enum access_key_state access_book_state(const struct access_key *key, int64_t now_unix_ms);
/** Is it over for so long that nobody asks for it? */
bool access_book_is_past(const struct access_key *key, int64_t now_unix_ms);
/** What the key may do; 0 unless it is active. */
uint32_t access_book_scopes(const struct access_key *key, int64_t now_unix_ms);
/** @param source  NULL: a unix socket, which every key is accepted from */
bool access_book_comes_from(const struct access_key *key, const struct stream_address *source);

#endif
