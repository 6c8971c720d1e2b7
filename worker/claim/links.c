#include "worker/claim/links.h"

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/config/config_check.h"
#include "worker/claim/link_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROTOCOL 1
#define CREDIT_MS 1000
#define CREDIT_SOON_MS 20
#define ENDPOINT_BYTES 80

/* One address of a coordinator. */
struct link {
    struct links *links; /* borrowed */
    struct link *next;
    struct bus_client *client;
    uint64_t number;
    size_t coordinator; /* whose address it is */
    struct link_state state;
    bool is_v6;
    char endpoint[ENDPOINT_BYTES];
};

/* One name of the configuration. */
struct coordinator {
    struct links *links; /* borrowed */
    char host[CONFIG_CHECK_HOST_BYTES];
    uint16_t port;
    size_t number;
};

struct links {
    struct links_settings settings;
    struct coordinator *coordinators;
    struct link *first;
    struct arena *arena; /* of the message at hand */
    struct buffer frame;
    struct loop_timer *resolve_timer;
    struct loop_timer *credit_timer;
    uint64_t numbers;
    int64_t started_unix_ms;
    bool is_leaving;
    bool is_soon; /* the credit is told in a moment */
};

/* ---------------------------------------------------------------- sending */

static void send_frame(struct link *link, struct text frame)
{
    if (link->state.is_connected && bus_client_send(link->client, frame) != 0) {
        LOG(LOG_LINK_FULL, NULL, log_string("endpoint", link->endpoint));
    }
}

static void send_body(struct link *link, Hikyaku__V1__FleetMessage__BodyCase body_case,
                      ProtobufCMessage *body)
{
    struct links *links = link->links;
    buffer_clear(&links->frame);
    wire_fleet_append(body_case, body, &links->frame);
    send_frame(link, buffer_text(&links->frame));
}

static char *string_of(const char *string)
{
    union {
        const char *borrowed;
        char *field;
    } text = {string};
    return text.field;
}

static void send_hello(struct link *link)
{
    struct links *links = link->links;
    Hikyaku__V1__Hello hello = HIKYAKU__V1__HELLO__INIT;
    hello.protocol_min = PROTOCOL;
    hello.protocol_max = PROTOCOL;
    hello.name = string_of(links->settings.name);
    hello.version = string_of(links->settings.version);
    hello.session.data = links->settings.session;
    hello.session.len = BUS_PEER_BYTES;
    hello.started_unix_ms = links->started_unix_ms;
    send_body(link, HIKYAKU__V1__FLEET_MESSAGE__BODY_HELLO, &hello.base);
}

size_t links_welcomed(const struct links *links)
{
    size_t welcomed = 0;
    for (const struct link *link = links->first; link != NULL; link = link->next) {
        welcomed += link->state.is_welcome;
    }
    return welcomed;
}

static void tell_credit(void *context)
{
    struct links *links = context;
    size_t shares = links_welcomed(links);
    Hikyaku__V1__Credit credit = HIKYAKU__V1__CREDIT__INIT;
    links->is_soon = false;
    loop_timer_start(links->credit_timer, CREDIT_MS, 0);
    if (shares > 0 && !links->is_leaving) {
        arena_reset(links->arena);
        links->settings.fill_credit(links->settings.context, shares, &credit, links->arena);
        buffer_clear(&links->frame);
        wire_fleet_append(HIKYAKU__V1__FLEET_MESSAGE__BODY_CREDIT, &credit.base, &links->frame);
    }
    for (struct link *link = links->first; link != NULL; link = link->next) {
        if (link->state.is_welcome && !links->is_leaving) {
            send_frame(link, buffer_text(&links->frame));
        }
    }
    for (struct link *link = links->first; link != NULL; link = link->next) {
        if (link_state_wants_hello(&link->state)) {
            send_hello(link); /* uses the frame: after the credit */
        }
    }
}

