#include "worker/counters.h"

#include "common/base/clock.h"
#include "common/base/metrics.h"

#include <stdlib.h>

#define RATE_MS 1000

struct counters {
    struct metric *outcomes[OUTCOME_LIMIT];
    struct metric *untouched;
    struct metric *queued;
    struct metric *smtp;
    struct metric *connections;
    struct metric *in_hand;
    struct metric *claims;
    struct metric *waiting;
    struct metric *drafts;
    struct metric *on_wire;
    struct metric *sign_cpu;
    struct loop *loop; /* borrowed */
    uint64_t messages; /* with an outcome */
    uint64_t uncertain;
    uint64_t rated_messages; /* as of rated_ms */
    uint64_t rated_sign_cpu_us;
    uint64_t rated_ms;
    uint32_t rate;
    uint32_t sign_cpu_permille;
    int64_t day; /* UTC, since 1970 */
};

struct counters *counters_create(struct loop *loop)
{
    struct counters *counters = xalloc_zero(1, sizeof *counters);
    counters->loop = loop;
    for (int i = OUTCOME_PENDING; i < OUTCOME_LIMIT; i++) {
        counters->outcomes[i] =
            metrics_counter("hikyaku_worker_messages_total", "Attempts by their outcome.",
                            "outcome", text_of(rows_outcome_name((uint8_t)i)));
    }
    counters->untouched = metrics_counter("hikyaku_worker_returned_total",
                                          "Recipients given back untouched.", NULL, TEXT(""));
    counters->queued = metrics_histogram("hikyaku_worker_queued_seconds",
                                         "From filing to MAIL FROM.", NULL, TEXT(""));
    counters->smtp = metrics_histogram("hikyaku_worker_smtp_seconds",
                                       "From MAIL FROM to the last reply.", NULL, TEXT(""));
    counters->connections =
        metrics_gauge("hikyaku_worker_connections", "Connections to mail servers.", NULL, TEXT(""));
    counters->in_hand =
        metrics_gauge("hikyaku_worker_recipients", "Recipients of claims held.", NULL, TEXT(""));
    counters->claims = metrics_gauge("hikyaku_worker_claims", "Claims held.", NULL, TEXT(""));
    counters->waiting = metrics_gauge(
        "hikyaku_worker_waiting_recipients",
        "Recipients queued for their site that no connection has taken.", NULL, TEXT(""));
    counters->drafts = metrics_gauge("hikyaku_worker_drafts",
                                     "Messages composing, written or on the wire.", NULL, TEXT(""));
    counters->on_wire =
        metrics_gauge("hikyaku_worker_on_wire", "Messages in an SMTP transaction.", NULL, TEXT(""));
    counters->sign_cpu =
        metrics_counter("hikyaku_worker_sign_cpu_milliseconds_total",
                        "CPU time spent on DKIM signatures, all threads.", NULL, TEXT(""));
    return counters;
}

void counters_destroy(struct counters **counters)
{
    free(*counters);
    *counters = NULL;
}

void counters_outcome(struct counters *counters, const struct letter *letter,
                      const struct outcome_report *outcome)
{
    (void)letter;
    if (outcome->state == OUTCOME_PENDING) {
        metrics_add(counters->untouched, 1);
        return;
    }
    metrics_add(counters->outcomes[outcome->state], 1);
    metrics_observe_ms(counters->queued, outcome->queued_ms);
    metrics_observe_ms(counters->smtp, outcome->smtp_ms);
    counters->messages++;
    counters->uncertain += outcome->state == OUTCOME_UNCERTAIN;
}

static uint32_t per_second(uint64_t more, uint64_t passed_ms)
{
    return (uint32_t)(more * 1000 / passed_ms);
}

static void rate(struct counters *counters, uint64_t sign_cpu_us)
{
    uint64_t now_ms = loop_now_ms(counters->loop);
    uint64_t passed_ms = now_ms - counters->rated_ms;
    if (passed_ms >= RATE_MS) {
        counters->rate = per_second(counters->messages - counters->rated_messages, passed_ms);
        /* Of one core: 1,000 us of CPU in 1 ms are 1,000 permille. */
        counters->sign_cpu_permille =
            (uint32_t)((sign_cpu_us - counters->rated_sign_cpu_us) / passed_ms);
        counters->rated_messages = counters->messages;
        counters->rated_sign_cpu_us = sign_cpu_us;
        counters->rated_ms = now_ms;
    }
}

