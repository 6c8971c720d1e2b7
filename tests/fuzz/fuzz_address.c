/* Mailboxes: any bytes are refused with a rule, or give a wire form that is safe between < and >,
 * within S3, and that parses to itself. */
#include "common/mail/address.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_wire(const struct address *address, bool is_raw)
{
    assert(address->wire.size <= ADDRESS_BYTES_MAX);
    assert(is_raw || address->local.size <= ADDRESS_LOCAL_BYTES_MAX);
    assert(text_is_utf8(address->wire));
    assert(text_is_ascii(address->domain));
    for (size_t i = 0; i < address->wire.size; i++) {
        unsigned char byte = (unsigned char)address->wire.data[i];
        assert(byte >= ' ' && byte != 0x7f);
    }
}

/* The wire form is a mailbox too, the same one. */
static void check_again(const struct address *address, const struct address_options *options,
                        struct arena *arena)
{
    struct address again;
    char key[ADDRESS_KEY_BYTES_MAX];
    char key_again[ADDRESS_KEY_BYTES_MAX];
    assert(address_parse(address->wire, options, arena, &again, NULL) == 0);
    assert(text_equal(again.wire, address->wire));
    size_t size = address_key(address, key);
    assert(size <= sizeof key && address_key(&again, key_again) == size);
    assert(memcmp(key, key_again, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct address_options options = {
        .carrier_dots = (enum address_dots)(data[0] % 3),
        .refuses_literals = (data[0] & 4) != 0,
        .refuses_utf8 = (data[0] & 8) != 0,
    };
    struct text text = {(const char *)data + 1, size - 1};
    struct address address;
    struct problem problem = {0};
    if (address_parse(text, &options, arena, &address, &problem) != 0) {
        assert(strncmp(problem.rule, "address_", 8) == 0 && problem.field[0] == '\0');
        return 0;
    }
    assert(text_equal(address.given, text));
    check_wire(&address, options.carrier_dots == ADDRESS_DOTS_RAW);
    check_again(&address, &options, arena);
    return 0;
}