void links_credit_changed(struct links *links)
{
    if (!links->is_soon) { /* many changes are told at once, and soon all the same */
        links->is_soon = true;
        loop_timer_start(links->credit_timer, CREDIT_SOON_MS, 0);
    }
}

void links_send(struct links *links, uint64_t number, Hikyaku__V1__FleetMessage__BodyCase body_case,
                ProtobufCMessage *body)
{
    for (struct link *link = links->first; link != NULL; link = link->next) {
        if (link->number == number && link->state.is_welcome) {
            send_body(link, body_case, body);
        }
    }
}

void links_leave(struct links *links, const char *reason)
{
    Hikyaku__V1__Leaving leaving = HIKYAKU__V1__LEAVING__INIT;
    leaving.reason = string_of(reason);
    links->is_leaving = true;
    for (struct link *link = links->first; link != NULL; link = link->next) {
        if (link->state.is_welcome) {
            send_body(link, HIKYAKU__V1__FLEET_MESSAGE__BODY_LEAVING, &leaving.base);
        }
    }
}

/* ---------------------------------------------------------------- receiving */

static void on_handshake(struct link *link, const Hikyaku__V1__FleetMessage *message)
{
    switch (link_state_on_message(&link->state, message->body_case)) {
    case LINK_SAME:
        return;
    case LINK_WELCOMED:
        LOG(LOG_LINK_WELCOME, NULL, log_string("endpoint", link->endpoint),
            log_string("coordinator", message->welcome->name));
        links_credit_changed(link->links);
        return;
    case LINK_FORGOTTEN:
        links_credit_changed(link->links); /* the others' shares grow; Hello goes out with it */
        break;
    case LINK_REFUSED:
        break;
    }
    LOG(LOG_LINK_REFUSED, NULL, log_string("endpoint", link->endpoint),
        log_string("reason", message->refused->reason));
}

static void on_frame(void *context, const unsigned char *peer, struct text frame)
{
    struct link *link = context;
    struct links *links = link->links;
    Hikyaku__V1__FleetMessage *message = NULL;
    struct problem problem = {0};
    (void)peer;
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    if (wire_fleet_read(frame, arena, &message, &problem) != 0) {
        LOG(LOG_LINK_MALFORMED, NULL, log_string("endpoint", link->endpoint),
            log_string("reason", problem.message));
        return;
    }
    on_handshake(link, message);
    if (link->state.is_welcome) {
        links->settings.on_message(links->settings.context, link->number, message);
    }
}

static void on_connection(void *context, bool is_connected)
{
    struct link *link = context;
    link_state_on_connection(&link->state, is_connected);
    LOG(is_connected ? LOG_LINK_UP : LOG_LINK_DOWN, NULL, log_string("endpoint", link->endpoint));
    if (is_connected) {
        send_hello(link);
    }
}

/* ---------------------------------------------------------------- addresses */

static void open_link(struct coordinator *coordinator, const struct stream_address *address)
{
    struct links *links = coordinator->links;
    char text[STREAM_ADDRESS_LENGTH];
    struct problem problem = {0};
    struct link *link = xalloc_zero(1, sizeof *link);
    stream_address_format(address, text);
    (void)snprintf(link->endpoint, sizeof link->endpoint,
                   address->is_v6 ? "tcp://[%s]:%u" : "tcp://%s:%u", text, coordinator->port);
    for (struct link *known = links->first; known != NULL; known = known->next) {
        if (strcmp(known->endpoint, link->endpoint) == 0) {
            link_state_on_seen(&known->state);
            free(link);
            return;
        }
    }
    link->links = links;
    link->number = ++links->numbers;
    link->coordinator = coordinator->number;
    link->is_v6 = address->is_v6;
    struct bus_client_settings settings = {
        .endpoint = link->endpoint,
        .key = links->settings.key,
        .server_key = links->settings.server_key,
        .session = links->settings.session,
        .on_frame = on_frame,
        .on_connection = on_connection,
        .context = link,
    };
    if (bus_client_open(links->settings.bus, &settings, &link->client, &problem) != 0) {
        LOG(LOG_LINK_DOWN, NULL, log_string("endpoint", link->endpoint),
            log_string("reason", problem.message));
        free(link);
        return;
    }
    link->next = links->first;
    links->first = link;
}

