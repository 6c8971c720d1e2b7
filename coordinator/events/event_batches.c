#include "coordinator/events/event_batches.h"

#include "common/base/bytes.h"
#include "common/base/table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* Flushes of one batch come soon after each other: so many batches bound the memory to some MiB. */
#define KEPT_MAX 256
#define KEY_BYTES 20

struct event_batch {
    struct event_batches *owner; /* borrowed */
    unsigned char key[KEY_BYTES];
    struct buffer plain; /* owned; personal: wiped */
    struct wire_store_ref *refs;
    size_t count;
    struct event_batch *prev; /* by use, the oldest first */
    struct event_batch *next;
};

/* One look-up in the store. */
struct question {
    struct event_batches *owner;
    unsigned char key[KEY_BYTES];
    struct seal_name name;
    unsigned char data_key[SEAL_KEY_BYTES];
    event_batches_fn *on_refs;
    void *context;
};

struct event_batches {
    struct store *store; /* borrowed */
    struct seal *seal;   /* owned */
    struct table *table;
    struct event_batch *kept;
};

static struct text key_text(const unsigned char key[KEY_BYTES])
{
    return (struct text){(const char *)key, KEY_BYTES};
}

static void append(struct event_batches *batches, struct event_batch *batch)
{
    DL_APPEND(batches->kept, batch);
}

static void unlink_batch(struct event_batches *batches, struct event_batch *batch)
{
    DL_DELETE(batches->kept, batch);
}

static void forget(struct event_batches *batches, struct event_batch *batch)
{
    (void)table_remove(batches->table, key_text(batch->key));
    unlink_batch(batches, batch);
    seal_wipe_buffer(&batch->plain);
    free(batch->refs);
    free(batch);
}

struct event_batches *event_batches_create(struct store *store)
{
    struct event_batches *batches = xalloc_zero(1, sizeof *batches);
    batches->store = store;
    batches->seal = seal_create(0);
    batches->table = table_create();
    return batches;
}

void event_batches_destroy(struct event_batches **batches)
{
    if (*batches == NULL) {
        return;
    }
    while ((*batches)->kept != NULL) {
        forget(*batches, (*batches)->kept);
    }
    table_destroy(&(*batches)->table);
    seal_destroy(&(*batches)->seal);
    free(*batches);
    *batches = NULL;
}

/* @return 0 or -EPROTO */
static int read_refs(struct event_batch *batch)
{
    struct text rest = buffer_text(&batch->plain);
    batch->refs = xalloc_zero(ROWS_PER_BATCH_MAX, sizeof *batch->refs);
    for (;;) {
        struct wire_store_ref ref;
        int error = wire_store_next_ref(&rest, &ref);
        if (error == -ENODATA) {
            return 0;
        }
        if (error != 0 || batch->count == ROWS_PER_BATCH_MAX) {
            return -EPROTO;
        }
        batch->refs[batch->count++] = ref;
    }
}

static int open_batch(const struct question *question, struct text sealed,
                      struct event_batch **ret_batch)
{
    struct event_batches *batches = question->owner;
    struct event_batch *batch = xalloc_zero(1, sizeof *batch);
    batch->owner = batches;
    memcpy(batch->key, question->key, KEY_BYTES);
    int error = seal_decrypt(batches->seal, question->data_key, &question->name, sealed,
                             WIRE_STORE_PLAIN_BYTES_MAX, &batch->plain);
    error = error == 0 ? read_refs(batch) : error;
    if (error != 0) {
        seal_wipe_buffer(&batch->plain);
        free(batch->refs);
        free(batch);
        return error;
    }
    *ret_batch = batch;
    return 0;
}

static void keep(struct event_batches *batches, struct event_batch *batch)
{
    struct event_batch *same = table_get(batches->table, key_text(batch->key));
    if (same != NULL) {
        forget(batches, same); /* two questions for one batch */
    }
    if (table_count(batches->table) == KEPT_MAX) {
        forget(batches, batches->kept);
    }
    (void)table_put(batches->table, key_text(batch->key), batch);
    append(batches, batch);
}

static struct event_batch *find_kept(struct event_batches *batches, const unsigned char *key)
{
    struct event_batch *batch = table_get(batches->table, key_text(key));
    if (batch != NULL) {
        unlink_batch(batches, batch);
        append(batches, batch);
    }
    return batch;
}

static void on_sealed(void *context, int error, struct text provider, struct text sealed)
{
    struct question *question = context;
    struct event_batch *batch = NULL;
    (void)provider;
    if (error == 0) {
        error = open_batch(question, sealed, &batch);
    }
    if (error == 0) {
        keep(question->owner, batch);
        question->on_refs(question->context, 0, batch->refs, batch->count);
    } else {
        question->on_refs(question->context, error, NULL, 0);
    }
    seal_wipe(question->data_key, sizeof question->data_key);
    free(question);
}

void event_batches_find(struct event_batches *batches, const struct catalog_campaign *campaign,
                        const struct store_batch_name *name, event_batches_fn *on_refs,
                        void *context)
{
    unsigned char key[KEY_BYTES];
    memcpy(key, name->campaign, sizeof name->campaign);
    bytes_put_u32(key + sizeof name->campaign, name->number);
    struct event_batch *batch = find_kept(batches, key);
    if (batch != NULL) {
        on_refs(context, 0, batch->refs, batch->count);
        return;
    }
    struct question *question = xalloc_zero(1, sizeof *question);
    question->owner = batches;
    memcpy(question->key, key, sizeof key);
    question->name = (struct seal_name){.kind = SEAL_REFS, .batch = name->number};
    memcpy(question->name.campaign, name->campaign, sizeof question->name.campaign);
    memcpy(question->data_key, campaign->data_key, sizeof question->data_key);
    question->on_refs = on_refs;
    question->context = context;
    store_batch_refs(batches->store, name, on_sealed, question);
}
