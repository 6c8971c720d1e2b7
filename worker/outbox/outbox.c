#include "worker/outbox/outbox.h"

#include "common/base/clock.h"
#include "common/policy/suppression_record.h"
#include "worker/outbox/attempt.h"
#include "worker/outbox/outbox_pace.h"
#include "worker/outbox/outbox_parts.h"
#include "worker/outbox/outbox_stops.h"
#include "worker/outbox/rehearsal.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>

#define TICK_MS 250
#define UNUSED_MS 60000
/* Drafts ahead of each greeted connection. */
#define DRAFTS_AHEAD 3

static void on_tick(void *context);

struct outbox *outbox_create(const struct outbox_settings *settings)
{
    struct outbox *outbox = xalloc_zero(1, sizeof *outbox);
    outbox->settings = *settings;
    outbox->destinations = table_create();
    outbox->sites = table_create();
    (void)!getrandom(&outbox->random, sizeof outbox->random, 0);
    outbox->random |= 1;
    outbox->timer = loop_timer_create(settings->loop, on_tick, outbox);
    loop_timer_start(outbox->timer, TICK_MS, TICK_MS);
    outbox_pace_start(outbox);
    return outbox;
}

void outbox_destroy(struct outbox **outbox)
{
    if (*outbox == NULL) {
        return;
    }
    assert((*outbox)->connections == 0 && (*outbox)->rehearsal.count == 0);
    loop_timer_destroy(&(*outbox)->timer);
    outbox_pace_stop(*outbox);
    struct table_walk walk;
    struct destination *destination = table_first((*outbox)->destinations, &walk);
    for (; destination != NULL; destination = table_next(&walk)) {
        destination->is_dirty = destination->is_paced = false;
        destination_destroy(destination);
    }
    table_destroy(&(*outbox)->destinations);
    table_destroy(&(*outbox)->sites);
    free(*outbox);
    *outbox = NULL;
}

uint64_t outbox_random(struct outbox *outbox)
{
    /* xorshift64* */
    outbox->random ^= outbox->random >> 12;
    outbox->random ^= outbox->random << 25;
    outbox->random ^= outbox->random >> 27;
    return (outbox->random * UINT64_C(2685821657736338717)) >> 16;
}

/* ---------------------------------------------------------------- outcomes */

void outbox_settle(struct outbox *outbox, struct letter *letter,
                   const struct outcome_report *outcome)
{
    pipeline_drop(outbox->settings.pipeline, letter);
    letter->destination = NULL;
    outbox->settings.on_outcome(outbox->settings.context, letter, outcome);
}

void outbox_fail(struct outbox *outbox, struct letter *letter)
{
    struct problem problem = letter->draft->problem;
    struct outcome_report outcome = {
        .state = OUTCOME_FAILED,
        .stage = "compose",
        .rule_id = problem.rule[0] != '\0' ? problem.rule : "message",
        .reply = text_of(problem.message),
    };
    outbox_settle(outbox, letter, &outcome);
}

bool outbox_still_wanted(struct outbox *outbox, struct letter *letter)
{
    const struct claim *claim = letter->claim;
    bool is_expired = claim->expires_ms != UINT64_MAX && clock_boottime_ms() >= claim->expires_ms;
    bool is_ours = !claim->is_lost && !claim->is_recalled && !is_expired;
    struct text site = letter->destination == NULL ? TEXT("") : letter->destination->site->name;
    struct outcome_report outcome = outcome_untouched(claim->recall_gate);
    if (is_ours && letter->suppressed != SUPPRESSION_NONE) {
        outcome = outbox_suppressed(letter);
    } else if (is_ours && !outbox_stops_hold(outbox, letter, site, &outcome) &&
               !outbox_pace_holds(outbox, letter, &outcome)) {
        return true;
    }
    outbox_settle(outbox, letter, &outcome);
    return false;
}

