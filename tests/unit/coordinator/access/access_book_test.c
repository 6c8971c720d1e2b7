#include "coordinator/access/access_book.h"

#include "common/wire/wire_unpack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define NOW_MS (INT64_C(1800000000000))

/* A book in the making. */
struct making {
    struct access_book *book;
    struct arena *arena;
    struct store_access_entry entries[8];
    size_t count;
};

static int begin(void **state)
{
    struct making *making = xalloc_zero(1, sizeof *making);
    making->book = access_book_create();
    making->arena = arena_create(0);
    *state = making;
    return 0;
}

static int end(void **state)
{
    struct making *making = *state;
    access_book_destroy(&making->book);
    arena_destroy(&making->arena);
    free(making);
    return 0;
}

static void add(struct making *making, enum store_access_kind kind, const char *name,
                const ProtobufCMessage *stored)
{
    struct buffer packed = {0};
    wire_unpack_append(stored, &packed);
    making->entries[making->count++] =
        (struct store_access_entry){.kind = kind,
                                    .name = text_of(name),
                                    .packed = arena_text(making->arena, buffer_text(&packed))};
    buffer_finish(&packed);
}

/* protobuf-c wants strings it might change. */
static char *own(struct making *making, const char *text)
{
    return arena_printf(making->arena, "%s", text);
}

static void add_principal(struct making *making, const char *name, uint32_t scopes, bool disabled)
{
    Hikyaku__V1__StoredPrincipal stored = HIKYAKU__V1__STORED_PRINCIPAL__INIT;
    stored.name = own(making, name);
    stored.scopes = scopes;
    stored.disabled = disabled;
    add(making, STORE_ACCESS_PRINCIPAL, name, &stored.base);
}

static Hikyaku__V1__StoredKey key_of(struct making *making, const char *id, const char *principal)
{
    Hikyaku__V1__StoredKey stored = HIKYAKU__V1__STORED_KEY__INIT;
    stored.id = own(making, id);
    stored.principal = own(making, principal);
    stored.created_unix_ms = NOW_MS - DAY_MS;
    return stored;
}

static size_t fill(struct making *making)
{
    return access_book_fill(making->book, making->entries, making->count);
}

static void keys_have_states(void **state)
{
    static const struct {
        int64_t created_ms;
        int64_t expires_ms;
        int64_t revoked_ms;
        int64_t used_ms;
        const char *principal;
        enum access_key_state expected;
    } cases[] = {
        {NOW_MS, 0, 0, 0, "good", ACCESS_KEY_ACTIVE},
        {NOW_MS, NOW_MS + 1, 0, 0, "good", ACCESS_KEY_ACTIVE},
        {NOW_MS, NOW_MS, 0, 0, "good", ACCESS_KEY_EXPIRED},
        {NOW_MS, NOW_MS - 1, NOW_MS - 2, 0, "good", ACCESS_KEY_REVOKED},
        {NOW_MS, 0, 0, 0, "off", ACCESS_KEY_DISABLED},
        {NOW_MS, 0, 0, 0, "nobody", ACCESS_KEY_DISABLED},
        {NOW_MS - 91 * DAY_MS, 0, 0, 0, "good", ACCESS_KEY_UNUSED},
        {NOW_MS - 91 * DAY_MS, 0, 0, NOW_MS - 89 * DAY_MS, "good", ACCESS_KEY_ACTIVE},
        {NOW_MS - 90 * DAY_MS, 0, 0, 0, "good", ACCESS_KEY_ACTIVE},
    };
    struct making *making = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Hikyaku__V1__StoredKey stored = key_of(making, "k", cases[i].principal);
        making->count = 0;
        stored.created_unix_ms = cases[i].created_ms;
        stored.expires_unix_ms = cases[i].expires_ms;
        stored.revoked_unix_ms = cases[i].revoked_ms;
        add_principal(making, "good", ACCESS_BIT(ACCESS_EVENT_READ), false);
        add_principal(making, "off", ACCESS_ALL, true);
        add(making, STORE_ACCESS_KEY, "k", &stored.base);
        assert_int_equal(fill(making), 0);
        if (cases[i].used_ms != 0) {
            access_book_note_used(making->book, TEXT("k"), cases[i].used_ms);
        }
        const struct access_key *key = access_book_key(making->book, TEXT("k"));
        assert_non_null(key);
        assert_int_equal(access_book_state(key, NOW_MS), cases[i].expected);
        assert_int_equal(access_book_scopes(key, NOW_MS) != 0,
                         cases[i].expected == ACCESS_KEY_ACTIVE);
    }
}

