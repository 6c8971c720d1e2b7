/* A redis-server of this test's own: a unix socket in a temporary folder, stopped by its pid. */
#ifndef HIKYAKU_TESTS_PRIVATE_REDIS_H
#define HIKYAKU_TESTS_PRIVATE_REDIS_H

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct private_redis {
    char folder[64];
    char endpoint[96];
    pid_t pid; /* 0: not running */
};

static inline void private_redis_prepare(struct private_redis *redis)
{
    snprintf(redis->folder, sizeof(redis->folder), "/tmp/hikyaku-redis-XXXXXX");
    if (mkdtemp(redis->folder) == NULL) {
        abort();
    }
    snprintf(redis->endpoint, sizeof(redis->endpoint), "unix:%s/socket", redis->folder);
    redis->pid = 0;
}

/** Wait until it listens: the store's pause before its next try would be longer. */
static inline void private_redis_wait(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    for (int i = 0; i < 2000; i++) {
        int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int result = connect(probe, (struct sockaddr *)&address, sizeof(address));
        close(probe);
        if (result == 0) {
            return;
        }
        usleep(5000);
    }
    abort();
}

#define PRIVATE_REDIS_WORDS_MAX 32

/** Start it with more options, ending with NULL. */
static inline void private_redis_start_with(struct private_redis *redis, const char *const *options)
{
    char socket_path[96];
    snprintf(socket_path, sizeof(socket_path), "%s/socket", redis->folder);
    const char *const usual[] = {"redis-server",
                                 "--port",
                                 "0",
                                 "--unixsocket",
                                 socket_path,
                                 "--dir",
                                 redis->folder,
                                 "--appendonly",
                                 "yes",
                                 "--appendfsync",
                                 "always",
                                 "--save",
                                 "",
                                 "--logfile",
                                 "redis.log"};
    char *words[PRIVATE_REDIS_WORDS_MAX] = {NULL};
    size_t count = 0;
    for (; count < sizeof(usual) / sizeof(usual[0]); count++) {
        words[count] = strdup(usual[count]);
    }
    for (; *options != NULL && count + 1 < PRIVATE_REDIS_WORDS_MAX; options++) {
        words[count++] = strdup(*options);
    }
    redis->pid = fork();
    if (redis->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execvp("redis-server", words);
        _exit(127);
    }
    while (count > 0) {
        free(words[--count]);
    }
    private_redis_wait(socket_path);
}

/** Start it; `option` and `value` are one more setting, or NULL. */
static inline void private_redis_start(struct private_redis *redis, const char *option,
                                       const char *value)
{
    private_redis_start_with(redis, (const char *const[]){option, value, NULL});
}

static inline void private_redis_stop(struct private_redis *redis, int signal)
{
    if (redis->pid != 0) {
        kill(redis->pid, signal);
        while (waitpid(redis->pid, NULL, 0) < 0 && errno == EINTR) {
        }
        redis->pid = 0;
    }
}

static inline int private_redis_remove(const char *path, const struct stat *status, int flag,
                                       struct FTW *walk)
{
    (void)status;
    (void)flag;
    (void)walk;
    return remove(path);
}

static inline void private_redis_finish(struct private_redis *redis)
{
    private_redis_stop(redis, SIGKILL);
    nftw(redis->folder, private_redis_remove, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
