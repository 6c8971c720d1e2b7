#include "worker/suppress/suppress.h"

#include "common/mail/address.h"
#include "common/store/store_suppression.h"
#include "common/wire/wire_store.h"
#include "worker/suppress/suppress_news.h"
#include "worker/suppress/suppress_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define TICK_MS 500

static void ask(struct suppress_check *check);

/* ------------------------------------------------------------------ hashes */

/* As intake made it of the same address; what cannot be read stands for itself. */
static void hash_letter(struct letter *letter, struct arena *arena)
{
    struct text packed = letter->packed;
    struct wire_store_recipient stored;
    struct address address;
    char key[ADDRESS_KEY_BYTES_MAX];
    struct text normalised = letter->wire;
    if (wire_store_next_recipient(&packed, &stored) == 0 &&
        address_parse(stored.address, NULL, arena, &address, NULL) == 0) {
        normalised = (struct text){key, address_key(&address, key)};
    }
    address_hash_make(letter->claim->campaign->address_hash_key, normalised, letter->person);
}

static void hash_letters(struct suppress *suppress, struct claim *claim)
{
    for (size_t i = 0; i < claim->count; i++) {
        if (claim->letters[i].place == LETTER_FILING) {
            arena_reset(suppress->arena);
            hash_letter(&claim->letters[i], suppress->arena);
        }
    }
}

/* ------------------------------------------------------------------ look-ups */

static struct suppress_watch *watch_of(struct suppress *suppress, struct text tenant)
{
    struct suppress_watch *watch = table_get(suppress->watches, tenant);
    if (watch == NULL) {
        watch = xalloc_zero(1, sizeof *watch);
        watch->suppress = suppress;
        watch->tenant = text_to_string(tenant);
        (void)table_put(suppress->watches, tenant, watch);
    }
    return watch;
}

static void note_hits(struct suppress_check *check, const struct store_suppression_hit *hits,
                      size_t count)
{
    const struct suppress *suppress = check->suppress;
    const struct campaign *campaign = check->claim->campaign;
    int64_t now_unix_s = store_now_unix_ms(suppress->settings.store) / 1000;
    for (size_t i = 0; i < count; i++) {
        struct letter *letter = &check->claim->letters[check->positions[hits[i].position]];
        enum suppression_reason reason =
            suppression_record_judge(hits[i].value, campaign->is_advertising, now_unix_s);
        if (reason != SUPPRESSION_NONE && suppress_may_be_sent(letter)) {
            suppress_tell(check, letter, reason);
        }
    }
}

static void begin_again(struct suppress_watch *watch)
{
    struct suppress_check *check = NULL;
    watch->has_number = false;
    DL_FOREACH(watch->checks, check)
    {
        check->is_asked = false;
    }
}

static void on_found(void *context, int error, uint64_t number,
                     const struct store_suppression_hit *hits, size_t count)
{
    struct suppress_check *check = context;
    check->is_asking = false;
    if (check->claim == NULL) {
        free(check);
        return;
    }
    if (error != 0) {
        return; /* asked again with the next tick */
    }
    struct suppress_watch *watch = check->watch;
    if (watch->has_number && number < watch->number) {
        begin_again(watch); /* the store has lost what it told us */
    }
    if (!watch->has_number) {
        watch->has_number = true;
        watch->number = number;
        watch->read_ms = check->asked_ms;
        /* One answer vouches for its claim alone; once news come with all asked they are known. */
        watch->known_ms = watch->known_ms == 0 ? check->asked_ms : watch->known_ms;
    }
    check->is_asked = true;
    note_hits(check, hits, count);
    if (!check->claim->is_checked) {
        check->claim->is_checked = true;
        check->suppress->settings.on_checked(check->suppress->settings.context, check->claim);
    }
}

static void ask(struct suppress_check *check)
{
    struct suppress *suppress = check->suppress;
    struct claim *claim = check->claim;
    const struct store_suppression_list list = {claim->campaign->tenant,
                                                claim->campaign->suppression_stream};
    size_t count = 0;
    buffer_clear(&suppress->hashes);
    for (size_t i = 0; i < claim->count; i++) {
        if (suppress_may_be_sent(&claim->letters[i])) {
            check->positions[count++] = (uint16_t)i;
            buffer_append(&suppress->hashes, claim->letters[i].person, ADDRESS_HASH_BYTES);
        }
    }
    if (count == 0) {
        check->is_asked = claim->is_checked = true; /* it has nothing that could be sent */
        return;
    }
    check->is_asking = true;
    check->asked_ms = loop_now_ms(suppress->settings.loop);
    store_suppression_find(suppress->settings.store, &list, buffer_text(&suppress->hashes),
                           on_found, check);
}

