#include "worker/outbox/site_queue.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* Few tenants have mail for one site at once, so the ring itself is searched. */
static struct site_queue_tenant *find_tenant(struct site_queue *queue, enum site_queue_lane lane,
                                             struct text name)
{
    struct site_queue_tenant *tenant = queue->lanes[lane].last;
    if (tenant != NULL && text_equal(text_of(tenant->name), name)) {
        return tenant;
    }
    for (tenant = queue->lanes[lane].first; tenant != NULL; tenant = tenant->next) {
        if (text_equal(text_of(tenant->name), name)) {
            return tenant;
        }
    }
    return NULL;
}

static void append_tenant(struct site_queue *queue, enum site_queue_lane lane,
                          struct site_queue_tenant *tenant)
{
    tenant->next = NULL;
    if (queue->lanes[lane].last != NULL) {
        queue->lanes[lane].last->next = tenant;
    } else {
        queue->lanes[lane].first = tenant;
    }
    queue->lanes[lane].last = tenant;
}

static struct site_queue_tenant *take_tenant(struct site_queue *queue, enum site_queue_lane lane)
{
    struct site_queue_tenant *tenant = queue->lanes[lane].first;
    if (tenant != NULL) {
        queue->lanes[lane].first = tenant->next;
        if (tenant->next == NULL) {
            queue->lanes[lane].last = NULL;
        }
    }
    return tenant;
}

void site_queue_add(struct site_queue *queue, enum site_queue_lane lane, struct text tenant,
                    struct letter *letter)
{
    if (tenant.size >= sizeof((struct site_queue_tenant *)NULL)->name) {
        tenant.size = sizeof((struct site_queue_tenant *)NULL)->name - 1;
    }
    struct site_queue_tenant *place = find_tenant(queue, lane, tenant);
    if (place == NULL) {
        place = xalloc_zero(1, sizeof *place);
        (void)snprintf(place->name, sizeof place->name, "%.*s", TEXT_PRINT(tenant));
        append_tenant(queue, lane, place);
    }
    letter_list_append(&place->letters, letter);
}

static struct letter *take_from_lane(struct site_queue *queue, enum site_queue_lane lane)
{
    struct site_queue_tenant *tenant;
    while ((tenant = queue->lanes[lane].first) != NULL) {
        struct letter *letter = letter_list_take(&tenant->letters);
        if (letter == NULL) {
            free(take_tenant(queue, lane));
            continue;
        }
        if (tenant->deficit == 0) {
            tenant->deficit = SITE_QUEUE_QUANTUM;
        }
        tenant->deficit--;
        if (tenant->letters.count == 0) {
            free(take_tenant(queue, lane));
        } else if (tenant->deficit == 0) {
            append_tenant(queue, lane, take_tenant(queue, lane));
        }
        return letter;
    }
    return NULL;
}

struct letter *site_queue_take(struct site_queue *queue)
{
    struct letter *letter = take_from_lane(queue, SITE_QUEUE_TRANSACTIONAL);
    return letter != NULL ? letter : take_from_lane(queue, SITE_QUEUE_BULK);
}

void site_queue_finish(struct site_queue *queue)
{
    for (int lane = 0; lane < SITE_QUEUE_LANES; lane++) {
        struct site_queue_tenant *tenant;
        while ((tenant = take_tenant(queue, (enum site_queue_lane)lane)) != NULL) {
            assert(tenant->letters.count == 0);
            free(tenant);
        }
    }
}
