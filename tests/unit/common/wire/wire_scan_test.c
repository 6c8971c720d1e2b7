/* What protobuf-c would let through or lose, and where it stands. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "common/base/buffer.h"
#include "common/wire/wire_unpack.h"
#include "common/wire/wire_varint.h"
#include "hikyaku/v1/api.pb-c.h"
#include "hikyaku/v1/fleet.pb-c.h"
#include "hikyaku/v1/store.pb-c.h"

#include <errno.h>
#include <stdlib.h>

#define CREATE (&hikyaku__v1__create_campaign_request__descriptor)
#define ADD (&hikyaku__v1__add_recipients_request__descriptor)
#define SUBMIT (&hikyaku__v1__submit_campaign_request__descriptor)
#define PREVIEW (&hikyaku__v1__preview_message_request__descriptor)
#define LIST (&hikyaku__v1__list_campaigns_request__descriptor)
#define REF (&hikyaku__v1__stored_ref__descriptor)

/* Initialisers of static objects are constants, which TEXT() is not. */
#define RAW(literal)                   \
    {                                  \
        (literal), sizeof(literal) - 1 \
    }

static const struct {
    const char *what;
    const ProtobufCMessageDescriptor *descriptor;
    struct text bytes;
    const char *rule; /* NULL: passes */
    const char *field;
} cases[] = {
    {"empty message", CREATE, {"", 0}, NULL, NULL},
    {"name", CREATE, RAW("\x1a\x02hi"), NULL, NULL},
    {"NUL in a string", CREATE,
     RAW("\x1a\x03"
         "a\0b"),
     "nul", "name"},
    {"not UTF-8", CREATE, RAW("\x1a\x02\xc3\x28"), "utf8", "name"},
    {"cut UTF-8", CREATE, RAW("\x1a\x02\xe3\x81"), "utf8", "name"},
    {"surrogate", CREATE, RAW("\x1a\x03\xed\xa0\x80"), "utf8", "name"},
    {"length beyond the end", CREATE,
     RAW("\x1a\x7f"
         "ab"),
     "malformed", ""},
    {"length without content", CREATE, RAW("\x1a"), "malformed", ""},
    {"field number 0", CREATE, RAW("\x02\x00"), "malformed", ""},
    {"endless varint", CREATE, RAW("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "malformed",
     ""},
    {"varint above 64 bits", CREATE, RAW("\x58\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
     "malformed", ""},
    {"uint32 above 32 bits", CREATE, RAW("\x08\x80\x80\x80\x80\x10"), "out_of_range",
     "estimated_rows"},
    {"longer than needed, but right", CREATE, RAW("\x08\x81\x80\x00"), NULL, NULL},
    {"negative int64", CREATE, RAW("\x58\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), NULL, NULL},
    {"length of more than 5 bytes", CREATE, RAW("\x52\x80\x80\x80\x80\x80\x00"), "malformed", ""},
    {"tag of more than 5 bytes", CREATE, RAW("\x88\x80\x80\x80\x80\x00\x01"), "malformed", ""},
    {"group", CREATE, RAW("\x1b\x1c"), "malformed", "name"},
    {"number where a string stands", CREATE, RAW("\x18\x01"), "malformed", "name"},
    {"string where a number stands", CREATE, RAW("\x0a\x01x"), "malformed", "estimated_rows"},
    {"fixed where a string stands", CREATE, RAW("\x1d\x01\x01\x01\x01"), "malformed", "name"},
    {"unknown field", CREATE, RAW("\xea\x04\x01x"), "unknown_field", ""},
    {"unknown enum number", CREATE, RAW("\x28\x4d"), "unknown_value", "lane"},
    {"negative enum number", CREATE, RAW("\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
     "unknown_value", "lane"},
    {"known enum number", CREATE, RAW("\x28\x02"), NULL, NULL},
    {"doubled string", CREATE,
     RAW("\x1a\x01"
         "a\x1a\x01"
         "b"),
     "doubled", "name"},
    {"doubled message", CREATE, RAW("\x52\x00\x52\x00"), "doubled", "content"},
    {"map entry twice is two entries", CREATE, RAW("\x22\x00\x22\x00"), NULL, NULL},
    {"key twice in one entry", CREATE,
     RAW("\x22\x06\x0a\x01"
         "a\x0a\x01"
         "b"),
     "doubled", "labels[0].key"},
    {"oneof with two members", PREVIEW, RAW("\x0a\x01x\x12\x00"), "doubled", "draft"},
    {"oneof member that is empty", PREVIEW, RAW("\x12\x00"), NULL, NULL},
    {"unknown field in an entry", ADD,
     RAW("\x1a\x00\x1a\x00\x1a\x00\x1a\x06\xea\x04\x03"
         "abc"),
     "unknown_field", "recipients[3]"},
    {"NUL deep inside", ADD,
     RAW("\x1a\x00\x1a\x07\x32\x05\x12\x03"
         "a\0b"),
     "nul", "recipients[1].headers[0].value"},
    {"bool above 1", ADD, RAW("\x1a\x02\x40\x02"), "out_of_range", "recipients[0].seed"},
    {"bytes may hold NUL", ADD, RAW("\x1a\x03\x3a\x01\0"), NULL, NULL},
    {"packed enums", LIST, RAW("\x0a\x02\x01\x02"), NULL, NULL},
    {"enums one by one", LIST, RAW("\x08\x01\x08\x02"), NULL, NULL},
    {"packed unknown enum", LIST, RAW("\x0a\x02\x01\x7f"), "unknown_value", "states[1]"},
    {"packed and cut", LIST, RAW("\x0a\x02\x01\x80"), "malformed", ""},
    {"fixed64 cut", REF, RAW("\x21\x01\x02\x03"), "malformed", ""},
    {"fixed64", REF, RAW("\x21\x01\x02\x03\x04\x05\x06\x07\x08"), NULL, NULL},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct problem problem = {0};
        int error = wire_scan(cases[i].descriptor, &wire_unpack_call_bounds, cases[i].bytes, NULL,
                              &problem);
        if ((error == 0) != (cases[i].rule == NULL)) {
            fail_msg("%s: %d %s", cases[i].what, error, problem.rule);
        }
        if (error != 0) {
            assert_string_equal(problem.rule, cases[i].rule);
            assert_string_equal(problem.field, cases[i].field);
        }
    }
}

/* Every prefix of a message that is cut inside its only field is refused, never read beyond. */
static void test_prefixes(void **state)
{
    (void)state;
    struct text whole = TEXT("\x1a\x18\x0a\x05"
                             "a@b.c\x12\x02"
                             "ab\x32\x0b\x0a\x03X-A\x12\x04"
                             "wert");
    for (size_t size = 1; size < whole.size; size++) {
        char *exact = xalloc_copy(whole.data, size);
        int error =
            wire_scan(ADD, &wire_unpack_call_bounds, (struct text){exact, size}, NULL, NULL);
        assert_int_equal(error, -EPROTO);
        free(exact);
    }
    assert_int_equal(wire_scan(ADD, &wire_unpack_call_bounds, whole, NULL, NULL), 0);
}

static void test_message_names_the_unknown_field(void **state)
{
    (void)state;
    struct problem problem;
    struct text bytes = TEXT("\x1a\x00\x1a\x03\xe8\x04\x01");
    assert_int_equal(wire_scan(ADD, &wire_unpack_call_bounds, bytes, NULL, &problem), -EPROTO);
    assert_string_equal(problem.message, "unknown field 77 in recipients[1]");
}

static void append_times(struct buffer *out, struct text piece, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        buffer_append_text(out, piece);
    }
}

static void test_counts_are_bounded(void **state)
{
    (void)state;
    struct buffer bytes = {0};
    struct problem problem;
    append_times(&bytes, TEXT("\x1a\x00"), 4096);
    assert_int_equal(wire_scan(ADD, &wire_unpack_call_bounds, buffer_text(&bytes), NULL, &problem),
                     0);
    append_times(&bytes, TEXT("\x1a\x00"), 1);
    assert_int_equal(wire_scan(ADD, &wire_unpack_call_bounds, buffer_text(&bytes), NULL, &problem),
                     -EMSGSIZE);
    assert_string_equal(problem.rule, "too_many");
    assert_string_equal(problem.field, "recipients");
    buffer_finish(&bytes);
}

/* LIBRARIES 2: 8 MiB of empty submessages would allocate 415 MiB. */
static void test_memory_is_bounded(void **state)
{
    (void)state;
    struct wire_bounds bounds = wire_unpack_call_bounds;
    bounds.entries = 10000000;
    bounds.counts = NULL;
    bounds.count_count = 0;
    struct buffer bytes = {0};
    struct problem problem;
    append_times(&bytes, TEXT("\x1a\x00"), (size_t)4 * 1024 * 1024);
    assert_int_equal(wire_scan(ADD, &bounds, buffer_text(&bytes), NULL, &problem), -EMSGSIZE);
    assert_string_equal(problem.rule, "too_large");
    append_times(&bytes, TEXT("\x1a\x00"), 1);
    assert_int_equal(wire_scan(ADD, &bounds, buffer_text(&bytes), NULL, &problem), -EMSGSIZE);
    buffer_finish(&bytes);
}

static void test_estimate_covers_what_unpacking_takes(void **state)
{
    (void)state;
    struct buffer whole = {0};
    for (size_t i = 0; i < 500; i++) {
        size_t mark = wire_varint_open(&whole, 3);
        buffer_append_text(&whole, TEXT("\x0a\x05"
                                        "a@b.c\x32\x0b\x0a\x03X-A\x12\x04wert"));
        wire_varint_close(&whole, mark);
    }
    size_t estimate = 0;
    struct arena *arena = arena_create(0);
    ProtobufCMessage *message = NULL;
    assert_int_equal(wire_scan(ADD, &wire_unpack_call_bounds, buffer_text(&whole), &estimate, NULL),
                     0);
    assert_int_equal(
        wire_unpack(ADD, &wire_unpack_call_bounds, buffer_text(&whole), arena, &message, NULL), 0);
    assert_true(arena_used(arena) <= estimate);
    const Hikyaku__V1__AddRecipientsRequest *request = (const void *)message;
    assert_int_equal(request->n_recipients, 500);
    assert_string_equal(request->recipients[499]->headers[0]->value, "wert");
    arena_destroy(&arena);
    buffer_finish(&whole);
}

static void test_depth_is_bounded(void **state)
{
    (void)state;
    struct wire_bounds bounds = wire_unpack_call_bounds;
    bounds.depth = 2;
    struct problem problem;
    struct text flat = TEXT("\x1a\x00");
    struct text deep = TEXT("\x1a\x02\x32\x00");
    assert_int_equal(wire_scan(ADD, &bounds, flat, NULL, NULL), 0);
    assert_int_equal(wire_scan(ADD, &bounds, deep, NULL, &problem), -EPROTO);
    assert_string_equal(problem.rule, "too_deep");
    assert_string_equal(problem.field, "recipients[0].headers[0]");
}

/* The handshake must be readable across versions; nothing else may hold what is not known. */
static void test_only_open_messages_pass_unknown_fields(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *fleet = &hikyaku__v1__fleet_message__descriptor;
    struct text hello = TEXT("\x0a\x06\xea\x04\x03"
                             "abc");
    struct text leaving = TEXT("\x5a\x06\xea\x04\x03"
                               "abc");
    assert_int_equal(wire_scan(fleet, &wire_unpack_fleet_bounds, hello, NULL, NULL), 0);
    assert_int_equal(wire_scan(fleet, &wire_unpack_fleet_bounds, leaving, NULL, NULL), -EPROTO);
    assert_int_equal(wire_scan(REF, &wire_unpack_store_bounds, TEXT("\xe8\x04\x01"), NULL, NULL),
                     0);
    assert_int_equal(wire_scan(REF, &wire_unpack_store_bounds, TEXT("\xeb\x04"), NULL, NULL),
                     -EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_message_names_the_unknown_field),
        cmocka_unit_test(test_counts_are_bounded),
        cmocka_unit_test(test_memory_is_bounded),
        cmocka_unit_test(test_estimate_covers_what_unpacking_takes),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_only_open_messages_pass_unknown_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
