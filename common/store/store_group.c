#include "common/store/store_group.h"

#include "common/base/log.h"

#include <errno.h>
#include <stdlib.h>

/* One command whose answer is held back. */
struct held {
    struct held *next;
    struct store_link *link;
    store_link_reply_fn *on_reply; /* NULL once it was called */
    void *call;
    redisReply *reply; /* what is held back */
    int error;
    uint64_t connection; /* that it was sent on */
    bool is_back;        /* the link has answered */
    bool is_left;        /* by its list: freed once it is back */
};

struct held_list {
    struct held *first;
    struct held **end;
};

struct store_group {
    struct store_link *link;
    unsigned int replicas;
    uint64_t wait_ms;
    struct store_command command;
    struct loop_timer *closing; /* sends WAIT when the turn that began a group is over */
    struct held_list open;      /* sent since the last WAIT */
    struct held_list closed;    /* what the WAIT under way is for */
    uint64_t connection;        /* of that WAIT */
    bool is_waiting;
    bool is_told; /* that replicas are missing: once */
};

static void list_clear(struct held_list *list)
{
    list->first = NULL;
    list->end = &list->first;
}

static void answer(struct held *held, int error, const redisReply *reply)
{
    store_link_reply_fn *on_reply = held->on_reply;
    held->on_reply = NULL;
    if (on_reply != NULL) {
        on_reply(held->call, error, reply);
    }
}

static void free_held(struct held *held)
{
    held->is_left = true;
    if (held->is_back) {
        freeReplyObject(held->reply);
        free(held);
    }
}

static void free_list(struct held_list *list)
{
    struct held *held = list->first;
    list_clear(list);
    while (held != NULL) {
        struct held *next = held->next;
        free_held(held);
        held = next;
    }
}

static void on_held(void *object, int error, const redisReply *reply)
{
    struct held *held = object;
    held->is_back = true;
    if (held->is_left) {
        free_held(held);
    } else if (reply == NULL) {
        answer(held, error, NULL); /* its WAIT is answered so too, and frees it */
    } else {
        held->error = error;
        held->reply = store_link_take_reply(held->link);
    }
}

bool store_group_is_enough(const redisReply *reply, unsigned int replicas)
{
    return reply != NULL && reply->type == REDIS_REPLY_INTEGER && reply->integer >= 0 &&
           (unsigned long long)reply->integer >= replicas;
}

static void on_waited(void *object, int error, const redisReply *reply);

static void close_group(void *context)
{
    struct store_group *group = context;
    if (group->is_waiting || group->open.first == NULL) {
        return;
    }
    group->closed.first = group->open.first;
    list_clear(&group->open);
    group->is_waiting = true;
    group->connection = store_link_connection(group->link);
    store_command_begin(&group->command, "WAIT");
    store_command_add_unsigned(&group->command, group->replicas);
    store_command_add_unsigned(&group->command, group->wait_ms);
    store_link_send(group->link, &group->command, on_waited, group);
}

static void tell(struct store_group *group, int error, bool is_enough)
{
    if (is_enough) {
        group->is_told = false;
    } else if (error == 0 && !group->is_told) {
        group->is_told = true;
        LOG(LOG_STORE_UNREPLICATED, NULL, log_number("replicas", group->replicas));
    }
}

static void on_waited(void *object, int error, const redisReply *reply)
{
    struct store_group *group = object;
    bool is_enough = error == 0 && store_group_is_enough(reply, group->replicas);
    tell(group, error, is_enough);
    struct held_list list = group->closed;
    list_clear(&group->closed);
    group->is_waiting = false;
    for (struct held *held = list.first; held != NULL; held = held->next) {
        bool is_known = is_enough && held->connection == group->connection;
        /* What Redis refused was not applied: no replica is needed to know it. */
        if (held->reply == NULL || (held->error == 0 && !is_known)) {
            answer(held, error == -ECANCELED ? -ECANCELED : -ECONNRESET, NULL);
        } else {
            answer(held, held->error, held->reply);
        }
    }
    free_list(&list);
    close_group(group);
}

struct store_group *store_group_create(struct loop *loop, struct store_link *link,
                                       unsigned int replicas, uint64_t wait_ms)
{
    struct store_group *group = xalloc_zero(1, sizeof(*group));
    group->link = link;
    group->replicas = replicas;
    group->wait_ms = wait_ms;
    group->closing = loop_timer_create(loop, close_group, group);
    list_clear(&group->open);
    list_clear(&group->closed);
    return group;
}

void store_group_cancel(struct store_group *group)
{
    loop_timer_stop(group->closing);
    group->is_waiting = true; /* nothing is sent any more */
    for (struct held *held = group->open.first; held != NULL; held = held->next) {
        if (held->reply != NULL) {
            answer(held, -ECANCELED, NULL);
        }
    }
}

void store_group_destroy(struct store_group **group)
{
    struct store_group *old = *group;
    *group = NULL;
    if (old == NULL) {
        return;
    }
    free_list(&old->open);
    free_list(&old->closed);
    loop_timer_destroy(&old->closing);
    store_command_finish(&old->command);
    free(old);
}

void store_group_send(struct store_group *group, struct store_command *command,
                      store_link_reply_fn *on_reply, void *call)
{
    struct held *held = xalloc_zero(1, sizeof(*held));
    held->link = group->link;
    held->on_reply = on_reply;
    held->call = call;
    held->connection = store_link_connection(group->link);
    *group->open.end = held;
    group->open.end = &held->next;
    store_link_send(group->link, command, on_held, held);
    if (!group->is_waiting && !loop_timer_is_active(group->closing)) {
        loop_timer_start(group->closing, 0, 0);
    }
}
