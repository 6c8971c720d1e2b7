#include "worker/outbox/outbox_pace.h"

#include "worker/outbox/outbox_parts.h"

/* The outbox looks at every destination that has letters this often in any case. */
#define PACE_MOST_MS 250
/* A suspended destination's letters go back when it lasts so long, and come again after, at most:
 */
#define SUSPENDED_LEAST_MS 10000
#define SUSPENDED_MOST_MS 600000

static void on_pace(void *context)
{
    struct outbox *outbox = context;
    struct destination *destination = outbox->paced;
    outbox->paced = NULL;
    while (destination != NULL) {
        struct destination *next = destination->next_paced;
        destination->is_paced = false;
        outbox_touch(outbox, destination);
        destination = next;
    }
}

void outbox_pace_start(struct outbox *outbox)
{
    outbox->pace = loop_timer_create(outbox->settings.loop, on_pace, outbox);
}

void outbox_pace_stop(struct outbox *outbox)
{
    loop_timer_destroy(&outbox->pace);
}

void outbox_pace_wait(struct outbox *outbox, struct destination *destination, uint64_t wait_ms)
{
    uint64_t now_ms = loop_now_ms(outbox->settings.loop);
    wait_ms = wait_ms < PACE_MOST_MS ? wait_ms : PACE_MOST_MS;
    if (!destination->is_paced) {
        destination->is_paced = true;
        destination->next_paced = outbox->paced;
        outbox->paced = destination;
    }
    if (!loop_timer_is_active(outbox->pace) || now_ms + wait_ms < outbox->pace_at_ms) {
        outbox->pace_at_ms = now_ms + wait_ms;
        loop_timer_start(outbox->pace, wait_ms, 0);
    }
}

void outbox_pace_give_back(struct destination *destination)
{
    struct outcome_report outcome = outcome_untouched(GATE_SITE_SUSPENDED);
    struct outbox *outbox = destination->outbox;
    struct letter *letter;
    uint64_t wait_ms;
    if (destination_gate(destination, &wait_ms) != GATE_SITE_SUSPENDED ||
        wait_ms < SUSPENDED_LEAST_MS) {
        return;
    }
    wait_ms = wait_ms < SUSPENDED_MOST_MS ? wait_ms : SUSPENDED_MOST_MS;
    outcome.delay_s = (uint32_t)((wait_ms + 999) / 1000);
    while (destination->queued > 0 && (letter = site_queue_take(&destination->queue)) != NULL) {
        destination->queued--;
        outbox_settle(outbox, letter, &outcome);
    }
    while ((letter = destination_take(destination)) != NULL) {
        outbox_settle(outbox, letter, &outcome);
    }
}
