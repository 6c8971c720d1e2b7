#include "coordinator/intake/intake_batches.h"

#include "common/mail/rows.h"
#include "coordinator/intake/intake_map.h"

void intake_batches_reject(struct intake_result *result, uint32_t index,
                           const struct problem *problem)
{
    result->rejected_total++;
    if (result->rejected == NULL) {
        result->rejected = arena_zero(result->arena, INTAKE_REJECTED_MAX, sizeof *result->rejected);
    }
    if (result->rejected_count < INTAKE_REJECTED_MAX) {
        result->rejected[result->rejected_count++] = (struct intake_rejected){
            .index = index,
            .field = arena_text(result->arena, text_of(problem->field)),
            .rule = arena_text(result->arena, text_of(problem->rule)),
            .message = arena_text(result->arena, text_of(problem->message)),
        };
    }
}

/* Give each batch its part of the row list; their counts start again while they are filled. */
static void lay_out_rows(struct intake_result *result, size_t count)
{
    struct intake_row *place = arena_zero(result->arena, count, sizeof *place);
    result->rows = place;
    result->row_count = count;
    for (size_t i = 0; i < result->batch_count; i++) {
        result->batches[i].rows = place;
        place += result->batches[i].row_count;
        result->batches[i].row_count = 0;
    }
}

/* A duplicate keeps its row and its ref, so that it can be found; nobody sends to it. */
static void append_recipient(const struct intake_entry *entry, uint32_t index, struct buffer *out)
{
    const Hikyaku__V1__Recipient *recipient = entry->recipient;
    struct wire_store_recipient stored;
    stored.index = index;
    stored.address = entry->address.given;
    stored.wire_address =
        text_equal(entry->address.wire, entry->address.given) ? TEXT("") : entry->address.wire;
    stored.display_name = text_of(recipient->display_name);
    stored.fields = entry->fields;
    stored.lang = text_of(recipient->lang);
    stored.header_count = recipient->n_headers;
    for (size_t i = 0; i < recipient->n_headers && i < WIRE_STORE_HEADERS_MAX; i++) {
        stored.headers[i] = (struct wire_store_header){text_of(recipient->headers[i]->name),
                                                       text_of(recipient->headers[i]->value)};
    }
    stored.override = entry->override;
    stored.needs_smtputf8 = entry->address.needs_smtputf8;
    wire_store_append_recipient(&stored, out);
}

static void append_row(const struct intake_settings *settings, struct intake_result *result,
                       const struct intake_entry *entry)
{
    struct intake_batch *batch = &result->batches[entry->ordinal];
    uint32_t index = result->chunk * ROWS_PER_CHUNK + entry->position;
    struct wire_store_ref ref = {
        .index = index,
        .ref = text_of(entry->recipient->ref),
        .consent = entry->recipient->consent,
        .labels = entry->labels,
        .label_count = entry->label_count,
    };
    if (entry->is_duplicate) {
        result->duplicates++;
        wire_store_append_recipient(&(struct wire_store_recipient){.index = index},
                                    &batch->recipients);
    } else {
        result->accepted++;
        ref.address_hash = entry->address_hash;
        append_recipient(entry, index, &batch->recipients);
    }
    wire_store_append_ref(&ref, &batch->refs);
    uint64_t hash = (uint64_t)entry->hash;
    batch->rows[batch->row_count++] = (struct intake_row){
        .hash = entry->hash,
        .bucket = settings->buckets > 0 ? (uint32_t)(hash % settings->buckets) : 0,
        .position = entry->position,
        .is_duplicate = entry->is_duplicate,
    };
}

void intake_batches_make(struct intake_groups *groups, const struct intake_settings *settings,
                         struct intake_entry *entries, size_t count, size_t positions,
                         struct intake_result *result)
{
    uint16_t ordinals[INTAKE_MAP_POSITIONS_MAX];
    for (size_t i = 0; i < positions; i++) {
        ordinals[i] = INTAKE_MAP_HOLE;
    }
    if (result->chunk == 0 && settings->canary_rows > 0) {
        intake_groups_choose_canary(groups, entries, count, settings->canary_rows);
    }
    intake_groups_assign(groups, entries, count, settings->batch_rows, result);
    lay_out_rows(result, count);
    for (size_t i = 0; i < count; i++) {
        ordinals[entries[i].position] = (uint16_t)entries[i].ordinal;
        append_row(settings, result, &entries[i]);
    }
    result->map = intake_map_pack(ordinals, positions, result->arena);
}
