/* Since when a path pauses, and which event told of it: the newest decisions of the fleet. */
#include "coordinator/explain/explain_inside.h"

#include "common/store/store_decisions.h"
#include "coordinator/events/event_decode.h"

#include <string.h>

/* So far back it is looked: with long pauses and much else decided since, it is not found. */
#define DECISIONS 500

static struct explain_path *find(struct explain_ask *ask, const Hikyaku__V1__Event *event)
{
    for (size_t i = 0; i < ask->path_count; i++) {
        struct explain_path *path = &ask->paths[i];
        bool is_it =
            strcmp(path->site, event->site) == 0 && strcmp(path->ip, event->sending_ip) == 0;
        if (is_it && path->gate == GATE_SITE_SUSPENDED && path->event_id == NULL) {
            return path;
        }
    }
    return NULL;
}

static void on_decisions(void *context, int error, const struct store_event_entry *entries,
                         size_t count)
{
    struct explain_ask *ask = context;
    if (explain_is_broken(error)) {
        explain_end(ask, error, NULL);
        return;
    }
    for (size_t i = 0; error == 0 && i < count; i++) {
        const struct event_decode_input input = {.entry = &entries[i], .arena = ask->arena};
        const Hikyaku__V1__Event *event = event_decode(&input, 0);
        bool is_pause = event != NULL && event->throttle != NULL &&
                        strcmp(event->throttle->decision, "suspended") == 0;
        struct explain_path *path = is_pause ? find(ask, event) : NULL;
        if (path != NULL) {
            path->event_id = event->event_id;
            path->since_unix_ms = event->occurred_unix_ms;
        }
    }
    explain_next(ask);
}

void explain_decisions_read(struct explain_ask *ask)
{
    bool is_paused = false;
    for (size_t i = 0; i < ask->path_count; i++) {
        is_paused = is_paused || ask->paths[i].gate == GATE_SITE_SUSPENDED;
    }
    if (is_paused) {
        store_decisions_read(ask->explain->settings.store, DECISIONS, on_decisions, ask);
    } else {
        explain_next(ask);
    }
}
