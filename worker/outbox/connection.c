#include "worker/outbox/connection.h"

#include "common/base/log.h"
#include "common/policy/provider_table.h"
#include "worker/outbox/attempt.h"
#include "worker/outbox/outbox_parts.h"

#include <assert.h>
#include <stdlib.h>

/* A letter that comes back so often without an outcome is not given to yet another server. */
#define TURNS_MAX 5

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
    }
    outbox_touch(outbox, destination);
    bool may_start = !connection->is_quitting && !connection->ip->is_stopped &&
                     outbox->settings.may_start(outbox->settings.context);
    while (may_start && (letter = destination_take(destination)) != NULL &&
           !outbox_still_wanted(outbox, letter)) {
        letter = NULL;
    }
    connection->is_waiting = letter == NULL;
    if (letter == NULL) {
        return NULL;
    }
    assert(connection->letter_count < CONNECTION_LETTERS_MAX);
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

static void hold_back(struct connection *connection, enum failure_hold hold)
{
    if (hold == FAILURE_HOLD_HOST || hold == FAILURE_HOLD_PATH) {
        destination_hold(connection->destination, &connection->target);
    }
    if (hold != FAILURE_HOLD_NOTHING) {
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
    hold_back(connection, verdict.hold);
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
    destination->site->open[connection->ip->number]--;
    connection->outbox->connections--;
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
    LOG(LOG_CONNECTION_FAILED, NULL, log_string("site", destination->route.site),
        log_string("ip", end->ip), log_string("stage", smtp_result_stage_name(end->stage)),
        log_string("failure", smtp_result_failure_name(end->failure)),
        log_number("code", end->code));
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
    connection->target = *target;
    connection->next = destination->connections;
    if (connection->next != NULL) {
        connection->next->previous = connection;
    }
    destination->connections = connection;
    destination->connection_count++;
    destination->site->open[ip->number]++;
    outbox->connections++;
    struct smtp_session_settings settings = {
        .remote = target->address,
        .source = &ip->address,
        .mx_host = destination->route.hosts[target->host].name,
        .hello = ip->ehlo,
        .tls = outbox->settings.tls,
        .tls_policy = tls_policy(destination),
        .messages_max = outbox->settings.limits.messages_per_connection,
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