void outbox_fail_all(struct destination *destination, const struct failure_verdict *verdict,
                     const struct smtp_result *result, const struct sending_ip *ip)
{
    struct outbox *outbox = destination->outbox;
    struct outcome_report outcome = attempt_outcome(verdict, result);
    struct letter *letter;
    uint64_t now_ms = loop_now_ms(outbox->settings.loop);
    outcome.site = destination->route.site;
    outcome.sending_ip = ip->text;
    while (destination->queued > 0 && (letter = site_queue_take(&destination->queue)) != NULL) {
        destination->queued--;
        outcome.queued_ms = now_ms - letter->filed_ms;
        outbox_settle(outbox, letter, &outcome);
    }
    while ((letter = destination_take(destination)) != NULL) {
        outcome.queued_ms = now_ms - letter->filed_ms;
        outbox_settle(outbox, letter, &outcome);
    }
}

/* ---------------------------------------------------------------- filing */

static void place(struct outbox *outbox, struct letter *letter, const struct route *route)
{
    struct outcome_report stopped;
    if (outbox_stops_hold(outbox, letter, text_of(route->site), &stopped)) {
        outbox_settle(outbox, letter, &stopped);
        return;
    }
    if (route->status == ROUTE_OK) {
        destination_queue(destination_find(outbox, letter->claim->campaign->pool, route), letter);
        return;
    }
    struct failure_verdict verdict = attempt_judge_route(route->status);
    struct outcome_report outcome = attempt_outcome(&verdict, NULL);
    outbox_settle(outbox, letter, &outcome);
}

void outbox_on_route(struct outbox *outbox, struct letter_list *letters, const struct route *route)
{
    struct letter *letter;
    while ((letter = letter_list_take(letters)) != NULL) {
        if (outbox_still_wanted(outbox, letter)) {
            place(outbox, letter, route);
        }
    }
}

/* DOMAIN_UNVERIFIED, KEY_UNAVAILABLE: is this campaign's mail fit to go out? */
static bool is_verified(struct outbox *outbox, struct letter *letter)
{
    const struct campaign *campaign = letter->claim->campaign;
    const struct dkim_keys_domain *domain = campaign->signing;
    if (campaign->lacks_key) {
        return false;
    }
    if (domain == NULL || outbox->settings.dkim_check == NULL) {
        return true;
    }
    if (dkim_check_is_due(outbox->settings.dkim_check, domain)) {
        return false;
    }
    return domain->state == DKIM_KEYS_GOOD ||
           (domain->state == DKIM_KEYS_NO_ANSWER && domain->was_good_lately &&
            letter->claim->is_transactional);
}

/* The first letter is written out for the check; the others wait for its verdict. */
static void wait_for_verdict(struct outbox *outbox, struct letter *letter)
{
    struct campaign *campaign = letter->claim->campaign;
    struct dkim_keys_domain *domain = campaign->signing;
    letter->place = LETTER_FILING;
    if (campaign->lacks_key || !dkim_check_is_due(outbox->settings.dkim_check, domain)) {
        letter_list_append(&campaign->waiting, letter);
        return;
    }
    domain->state = DKIM_KEYS_CHECKING;
    pipeline_add(outbox->settings.pipeline, letter);
}

static void check_first_message(struct outbox *outbox, struct letter *letter)
{
    struct campaign *campaign = letter->claim->campaign;
    struct dkim_keys_domain *domain = campaign->signing;
    if (letter->draft->error != 0) {
        domain->state = DKIM_KEYS_UNCHECKED; /* the next letter may do */
        outbox_fail(outbox, letter);
        outbox_refile(outbox, campaign);
        return;
    }
    struct buffer message = {0};
    buffer_append_text(&message, buffer_text(&letter->draft->signature));
    compose_flatten(&letter->draft->message, &message);
    dkim_check_start(outbox->settings.dkim_check, domain, campaign->tenant, buffer_text(&message));
    buffer_finish(&message);
    pipeline_drop(outbox->settings.pipeline, letter);
    letter->place = LETTER_FILING;
    if (outbox_still_wanted(outbox, letter)) {
        letter_list_prepend(&campaign->waiting, letter);
    }
}

