#include "worker/claim/claim.h"

#include "common/security/identity.h"
#include "common/wire/wire_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void claim_print_name(const struct store_batch_name *name, char ret_text[CLAIM_NAME_BYTES])
{
    char id[IDENTITY_CAMPAIGN_LENGTH + 1];
    identity_campaign_to_text(name->campaign, id);
    (void)snprintf(ret_text, CLAIM_NAME_BYTES, "%s:%u", id, name->number);
}

struct claim *claim_create(struct campaign *campaign, const struct store_batch_name *name)
{
    struct claim *claim = xalloc_zero(1, sizeof *claim);
    claim_print_name(name, claim->text);
    claim->campaign = campaign;
    claim->name = *name;
    claim->is_transactional = campaign->lane == HIKYAKU__V1__LANE__LANE_TRANSACTIONAL;
    claim->expires_ms = UINT64_MAX;
    claim->row_count = ROWS_PER_BATCH_MAX;
    return claim;
}

void claim_destroy(struct claim **claim)
{
    if (*claim == NULL) {
        return;
    }
    seal_wipe_buffer(&(*claim)->recipients);
    free((*claim)->letters);
    free(*claim);
    *claim = NULL;
}

static struct text domain_of(struct text address)
{
    size_t at = address.size;
    while (at > 0 && address.data[at - 1] != '@') {
        at--;
    }
    return text_skip(address, at);
}

static bool is_due(const struct letter *letter, uint32_t due_by_unix_s)
{
    const struct claim *claim = letter->claim;
    return letter->position >= claim->first_row &&
           letter->position - claim->first_row < claim->row_count &&
           rows_is_open(letter->row.state) && letter->row.due <= due_by_unix_s;
}

/* The packed form of a recipient is what wire_store_next_recipient() took from the plaintext. */
static void fill_letter(struct letter *letter, const struct wire_store_recipient *recipient,
                        uint32_t due_by_unix_s)
{
    letter->index = recipient->index;
    letter->wire = recipient->wire_address.size > 0 ? recipient->wire_address : recipient->address;
    letter->domain = domain_of(letter->wire);
    letter->needs_smtputf8 = recipient->needs_smtputf8;
    if (is_due(letter, due_by_unix_s) && letter->domain.size > 0) {
        letter->place = LETTER_FILING;
    }
}

int claim_fill(struct claim *claim, struct text rows, uint32_t due_by_unix_s)
{
    size_t count = rows.size / ROWS_SIZE;
    if (rows.size % ROWS_SIZE != 0 || count == 0 || count > ROWS_PER_BATCH_MAX) {
        return -EPROTO;
    }
    claim->letters = xalloc_zero(count, sizeof *claim->letters);
    claim->count = (uint16_t)count;
    struct text rest = buffer_text(&claim->recipients);
    for (size_t i = 0; i < count; i++) {
        struct letter *letter = &claim->letters[i];
        struct wire_store_recipient recipient;
        struct text before = rest;
        if (wire_store_next_recipient(&rest, &recipient) != 0) {
            return -EPROTO;
        }
        letter->claim = claim;
        letter->position = (uint16_t)i;
        letter->packed = (struct text){before.data, before.size - rest.size};
        rows_decode((const unsigned char *)rows.data + i * ROWS_SIZE, &letter->row);
        fill_letter(letter, &recipient, due_by_unix_s);
        claim->working += letter->place == LETTER_FILING;
    }
    return rest.size == 0 ? 0 : -EPROTO;
}

void claim_fill_damaged(struct claim *claim, struct text rows, uint32_t due_by_unix_s)
{
    size_t count = rows.size / ROWS_SIZE;
    count = count < ROWS_PER_BATCH_MAX ? count : ROWS_PER_BATCH_MAX;
    seal_wipe_buffer(&claim->recipients);
    free(claim->letters);
    claim->letters = xalloc_zero(count, sizeof *claim->letters);
    claim->count = (uint16_t)count;
    claim->working = 0;
    claim->is_damaged = true;
    for (size_t i = 0; i < count; i++) {
        struct letter *letter = &claim->letters[i];
        letter->claim = claim;
        letter->position = (uint16_t)i;
        rows_decode((const unsigned char *)rows.data + i * ROWS_SIZE, &letter->row);
        if (is_due(letter, due_by_unix_s)) {
            letter->place = LETTER_FILING;
            claim->working++;
        }
    }
}
