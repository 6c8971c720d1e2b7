/* Stored principals and keys, as Redis gives them: what cannot be read is nobody's. The first byte
 * says how many of the rest are the principal; what follows is the key. */
#include "coordinator/access/access_book.h"
#include "coordinator/access/access_key.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    size_t first = data[0] < size - 1 ? data[0] : size - 1;
    const char *bytes = (const char *)data + 1;
    const struct store_access_entry entries[] = {
        {STORE_ACCESS_PRINCIPAL, TEXT("yamada"), {bytes, first}},
        {STORE_ACCESS_KEY, TEXT("0123456789abcdef"), {bytes + first, size - 1 - first}}};
    struct access_book *book = access_book_create();
    size_t damaged = access_book_fill(book, entries, 2);
    assert(damaged + access_book_principal_count(book) + access_book_key_count(book) == 2);
    const struct access_key *key = access_book_key(book, TEXT("0123456789abcdef"));
    struct text shown_id;
    if (access_key_parse((struct text){bytes, size - 1}, &shown_id) == 0) {
        assert(shown_id.size == ACCESS_KEY_ID_LENGTH);
    }
    if (key != NULL) {
        struct stream_address source;
        assert(stream_address_parse(TEXT("192.0.2.1"), 0, &source) == 0);
        uint32_t scopes = access_book_scopes(key, INT64_C(1800000000000));
        assert((scopes & ~ACCESS_ALL) == 0 && (key->principal != NULL || scopes == 0));
        (void)access_book_comes_from(key, &source);
        (void)access_book_is_past(key, INT64_C(1800000000000));
    }
    access_book_destroy(&book);
    return 0;
}
