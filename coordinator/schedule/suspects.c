#include "coordinator/schedule/suspects.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct entry {
    struct suspect suspect;
    char *pool;
    uint64_t seen_ms;
    struct entry *prev;
    struct entry *next;
};

enum turn { TURN_IDLE, TURN_ASKING, TURN_WORKING };

struct suspects {
    struct entry *queue; /* next in turn first */
    size_t count;
    struct entry *working; /* not in the queue */
    enum turn turn;
    uint64_t began_ms;   /* the turn */
    uint64_t changed_ms; /* its state */
    uint64_t asked_ms;
    uint64_t rest_until_ms;
    unsigned int parts;    /* of this turn */
    unsigned int failures; /* turns in a row without a part */
};

struct suspects *suspects_create(void)
{
    return xalloc_zero(1, sizeof(struct suspects));
}

static void free_entry(struct entry *entry)
{
    if (entry != NULL) {
        free(entry->pool);
        free(entry);
    }
}

static void put_in(struct suspects *suspects, struct entry *entry)
{
    DL_APPEND(suspects->queue, entry);
    suspects->count++;
}

static void take_out(struct suspects *suspects, struct entry *entry)
{
    DL_DELETE(suspects->queue, entry);
    suspects->count--;
}

void suspects_destroy(struct suspects **suspects)
{
    if (*suspects == NULL) {
        return;
    }
    while ((*suspects)->queue != NULL) {
        struct entry *entry = (*suspects)->queue;
        take_out(*suspects, entry);
        free_entry(entry);
    }
    free_entry((*suspects)->working);
    free(*suspects);
    *suspects = NULL;
}

static bool is_named(const struct entry *entry, const unsigned char campaign[READY_ID_SIZE],
                     uint32_t number)
{
    return entry->suspect.number == number &&
           memcmp(entry->suspect.campaign, campaign, READY_ID_SIZE) == 0;
}

static struct entry *find(const struct suspects *suspects,
                          const unsigned char campaign[READY_ID_SIZE], uint32_t number)
{
    struct entry *entry = suspects->queue;
    while (entry != NULL && !is_named(entry, campaign, number)) {
        entry = entry->next;
    }
    return entry;
}

bool suspects_see(struct suspects *suspects, const struct suspect *suspect, uint64_t now_ms)
{
    struct entry *entry = find(suspects, suspect->campaign, suspect->number);
    if (entry != NULL) {
        entry->seen_ms = now_ms;
        return false;
    }
    if (suspects->count >= SUSPECTS_MAX) {
        return false;
    }
    entry = xalloc_zero(1, sizeof *entry);
    entry->suspect = *suspect;
    entry->pool = xalloc_string(suspect->pool);
    entry->suspect.pool = entry->pool;
    entry->seen_ms = now_ms;
    put_in(suspects, entry);
    return true;
}

size_t suspects_count(const struct suspects *suspects)
{
    return suspects->count + (suspects->working != NULL ? 1 : 0);
}

static void drop_unseen(struct suspects *suspects, uint64_t now_ms)
{
    struct entry *after = NULL;
    for (struct entry *entry = suspects->queue; entry != NULL; entry = after) {
        after = entry->next;
        if (now_ms - entry->seen_ms >= SUSPECTS_SEEN_MS) {
            take_out(suspects, entry);
            free_entry(entry);
        }
    }
}

static uint64_t patience_ms(const struct suspects *suspects)
{
    uint64_t patience = SUSPECTS_PATIENCE_MS;
    for (unsigned int i = 0; i < suspects->failures && patience < SUSPECTS_PATIENCE_MAX_MS; i++) {
        patience *= 2;
    }
    return patience < SUSPECTS_PATIENCE_MAX_MS ? patience : SUSPECTS_PATIENCE_MAX_MS;
}

/* Others have as long as it took. */
static void end_turn(struct suspects *suspects, uint64_t now_ms)
{
    uint64_t took_ms = now_ms - suspects->began_ms;
    suspects->rest_until_ms =
        now_ms + (took_ms > SUSPECTS_REST_MIN_MS ? took_ms : SUSPECTS_REST_MIN_MS);
    suspects->failures = suspects->parts > 0 ? 0 : suspects->failures + 1;
    suspects->turn = TURN_IDLE;
}

