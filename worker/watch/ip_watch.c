#include "worker/watch/ip_watch.h"

#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/net/loop.h"
#include "worker/watch/block_list.h"

#include <stdio.h>
#include <stdlib.h>

/* The places of a list's two test entries; the IPs follow. */
enum { PLACE_NEVER, PLACE_ALWAYS, PLACE_FIRST_IP };

struct ip_watch {
    struct ip_watch_settings settings;
    struct loop_timer *timer;
    uint64_t ticket;
    size_t list;                      /* which is being asked */
    size_t place;                     /* for what */
    bool is_told[IP_WATCH_LISTS_MAX]; /* that the list is of no use */
};

static void ask(struct ip_watch *watch);

static const char *list_name(const struct ip_watch *watch)
{
    return watch->settings.lists[watch->list];
}

static const struct stream_address *address_at(const struct ip_watch *watch)
{
    if (watch->place < PLACE_FIRST_IP) {
        return watch->place == PLACE_NEVER ? &block_list_never : &block_list_always;
    }
    return &watch->settings.ips->items[watch->place - PLACE_FIRST_IP].address;
}

static void next_list(struct ip_watch *watch)
{
    watch->list++;
    watch->place = PLACE_NEVER;
}

/* A list that names everything, nothing, or refuses to answer says nothing about our IPs. */
static void give_up_list(struct ip_watch *watch, const char *reason)
{
    if (!watch->is_told[watch->list]) {
        LOG(LOG_BLOCK_LIST_UNUSABLE, NULL, log_string("list", list_name(watch)),
            log_string("reason", reason));
    }
    watch->is_told[watch->list] = true;
    next_list(watch);
}

static void judge_list(struct ip_watch *watch, enum block_list_verdict verdict)
{
    static const char *const reasons[] = {
        [BLOCK_LIST_CLEAN] = "does not list 127.0.0.2, as every list must (RFC 5782, 5)",
        [BLOCK_LIST_LISTED] = "lists 127.0.0.1, which no list may (RFC 5782, 5)",
        [BLOCK_LIST_REFUSED] = "refuses to answer this resolver",
        [BLOCK_LIST_UNKNOWN] = "does not answer"};
    bool is_never = watch->place == PLACE_NEVER;
    if (verdict != (is_never ? BLOCK_LIST_CLEAN : BLOCK_LIST_LISTED)) {
        give_up_list(watch, reasons[verdict]);
        return;
    }
    watch->place++;
    if (watch->place == PLACE_FIRST_IP) {
        watch->is_told[watch->list] = false;
    }
}

static void judge_ip(struct ip_watch *watch, enum block_list_verdict verdict, uint32_t code)
{
    struct sending_ip *ip = &watch->settings.ips->items[watch->place - PLACE_FIRST_IP];
    bool was_listed = ip->listed_on[watch->list] != NULL;
    if (verdict == BLOCK_LIST_LISTED && !was_listed) {
        char text[32];
        (void)snprintf(text, sizeof text, "127.%u.%u.%u", code >> 16, code >> 8 & 255, code & 255);
        ip->listed_on[watch->list] = list_name(watch);
        LOG(LOG_IP_LISTED, NULL, log_string("ip", ip->text), log_string("list", list_name(watch)),
            log_string("answer", text));
    } else if (verdict == BLOCK_LIST_CLEAN && was_listed) {
        ip->listed_on[watch->list] = NULL;
        LOG(LOG_IP_UNLISTED, NULL, log_string("ip", ip->text),
            log_string("list", list_name(watch)));
    }
    watch->place++;
}

static void on_answer(void *context, const struct resolver_answer *answer)
{
    struct ip_watch *watch = context;
    uint32_t code = 0;
    enum block_list_verdict verdict = block_list_judge(answer, &code);
    watch->ticket = 0;
    if (watch->place < PLACE_FIRST_IP) {
        judge_list(watch, verdict);
    } else {
        judge_ip(watch, verdict, code);
    }
    ask(watch);
}

static void set_gauges(const struct ip_watch *watch)
{
    for (size_t i = 0; i < watch->settings.ips->count; i++) {
        const struct sending_ip *ip = &watch->settings.ips->items[i];
        int64_t lists = 0;
        for (size_t j = 0; j < watch->settings.list_count; j++) {
            lists += ip->listed_on[j] != NULL ? 1 : 0;
        }
        metrics_set(metrics_gauge("hikyaku_worker_ip_listed",
                                  "DNS block lists that the sending IP stands on.", "ip",
                                  text_of(ip->text)),
                    lists);
    }
}

/* One question at a time: nobody waits for this. */
static void ask(struct ip_watch *watch)
{
    while (watch->list < watch->settings.list_count) {
        char name[RESOLVER_NAME_BYTES];
        if (watch->place == PLACE_FIRST_IP + watch->settings.ips->count) {
            next_list(watch);
        } else if (block_list_name(address_at(watch), text_of(list_name(watch)), name) != 0) {
            give_up_list(watch, "its name is too long");
        } else {
            watch->ticket =
                resolver_find_a(watch->settings.resolver, text_of(name), on_answer, watch);
            return;
        }
    }
    set_gauges(watch);
    loop_timer_start(watch->timer, watch->settings.interval_ms, 0);
}

static void on_timer(void *context)
{
    struct ip_watch *watch = context;
    watch->list = 0;
    watch->place = PLACE_NEVER;
    ask(watch);
}

struct ip_watch *ip_watch_create(const struct ip_watch_settings *settings)
{
    struct ip_watch *watch = xalloc_zero(1, sizeof *watch);
    watch->settings = *settings;
    watch->timer = loop_timer_create(settings->loop, on_timer, watch);
    if (settings->list_count > 0) {
        loop_timer_start(watch->timer, 0, 0);
    }
    return watch;
}

void ip_watch_destroy(struct ip_watch **watch)
{
    if (*watch == NULL) {
        return;
    }
    if ((*watch)->ticket != 0) {
        resolver_cancel((*watch)->settings.resolver, (*watch)->ticket);
    }
    loop_timer_destroy(&(*watch)->timer);
    free(*watch);
    *watch = NULL;
}
