/* From an index to the recipient's batch, row, ref and domain. */
#include "coordinator/explain/explain_inside.h"

#include "common/wire/wire_store.h"
#include "coordinator/intake/intake_map.h"

#include <errno.h>
#include <string.h>

static void on_map(void *context, int error, struct text map)
{
    struct explain_ask *ask = context;
    uint16_t ordinal = 0;
    if (error == 0) {
        error =
            intake_map_find(map, ask->question.index % ROWS_PER_CHUNK, &ordinal, &ask->position);
    }
    if (error != 0) {
        explain_end(ask, error == -ENOENT ? -ENODATA : error, NULL);
        return;
    }
    ask->batch.number = ask->question.index / ROWS_PER_CHUNK << 16 | ordinal;
    explain_next(ask);
}

void explain_batch_find(struct explain_ask *ask)
{
    store_campaign_map(ask->explain->settings.store, ask->question.campaign,
                       ask->question.index / ROWS_PER_CHUNK, on_map, ask);
}

static void on_look(void *context, int error, const struct store_look_row *look)
{
    struct explain_ask *ask = context;
    if (error != 0) {
        explain_end(ask, error == -ENOENT ? -ENODATA : error, NULL);
        return;
    }
    ask->look = *look;
    ask->look.provider = arena_text(ask->arena, look->provider);
    ask->look.group = arena_text(ask->arena, look->group);
    explain_next(ask);
}

void explain_batch_look(struct explain_ask *ask)
{
    store_look_row(ask->explain->settings.store, &ask->batch, ask->position, on_look, ask);
}

static void on_refs(void *context, int error, const struct wire_store_ref *refs, size_t count)
{
    struct explain_ask *ask = context;
    if (explain_is_broken(error)) {
        explain_end(ask, error, NULL);
        return;
    }
    if (error == 0 && ask->position < count) {
        ask->ref = explain_text(ask, refs[ask->position].ref);
    }
    explain_next(ask);
}

void explain_batch_ref(struct explain_ask *ask)
{
    if (ask->content == NULL) {
        explain_next(ask);
        return;
    }
    event_batches_find(ask->explain->batches, ask->content, &ask->batch, on_refs, ask);
}

/* The part of an address that may be told. */
static void take_domain(struct explain_ask *ask, const struct wire_store_recipient *recipient)
{
    struct text address =
        recipient->wire_address.size > 0 ? recipient->wire_address : recipient->address;
    for (size_t i = address.size; i > 0; i--) {
        if (address.data[i - 1] == '@') {
            char *domain = explain_text(ask, text_skip(address, i));
            text_lower_ascii(domain, strlen(domain));
            ask->domain = domain;
            return;
        }
    }
}

static void read_domain(struct explain_ask *ask, struct text plain)
{
    struct wire_store_recipient recipient;
    uint32_t place = 0;
    while (wire_store_next_recipient(&plain, &recipient) == 0) {
        if (place++ == ask->position) {
            take_domain(ask, &recipient);
            return;
        }
    }
}

static void on_recipients(void *context, int error, struct text provider, struct text sealed)
{
    struct explain_ask *ask = context;
    struct buffer plain = {0};
    struct seal_name name = {.kind = SEAL_RECIPIENTS, .batch = ask->batch.number};
    (void)provider;
    if (explain_is_broken(error)) {
        explain_end(ask, error, NULL);
        return;
    }
    memcpy(name.campaign, ask->batch.campaign, sizeof name.campaign);
    if (error == 0 && seal_decrypt(ask->explain->seal, ask->content->data_key, &name, sealed,
                                   WIRE_STORE_PLAIN_BYTES_MAX, &plain) == 0) {
        read_domain(ask, buffer_text(&plain));
    }
    seal_wipe_buffer(&plain);
    explain_next(ask);
}

void explain_batch_domain(struct explain_ask *ask)
{
    if (ask->content == NULL || !rows_is_open(ask->look.row.state)) {
        explain_next(ask);
        return;
    }
    store_batch_recipients(ask->explain->settings.store, &ask->batch, on_recipients, ask);
}