static void a_key_narrows_and_never_widens(void **state)
{
    struct making *making = *state;
    Hikyaku__V1__StoredKey stored = key_of(making, "k", "p");
    stored.scopes = ACCESS_BIT(ACCESS_EVENT_READ) | ACCESS_BIT(ACCESS_ACCESS_ADMIN);
    add_principal(
        making, "p",
        ACCESS_BIT(ACCESS_EVENT_READ) | ACCESS_BIT(ACCESS_MESSAGE_SEND) | UINT32_C(1) << 31, false);
    add(making, STORE_ACCESS_KEY, "k", &stored.base);
    assert_int_equal(fill(making), 0);
    assert_int_equal(access_book_scopes(access_book_key(making->book, TEXT("k")), NOW_MS),
                     ACCESS_BIT(ACCESS_EVENT_READ));
}

static void networks_bound_where_a_key_comes_from(void **state)
{
    struct making *making = *state;
    char *networks[] = {own(making, "192.0.2.0/24"), own(making, "2001:db8::/32")};
    Hikyaku__V1__StoredKey stored = key_of(making, "k", "p");
    struct stream_address inside;
    struct stream_address outside;
    assert_int_equal(stream_address_parse(TEXT("2001:db8::7"), 0, &inside), 0);
    assert_int_equal(stream_address_parse(TEXT("198.51.100.7"), 0, &outside), 0);
    stored.networks = networks;
    stored.n_networks = 2;
    add(making, STORE_ACCESS_KEY, "k", &stored.base);
    assert_int_equal(fill(making), 0);
    const struct access_key *key = access_book_key(making->book, TEXT("k"));
    assert_true(access_book_comes_from(key, &inside));
    assert_false(access_book_comes_from(key, &outside));
    assert_true(access_book_comes_from(key, NULL));
}

/* Redis' contents are outside data: what is damaged admits nobody. */
static void damaged_entries_are_nobodys(void **state)
{
    struct making *making = *state;
    char *networks[] = {own(making, "192.0.2.0/33")};
    Hikyaku__V1__StoredKey stored = key_of(making, "wide", "p");
    stored.networks = networks;
    stored.n_networks = 1;
    add(making, STORE_ACCESS_KEY, "wide", &stored.base);
    stored = key_of(making, "one", "p");
    add(making, STORE_ACCESS_KEY, "another", &stored.base);
    making->entries[making->count++] = (struct store_access_entry){
        .kind = STORE_ACCESS_KEY, .name = TEXT("bytes"), .packed = TEXT("\xff\xff\xff")};
    add_principal(making, "p", ACCESS_ALL, false);
    assert_int_equal(fill(making), 3);
    assert_int_equal(access_book_key_count(making->book), 0);
    assert_int_equal(access_book_principal_count(making->book), 1);
    assert_null(access_book_key(making->book, TEXT("wide")));
    assert_null(access_book_key(making->book, TEXT("another")));
}

static void use_outlives_a_fill(void **state)
{
    struct making *making = *state;
    Hikyaku__V1__StoredKey stored = key_of(making, "k", "p");
    add(making, STORE_ACCESS_KEY, "k", &stored.base);
    assert_int_equal(fill(making), 0);
    access_book_note_used(making->book, TEXT("k"), NOW_MS);
    access_book_note_used(making->book, TEXT("k"), NOW_MS - 1);
    access_book_note_used(making->book, TEXT("stranger"), NOW_MS);
    assert_int_equal(fill(making), 0);
    assert_int_equal(access_book_key(making->book, TEXT("k"))->used_unix_ms, NOW_MS);
}

static void past_keys_may_go(void **state)
{
    struct making *making = *state;
    Hikyaku__V1__StoredKey stored = key_of(making, "k", "p");
    stored.revoked_unix_ms = NOW_MS - 91 * DAY_MS;
    add(making, STORE_ACCESS_KEY, "k", &stored.base);
    assert_int_equal(fill(making), 0);
    const struct access_key *key = access_book_key(making->book, TEXT("k"));
    assert_true(access_book_is_past(key, NOW_MS));
    assert_false(access_book_is_past(key, NOW_MS - 2 * DAY_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keys_have_states, begin, end),
        cmocka_unit_test_setup_teardown(a_key_narrows_and_never_widens, begin, end),
        cmocka_unit_test_setup_teardown(networks_bound_where_a_key_comes_from, begin, end),
        cmocka_unit_test_setup_teardown(damaged_entries_are_nobodys, begin, end),
        cmocka_unit_test_setup_teardown(use_outlives_a_fill, begin, end),
        cmocka_unit_test_setup_teardown(past_keys_may_go, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
