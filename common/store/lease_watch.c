#include "common/store/lease_watch.h"

#include <string.h>

void lease_watch_reset(struct lease_watch *watch)
{
    *watch = (struct lease_watch){0};
}

static bool is_same(const struct lease_beat *a, const struct lease_beat *b)
{
    return strcmp(a->session, b->session) == 0 && a->epoch == b->epoch && a->beat == b->beat &&
           a->server == b->server;
}

bool lease_watch_feed(struct lease_watch *watch, const struct lease_beat *beat, uint64_t sent_ms,
                      uint64_t answered_ms)
{
    if (beat->session[0] == '\0' || beat->is_taken || answered_ms < sent_ms ||
        answered_ms - sent_ms > LEASE_WATCH_ANSWER_MS) {
        lease_watch_reset(watch);
        return false;
    }
    if (watch->reads > 0 && is_same(&watch->seen, beat)) {
        /* Sent too early: counts for nothing, good or bad. */
        if (sent_ms < watch->last_ms + LEASE_WATCH_GAP_MS) {
            return watch->reads >= LEASE_WATCH_READS;
        }
        watch->reads++;
    } else {
        watch->seen = *beat;
        watch->reads = 1;
    }
    watch->last_ms = answered_ms;
    return watch->reads >= LEASE_WATCH_READS;
}

void lease_watch_fail(struct lease_watch *watch)
{
    lease_watch_reset(watch);
}
