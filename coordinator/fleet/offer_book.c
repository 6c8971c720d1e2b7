#include "coordinator/fleet/offer_book.h"

#include "common/base/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* What a worker has room for of one group, in one lane. */
struct part {
    uint32_t told;
    uint32_t open; /* as in its room */
    bool is_named; /* in what the worker told last */
    char *group;
};

/* A worker's place in a pool. */
struct room {
    struct worker *worker;
    struct pool *pool;
    uint32_t told[READY_LANE_COUNT];
    uint32_t open[READY_LANE_COUNT];       /* recipients offered, without answer */
    uint32_t each[READY_LANE_COUNT];       /* of a group that has no part; 0: not bounded */
    struct table *parts[READY_LANE_COUNT]; /* by group */
    bool is_told;                          /* in the credit that is being taken over */
    bool is_dry;                           /* nothing fitted, */
    uint64_t dry_version;                  /* when the queues were so */
    struct room *prev;                     /* in the pool's ring: next in turn first */
    struct room *next;
    struct room *other; /* next pool of the same worker */
};

struct pool {
    char *name;
    struct room *rooms;
};

struct worker {
    unsigned char session[OFFER_BOOK_SESSION_BYTES];
    struct room *rooms; /* list by `other` */
};

struct offer {
    struct offer_pick pick;
    struct room *room; /* NULL: its worker is gone, */
    struct part *part; /* and so is this; NULL besides: of a suspect batch */
    uint64_t sent_ms;
    bool is_sent;
    struct offer *prev;
    struct offer *next;
};

struct offer_book {
    struct ready *ready; /* borrowed */
    struct table *pools; /* by name */
    struct pool *list[OFFER_BOOK_POOLS_MAX];
    size_t pool_count;
    size_t turn;           /* which pool is asked first */
    struct table *workers; /* by session */
    struct table *offers;  /* by id */
    struct offer *sent;    /* longest ago first */
    struct offer *fetched; /* not sent yet */
    uint64_t last_id;
};

struct offer_book *offer_book_create(struct ready *ready)
{
    struct offer_book *book = xalloc_zero(1, sizeof *book);
    book->ready = ready;
    book->pools = table_create();
    book->workers = table_create();
    book->offers = table_create();
    return book;
}

static struct text session_key(const unsigned char session[OFFER_BOOK_SESSION_BYTES])
{
    return (struct text){(const char *)session, OFFER_BOOK_SESSION_BYTES};
}

static void unlink_room(struct room *room)
{
    DL_DELETE(room->pool->rooms, room);
}

static void free_part(struct part *part)
{
    free(part->group);
    free(part);
}

static void free_parts(struct table **parts)
{
    struct table_walk walk;
    struct part *part = table_first(*parts, &walk);
    for (; part != NULL; part = table_next(&walk)) {
        free_part(part);
    }
    table_destroy(parts);
}

static void free_worker(struct worker *worker)
{
    while (worker->rooms != NULL) {
        struct room *room = worker->rooms;
        worker->rooms = room->other;
        unlink_room(room);
        for (int lane = 0; lane < READY_LANE_COUNT; lane++) {
            free_parts(&room->parts[lane]);
        }
        free(room);
    }
    free(worker);
}

static void free_offers(struct offer *list)
{
    struct offer *after = NULL;
    for (struct offer *offer = list; offer != NULL; offer = after) {
        after = offer->next;
        free(offer);
    }
}

void offer_book_destroy(struct offer_book **book)
{
    if (*book == NULL) {
        return;
    }
    struct table_walk walk;
    struct worker *worker = table_first((*book)->workers, &walk);
    for (; worker != NULL; worker = table_next(&walk)) {
        free_worker(worker);
    }
    free_offers((*book)->sent);
    free_offers((*book)->fetched);
    for (size_t i = 0; i < (*book)->pool_count; i++) {
        free((*book)->list[i]->name);
        free((*book)->list[i]);
    }
    table_destroy(&(*book)->pools);
    table_destroy(&(*book)->workers);
    table_destroy(&(*book)->offers);
    free(*book);
    *book = NULL;
}