static void close_missed(struct links *links)
{
    struct link **place = &links->first;
    while (*place != NULL) {
        struct link *link = *place;
        if (!link_state_is_gone(&link->state)) {
            place = &link->next;
            continue;
        }
        *place = link->next;
        bus_client_close(&link->client);
        free(link);
    }
}

static void take_addresses(struct coordinator *coordinator, const struct resolver_answer *answer,
                           bool is_v6)
{
    struct links *links = coordinator->links;
    if (answer->status == RESOLVER_TEMPORARY || answer->status == RESOLVER_BOGUS) {
        return; /* no answer says nothing about the addresses known */
    }
    for (struct link *link = links->first; link != NULL; link = link->next) {
        if (link->coordinator == coordinator->number && link->is_v6 == is_v6) {
            link_state_on_answer(&link->state);
        }
    }
    for (size_t i = 0; answer->status == RESOLVER_OK && i < answer->count; i++) {
        open_link(coordinator, &answer->addresses[i]);
    }
    close_missed(links);
}

static void on_a(void *context, const struct resolver_answer *answer)
{
    take_addresses(context, answer, false);
}

static void on_aaaa(void *context, const struct resolver_answer *answer)
{
    take_addresses(context, answer, true);
}

static void resolve_all(void *context)
{
    struct links *links = context;
    for (size_t i = 0; i < links->settings.coordinator_count; i++) {
        struct coordinator *coordinator = &links->coordinators[i];
        struct text host = text_of(coordinator->host);
        struct stream_address address;
        if (stream_address_parse(host, 0, &address) == 0) {
            open_link(coordinator, &address);
            continue;
        }
        (void)resolver_find_a(links->settings.resolver, host, on_a, coordinator);
        (void)resolver_find_aaaa(links->settings.resolver, host, on_aaaa, coordinator);
    }
}

int links_create(const struct links_settings *settings, struct links **ret_links,
                 struct problem *problem)
{
    struct links *links = xalloc_zero(1, sizeof *links);
    links->settings = *settings;
    links->arena = arena_create(0);
    links->started_unix_ms = clock_unix_ms();
    links->coordinators = xalloc_zero(settings->coordinator_count + 1, sizeof *links->coordinators);
    for (size_t i = 0; i < settings->coordinator_count; i++) {
        struct coordinator *coordinator = &links->coordinators[i];
        coordinator->links = links;
        coordinator->number = i;
        if (config_check_split_endpoint(text_of(settings->coordinators[i]), coordinator->host,
                                        &coordinator->port) != 0) {
            problem_set(problem, "coordinators", "endpoint", "%s is no HOST:PORT",
                        settings->coordinators[i]);
            links_destroy(&links);
            return -EINVAL;
        }
    }
    links->resolve_timer = loop_timer_create(settings->loop, resolve_all, links);
    links->credit_timer = loop_timer_create(settings->loop, tell_credit, links);
    loop_timer_start(links->resolve_timer, 0, LINKS_RESOLVE_MS);
    loop_timer_start(links->credit_timer, CREDIT_MS, 0);
    *ret_links = links;
    return 0;
}

void links_destroy(struct links **links)
{
    if (*links == NULL) {
        return;
    }
    for (struct link *link = (*links)->first; link != NULL;) {
        struct link *next = link->next;
        bus_client_close(&link->client);
        free(link);
        link = next;
    }
    if ((*links)->resolve_timer != NULL) {
        loop_timer_destroy(&(*links)->resolve_timer);
        loop_timer_destroy(&(*links)->credit_timer);
    }
    arena_destroy(&(*links)->arena);
    buffer_finish(&(*links)->frame);
    free((*links)->coordinators);
    free(*links);
    *links = NULL;
}