static enum suspects_action begin(struct suspects *suspects, uint64_t now_ms, bool has_right)
{
    if (suspects->queue == NULL || now_ms < suspects->rest_until_ms) {
        return has_right ? SUSPECTS_GIVE_RIGHT : SUSPECTS_WAIT;
    }
    if (!has_right) {
        return SUSPECTS_TAKE_RIGHT;
    }
    suspects->turn = TURN_ASKING;
    suspects->began_ms = suspects->changed_ms = suspects->asked_ms = now_ms;
    suspects->parts = 0;
    return SUSPECTS_OFFER;
}

/* A turn that has had a part ends in good time; one that has not waits as long as it has patience.
 */
static bool is_over(const struct suspects *suspects, uint64_t now_ms)
{
    if (suspects->parts > 0) {
        bool is_late = now_ms - suspects->began_ms >= SUSPECTS_TURN_MS;
        bool has_none =
            suspects->queue == NULL && now_ms - suspects->changed_ms >= SUSPECTS_NEXT_MS;
        return is_late || has_none;
    }
    return suspects->queue == NULL || now_ms - suspects->began_ms >= patience_ms(suspects);
}

enum suspects_action suspects_next(struct suspects *suspects, uint64_t now_ms, bool has_right)
{
    drop_unseen(suspects, now_ms);
    if (suspects->turn == TURN_WORKING) {
        return SUSPECTS_WAIT;
    }
    if (suspects->turn == TURN_ASKING && (!has_right || is_over(suspects, now_ms))) {
        end_turn(suspects, now_ms);
    }
    if (suspects->turn == TURN_IDLE) {
        return begin(suspects, now_ms, has_right);
    }
    if (suspects->queue == NULL || now_ms - suspects->asked_ms < SUSPECTS_ASK_MS) {
        return SUSPECTS_WAIT;
    }
    suspects->asked_ms = now_ms;
    return SUSPECTS_OFFER;
}

const struct suspect *suspects_first(const struct suspects *suspects)
{
    return suspects->queue == NULL ? NULL : &suspects->queue->suspect;
}

void suspects_skip(struct suspects *suspects)
{
    struct entry *entry = suspects->queue;
    if (entry != NULL) {
        take_out(suspects, entry);
        put_in(suspects, entry);
    }
}

void suspects_on_claimed(struct suspects *suspects, const unsigned char campaign[READY_ID_SIZE],
                         uint32_t number, uint64_t now_ms)
{
    struct entry *entry = find(suspects, campaign, number);
    if (entry == NULL || suspects->turn != TURN_ASKING) {
        return;
    }
    take_out(suspects, entry);
    suspects->working = entry;
    suspects->turn = TURN_WORKING;
    suspects->changed_ms = now_ms;
    suspects->parts++;
}

void suspects_on_refused(struct suspects *suspects, const unsigned char campaign[READY_ID_SIZE],
                         uint32_t number)
{
    struct entry *entry = find(suspects, campaign, number);
    if (entry != NULL) {
        take_out(suspects, entry);
        free_entry(entry);
    }
}

const struct suspect *suspects_working(const struct suspects *suspects, uint64_t *ret_since_ms)
{
    *ret_since_ms = suspects->changed_ms;
    return suspects->turn == TURN_WORKING ? &suspects->working->suspect : NULL;
}

void suspects_on_end(struct suspects *suspects, uint64_t now_ms, bool has_died)
{
    if (suspects->turn != TURN_WORKING) {
        return;
    }
    free_entry(suspects->working);
    suspects->working = NULL;
    suspects->turn = TURN_ASKING;
    suspects->changed_ms = now_ms;
    suspects->asked_ms = now_ms - SUSPECTS_ASK_MS; /* the next part at once */
    if (has_died) {
        suspects->began_ms = now_ms;
        end_turn(suspects, now_ms);
    }
}
