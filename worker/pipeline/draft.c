#include "worker/pipeline/draft.h"

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/trap.h"
#include "common/mail/unsubscribe_link.h"
#include "common/security/address_hash.h"
#include "common/wire/wire_store.h"
#include "worker/pipeline/dkim_keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Buffers beyond this are given back: one large message shall not make all drafts large. */
#define KEPT_BYTES ((size_t)64 * 1024)

struct draft_scratch {
    struct arena *arena;
    struct compose_scratch *compose;
    struct dkim_signer_scratch *signer;
    uint64_t sign_cpu_us; /* not taken yet */
};

struct draft_scratch *draft_scratch_create(void)
{
    struct draft_scratch *scratch = xalloc_zero(1, sizeof *scratch);
    scratch->arena = arena_create(0);
    scratch->compose = compose_scratch_create();
    scratch->signer = dkim_signer_scratch_create();
    return scratch;
}

void draft_scratch_destroy(struct draft_scratch **scratch)
{
    if (*scratch == NULL) {
        return;
    }
    arena_destroy(&(*scratch)->arena);
    compose_scratch_destroy(&(*scratch)->compose);
    dkim_signer_scratch_destroy(&(*scratch)->signer);
    free(*scratch);
    *scratch = NULL;
}

uint64_t draft_scratch_take_sign_cpu_us(struct draft_scratch *scratch)
{
    uint64_t cpu_us = scratch->sign_cpu_us;
    scratch->sign_cpu_us = 0;
    return cpu_us;
}

/* U3: a link for each. Ours says all that is needed when the campaign is gone; the caller's own
 * names the recipient as Message-ID and return path do. */
static struct text unsubscribe_url(const struct draft *draft,
                                   const unsigned char person[ADDRESS_HASH_BYTES],
                                   struct arena *arena)
{
    const struct letter *letter = draft->letter;
    const struct campaign *campaign = letter->claim->campaign;
    char token[UNSUBSCRIBE_TOKEN_LENGTH_MAX + 1];
    size_t size = TOKEN_LENGTH;
    if (campaign->unsubscribe_url.size == 0) {
        return campaign->unsubscribe_url;
    }
    if (campaign->unsubscribe_mode == HIKYAKU__V1__UNSUBSCRIBE_MODE__UNSUBSCRIBE_MODE_HIKYAKU) {
        struct unsubscribe_token_recipient recipient = {.index = letter->index,
                                                        .batch = letter->claim->name.number,
                                                        .position = letter->position};
        memcpy(recipient.hash, person, sizeof recipient.hash);
        size = unsubscribe_token_make(&campaign->unsubscribe_key, &campaign->unsubscribe_list,
                                      &recipient, token);
    } else {
        token_make(&campaign->token_key, TOKEN_UNSUBSCRIBE, letter->index, person, token);
    }
    return unsubscribe_link_make(campaign->unsubscribe_mode, campaign->unsubscribe_url,
                                 (struct text){token, size}, arena);
}

static void make_tokens(struct draft *draft, struct text key, struct arena *arena,
                        struct compose_recipient *recipient)
{
    const struct campaign *campaign = draft->letter->claim->campaign;
    uint32_t index = draft->letter->index;
    char token[TOKEN_LENGTH + 1];
    unsigned char person[ADDRESS_HASH_BYTES];
    address_hash_make(campaign->address_hash_key, key, person);
    token_make(&campaign->token_key, TOKEN_MESSAGE_ID, index, person, token);
    recipient->message_id =
        text_of(arena_printf(arena, "%s@%.*s", token, TEXT_PRINT(campaign->from_domain)));
    recipient->unsubscribe_url = unsubscribe_url(draft, person, arena);
    recipient->unsubscribe_mailto = campaign->unsubscribe_mailto;
    if (campaign->is_verp) {
        token_make(&campaign->token_key, TOKEN_VERP, index, person, token);
    }
    (void)snprintf(draft->sender, sizeof draft->sender, "%s@%.*s",
                   campaign->is_verp ? token : "bounces", TEXT_PRINT(campaign->return_path_domain));
}

static int find_prepared(struct draft *draft, struct text override, struct arena *arena,
                         const struct compose_prepared **ret_prepared)
{
    const struct campaign *campaign = draft->letter->claim->campaign;
    Hikyaku__V1__MessageItem *item = NULL;
    *ret_prepared = campaign->prepared;
    if (override.size > 0) {
        int error = wire_store_read_override(override, arena, &item);
        if (error != 0) {
            return error;
        }
    }
    if (item != NULL && content_is_overridden(item)) {
        int error = content_prepare_message(campaign->content, item, &campaign->options,
                                            campaign->prepared, &draft->own, &draft->problem);
        if (error != 0) {
            return error;
        }
        *ret_prepared = draft->own;
    }
    return *ret_prepared != NULL ? 0 : -EINVAL;
}

