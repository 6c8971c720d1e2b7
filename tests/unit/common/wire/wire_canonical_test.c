#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/wire/wire_canonical.h"
#include "common/wire/wire_unpack.h"
#include "hikyaku/v1/api.pb-c.h"
#include "hikyaku/v1/store.pb-c.h"
#include "tests/unit/common/security/vectors.h"

#include <string.h>

static const ProtobufCMessageDescriptor *find(struct text name)
{
    static const ProtobufCMessageDescriptor *const all[] = {
        &hikyaku__v1__create_campaign_request__descriptor,
        &hikyaku__v1__content__descriptor,
        &hikyaku__v1__submit_campaign_request__descriptor,
        &hikyaku__v1__attachment__descriptor,
        &hikyaku__v1__list_campaigns_request__descriptor,
        &hikyaku__v1__add_recipients_request__descriptor,
        &hikyaku__v1__stored_ref__descriptor,
        &hikyaku__v1__stored_event_detail__descriptor,
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (text_equal(text_of(all[i]->short_name), name)) {
            return all[i];
        }
    }
    fail_msg("unknown message %.*s", TEXT_PRINT(name));
    return NULL;
}

static struct text canonical_of(const ProtobufCMessageDescriptor *descriptor, struct text wire,
                                struct arena *arena)
{
    ProtobufCMessage *message = NULL;
    assert_int_equal(
        wire_unpack(descriptor, &wire_unpack_store_bounds, wire, arena, &message, NULL), 0);
    struct buffer out = {0};
    wire_canonical_append(message, &out);
    struct text copy = arena_text(arena, buffer_text(&out));
    buffer_finish(&out);
    return copy;
}

static struct text from_hex(struct text hex, struct arena *arena)
{
    char *bytes = arena_alloc(arena, hex.size / 2 + 1);
    assert_int_equal(bytes_from_hex(hex, bytes, hex.size / 2), 0);
    return (struct text){bytes, hex.size / 2};
}

static void check_row(const struct vector *row)
{
    struct arena *arena = arena_create(0);
    const ProtobufCMessageDescriptor *descriptor = find(row->columns[0]);
    struct text wire = from_hex(row->columns[1], arena);
    struct text want = from_hex(row->columns[2], arena);
    struct text got = canonical_of(descriptor, wire, arena);
    assert_true(text_equal(got, want));
    /* The canonical form is its own canonical form. */
    assert_true(text_equal(canonical_of(descriptor, want, arena), want));
    arena_destroy(&arena);
}

static void test_vectors(void **state)
{
    (void)state;
    vectors_each("canonical.tsv", check_row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
