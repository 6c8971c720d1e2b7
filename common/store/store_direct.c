#include "common/store/store_direct_inside.h"
#include "common/store/store_place.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#define TIMEOUT_MS 30000

struct store_direct {
    redisContext *connection;
    struct store_command command;
    uint64_t timeout_ms;
};

struct store_command *store_direct_command(struct store_direct *direct)
{
    return &direct->command;
}

static int tell_lost(const struct store_direct *direct, struct problem *problem)
{
    bool is_late = direct->connection->err == REDIS_ERR_IO && errno == EAGAIN;
    problem_set(problem, "redis", "store_lost", "the connection to Redis is lost: %s",
                is_late ? "no answer in time" : direct->connection->errstr);
    return -EIO;
}

int store_direct_append(struct store_direct *direct, struct problem *problem)
{
    struct text command = store_command_text(&direct->command);
    int done = 0;
    if (redisAppendFormattedCommand(direct->connection, command.data, command.size) != REDIS_OK) {
        return tell_lost(direct, problem);
    }
    while (done == 0) {
        if (redisBufferWrite(direct->connection, &done) != REDIS_OK) {
            return tell_lost(direct, problem);
        }
    }
    return 0;
}

int store_direct_take(struct store_direct *direct, redisReply **ret_reply, struct problem *problem)
{
    void *reply = NULL;
    if (redisGetReply(direct->connection, &reply) != REDIS_OK) {
        return tell_lost(direct, problem);
    }
    int error = store_reply_error(reply);
    if (error != 0) {
        redisReply *told = reply;
        problem_set(problem, "redis", "store_refused", "Redis refuses: %.*s", (int)told->len,
                    told->str);
        freeReplyObject(reply);
        return error;
    }
    *ret_reply = reply;
    return 0;
}

int store_direct_call(struct store_direct *direct, redisReply **ret_reply, struct problem *problem)
{
    int error = store_direct_append(direct, problem);
    return error != 0 ? error : store_direct_take(direct, ret_reply, problem);
}

int store_direct_send_raw(struct store_direct *direct, struct problem *problem)
{
    return store_direct_append(direct, problem);
}

int store_direct_read_raw(struct store_direct *direct, void *place, size_t size, size_t *ret_size)
{
    struct pollfd poller = {.fd = direct->connection->fd, .events = POLLIN};
    for (;;) {
        int ready = poll(&poller, 1, (int)direct->timeout_ms);
        if (ready == 0) {
            return -ETIMEDOUT;
        }
        ssize_t got = ready < 0 ? -1 : read(direct->connection->fd, place, size);
        if (got > 0) {
            *ret_size = (size_t)got;
            return 0;
        }
        if (got == 0) {
            return -ENODATA;
        }
        if (errno != EINTR && errno != EAGAIN) {
            return -EIO;
        }
    }
}

/* ---------------------------------------------------------------- opening */

static int connect_to(struct store_direct *direct, const char *endpoint, struct problem *problem)
{
    struct store_place place;
    store_place_init(&place, endpoint);
    struct timeval timeout = {.tv_sec = (time_t)(direct->timeout_ms / 1000),
                              .tv_usec = (suseconds_t)(direct->timeout_ms % 1000 * 1000)};
    direct->connection = place.port == 0 ? redisConnectUnixWithTimeout(place.host, timeout)
                                         : redisConnectWithTimeout(place.host, place.port, timeout);
    store_place_finish(&place);
    if (direct->connection == NULL) {
        abort(); /* as xalloc */
    }
    if (direct->connection->err != 0) {
        problem_set(problem, "redis", "store_unreachable", "%s: %s", endpoint,
                    direct->connection->errstr);
        return -ECONNREFUSED;
    }
    (void)redisSetTimeout(direct->connection, timeout);
    return 0;
}

static int log_in(struct store_direct *direct, const struct store_direct_settings *settings,
                  struct problem *problem)
{
    struct store_command *command = &direct->command;
    redisReply *reply = NULL;
    if (settings->password.size > 0) {
        store_command_begin(command, "AUTH");
        if (settings->user != NULL) {
            store_command_add_string(command, settings->user);
        }
        store_command_add(command, settings->password);
        int error = store_direct_call(direct, &reply, problem);
        if (error != 0) {
            problem_set(problem, "redis", "store_login", "Redis refuses this user and password");
            return -EACCES;
        }
        freeReplyObject(reply);
    }
    if (settings->database == 0) {
        return 0;
    }
    store_command_begin(command, "SELECT");
    store_command_add_unsigned(command, settings->database);
    int error = store_direct_call(direct, &reply, problem);
    if (error == 0) {
        freeReplyObject(reply);
    }
    return error;
}

int store_direct_open(const struct store_direct_settings *settings,
                      struct store_direct **ret_direct, struct problem *problem)
{
    struct store_direct *direct = xalloc_zero(1, sizeof *direct);
    direct->timeout_ms = settings->timeout_ms == 0 ? TIMEOUT_MS : settings->timeout_ms;
    int error = connect_to(direct, settings->endpoint, problem);
    if (error == 0) {
        error = log_in(direct, settings, problem);
    }
    if (error != 0) {
        store_direct_close(&direct);
        return error;
    }
    *ret_direct = direct;
    return 0;
}

void store_direct_close(struct store_direct **direct)
{
    if (*direct == NULL) {
        return;
    }
    redisFree((*direct)->connection);
    store_command_finish(&(*direct)->command); /* the password was in it */
    free(*direct);
    *direct = NULL;
}