void outbox_file(struct outbox *outbox, struct letter *letter)
{
    if (rehearsal_is_for(letter)) {
        rehearsal_file(outbox, letter);
        outbox_touch(outbox, NULL);
        return;
    }
    if (!is_verified(outbox, letter)) {
        wait_for_verdict(outbox, letter);
        return;
    }
    const struct route *route = routes_find(outbox->settings.routes, letter);
    if (route != NULL) {
        place(outbox, letter, route);
    }
}

void outbox_refile(struct outbox *outbox, struct campaign *campaign)
{
    struct letter_list letters = {0};
    struct letter *letter;
    while ((letter = letter_list_take(&campaign->waiting)) != NULL) {
        letter_list_append(&letters, letter);
    }
    while ((letter = letter_list_take(&letters)) != NULL) {
        outbox_file(outbox, letter);
    }
}

void outbox_on_written(struct outbox *outbox, struct letter *letter)
{
    struct destination *destination = letter->destination;
    if (rehearsal_is_for(letter)) {
        rehearsal_on_written(outbox, letter);
        return;
    }
    if (destination == NULL) {
        check_first_message(outbox, letter);
        return;
    }
    destination->composing--;
    if (letter->draft->error != 0) {
        outbox_fail(outbox, letter);
        outbox_touch(outbox, destination);
    } else if (outbox_still_wanted(outbox, letter)) {
        letter_list_append(
            &destination->ready[letter->claim->is_transactional ? SITE_QUEUE_TRANSACTIONAL
                                                                : SITE_QUEUE_BULK],
            letter);
        outbox_touch(outbox, destination);
    }
}

/* ---------------------------------------------------------------- going back */

/* I7: the name of what it waited for. */
uint8_t outbox_gate_of(struct outbox *outbox, const struct letter *letter)
{
    const struct campaign *campaign = letter->claim->campaign;
    struct route_target target;
    if (letter->list == &campaign->waiting) {
        return campaign->lacks_key ? GATE_KEY_UNAVAILABLE : GATE_DOMAIN_UNVERIFIED;
    }
    if (!outbox->settings.may_start(outbox->settings.context) || !letter->claim->is_checked) {
        return GATE_STORE_UNAVAILABLE;
    }
    if (letter->destination == NULL) {
        return rehearsal_is_for(letter) ? GATE_PATH_CONNECTIONS : GATE_DNS_FAILURE;
    }
    struct sending_ip *ip;
    uint64_t wait_ms;
    uint8_t gate = destination_gate(letter->destination, &wait_ms);
    switch (destination_choose(letter->destination, &target, &ip)) {
    case DESTINATION_NO_IP:
        return GATE_NO_SENDING_IP;
    case DESTINATION_UNREACHABLE:
        return GATE_SITE_SUSPENDED;
    case DESTINATION_FOUND:
    case DESTINATION_FULL:
        break;
    }
    return gate != GATE_NONE ? gate : GATE_PATH_CONNECTIONS;
}

void outbox_recall(struct outbox *outbox, struct claim *claim)
{
    for (size_t i = 0; i < claim->count; i++) {
        struct letter *letter = &claim->letters[i];
        if (claim->is_lost && letter->place == LETTER_ON_WIRE) {
            outbox_abort(outbox, letter); /* its dot would never be allowed; if it is out: no-op */
            continue;
        }
        if (!letter_is_unstarted(letter) || letter->place == LETTER_COMPOSING) {
            continue;
        }
        uint8_t gate = claim->recall_gate != GATE_NONE || claim->is_lost
                           ? claim->recall_gate
                           : outbox_gate_of(outbox, letter);
        struct outcome_report outcome = outcome_untouched(gate);
        destination_remove(letter);
        outbox_settle(outbox, letter, &outcome);
    }
}

struct outcome_report outbox_suppressed(const struct letter *letter)
{
    return (struct outcome_report){
        .state = OUTCOME_SUPPRESSED,
        .stage = "suppression",
        .rule_id = suppression_record_reason_name((enum suppression_reason)letter->suppressed)};
}

void outbox_withdraw(struct outbox *outbox, struct letter *letter)
{
    if (letter_is_unstarted(letter) && letter->place != LETTER_COMPOSING) {
        struct outcome_report outcome = outbox_suppressed(letter);
        destination_remove(letter);
        outbox_settle(outbox, letter, &outcome);
    }
}

