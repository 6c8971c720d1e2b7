/* Any bytes as an AddRecipients body; each recipient is held against its rules, packed as it is
 * stored, and read back. */
#include "common/wire/wire_rules.h"
#include "common/wire/wire_store.h"
#include "common/wire/wire_unpack.h"

#include <assert.h>
#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_stored(const Hikyaku__V1__Recipient *recipient)
{
    struct buffer plain = {0};
    struct wire_store_recipient stored = {
        .address = text_of(recipient->address),
        .display_name = text_of(recipient->display_name),
        .fields = text_of(recipient->fields),
    };
    wire_store_append_recipient(&stored, &plain);
    struct text rest = buffer_text(&plain);
    struct wire_store_recipient got;
    int error = wire_store_next_recipient(&rest, &got);
    assert(error == 0 && rest.size == 0);
    assert(text_equal(got.address, stored.address) && text_equal(got.fields, stored.fields));
    buffer_finish(&plain);
}

/* The bytes as a stored value too: whatever they are, reading ends. */
static void read_wild(struct text bytes)
{
    struct wire_store_recipient recipient;
    struct wire_store_ref ref;
    struct text rest = bytes;
    while (wire_store_next_recipient(&rest, &recipient) == 0) {
        assert(recipient.header_count <= WIRE_STORE_HEADERS_MAX);
    }
    rest = bytes;
    while (wire_store_next_ref(&rest, &ref) == 0) {
        assert(ref.packed.size <= bytes.size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct problem_list problems;
    struct problem problem;
    struct arena *arena = arena_create(0);
    ProtobufCMessage *message = NULL;
    struct text bytes = {(const char *)data, size};
    read_wild(bytes);
    if (wire_unpack(&hikyaku__v1__add_recipients_request__descriptor, &wire_unpack_call_bounds,
                    bytes, arena, &message, &problem) == 0) {
        const Hikyaku__V1__AddRecipientsRequest *request = (const void *)message;
        problems.count = problems.total = 0;
        (void)!wire_rules_check(message, &wire_limits_default, &problems);
        for (size_t i = 0; i < request->n_recipients; i++) {
            if (wire_rules_recipient(request->recipients[i], &wire_limits_default, &problem) == 0) {
                check_stored(request->recipients[i]);
            }
        }
    }
    arena_destroy(&arena);
    return 0;
}
