#include "worker/paths/paths_orders.h"

#include "common/service/service_orders.h"
#include "worker/paths/shadow.h"

/* A pause without end is made so long, and longer before it is over. */
#define ENDLESS_MS 3600000
#define ENDLESS_LEAST_MS 1800000
/* Stored states tell whole seconds. */
#define SLACK_MS 2000

static bool is_closed(const struct path_control *control)
{
    return control->suspension.state == PATH_SUSPENSION_CLOSED;
}

static int64_t now_unix_ms(const struct paths *paths)
{
    return paths->settings.store == NULL ? 0 : store_now_unix_ms(paths->settings.store);
}

/* How long from now; by a doubted clock it may be over and hold all the same. */
static uint64_t left_ms(const struct paths *paths, const struct path_order *order)
{
    int64_t left = order->until_unix_ms - now_unix_ms(paths);
    return order->until_unix_ms == 0 ? ENDLESS_MS : left > SLACK_MS ? (uint64_t)left : SLACK_MS;
}

static void suspend(const struct paths *paths, struct path_control *control,
                    const struct path_order *order, struct path_decisions *decisions)
{
    uint64_t now_ms = loop_now_ms(paths->settings.loop);
    uint64_t pause_ms = left_ms(paths, order);
    uint64_t enough_ms = order->until_unix_ms == 0 ? ENDLESS_LEAST_MS : pause_ms - SLACK_MS;
    if (!is_closed(control) || control->suspension.until_ms < now_ms + enough_ms) {
        path_bound_suspend(control, pause_ms, now_ms, decisions);
    }
}

/* Pauses that began later are the server's answer to the new beginning. */
static bool is_ended(const struct paths *paths, const struct path_control *control,
                     int64_t resumed_unix_ms)
{
    const struct path_suspension *pause = &control->suspension;
    int64_t age_ms = (int64_t)loop_now_ms(paths->settings.loop) -
                     ((int64_t)pause->until_ms - (int64_t)pause->length_ms);
    return resumed_unix_ms > 0 && now_unix_ms(paths) - age_ms < resumed_unix_ms;
}

void paths_orders_lay(const struct paths *paths, const char *ip, struct text site,
                      struct path_control *control, struct path_bound *bound,
                      struct path_decisions *decisions)
{
    struct path_orders_word word;
    if (paths->settings.orders == NULL || !service_orders_are_known(paths->settings.orders)) {
        return;
    }
    service_orders_ask(paths->settings.orders, text_of(ip), site, &word);
    if (!path_bound_equals(&word.bound, bound)) {
        *bound = word.bound;
        path_bound_apply(control, bound);
    }
    if (word.suspend != NULL) {
        suspend(paths, control, word.suspend, decisions);
    } else if (is_closed(control) && (path_bound_is_suspended(control) ||
                                      is_ended(paths, control, word.resumed_unix_ms))) {
        path_bound_resume(control, loop_now_ms(paths->settings.loop), decisions);
    }
}

void paths_orders_obey(struct paths *paths, struct path *path)
{
    struct path_decisions decisions = {.count = 0};
    paths_orders_lay(paths, path->ip->text, text_of(path->site), &path->control, &path->bound,
                     &decisions);
    shadow_obey(paths->shadow, path);
    for (size_t i = 0; i < decisions.count; i++) {
        path->is_changed = true;
        paths_tell(paths, path, &decisions.items[i], NULL, TEXT(""));
    }
}