void suppress_add(struct suppress *suppress, struct claim *claim)
{
    struct suppress_check *check = xalloc_zero(1, sizeof *check);
    check->suppress = suppress;
    check->claim = claim;
    check->watch = watch_of(suppress, claim->campaign->tenant);
    DL_APPEND(check->watch->checks, check);
    claim->suppress = check;
    hash_letters(suppress, claim);
    ask(check);
}

void suppress_remove(struct claim *claim)
{
    struct suppress_check *check = claim->suppress;
    if (check == NULL) {
        return;
    }
    claim->suppress = NULL;
    DL_DELETE(check->watch->checks, check);
    check->claim = NULL;
    check->watch = NULL;
    if (!check->is_asking) {
        free(check);
    }
}

void suppress_resume(struct suppress *suppress)
{
    struct table_walk walk;
    struct suppress_watch *watch = table_first(suppress->watches, &walk);
    for (; watch != NULL; watch = table_next(&walk)) {
        begin_again(watch);
    }
}

/* ------------------------------------------------------------------ time */

bool suppress_is_known(const struct suppress *suppress)
{
    uint64_t now_ms = loop_now_ms(suppress->settings.loop);
    struct table_walk walk;
    const struct suppress_watch *watch = table_first(suppress->watches, &walk);
    for (; watch != NULL; watch = table_next(&walk)) {
        /* Without a number none of its letters has been handed out, or all are asked for anew. */
        if (watch->known_ms != 0 && now_ms - watch->known_ms >= SUPPRESS_KNOWN_MS &&
            watch->checks != NULL) {
            return false;
        }
    }
    return true;
}

/* One of which nothing is left to be asked: news has named all its letters meanwhile. */
static void ask_again(struct suppress_check *check)
{
    bool was_checked = check->claim->is_checked;
    ask(check);
    if (!was_checked && check->claim->is_checked) {
        check->suppress->settings.on_checked(check->suppress->settings.context, check->claim);
    }
}

static void ask_all(struct suppress_watch *watch)
{
    struct suppress_check *check = NULL;
    struct suppress_check *next = NULL;
    DL_FOREACH_SAFE(watch->checks, check, next)
    {
        if (!check->is_asked && !check->is_asking) {
            ask_again(check);
        }
    }
}

static void on_tick(void *context)
{
    struct suppress *suppress = context;
    uint64_t now_ms = loop_now_ms(suppress->settings.loop);
    struct suppress_watch *idle = NULL;
    struct table_walk walk;
    struct suppress_watch *watch = table_first(suppress->watches, &walk);
    for (; watch != NULL; watch = table_next(&walk)) {
        if (watch->checks == NULL && !watch->is_reading) {
            idle = watch;
        } else if (store_is_ready(suppress->settings.store)) {
            ask_all(watch);
            suppress_news_read(watch, now_ms);
        }
    }
    if (idle != NULL) { /* one a tick: tenants are few */
        (void)table_remove(suppress->watches, text_of(idle->tenant));
        free(idle->tenant);
        free(idle);
    }
}

struct suppress *suppress_create(const struct suppress_settings *settings)
{
    struct suppress *suppress = xalloc_zero(1, sizeof *suppress);
    suppress->settings = *settings;
    suppress->watches = table_create();
    suppress->arena = arena_create(0);
    suppress->timer = loop_timer_create(settings->loop, on_tick, suppress);
    loop_timer_start(suppress->timer, TICK_MS, TICK_MS);
    return suppress;
}

void suppress_destroy(struct suppress **suppress)
{
    if (*suppress == NULL) {
        return;
    }
    loop_timer_destroy(&(*suppress)->timer);
    struct table_walk walk;
    struct suppress_watch *watch = table_first((*suppress)->watches, &walk);
    for (; watch != NULL; watch = table_next(&walk)) {
        assert(watch->checks == NULL);
        free(watch->tenant);
        free(watch);
    }
    table_destroy(&(*suppress)->watches);
    arena_destroy(&(*suppress)->arena);
    buffer_finish(&(*suppress)->hashes);
    free(*suppress);
    *suppress = NULL;
}
