#include "worker/outbox/outbox_pace.h"

#include "worker/outbox/outbox_parts.h"

/* The outbox looks at every destination that has letters this often in any case. */
#define PACE_MOST_MS 250
/* Letters of a destination of which no path takes any go back when it lasts so long, */
#define CLOSED_LEAST_MS 10000
/* and come again after, at most: */
#define SUSPENDED_MOST_MS 600000
#define WARMUP_MOST_MS 3600000
#define OPERATOR_MOST_MS 15000

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

/* It may be ended at any moment: what waits comes back soon, again and again. */
static bool is_held_by_operator(const struct destination *destination)
{
    const struct sending_ips *ips = destination->outbox->settings.ips;
    bool is_held = false;
    for (size_t i = 0; i < ips->count; i++) {
        const struct path *path = destination->site->paths[i];
        is_held = is_held || (path != NULL && path_bound_is_suspended(&path->control));
    }
    return is_held;
}

/* A warm-up's quota comes back at a known time. Until then another worker may have room in the
 * pool: if there are others the letters look in again, each time after twice as long. */
static uint64_t warmup_delay_ms(const struct destination *destination, const struct letter *letter)
{
    uint64_t full_ms = destination_full_ms(destination);
    if (!letter->claim->is_shared || full_ms > WARMUP_MOST_MS) {
        return WARMUP_MOST_MS;
    }
    return full_ms > CLOSED_LEAST_MS ? full_ms : CLOSED_LEAST_MS;
}

static void give_back(struct destination *destination, struct letter *letter, uint8_t gate,
                      uint64_t wait_ms)
{
    struct outcome_report outcome = outcome_untouched(gate);
    uint64_t most_ms = gate == GATE_WARMUP_QUOTA          ? warmup_delay_ms(destination, letter)
                       : is_held_by_operator(destination) ? (uint64_t)OPERATOR_MOST_MS
                                                          : (uint64_t)SUSPENDED_MOST_MS;
    wait_ms = wait_ms < most_ms ? wait_ms : most_ms;
    outcome.delay_s = (uint32_t)((wait_ms + 999) / 1000);
    outbox_settle(destination->outbox, letter, &outcome);
}

void outbox_pace_give_back(struct destination *destination)
{
    struct letter *letter;
    uint64_t wait_ms;
    uint8_t gate = destination_gate(destination, &wait_ms);
    if ((gate != GATE_SITE_SUSPENDED && gate != GATE_WARMUP_QUOTA) || wait_ms < CLOSED_LEAST_MS) {
        return;
    }
    while (destination->queued > 0 && (letter = site_queue_take(&destination->queue)) != NULL) {
        destination->queued--;
        give_back(destination, letter, gate, wait_ms);
    }
    while ((letter = destination_take(destination)) != NULL) {
        give_back(destination, letter, gate, wait_ms);
    }
}

struct sender outbox_pace_sender(const struct letter *letter, struct text site)
{
    const struct campaign *campaign = letter->claim->campaign;
    return (struct sender){site, campaign->tenant, campaign->from_domain};
}

bool outbox_pace_holds(struct outbox *outbox, const struct letter *letter,
                       struct outcome_report *ret_outcome)
{
    if (letter->destination == NULL) {
        return false;
    }
    const struct sender sender = outbox_pace_sender(letter, letter->destination->site->name);
    struct path_answer answer = senders_look(paths_senders(outbox->settings.paths), &sender,
                                             loop_now_ms(outbox->settings.loop));
    if (answer.is_allowed) {
        return false;
    }
    uint64_t wait_ms = answer.wait_ms < SUSPENDED_MOST_MS ? answer.wait_ms : SUSPENDED_MOST_MS;
    *ret_outcome = outcome_untouched(answer.gate);
    ret_outcome->delay_s = (uint32_t)((wait_ms + 999) / 1000);
    return true;
}

void outbox_pace_begin(struct outbox *outbox, const struct letter *letter)
{
    const struct sender sender = outbox_pace_sender(letter, letter->destination->site->name);
    senders_start(paths_senders(outbox->settings.paths), &sender,
                  loop_now_ms(outbox->settings.loop));
}