void outbox_mark_stopped(struct outbox *outbox)
{
    (void)outbox_stops_mark_ips(outbox);
}

void outbox_withhold(struct outbox *outbox, struct claim *claim)
{
    struct outcome_report outcome;
    for (size_t i = 0; i < claim->count; i++) {
        struct letter *letter = &claim->letters[i];
        if (!letter_is_unstarted(letter) || letter->place == LETTER_COMPOSING) {
            continue;
        }
        struct text site = letter->destination == NULL ? TEXT("") : letter->destination->site->name;
        if (outbox_stops_hold(outbox, letter, site, &outcome)) {
            destination_remove(letter);
            outbox_settle(outbox, letter, &outcome);
        }
    }
}

/* ---------------------------------------------------------------- moving on */

static void compose_ahead(struct outbox *outbox, struct destination *destination)
{
    size_t ahead = destination->greeted > 0 ? DRAFTS_AHEAD * destination->greeted + 1 : 1;
    ahead = destination->connection_count > 0 ? ahead : 0;
    size_t written = destination->composing + destination->ready[SITE_QUEUE_TRANSACTIONAL].count +
                     destination->ready[SITE_QUEUE_BULK].count;
    while (written < ahead && destination->queued > 0 &&
           pipeline_has_room(outbox->settings.pipeline)) {
        struct letter *letter = site_queue_take(&destination->queue);
        assert(letter != NULL);
        destination->queued--;
        if (!outbox_still_wanted(outbox, letter)) {
            continue;
        }
        destination->composing++;
        pipeline_add(outbox->settings.pipeline, letter);
        written++;
    }
}

static void wake_connections(struct destination *destination)
{
    struct connection *next;
    for (struct connection *connection = destination->connections; connection != NULL;
         connection = next) {
        next = connection->next;
        if (destination->ready[SITE_QUEUE_TRANSACTIONAL].count == 0 &&
            destination->ready[SITE_QUEUE_BULK].count == 0) {
            break;
        }
        if (connection->is_waiting && connection_may_send(connection)) {
            connection_wake(connection);
        }
    }
}

static size_t waiting_connections(const struct destination *destination)
{
    size_t waiting = 0;
    for (const struct connection *each = destination->connections; each != NULL;
         each = each->next) {
        waiting += each->is_waiting;
    }
    return waiting;
}

/* One connection for two letters, up to the limits; only one until a server has greeted. */
static void open_connections(struct outbox *outbox, struct destination *destination)
{
    size_t backlog = destination_backlog(destination);
    struct route_target target;
    struct sending_ip *ip;
    destination->is_starved = false;
    if (backlog <= waiting_connections(destination) || outbox->is_quitting ||
        !outbox->settings.may_start(outbox->settings.context)) {
        return;
    }
    while (destination->connection_count < (backlog + 1) / 2 &&
           (destination->greeted > 0 || destination->connection_count == 0)) {
        if (outbox->connections >= outbox->settings.limits.connections) {
            destination->is_starved = true;
            outbox->has_starved = true;
            return;
        }
        if (destination_choose(destination, &target, &ip) != DESTINATION_FOUND) {
            return;
        }
        connection_open(destination, &target, ip);
    }
}

static void wake_starved(struct outbox *outbox)
{
    struct table_walk walk;
    if (!outbox->has_starved || !outbox->has_starved_room) {
        return;
    }
    outbox->has_starved = outbox->has_starved_room = false;
    struct destination *destination = table_first(outbox->destinations, &walk);
    for (; destination != NULL; destination = table_next(&walk)) {
        if (destination->is_starved) {
            outbox_touch(outbox, destination);
        }
    }
}

static void on_turn(void *context)
{
    struct outbox *outbox = context;
    outbox->is_deferred = false;
    wake_starved(outbox);
    rehearsal_pump(outbox);
    struct destination *destination = outbox->dirty;
    outbox->dirty = NULL;
    while (destination != NULL) {
        struct destination *next = destination->next_dirty;
        destination->is_dirty = false;
        open_connections(outbox, destination);
        compose_ahead(outbox, destination);
        wake_connections(destination);
        destination = next;
    }
}