/* NULL when there are too many pools. */
static struct pool *obtain_pool(struct offer_book *book, struct text name)
{
    struct pool *pool = table_get(book->pools, name);
    if (pool != NULL || book->pool_count == OFFER_BOOK_POOLS_MAX) {
        return pool;
    }
    pool = xalloc_zero(1, sizeof *pool);
    pool->name = text_to_string(name);
    book->list[book->pool_count++] = pool;
    (void)table_put(book->pools, name, pool);
    return pool;
}

/* At the end: the others have their turn first. */
static void link_room(struct room *room)
{
    DL_APPEND(room->pool->rooms, room);
}

static struct room *obtain_room(struct offer_book *book, struct worker *worker, struct text name)
{
    struct pool *pool = obtain_pool(book, name);
    struct room *room;
    for (room = worker->rooms; room != NULL && room->pool != pool; room = room->other) {
    }
    if (room != NULL || pool == NULL) {
        return room;
    }
    room = xalloc_zero(1, sizeof *room);
    room->worker = worker;
    room->pool = pool;
    room->other = worker->rooms;
    worker->rooms = room;
    for (int lane = 0; lane < READY_LANE_COUNT; lane++) {
        room->parts[lane] = table_create();
    }
    link_room(room);
    return room;
}

/* ---------------------------------------------------------------- groups */

static uint32_t less(uint32_t value, uint32_t by)
{
    return value > by ? value - by : 0;
}

static uint32_t each_of(const struct room *room, enum ready_lane lane)
{
    return room->each[lane] > 0 ? room->each[lane] : UINT32_MAX;
}

/* For struct ready_filter. */
static uint32_t room_of_group(const void *context, enum ready_lane lane, struct text group)
{
    const struct room *room = context;
    const struct part *part = table_get(room->parts[lane], group);
    return part == NULL ? each_of(room, lane) : less(part->told, part->open);
}

static struct part *obtain_part(struct room *room, enum ready_lane lane, struct text group)
{
    struct part *part = table_get(room->parts[lane], group);
    if (part == NULL) {
        part = xalloc_zero(1, sizeof *part);
        part->told = each_of(room, lane);
        part->group = text_to_string(group);
        (void)table_put(room->parts[lane], group, part);
    }
    return part;
}

/* What is offered and not answered keeps its part; all others are as told now, or as any. */
static void tell_parts(struct room *room, const struct offer_room *told)
{
    struct table *parts = room->parts[told->lane];
    struct table_walk walk;
    room->each[told->lane] = told->each;
    for (size_t i = 0; i < told->part_count; i++) {
        struct part *part = obtain_part(room, told->lane, told->parts[i].group);
        part->told = told->parts[i].recipients;
        part->is_named = true;
    }
    struct part *part = table_first(parts, &walk);
    for (; part != NULL; part = table_next(&walk)) {
        if (!part->is_named && part->open == 0) {
            (void)table_remove(parts, text_of(part->group));
            free_part(part);
            continue;
        }
        part->told = part->is_named ? part->told : each_of(room, told->lane);
        part->is_named = false;
    }
}

/* ---------------------------------------------------------------- rooms */

void offer_book_set_rooms(struct offer_book *book,
                          const unsigned char session[OFFER_BOOK_SESSION_BYTES],
                          const struct offer_room *rooms, size_t count)
{
    struct worker *worker = table_get(book->workers, session_key(session));
    if (worker == NULL) {
        worker = xalloc_zero(1, sizeof *worker);
        memcpy(worker->session, session, sizeof worker->session);
        (void)table_put(book->workers, session_key(session), worker);
    }
    for (struct room *room = worker->rooms; room != NULL; room = room->other) {
        memset(room->told, 0, sizeof room->told);
        room->is_told = room->is_dry = false;
    }
    for (size_t i = 0; i < count; i++) {
        struct room *room = obtain_room(book, worker, rooms[i].pool);
        if (room != NULL) {
            room->told[rooms[i].lane] = rooms[i].recipients;
            room->is_told = true;
            tell_parts(room, &rooms[i]);
        }
    }
}

