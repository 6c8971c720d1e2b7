#include "coordinator/intake/intake.h"

#include "common/mail/rows.h"
#include "common/wire/wire_rules.h"
#include "coordinator/intake/intake_batches.h"
#include "coordinator/intake/intake_work.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct intake *intake_create(void)
{
    struct intake *intake = xalloc_zero(1, sizeof *intake);
    intake_entry_scratch_init(&intake->scratch);
    intake->digest = digest_create();
    intake->seal = seal_create(INTAKE_SEAL_LEVEL);
    return intake;
}

void intake_destroy(struct intake **intake)
{
    if (*intake == NULL) {
        return;
    }
    intake_entry_scratch_finish(&(*intake)->scratch);
    digest_destroy(&(*intake)->digest);
    seal_destroy(&(*intake)->seal);
    seal_wipe_buffer(&(*intake)->bytes);
    free(*intake);
    *intake = NULL;
}

/* The chunk's earlier row wins, whatever the store finds in earlier chunks. */
static void mark_duplicate(struct intake *intake, const struct intake_settings *settings,
                           struct intake_entry *entry)
{
    if (settings->duplicates != HIKYAKU__V1__DUPLICATES__DUPLICATES_KEEP) {
        entry->is_duplicate = intake_entry_seen_before(&intake->seen, entry->hash);
    }
}

static void take_recipient(struct intake *intake, const struct intake_settings *settings,
                           const Hikyaku__V1__Recipient *recipient, uint32_t position,
                           struct intake_result *result)
{
    struct problem problem;
    uint32_t index = result->chunk * ROWS_PER_CHUNK + position;
    struct intake_entry *entry = &intake->entries[intake->entry_count];
    if (wire_rules_recipient(recipient, settings->limits, &problem) != 0 ||
        intake_entry_check(&intake->scratch, settings, settings->prepared, recipient, entry,
                           &problem) != 0) {
        intake_batches_reject(result, index, &problem);
        return;
    }
    entry->position = position;
    mark_duplicate(intake, settings, entry);
    if (entry->is_duplicate && settings->duplicates == HIKYAKU__V1__DUPLICATES__DUPLICATES_REFUSE) {
        problem_set(&problem, "address", "duplicate", "stands twice in this chunk");
        intake_batches_reject(result, index, &problem);
        intake->stands_twice = true;
        return;
    }
    entry->group = intake_groups_add(&intake->groups, settings, entry->address.domain);
    intake->entry_count++;
}

/* @return 0, or why the chunk as a whole is refused */
static int verdict(const struct intake *intake, Hikyaku__V1__OnInvalid on_invalid,
                   const struct intake_result *result)
{
    if (intake->stands_twice) {
        return -EEXIST;
    }
    bool refuses = on_invalid == HIKYAKU__V1__ON_INVALID__ON_INVALID_REFUSE_CHUNK;
    return refuses && result->rejected_total > 0 ? -EINVAL : 0;
}

int intake_chunk(struct intake *intake, const struct intake_settings *settings,
                 const Hikyaku__V1__AddRecipientsRequest *request,
                 struct intake_result **ret_result)
{
    assert(request->n_recipients <= INTAKE_WORK_ROWS_MAX); /* wire_unpack_call_bounds */
    assert(settings->prepared != NULL);                    /* a campaign's content is whole */
    struct intake_result *result = intake_work_begin(intake, request->chunk);
    for (size_t i = 0; i < request->n_recipients; i++) {
        take_recipient(intake, settings, request->recipients[i], (uint32_t)i, result);
    }
    *ret_result = result;
    int error = verdict(intake, request->on_invalid, result);
    if (error != 0) {
        return error;
    }
    intake_work_digest(intake, TEXT("add_recipients"), &request->base, result->digest);
    intake_batches_make(&intake->groups, settings, intake->entries, intake->entry_count,
                        request->n_recipients, result);
    return 0;
}

static int seal_part(struct intake *intake, const struct intake_settings *settings,
                     struct seal_name *name, struct buffer *plain, struct buffer *sealed)
{
    struct text part = buffer_text(plain);
    int error = seal_encrypt(intake->seal, settings->data_key, name, &part, 1, sealed);
    assert(error != -EMSGSIZE); /* 500 bounded recipients */
    if (error == 0) {
        seal_wipe_buffer(plain);
    }
    return error;
}

int intake_seal(struct intake *intake, const struct intake_settings *settings,
                struct intake_result *result)
{
    struct seal_name name = {.kind = SEAL_RECIPIENTS};
    memcpy(name.campaign, settings->campaign, sizeof name.campaign);
    for (size_t i = 0; i < result->batch_count; i++) {
        struct intake_batch *batch = &result->batches[i];
        name.batch = batch->number;
        name.kind = SEAL_RECIPIENTS;
        int error =
            seal_part(intake, settings, &name, &batch->recipients, &batch->sealed_recipients);
        name.kind = SEAL_REFS;
        if (error == 0) {
            error = seal_part(intake, settings, &name, &batch->refs, &batch->sealed_refs);
        }
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

void intake_result_destroy(struct intake_result **result)
{
    if (*result == NULL) {
        return;
    }
    for (size_t i = 0; i < (*result)->batch_count; i++) {
        struct intake_batch *batch = &(*result)->batches[i];
        seal_wipe_buffer(&batch->recipients);
        seal_wipe_buffer(&batch->refs);
        buffer_finish(&batch->sealed_recipients);
        buffer_finish(&batch->sealed_refs);
    }
    arena_destroy(&(*result)->arena);
    free(*result);
    *result = NULL;
}