void counters_set_gauges(struct counters *counters, const struct counters_view *view)
{
    metrics_set(counters->connections, (int64_t)view->connections);
    metrics_set(counters->in_hand, (int64_t)view->in_flight);
    metrics_set(counters->claims, (int64_t)view->claims);
    metrics_set(counters->waiting, (int64_t)view->waiting);
    metrics_set(counters->drafts, (int64_t)view->drafts);
    metrics_set(counters->on_wire, (int64_t)view->on_wire);
    metrics_add(counters->sign_cpu,
                view->sign_cpu_us / 1000 - (uint64_t)metrics_value(counters->sign_cpu));
    for (size_t i = 0; i < view->ips->count; i++) {
        const struct sending_ip *ip = &view->ips->items[i];
        metrics_set(metrics_gauge("hikyaku_worker_ip_owned",
                                  "1: this worker holds the lease of the sending IP.", "ip",
                                  text_of(ip->text)),
                    ip->state == SENDING_IP_OWNED);
    }
}

static void begin_day(struct counters *counters, struct sending_ips *ips)
{
    int64_t day = clock_unix_ms() / (int64_t)DAY_MS;
    for (size_t i = 0; day != counters->day && i < ips->count; i++) {
        ips->items[i].sent = 0;
    }
    counters->day = day;
}

static char *copy(struct arena *arena, const char *string)
{
    return arena_printf(arena, "%s", string);
}

static const char *state_name(enum sending_ip_state state)
{
    static const char *const names[] = {[SENDING_IP_WAITING] = "waiting",
                                        [SENDING_IP_OWNED] = "owned",
                                        [SENDING_IP_UNUSABLE] = "unusable"};
    return names[state];
}

static Hikyaku__V1__WorkerIp *show_ip(const struct sending_ip *ip, struct arena *arena)
{
    Hikyaku__V1__WorkerIp *shown = arena_zero(arena, 1, sizeof *shown);
    hikyaku__v1__worker_ip__init(shown);
    shown->address = copy(arena, ip->text);
    shown->pool = copy(arena, ip->pool);
    shown->ehlo_name = copy(arena, ip->ehlo);
    shown->state = copy(arena, state_name(ip->state));
    shown->owned = ip->state == SENDING_IP_OWNED;
    shown->sent_today = ip->sent;
    shown->warmup_days = ip->warm.days;
    shown->warmup_day = ip->warm.day;
    shown->warmup_used = ip->warm.used;
    shown->warmup_quota = ip->warm.quota;
    shown->warmup_frozen = ip->warm.is_frozen;
    shown->warmup_opens_unix_ms =
        ip->warm.sites > 0 && ip->warm.full == ip->warm.sites ? ip->warm.opens_unix_ms : 0;
    shown->listed_on = arena_zero(arena, SENDING_IP_LISTS_MAX, sizeof(char *));
    for (size_t i = 0; i < SENDING_IP_LISTS_MAX; i++) {
        if (ip->listed_on[i] != NULL) {
            shown->listed_on[shown->n_listed_on++] = copy(arena, ip->listed_on[i]);
        }
    }
    return shown;
}

void counters_fill_status(struct counters *counters, const struct counters_view *view,
                          Hikyaku__V1__Credit *credit, struct arena *arena)
{
    Hikyaku__V1__WorkerStatus *status = arena_zero(arena, 1, sizeof *status);
    hikyaku__v1__worker_status__init(status);
    rate(counters, view->sign_cpu_us);
    begin_day(counters, view->ips);
    status->state = copy(arena, view->state);
    status->note = copy(arena, view->note);
    status->messages_per_s = counters->rate;
    status->sign_cpu_permille = counters->sign_cpu_permille;
    status->connections = (uint32_t)view->connections;
    status->in_flight = view->in_flight;
    status->uncertain = counters->uncertain;
    status->ips = arena_zero(arena, view->ips->count + 1, sizeof(void *));
    for (size_t i = 0; i < view->ips->count; i++) {
        status->ips[status->n_ips++] = show_ip(&view->ips->items[i], arena);
    }
    credit->status = status;
}