static bool restore(struct offer_book *book, const struct offer_pick *pick)
{
    struct ready_campaign *campaign = ready_find_campaign(book->ready, pick->campaign);
    if (campaign != NULL) {
        ready_restore_batch(book->ready, campaign, pick->number);
    }
    return campaign != NULL;
}

static void forget(struct offer_book *book, const unsigned char id[READY_ID_SIZE], uint32_t number)
{
    struct ready_campaign *campaign = ready_find_campaign(book->ready, id);
    if (campaign != NULL) {
        ready_forget_batch(book->ready, campaign, number);
    }
}

/* Take the offer out of the book; what becomes of its batch is the caller's. */
static void close_offer(struct offer_book *book, struct offer *offer)
{
    (void)table_remove(book->offers, TABLE_KEY(offer->pick.id));
    struct offer **list = offer->is_sent ? &book->sent : &book->fetched;
    /* The analyzer imagines a list of one that has a next.
     * NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
    DL_DELETE(*list, offer);
    if (offer->room != NULL) {
        offer->room->open[offer->pick.lane] -= offer->pick.rows;
        offer->room->is_dry = false;
    }
    if (offer->part != NULL) {
        offer->part->open -= offer->pick.rows;
    }
    free(offer);
}

static void leave_room(struct offer_book *book, struct offer *list, const struct worker *worker,
                       bool restores)
{
    struct offer *after = NULL;
    for (struct offer *offer = list; offer != NULL; offer = after) {
        after = offer->next;
        if (offer->room == NULL || offer->room->worker != worker) {
            continue;
        }
        offer->room = NULL;
        offer->part = NULL;
        if (restores && offer->is_sent) {
            (void)restore(book, &offer->pick);
            close_offer(book, offer);
        }
    }
}

void offer_book_remove_worker(struct offer_book *book,
                              const unsigned char session[OFFER_BOOK_SESSION_BYTES], bool restores)
{
    struct worker *worker = table_remove(book->workers, session_key(session));
    if (worker == NULL) {
        return;
    }
    leave_room(book, book->sent, worker, restores);
    leave_room(book, book->fetched, worker, restores); /* abandoned by whoever fetches */
    free_worker(worker);
}

bool offer_book_add_alone(struct offer_book *book, const struct suspect *suspect,
                          const unsigned char session[OFFER_BOOK_SESSION_BYTES],
                          struct offer_pick *ret_pick)
{
    const struct worker *worker = table_get(book->workers, session_key(session));
    struct room *room = worker == NULL ? NULL : worker->rooms;
    while (room != NULL && strcmp(room->pool->name, suspect->pool) != 0) {
        room = room->other;
    }
    if (room == NULL) {
        return false;
    }
    struct offer *offer = xalloc_zero(1, sizeof *offer);
    offer->room = room;
    offer->pick = (struct offer_pick){
        .id = ++book->last_id,
        .number = suspect->number,
        .rows = suspect->rows < SUSPECTS_PART_ROWS ? suspect->rows : SUSPECTS_PART_ROWS,
        .lane = suspect->lane,
        .pool = room->pool->name,
        .is_alone = true};
    memcpy(offer->pick.session, session, sizeof offer->pick.session);
    memcpy(offer->pick.campaign, suspect->campaign, sizeof offer->pick.campaign);
    room->open[suspect->lane] += offer->pick.rows;
    (void)table_put(book->offers, TABLE_KEY(offer->pick.id), offer);
    DL_APPEND(book->fetched, offer);
    *ret_pick = offer->pick;
    return true;
}

