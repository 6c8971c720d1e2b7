#include "coordinator/events/event_gaps.h"

#include <inttypes.h>

static bool is_before(const struct store_event_place *a, const struct store_event_place *b)
{
    return a->generation != b->generation ? a->generation < b->generation
                                          : a->sequence < b->sequence;
}

bool event_gaps_is_untold(const struct event_cursor *cursor, unsigned int partition,
                          uint64_t generation)
{
    uint64_t known = cursor->places[partition].generation;
    return known != 0 && known < generation && cursor->told[partition] < generation;
}

static Hikyaku__V1__Event *make_event(struct arena *arena, Hikyaku__V1__EventType type,
                                      unsigned int partition, const struct store_event_place *place)
{
    Hikyaku__V1__Event *event = arena_alloc(arena, sizeof *event);
    hikyaku__v1__event__init(event);
    event->type = type;
    event->event_id = arena_printf(arena, "store-%u-%u-%" PRIu64 "-%" PRIu64, (unsigned int)type,
                                   partition, place->generation, place->sequence);
    return event;
}

/* How many entries lie between the cursor and the first that is left; at least 1 is gone when the
 * generations differ, because something was trimmed. */
static uint64_t count_gone(const struct store_event_place *place,
                           const struct store_events_range *range)
{
    if (place->generation != range->first.generation) {
        return range->removed > 0 ? 1 : 0;
    }
    return range->first.sequence - place->sequence - 1;
}

static Hikyaku__V1__Event *find_truncation(struct store_event_place *place, unsigned int partition,
                                           const struct store_events_range *range,
                                           struct arena *arena)
{
    bool begins = place->generation == 0 && place->sequence == 0;
    if (begins || range->removed == 0 || !is_before(place, &range->first)) {
        return NULL;
    }
    uint64_t gone = count_gone(place, range);
    if (gone == 0) {
        return NULL;
    }
    Hikyaku__V1__Event *event = make_event(
        arena, HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_EVENTS_TRUNCATED, partition, &range->first);
    event->count = gone;
    place->generation = range->first.generation;
    place->sequence = range->first.sequence - 1;
    return event;
}

/* Told once: the cursor is moved back then, so it must come forward again untold. */
static Hikyaku__V1__Event *find_recovery(struct event_cursor *cursor, unsigned int partition,
                                         const struct store_events_range *range,
                                         struct arena *arena)
{
    struct store_event_place *place = &cursor->places[partition];
    if (!event_gaps_is_untold(cursor, partition, range->last.generation)) {
        return NULL;
    }
    Hikyaku__V1__Event *event = make_event(
        arena, HIKYAKU__V1__EVENT_TYPE__EVENT_TYPE_STORE_RECOVERED, partition, &range->last);
    cursor->told[partition] = range->last.generation;
    place->sequence = place->sequence > EVENT_GAPS_REREAD ? place->sequence - EVENT_GAPS_REREAD : 0;
    return event;
}

size_t event_gaps_find(struct event_cursor *cursor,
                       const struct store_events_range ranges[EVENT_CURSOR_PARTITIONS],
                       struct arena *arena, Hikyaku__V1__Event **ret_events)
{
    size_t count = 0;
    for (unsigned int i = 0; i < EVENT_CURSOR_PARTITIONS; i++) {
        struct store_event_place before = cursor->places[i];
        Hikyaku__V1__Event *event = find_truncation(&cursor->places[i], i, &ranges[i], arena);
        if (event != NULL) {
            ret_events[count++] = event;
        }
        event = find_recovery(cursor, i, &ranges[i], arena);
        if (event != NULL) {
            ret_events[count++] = event;
        }
        bool has_moved =
            is_before(&before, &cursor->places[i]) || is_before(&cursor->places[i], &before);
        if (has_moved && cursor->cut_partition == i) {
            cursor->cut_partition = EVENT_CURSOR_UNCUT;
        }
    }
    return count;
}
