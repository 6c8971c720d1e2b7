/* Any bytes as a CreateCampaign body: scan, unpack, rules, defaults, canonical form. What unpacks
 * has a canonical form that unpacks to the same canonical form. */
#include "common/wire/wire_canonical.h"
#include "common/wire/wire_effective.h"
#include "common/wire/wire_rules.h"
#include "common/wire/wire_unpack.h"

#include <assert.h>
#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DESCRIPTOR (&hikyaku__v1__create_campaign_request__descriptor)

static void check_canonical(const ProtobufCMessage *message, struct arena *arena)
{
    struct buffer once = {0};
    struct buffer twice = {0};
    ProtobufCMessage *again = NULL;
    wire_canonical_append(message, &once);
    int error =
        wire_unpack(DESCRIPTOR, &wire_unpack_call_bounds, buffer_text(&once), arena, &again, NULL);
    assert(error == 0 || error == -EMSGSIZE);
    if (error == 0) {
        wire_canonical_append(again, &twice);
        assert(text_equal(buffer_text(&once), buffer_text(&twice)));
    }
    buffer_finish(&once);
    buffer_finish(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct problem_list problems;
    struct problem problem;
    struct arena *arena = arena_create(0);
    ProtobufCMessage *message = NULL;
    size_t estimate = 0;
    struct text bytes = {(const char *)data, size};
    if (wire_scan(DESCRIPTOR, &wire_unpack_call_bounds, bytes, &estimate, &problem) == 0) {
        int error =
            wire_unpack(DESCRIPTOR, &wire_unpack_call_bounds, bytes, arena, &message, &problem);
        assert(error == 0);
        assert(arena_used(arena) <= estimate);
        problems.count = problems.total = 0;
        const Hikyaku__V1__CreateCampaignRequest *request = (const void *)message;
        struct wire_effective_tenant tenant = {"pool", ""};
        if (wire_rules_check(message, &wire_limits_default, &problems) == 0) {
            request = wire_effective_campaign(request, &wire_limits_default, &tenant, arena);
            request = wire_effective_without_data(request, arena);
        }
        check_canonical(&request->base, arena);
    }
    arena_destroy(&arena);
    return 0;
}