static bool take_for(struct offer_book *book, struct room *room, struct offer_pick *ret_pick)
{
    uint32_t left[READY_LANE_COUNT];
    uint32_t most = 0;
    for (int lane = 0; lane < READY_LANE_COUNT; lane++) {
        left[lane] = less(room->told[lane], room->open[lane]);
        most = left[lane] > most ? left[lane] : most;
    }
    const struct ready_filter filter = {room_of_group, room};
    struct ready_pick pick;
    if (most == 0 || !ready_take(book->ready, text_of(room->pool->name), left, &filter, &pick)) {
        room->is_dry = true;
        room->dry_version = ready_version(book->ready);
        return false;
    }
    struct offer *offer = xalloc_zero(1, sizeof *offer);
    offer->room = room;
    offer->part = obtain_part(room, pick.lane, pick.group);
    offer->part->open += pick.rows;
    offer->pick.id = ++book->last_id;
    memcpy(offer->pick.session, room->worker->session, sizeof offer->pick.session);
    memcpy(offer->pick.campaign, ready_campaign_id(pick.campaign), READY_ID_SIZE);
    offer->pick.number = pick.number;
    offer->pick.rows = pick.rows;
    offer->pick.lane = pick.lane;
    offer->pick.pool = room->pool->name;
    room->open[pick.lane] += pick.rows;
    (void)table_put(book->offers, TABLE_KEY(offer->pick.id), offer);
    DL_APPEND(book->fetched, offer);
    *ret_pick = offer->pick;
    return true;
}

static bool next_of_pool(struct offer_book *book, struct pool *pool, struct offer_pick *ret_pick)
{
    struct text name = text_of(pool->name);
    if (ready_waiting_rows(book->ready, name, READY_TRANSACTIONAL) == 0 &&
        ready_waiting_rows(book->ready, name, READY_BULK) == 0) {
        return false;
    }
    struct room *room;
    for (room = pool->rooms; room != NULL; room = room->next) {
        bool is_dry = room->is_dry && room->dry_version == ready_version(book->ready);
        if (!is_dry && take_for(book, room, ret_pick)) {
            unlink_room(room);
            link_room(room);
            return true;
        }
    }
    return false;
}

bool offer_book_next(struct offer_book *book, struct offer_pick *ret_pick)
{
    for (size_t i = 0; i < book->pool_count; i++) {
        size_t place = (book->turn + i) % book->pool_count;
        if (next_of_pool(book, book->list[place], ret_pick)) {
            book->turn = (place + 1) % book->pool_count;
            return true;
        }
    }
    return false;
}

static struct offer *find(const struct offer_book *book, uint64_t id)
{
    return table_get(book->offers, TABLE_KEY(id));
}

struct text offer_book_group(const struct offer_book *book, uint64_t id)
{
    const struct offer *offer = find(book, id);
    return offer == NULL || offer->part == NULL ? TEXT("") : text_of(offer->part->group);
}

void offer_book_sent(struct offer_book *book, uint64_t id, uint64_t now_ms)
{
    struct offer *offer = find(book, id);
    assert(offer != NULL && !offer->is_sent);
    DL_DELETE(book->fetched, offer);
    offer->is_sent = true;
    offer->sent_ms = now_ms;
    DL_APPEND(book->sent, offer);
}

void offer_book_abandon(struct offer_book *book, uint64_t id)
{
    struct offer *offer = find(book, id);
    assert(offer != NULL);
    (void)restore(book, &offer->pick);
    close_offer(book, offer);
}

void offer_book_forget(struct offer_book *book, uint64_t id)
{
    struct offer *offer = find(book, id);
    assert(offer != NULL);
    forget(book, offer->pick.campaign, offer->pick.number);
    close_offer(book, offer);
}

