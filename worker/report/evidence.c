#include "worker/report/evidence.h"

#include "common/base/log.h"
#include "common/base/xalloc.h"
#include "common/security/identity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* What one flush knows. */
struct parcel {
    struct evidence *evidence; /* borrowed */
    struct store_batch_name name;
    uint64_t epoch;
    uint64_t flushed_ms;
    char *tenant;
    struct store_row_change *changes;
    size_t count;
    char *sealed;
    size_t sealed_bytes;
    size_t tenant_bytes;
    struct parcel *prev;
    struct parcel *next;
};

struct evidence {
    struct store *store;
    struct parcel *remembered; /* oldest first */
    struct parcel *waiting;
    size_t remembered_count;
    size_t waiting_count; /* in hand of the store ones too */
    size_t calls;
    size_t bytes; /* of those remembered */
};

struct evidence *evidence_create(struct store *store)
{
    struct evidence *evidence = xalloc_zero(1, sizeof *evidence);
    evidence->store = store;
    return evidence;
}

/* One block: the parcel, its changes, its texts. */
static struct parcel *create(struct evidence *evidence, const struct store_claim *claim,
                             const struct store_evidence *known)
{
    size_t rows = known->count * sizeof *known->changes;
    struct parcel *parcel =
        xalloc_zero(1, sizeof *parcel + rows + claim->tenant.size + known->sealed_details.size + 2);
    *parcel = (struct parcel){.evidence = evidence,
                              .name = claim->name,
                              .epoch = claim->epoch,
                              .changes = (struct store_row_change *)(parcel + 1),
                              .count = known->count,
                              .sealed_bytes = known->sealed_details.size,
                              .tenant_bytes = claim->tenant.size};
    parcel->tenant = (char *)(parcel->changes + known->count);
    parcel->sealed = parcel->tenant + claim->tenant.size + 1;
    memcpy(parcel->changes, known->changes, rows);
    memcpy(parcel->tenant, claim->tenant.data, claim->tenant.size);
    if (known->sealed_details.size > 0) {
        memcpy(parcel->sealed, known->sealed_details.data, known->sealed_details.size);
    }
    return parcel;
}

static size_t bytes_of(const struct parcel *parcel)
{
    return sizeof *parcel + parcel->count * sizeof *parcel->changes + parcel->tenant_bytes +
           parcel->sealed_bytes;
}

static struct parcel *take_oldest(struct evidence *evidence)
{
    struct parcel *parcel = evidence->remembered;
    DL_DELETE(evidence->remembered, parcel);
    evidence->remembered_count--;
    evidence->bytes -= bytes_of(parcel);
    return parcel;
}

/* It may be asked for again, should Redis forget. */
static void keep(struct evidence *evidence, struct parcel *parcel)
{
    DL_APPEND(evidence->remembered, parcel);
    evidence->remembered_count++;
    evidence->bytes += bytes_of(parcel);
    while (evidence->bytes > EVIDENCE_BYTES_MAX) {
        free(take_oldest(evidence));
    }
}

static void await(struct evidence *evidence, struct parcel *parcel)
{
    DL_APPEND(evidence->waiting, parcel);
    evidence->waiting_count++;
}

static struct parcel *take_waiting(struct evidence *evidence)
{
    struct parcel *parcel = evidence->waiting;
    DL_DELETE(evidence->waiting, parcel);
    return parcel;
}

void evidence_destroy(struct evidence **evidence)
{
    if (*evidence == NULL) {
        return;
    }
    evidence_repeat(*evidence);
    while ((*evidence)->waiting != NULL) {
        free(take_waiting(*evidence));
    }
    free(*evidence);
    *evidence = NULL;
}

void evidence_add(struct evidence *evidence, const struct store_claim *claim,
                  const struct store_evidence *known)
{
    if (known->count > 0) {
        await(evidence, create(evidence, claim, known));
    }
}

void evidence_remember(struct evidence *evidence, const struct store_claim *claim,
                       const struct store_evidence *known, uint64_t now_ms)
{
    if (known->count == 0) {
        return;
    }
    struct parcel *parcel = create(evidence, claim, known);
    parcel->flushed_ms = now_ms;
    keep(evidence, parcel);
}

void evidence_repeat(struct evidence *evidence)
{
    while (evidence->remembered != NULL) {
        await(evidence, take_oldest(evidence));
    }
}

/* ---------------------------------------------------------------- calls */

static void log_taken(const struct parcel *parcel, int error, uint32_t changed)
{
    char campaign[IDENTITY_CAMPAIGN_LENGTH + 1];
    identity_campaign_to_text(parcel->name.campaign, campaign);
    LOG(LOG_EVIDENCE, NULL, log_string("campaign", campaign),
        log_number("batch", parcel->name.number), log_number("known", (int64_t)parcel->count),
        log_number("changed", changed), log_number("error", error));
}

static void on_taken(void *context, int error, uint32_t changed, uint8_t campaign_state)
{
    (void)campaign_state;
    struct parcel *parcel = context;
    struct evidence *evidence = parcel->evidence;
    evidence->calls--;
    if (error == -EAGAIN || error == -ECONNRESET) {
        DL_PREPEND(evidence->waiting, parcel); /* asked again when the store is there */
        return;
    }
    log_taken(parcel, error, changed);
    evidence->waiting_count--;
    if (error == 0) {
        keep(evidence, parcel);
    } else {
        free(parcel);
    }
}

static void ask_next(struct evidence *evidence, uint64_t now_ms)
{
    struct parcel *parcel = take_waiting(evidence);
    parcel->flushed_ms = now_ms;
    struct store_claim claim = {
        parcel->name, parcel->epoch, {parcel->tenant, parcel->tenant_bytes}};
    struct store_evidence known = {
        parcel->changes, parcel->count, {parcel->sealed, parcel->sealed_bytes}};
    evidence->calls++;
    store_doubt_evidence(evidence->store, &claim, &known, on_taken, parcel);
}

void evidence_advance(struct evidence *evidence, uint64_t now_ms)
{
    if (!store_is_ready(evidence->store)) {
        return; /* nothing grows old: what was flushed just before may be what is lost */
    }
    while (evidence->remembered != NULL &&
           now_ms - evidence->remembered->flushed_ms >= EVIDENCE_KEPT_MS) {
        free(take_oldest(evidence));
    }
    for (size_t i = evidence->calls; i < EVIDENCE_CALLS_MAX && evidence->waiting != NULL; i++) {
        ask_next(evidence, now_ms);
    }
}

size_t evidence_waiting(const struct evidence *evidence)
{
    return evidence->waiting_count;
}

size_t evidence_remembered(const struct evidence *evidence)
{
    return evidence->remembered_count;
}