void outbox_touch(struct outbox *outbox, struct destination *destination)
{
    if (destination != NULL && !destination->is_dirty) {
        destination->is_dirty = true;
        destination->next_dirty = outbox->dirty;
        outbox->dirty = destination;
    }
    if (!outbox->is_deferred) {
        outbox->is_deferred = true;
        loop_defer(outbox->settings.loop, on_turn, outbox);
    }
}

void outbox_resume(struct outbox *outbox)
{
    struct table_walk walk;
    struct destination *destination = table_first(outbox->destinations, &walk);
    for (; destination != NULL; destination = table_next(&walk)) {
        if (destination_backlog(destination) > 0) {
            outbox_touch(outbox, destination);
        }
    }
    outbox_touch(outbox, NULL);
}

/* After T_stop, or when an IP is not ours any more: what stands before its dot is given up. */
static void check_connections(struct outbox *outbox, struct destination *destination)
{
    struct connection *next;
    for (struct connection *connection = destination->connections; connection != NULL;
         connection = next) {
        next = connection->next;
        if (connection->letter_count > 0 &&
            !outbox->settings.may_complete(outbox->settings.context, connection->ip)) {
            connection_abort(connection);
        } else if (connection->ip->state != SENDING_IP_OWNED || connection->ip->is_stopped ||
                   connection_is_of_no_use(connection)) {
            connection_quit(connection);
        }
    }
}

static void on_tick(void *context)
{
    struct outbox *outbox = context;
    uint64_t now_ms = loop_now_ms(outbox->settings.loop);
    struct table_walk walk;
    (void)outbox_stops_mark_ips(outbox); /* one may have ended by its time */
    paths_tick(outbox->settings.paths);
    struct destination *destination = table_first(outbox->destinations, &walk);
    for (; destination != NULL; destination = table_next(&walk)) {
        check_connections(outbox, destination);
        if (destination_backlog(destination) > 0) {
            outbox_pace_give_back(destination);
        }
        if (destination_backlog(destination) > 0) {
            outbox_touch(outbox, destination);
        } else if (destination->connection_count == 0 && !destination->is_dirty &&
                   !destination->is_paced && now_ms - destination->used_ms >= UNUSED_MS) {
            destination_destroy(destination);
        }
    }
    rehearsal_tick(outbox, now_ms);
    outbox_touch(outbox, NULL);
}

/* ---------------------------------------------------------------- from outside */

void outbox_release(struct outbox *outbox, struct letter *letter)
{
    (void)outbox;
    if (letter->connection != NULL) {
        smtp_session_release(letter->connection->session, &letter->draft->wire);
    }
}

void outbox_abort(struct outbox *outbox, struct letter *letter)
{
    (void)outbox;
    if (letter->connection != NULL) {
        (void)!smtp_session_abort(letter->connection->session, &letter->draft->wire);
    }
}

static void each_connection(struct outbox *outbox, void (*act)(struct connection *connection))
{
    struct table_walk walk;
    struct destination *destination = table_first(outbox->destinations, &walk);
    for (; destination != NULL; destination = table_next(&walk)) {
        struct connection *next;
        for (struct connection *each = destination->connections; each != NULL; each = next) {
            next = each->next;
            act(each);
        }
    }
}

static void close_connection(struct connection *connection)
{
    smtp_session_close(connection->session);
}

/* A server that has not greeted holds no message: its minutes of patience are not waited for. */
static void quit_connection(struct connection *connection)
{
    if (connection->is_greeted) {
        connection_quit(connection);
    } else {
        close_connection(connection);
    }
}

void outbox_quit(struct outbox *outbox)
{
    outbox->is_quitting = true;
    each_connection(outbox, quit_connection);
}

void outbox_stop(struct outbox *outbox)
{
    outbox->is_quitting = true;
    each_connection(outbox, close_connection);
}

size_t outbox_connections(const struct outbox *outbox)
{
    return outbox->connections;
}

size_t outbox_on_wire(const struct outbox *outbox)
{
    return outbox->on_wire;
}
