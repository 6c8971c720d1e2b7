/* Campaigns and chunks for the tests of intake. */
#ifndef HIKYAKU_TESTS_UNIT_COORDINATOR_INTAKE_CHUNKS_H
#define HIKYAKU_TESTS_UNIT_COORDINATOR_INTAKE_CHUNKS_H

#include "common/base/table.h"
#include "common/mail/rows.h"
#include "common/wire/wire_effective.h"
#include "common/wire/wire_store.h"
#include "coordinator/intake/intake.h"
#include "coordinator/intake/intake_map.h"
#include "tests/unit/common/wire/requests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/** A campaign as it is loaded, and the working memory of a coordinator. */
struct chunks {
    struct arena *arena;
    struct intake *intake;
    struct intake_settings settings;
    Hikyaku__V1__CreateCampaignRequest *create; /* change it, then chunks_load() */
};

static inline struct text chunks_provider(const void *context, struct text domain)
{
    (void)context;
    if (text_equal(domain, TEXT("gmail.com")) || text_equal(domain, TEXT("googlemail.com"))) {
        return TEXT("google");
    }
    return text_equal(domain, TEXT("docomo.ne.jp")) ? TEXT("docomo") : TEXT("");
}

static inline int chunks_setup(void **state)
{
    struct chunks *chunks = xalloc_zero(1, sizeof *chunks);
    chunks->arena = arena_create(0);
    chunks->intake = intake_create();
    chunks->create = requests_create(chunks->arena);
    chunks->create->content->subject = requests_string(chunks->arena, "Hello");
    chunks->create->content->text = requests_string(chunks->arena, "Dear {{name}}, {{city}}");
    *state = chunks;
    return 0;
}

static inline int chunks_teardown(void **state)
{
    struct chunks *chunks = *state;
    intake_settings_finish(&chunks->settings);
    intake_destroy(&chunks->intake);
    assert_null(chunks->intake);
    arena_destroy(&chunks->arena);
    free(chunks);
    return 0;
}

static inline void chunks_load_stored(struct chunks *chunks,
                                      Hikyaku__V1__CreateCampaignRequest *effective)
{
    static const unsigned char campaign[IDENTITY_CAMPAIGN_BYTES] = {7, 1, 9};
    static const unsigned char token_key[TOKEN_KEY_BYTES] = {3};
    struct problem problem = {0};
    Hikyaku__V1__StoredCampaign *stored =
        requests_new(chunks->arena, &hikyaku__v1__stored_campaign__descriptor);
    stored->settings = effective;
    stored->feedback_sender_id = requests_string(chunks->arena, "hikyaku1");
    intake_settings_finish(&chunks->settings);
    int error =
        intake_settings_init(&chunks->settings, campaign, stored, &wire_limits_default, &problem);
    if (error != 0) {
        fail_msg("%s: %s", problem.field, problem.message);
    }
    memset(chunks->settings.data_key, 5, sizeof chunks->settings.data_key);
    memset(chunks->settings.duplicate_hash_key, 6, sizeof chunks->settings.duplicate_hash_key);
    token_campaign_key_derive(token_key, 1, campaign, &chunks->settings.token_key);
    chunks->settings.find_provider = chunks_provider;
}

static inline void chunks_load(struct chunks *chunks)
{
    struct wire_effective_tenant tenant = {"mkt", ""};
    chunks_load_stored(chunks, wire_effective_campaign(chunks->create, &wire_limits_default,
                                                       &tenant, chunks->arena));
}

/** A chunk of `count` default recipients: only an address each, to be overwritten. */
static inline Hikyaku__V1__AddRecipientsRequest *chunks_request(struct chunks *chunks,
                                                                uint32_t chunk, size_t count)
{
    Hikyaku__V1__AddRecipientsRequest *request =
        requests_new(chunks->arena, &hikyaku__v1__add_recipients_request__descriptor);
    request->campaign_id = requests_string(chunks->arena, "00000000000000000000000000");
    request->chunk = chunk;
    request->n_recipients = count;
    request->recipients = arena_zero(chunks->arena, count, sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        request->recipients[i] = requests_new(chunks->arena, &hikyaku__v1__recipient__descriptor);
        request->recipients[i]->fields =
            requests_string(chunks->arena, "{\"name\":\"Bob\",\"city\":\"Edo\"}");
    }
    return request;
}

static inline void chunks_address(struct chunks *chunks, Hikyaku__V1__AddRecipientsRequest *request,
                                  size_t place, const char *local, const char *domain)
{
    request->recipients[place]->address = arena_printf(chunks->arena, "%s@%s", local, domain);
}

/** Recipients u<place>@domain from `place` on. */
static inline void chunks_fill(struct chunks *chunks, Hikyaku__V1__AddRecipientsRequest *request,
                               size_t place, size_t count, const char *domain)
{
    for (size_t i = place; i < place + count; i++) {
        request->recipients[i]->address = arena_printf(chunks->arena, "u%zu@%s", i, domain);
    }
}

/** Recipient `row` of a batch not yet sealed. */
static inline void chunks_recipient(const struct intake_batch *batch, uint32_t row,
                                    struct wire_store_recipient *ret_recipient)
{
    struct text rest = buffer_text(&batch->recipients);
    for (uint32_t i = 0; i <= row; i++) {
        assert_int_equal(wire_store_next_recipient(&rest, ret_recipient), 0);
    }
}

/** The stored recipient of a position, found through the map. */
static inline void chunks_find(const struct intake_result *result, uint32_t position,
                               struct wire_store_recipient *ret_recipient)
{
    uint16_t ordinal = 0;
    uint32_t row = 0;
    assert_int_equal(intake_map_find(result->map, position, &ordinal, &row), 0);
    chunks_recipient(&result->batches[ordinal], row, ret_recipient);
}

static inline void chunks_assert_text(struct text got, const char *want)
{
    if (!text_equal(got, text_of(want))) {
        fail_msg("got \"%.*s\", want \"%s\"", TEXT_PRINT(got), want);
    }
}

#endif
