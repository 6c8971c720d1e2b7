#include "worker/outbox/connection.h"

#include "common/base/log.h"
#include "common/policy/provider_table.h"
#include "worker/outbox/attempt.h"
#include "worker/outbox/outbox_pace.h"
#include "worker/outbox/outbox_parts.h"

#include <assert.h>
#include <stdlib.h>

/* A letter that comes back so often without an outcome is not given to yet another server. */
#define TURNS_MAX 5

/* ---------------------------------------------------------------- its path */

static void feed(struct connection *connection, enum path_event_kind kind)
{
    const struct path_event event = {
        .kind = kind, .messages = connection->answered, .was_greeted = connection->is_greeted};
    paths_feed(connection->outbox->settings.paths, connection->path, &event, TEXT(""));
}

bool connection_may_send(struct connection *connection)
{
    struct path_answer answer =
        paths_may_send(connection->outbox->settings.paths, connection->path);
    if (!answer.is_allowed && answer.wait_ms > 0) {
        outbox_pace_wait(connection->outbox, connection->destination, answer.wait_ms);
    }
    return answer.is_allowed;
}

bool connection_is_of_no_use(const struct connection *connection)
{
    if (connection->letter_count > 0 || !connection->is_greeted) {
        return false;
    }
    return connection->path->control.suspension.state == PATH_SUSPENSION_CLOSED ||
           paths_look(connection->outbox->settings.paths, connection->path).gate ==
               GATE_WARMUP_QUOTA;
}

/* What a message's end says of the path. */
static void tell_path(struct connection *connection, const struct letter *letter,
                      const struct smtp_result *result, const struct failure_verdict *verdict)
{
    struct paths *paths = connection->outbox->settings.paths;
    struct path_event event = attempt_event(result, verdict);
    event.messages = connection->answered;
    event.opened_ms = connection->opened_ms;
    if (event.kind == PATH_EVENT_ANSWERED) {
        const struct sender sender = outbox_pace_sender(letter, text_of(connection->path->site));
        connection->answered++;
        paths_answered(paths, connection->path, &sender, &event, result->reply);
    } else {
        bool is_news = !connection->is_broken && event.kind != PATH_EVENT_GIVEN_UP;
        if (is_news) {
            connection->is_broken = true;
            paths_feed(paths, connection->path, &event, result->reply);
        }
        event.kind = PATH_EVENT_GIVEN_UP;
    }
    paths_feed(paths, connection->path, &event, result->reply);
}

/* ---------------------------------------------------------------- a message's way */

static struct smtp_message *next_message(void *context)
{
    struct connection *connection = context;
    struct destination *destination = connection->destination;
    struct outbox *outbox = connection->outbox;
    struct letter *letter = NULL;
    if (!connection->is_greeted) {
        connection->is_greeted = true;
        destination->greeted++;
        destination_greeted(destination, &connection->target);
        feed(connection, PATH_EVENT_GREETED);
    }
    outbox_touch(outbox, destination);
    bool may_start = !connection->is_quitting && !connection->ip->is_stopped &&
                     outbox->settings.may_start(outbox->settings.context) &&
                     connection_may_send(connection);
    while (may_start && (letter = destination_take(destination)) != NULL &&
           !outbox_still_wanted(outbox, letter)) {
        letter = NULL;
    }
    connection->is_waiting = letter == NULL;
    if (letter == NULL) {
        return NULL;
    }
    assert(connection->letter_count < CONNECTION_LETTERS_MAX);
    feed(connection, PATH_EVENT_STARTED);
    outbox_pace_begin(outbox, letter);
    connection->letters[connection->letter_count++] = letter;
    outbox->on_wire++;
    letter->connection = connection;
    letter->place = LETTER_ON_WIRE;
    letter->sent_ms = loop_now_ms(outbox->settings.loop);
    letter->draft->wire.is_released = !letter->claim->is_hold || letter->is_marked;
    return &letter->draft->wire;
}

static void on_mail_written(void *context, struct smtp_message *message)
{
    struct connection *connection = context;
    struct letter *letter = message->context;
    if (letter->claim->is_hold && !letter->is_marked) {
        connection->outbox->settings.on_mail(connection->outbox->settings.context, letter);
    }
}

