/* What paths hold may go on before its time: an operator or a reload changed a warm-up, or a pause
 * was ended. Batches that wait until later are looked through; rows under those gates are due now.
 */
#include "coordinator/fleet/driver_inside.h"

#include "common/net/loop.h"

#include <stdlib.h>
#include <string.h>

/* So often, a second apart: what was on its way back the first time is there the last time. */
#define PASSES 3
/* Batches looked through in one pass; what is beyond is due at its time. */
#define BATCHES_MAX 65536
#define AT_ONCE 32

struct walk {
    struct driver_campaign *campaign; /* held */
    uint32_t *numbers;                /* owned */
    size_t count;
    size_t next;
    size_t open; /* calls without answer */
    bool has_hastened;
};

static void go_on(struct walk *walk);

static void end(struct walk *walk)
{
    struct driver_campaign *campaign = walk->campaign;
    bool has_hastened = walk->has_hastened;
    free(walk->numbers);
    free(walk);
    if (driver_campaign_answered(campaign)) {
        campaign->is_hastening = false;
        if (has_hastened) {
            driver_campaign_look_soon(campaign);
        }
    }
}

static void on_hastened(void *context, int error, uint32_t changed, uint8_t campaign_state)
{
    struct walk *walk = context;
    (void)campaign_state;
    walk->open--;
    walk->has_hastened = walk->has_hastened || (error == 0 && changed > 0);
    go_on(walk);
}

static void go_on(struct walk *walk)
{
    const struct driver *driver = walk->campaign->driver;
    bool is_over = walk->campaign->is_gone || !store_is_ready(driver->settings.store);
    walk->next = is_over ? walk->count : walk->next;
    walk->open++; /* answers may come at once */
    while (walk->next < walk->count && walk->open <= AT_ONCE) {
        struct store_batch_name name = {.number = walk->numbers[walk->next++]};
        memcpy(name.campaign, walk->campaign->id, sizeof name.campaign);
        walk->open++;
        store_batch_hasten(driver->settings.store, &name, on_hastened, walk);
    }
    walk->open--;
    if (walk->open == 0) {
        end(walk);
    }
}

static void on_later(void *context, int error, const uint32_t *numbers, size_t count)
{
    struct walk *walk = context;
    if (error == 0 && count > 0) {
        walk->numbers = xalloc_copy(numbers, count * sizeof *numbers);
        walk->count = count;
    }
    go_on(walk);
}

void driver_hasten(struct driver_campaign *campaign)
{
    if (campaign->hasten_passes == 0 || campaign->is_hastening ||
        (campaign->hastened_ms != 0 &&
         loop_now_ms(campaign->driver->settings.loop) - campaign->hastened_ms <
             DRIVER_HASTEN_APART_MS)) {
        return;
    }
    campaign->hasten_passes--;
    campaign->hastened_ms = loop_now_ms(campaign->driver->settings.loop);
    if (campaign->held_by_paths == 0) {
        return;
    }
    struct walk *walk = xalloc_zero(1, sizeof *walk);
    struct store *store = campaign->driver->settings.store;
    campaign->is_hastening = true;
    walk->campaign = driver_campaign_hold(campaign);
    store_batch_later(store, campaign->id, store_now_unix_ms(store) / 1000 + 1, BATCHES_MAX,
                      on_later, walk);
}

void driver_hasten_all(struct driver *driver)
{
    struct table_walk walk;
    struct driver_campaign *campaign = table_first(driver->campaigns, &walk);
    for (; campaign != NULL; campaign = table_next(&walk)) {
        campaign->hasten_passes = PASSES;
        campaign->hastened_ms = 0;
    }
}