/* The offer was restored already: what the worker says of the batch still holds. */
static void on_late_result(struct offer_book *book, const struct offer_result *result)
{
    if (result->answer == OFFER_CLAIMED || result->answer == OFFER_STALE) {
        forget(book, result->campaign, result->number);
    }
}

bool offer_book_on_result(struct offer_book *book, const struct offer_result *result)
{
    struct offer *offer = find(book, result->id);
    if (offer == NULL || !offer->is_sent ||
        memcmp(offer->pick.session, result->session, sizeof offer->pick.session) != 0) {
        on_late_result(book, result);
        return false;
    }
    struct room *room = offer->room;
    enum ready_lane lane = offer->pick.lane;
    if (result->answer == OFFER_DECLINED) {
        (void)restore(book, &offer->pick);
        if (room != NULL) {
            room->told[lane] = 0; /* nothing more until it tells anew */
        }
    } else {
        forget(book, offer->pick.campaign, offer->pick.number);
        if (room != NULL && result->answer == OFFER_CLAIMED) {
            room->told[lane] = less(room->told[lane], offer->pick.rows);
        }
        if (offer->part != NULL && result->answer == OFFER_CLAIMED) {
            offer->part->told = less(offer->part->told, offer->pick.rows);
        }
    }
    close_offer(book, offer);
    return true;
}

size_t offer_book_expire(struct offer_book *book, uint64_t now_ms)
{
    size_t count = 0;
    struct offer *after = NULL;
    for (struct offer *offer = book->sent;
         offer != NULL && now_ms - offer->sent_ms >= OFFER_BOOK_EXPIRE_MS; offer = after) {
        after = offer->next;
        (void)restore(book, &offer->pick);
        if (offer->room != NULL) {
            offer->room->told[offer->pick.lane] = 0; /* it does not answer: wait for its word */
        }
        close_offer(book, offer);
        count++;
    }
    return count;
}

bool offer_book_is_offered(const struct offer_book *book,
                           const unsigned char session[OFFER_BOOK_SESSION_BYTES],
                           const unsigned char campaign[READY_ID_SIZE])
{
    for (const struct offer *offer = book->sent; offer != NULL; offer = offer->next) {
        if (memcmp(offer->pick.session, session, sizeof offer->pick.session) == 0 &&
            memcmp(offer->pick.campaign, campaign, sizeof offer->pick.campaign) == 0) {
            return true;
        }
    }
    return false;
}

size_t offer_book_open(const struct offer_book *book)
{
    return table_count(book->offers);
}

uint64_t offer_book_room(const struct offer_book *book, struct text name, size_t *ret_workers)
{
    uint64_t recipients = 0;
    size_t workers = 0;
    const struct pool *pool = table_get(book->pools, name);
    const struct room *room;
    for (room = pool == NULL ? NULL : pool->rooms; room != NULL; room = room->next) {
        workers += room->is_told ? 1 : 0;
        for (int lane = 0; lane < READY_LANE_COUNT; lane++) {
            recipients += less(room->told[lane], room->open[lane]);
        }
    }
    *ret_workers = workers;
    return recipients;
}

bool offer_book_takes_group(const struct offer_book *book, struct text name, enum ready_lane lane,
                            struct text group)
{
    const struct pool *pool = table_get(book->pools, name);
    const struct room *room = pool == NULL ? NULL : pool->rooms;
    while (room != NULL && (less(room->told[lane], room->open[lane]) == 0 ||
                            room_of_group(room, lane, group) == 0)) {
        room = room->next;
    }
    return room != NULL;
}

bool offer_book_takes_campaign(const struct offer_book *book, struct text name,
                               const struct ready_campaign *campaign)
{
    const struct pool *pool = table_get(book->pools, name);
    const struct room *room = pool == NULL ? NULL : pool->rooms;
    for (; room != NULL; room = room->next) {
        const struct ready_filter filter = {room_of_group, room};
        if (ready_has(campaign, &filter)) {
            return true;
        }
    }
    return false;
}