static bool may_complete(void *context, const struct smtp_message *message)
{
    const struct connection *connection = context;
    const struct letter *letter = message->context;
    const struct outbox_settings *settings = &connection->outbox->settings;
    return !letter->claim->is_lost && settings->may_complete(settings->context, connection->ip);
}

static void let_go(struct connection *connection, struct letter *letter)
{
    size_t i = 0;
    while (i < connection->letter_count && connection->letters[i] != letter) {
        i++;
    }
    assert(i < connection->letter_count);
    connection->letters[i] = connection->letters[--connection->letter_count];
    connection->outbox->on_wire--;
    letter->connection = NULL;
}

/* What is said of the path is its controller's; a server that says 421 closes. */
static void hold_back(struct connection *connection, enum failure_hold hold, unsigned code)
{
    if (hold == FAILURE_HOLD_HOST) {
        destination_hold(connection->destination, &connection->target);
    }
    if (hold != FAILURE_HOLD_NOTHING && (hold != FAILURE_HOLD_PATH || code == 421)) {
        connection_quit(connection);
    }
}

/* Nothing was decided: it goes to the next connection, unless its claim wants it back. */
static bool takes_another_turn(const struct connection *connection, const struct letter *letter,
                               const struct failure_verdict *verdict)
{
    bool is_undecided =
        verdict->outcome == OUTCOME_PENDING ||
        (verdict->tries_next_host && destination_has_other(connection->destination));
    return is_undecided && letter->turns < TURNS_MAX && !letter->claim->is_lost &&
           !letter->claim->is_recalled;
}

static void on_result(void *context, struct smtp_message *message, const struct smtp_result *result)
{
    struct connection *connection = context;
    struct outbox *outbox = connection->outbox;
    struct letter *letter = message->context;
    let_go(connection, letter);
    letter_list_remove(letter); /* of the marks still to be asked for */
    enum failure_doubt doubt = letter->claim->is_hold ? FAILURE_HOLD : FAILURE_RESEND;
    struct text provider =
        provider_table_find_by_mx(text_of(result->mx_host != NULL ? result->mx_host : ""));
    struct failure_verdict verdict =
        attempt_judge(outbox->settings.classify, result, provider, doubt);
    tell_path(connection, letter, result, &verdict);
    hold_back(connection, verdict.hold, result->code);
    if (verdict.outcome == OUTCOME_PENDING) {
        paths_give_back(outbox->settings.paths, connection->path,
                        loop_now_ms(outbox->settings.loop) - letter->sent_ms);
    }
    if (takes_another_turn(connection, letter, &verdict)) {
        letter->turns++;
        destination_put_back(connection->destination, letter);
        return;
    }
    struct outcome_report outcome = attempt_outcome(&verdict, result);
    outcome.site = connection->destination->route.site;
    outcome.sending_ip = connection->ip->text;
    outcome.queued_ms = letter->sent_ms - letter->filed_ms;
    if (verdict.outcome == OUTCOME_PENDING) {
        outcome = outcome_untouched(letter->claim->is_recalled ? letter->claim->recall_gate
                                                               : GATE_PATH_CONNECTIONS);
    }
    connection->ip->sent += verdict.outcome == OUTCOME_DELIVERED;
    outbox_settle(outbox, letter, &outcome);
}

/* ---------------------------------------------------------------- the connection's way */

static void remove_connection(struct connection *connection)
{
    struct destination *destination = connection->destination;
    *(connection->previous != NULL ? &connection->previous->next : &destination->connections) =
        connection->next;
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    }
    destination->connection_count--;
    destination->greeted -= connection->is_greeted;
    destination->site->open--;
    feed(connection, PATH_EVENT_CLOSED);
    connection->outbox->connections--;
}

/* Too many of us, or too fast: that is the path's, the letters wait for it. */
static bool is_the_hosts(const struct connection *connection, const struct smtp_result *end,
                         const struct failure_verdict *verdict)
{
    bool is_refused = end->failure == SMTP_FAILURE_NONE && end->code / 100 == 4;
    bool is_ours = connection->path->control.window.greeted > 0 ||
                   verdict->reply_class == REPLY_CLASS_RATE_LIMITED;
    return !is_refused || !is_ours;
}