static int compose(struct draft *draft, struct draft_scratch *scratch)
{
    struct wire_store_recipient stored;
    struct text packed = draft->letter->packed;
    struct compose_header headers[WIRE_STORE_HEADERS_MAX];
    struct address address;
    char key[ADDRESS_KEY_BYTES_MAX];
    const struct compose_prepared *prepared = NULL;
    struct compose_recipient recipient = {.address = &address, .date_unix_s = draft->now_unix_s};
    arena_reset(scratch->arena);
    int error = wire_store_next_recipient(&packed, &stored);
    if (error == 0) {
        trap_step_on(TRAP_COMPOSE, stored.address);
        error = address_parse(stored.address, NULL, scratch->arena, &address, &draft->problem);
    }
    if (error == 0) {
        error = fields_parse(stored.fields, &fields_limits_recipient, scratch->arena,
                             &recipient.fields, &draft->problem);
    }
    if (error == 0) {
        error = find_prepared(draft, stored.override, scratch->arena, &prepared);
    }
    if (error != 0) {
        return error;
    }
    for (size_t i = 0; i < stored.header_count; i++) {
        headers[i] = (struct compose_header){stored.headers[i].name, stored.headers[i].value};
    }
    recipient.display_name = stored.display_name;
    recipient.lang = stored.lang;
    recipient.headers = headers;
    recipient.header_count = stored.header_count;
    recipient.boundary_seed =
        bytes_get_u64(draft->letter->claim->name.campaign) ^ draft->letter->index;
    make_tokens(draft, (struct text){key, address_key(&address, key)}, scratch->arena, &recipient);
    return compose_message(prepared, &recipient, scratch->compose, &draft->message,
                           &draft->problem);
}

static void fill_wire(struct draft *draft)
{
    struct letter *letter = draft->letter;
    draft->wire = (struct smtp_message){
        .sender = text_of(draft->sender),
        .recipient = letter->wire,
        .signature = buffer_text(&draft->signature),
        .parts = draft->message.parts,
        .part_count = draft->message.count,
        .size_bytes = draft->message.size + draft->signature.size,
        .is_8bit = draft->message.needs_smtputf8,
        .needs_smtputf8 = letter->needs_smtputf8,
        .context = letter,
    };
}

void draft_write_all(struct draft_scratch *scratch, struct draft *const *drafts, size_t count)
{
    struct dkim_signer_message messages[DKIM_SIGNER_BATCH_MAX];
    size_t signing[DKIM_SIGNER_BATCH_MAX];
    size_t signed_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct draft *draft = drafts[i];
        const struct dkim_keys_domain *domain = draft->letter->claim->campaign->signing;
        draft->error = compose(draft, scratch);
        if (draft->error == 0 && domain != NULL) {
            messages[signed_count] = (struct dkim_signer_message){
                .signer = domain->signer,
                .parts = draft->message.parts,
                .part_count = draft->message.count,
                .signed_unix_s = (uint64_t)draft->now_unix_s,
                .output = &draft->signature,
            };
            signing[signed_count++] = i;
        }
    }
    if (signed_count > 0) {
        uint64_t before_us = clock_thread_cpu_us();
        dkim_signer_sign_all(scratch->signer, messages, signed_count);
        scratch->sign_cpu_us += clock_thread_cpu_us() - before_us;
    }
    for (size_t i = 0; i < signed_count; i++) {
        drafts[signing[i]]->error = messages[i].result;
    }
    for (size_t i = 0; i < count; i++) {
        if (drafts[i]->error == 0) {
            fill_wire(drafts[i]);
        }
    }
}

void draft_clear(struct draft *draft)
{
    compose_destroy(&draft->own);
    if (draft->message.bytes.capacity > KEPT_BYTES) {
        compose_finish(&draft->message);
    }
    if (draft->signature.capacity > KEPT_BYTES) {
        buffer_finish(&draft->signature);
    }
    buffer_clear(&draft->signature);
    draft->letter = NULL;
    draft->error = 0;
    draft->problem = (struct problem){0};
}

void draft_finish(struct draft *draft)
{
    draft_clear(draft);
    compose_finish(&draft->message);
    buffer_finish(&draft->signature);
}
