#include "worker/outbox/outbox_stops.h"

#include "common/service/service_stops.h"
#include "worker/outbox/outbox_parts.h"

/* Coordinators do not know sites and IPs: what came back for one of these is offered again no
 * sooner than so, as long as the stop lasts. */
#define AGAIN_S 15

static const struct stop *stop_of_ip(const struct outbox *outbox, const struct sending_ip *ip)
{
    const struct stop_question question = {.ip = text_of(ip->text)};
    return service_stops_find(outbox->settings.stops, &question);
}

bool outbox_stops_mark_ips(struct outbox *outbox)
{
    struct sending_ips *ips = outbox->settings.ips;
    bool is_changed = false;
    for (size_t i = 0; outbox->settings.stops != NULL && i < ips->count; i++) {
        const struct stop *stop = stop_of_ip(outbox, &ips->items[i]);
        bool is_stopped = stop != NULL && stop->kind == STOP_IP;
        is_changed = is_changed || is_stopped != ips->items[i].is_stopped;
        ips->items[i].is_stopped = is_stopped;
    }
    return is_changed;
}

/* All of the pool's IPs that are ours. */
static bool are_ips_stopped(const struct outbox *outbox, struct text pool)
{
    const struct sending_ips *ips = outbox->settings.ips;
    size_t stopped = 0;
    for (size_t i = 0; i < ips->count; i++) {
        const struct sending_ip *ip = &ips->items[i];
        if (ip->state == SENDING_IP_OWNED && text_equal(text_of(ip->pool), pool)) {
            if (!ip->is_stopped) {
                return false;
            }
            stopped++;
        }
    }
    return stopped > 0;
}

bool outbox_stops_hold(struct outbox *outbox, const struct letter *letter, struct text site,
                       struct outcome_report *ret_outcome)
{
    const struct campaign *campaign = letter->claim->campaign;
    if (outbox->settings.stops == NULL ||
        stop_set_count(service_stops_all(outbox->settings.stops)) == 0) {
        return false;
    }
    const struct stop_question question = {.tenant = campaign->tenant,
                                           .pool = campaign->pool,
                                           .from_domain = campaign->from_domain,
                                           .site = site,
                                           .domain = letter->domain};
    const struct stop *stop = service_stops_find(outbox->settings.stops, &question);
    if (stop == NULL && !are_ips_stopped(outbox, campaign->pool)) {
        return false;
    }
    *ret_outcome = outcome_untouched(GATE_OPERATOR_STOP);
    if (stop == NULL || stop->kind == STOP_SITE) {
        ret_outcome->delay_s = AGAIN_S;
    }
    return true;
}