/* No message was taken: the server, or our own address, is at fault. */
static void judge_end(struct connection *connection, const struct smtp_result *end)
{
    struct destination *destination = connection->destination;
    if (end->failure == SMTP_FAILURE_ABORTED || connection->is_quitting) {
        return;
    }
    if (end->failure == SMTP_FAILURE_SOURCE_ADDRESS) {
        connection->ip->state = SENDING_IP_UNUSABLE;
        LOG(LOG_IP_UNUSABLE, NULL, log_string("ip", connection->ip->text));
        return;
    }
    struct failure_verdict verdict =
        attempt_judge(connection->outbox->settings.classify, end,
                      provider_table_find_by_mx(text_of(end->mx_host)), FAILURE_RESEND);
    struct path_event event = attempt_event(end, &verdict);
    event.opened_ms = connection->opened_ms;
    paths_feed(connection->outbox->settings.paths, connection->path, &event, end->reply);
    LOG(LOG_CONNECTION_FAILED, NULL, log_string("site", destination->route.site),
        log_string("ip", end->ip), log_string("stage", smtp_result_stage_name(end->stage)),
        log_string("failure", smtp_result_failure_name(end->failure)),
        log_number("code", end->code));
    if (!is_the_hosts(connection, end, &verdict)) {
        return;
    }
    destination_hold(destination, &connection->target);
    if (destination->connection_count == 0 && !destination_has_other(destination)) {
        outbox_fail_all(destination, &verdict, end, connection->ip);
    }
}

static void on_closed(void *context, const struct smtp_result *end)
{
    struct connection *connection = context;
    assert(connection->letter_count == 0);
    remove_connection(connection);
    if (!connection->is_greeted) {
        judge_end(connection, end);
    }
    outbox_touch(connection->outbox, connection->destination);
    connection->outbox->has_starved_room = true;
    free(connection);
}

static enum smtp_tls_policy tls_policy(const struct destination *destination)
{
    return destination->route.tls == ROUTE_TLS_NONE ? SMTP_TLS_NEVER : SMTP_TLS_OPPORTUNISTIC;
}

void connection_open(struct destination *destination, const struct route_target *target,
                     struct sending_ip *ip)
{
    struct outbox *outbox = destination->outbox;
    struct connection *connection = xalloc_zero(1, sizeof *connection);
    connection->outbox = outbox;
    connection->destination = destination;
    connection->ip = ip;
    connection->path = destination_path(destination, ip);
    connection->opened_ms = loop_now_ms(outbox->settings.loop);
    connection->target = *target;
    connection->next = destination->connections;
    if (connection->next != NULL) {
        connection->next->previous = connection;
    }
    destination->connections = connection;
    destination->connection_count++;
    destination->site->open++;
    feed(connection, PATH_EVENT_OPENED);
    outbox->connections++;
    struct smtp_session_settings settings = {
        .remote = target->address,
        .source = &ip->address,
        .mx_host = destination->route.hosts[target->host].name,
        .hello = ip->ehlo,
        .tls = outbox->settings.tls,
        .tls_policy = tls_policy(destination),
        .messages_max = connection->path->control.window.messages,
        .idle_ms = outbox->settings.limits.idle_ms,
        .timeout_permille = outbox->settings.limits.timeout_permille,
    };
    struct smtp_session_callbacks callbacks = {next_message, on_mail_written, may_complete,
                                               on_result,    on_closed,       connection};
    connection->session = smtp_session_open(outbox->settings.loop, &settings, &callbacks);
}

void connection_wake(struct connection *connection)
{
    connection->is_waiting = false;
    smtp_session_wake(connection->session);
}

void connection_abort(struct connection *connection)
{
    struct letter *letters[CONNECTION_LETTERS_MAX];
    size_t count = connection->letter_count;
    for (size_t i = 0; i < count; i++) {
        letters[i] = connection->letters[i];
    }
    for (size_t i = 0; i < count; i++) {
        if (letters[i]->connection == connection) {
            (void)!smtp_session_abort(connection->session, &letters[i]->draft->wire);
        }
    }
}

void connection_quit(struct connection *connection)
{
    connection->is_waiting = false;
    if (!connection->is_quitting) {
        connection->is_quitting = true;
        smtp_session_quit(connection->session);
    }
}
