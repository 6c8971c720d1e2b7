/* A fast SMTP sink: takes everything, keeps nothing. Each process has a socket of its own on one
 * port (SO_REUSEPORT) and an epoll loop. The first line it prints names port and process ids, the
 * last one, after SIGTERM, what came.
 *
 * usage: bench_sink [--listen ADDRESS] [--port PORT] [--processes N]
 */
#include "bench/sink_session.h"
#include "common/base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PROCESSES_MAX = 64,
    READ_BYTES = 256 * 1024,
    EVENTS_AT_ONCE = 64,
};

/* Of one process, in memory shared with the first; apart by a cache line. */
struct share {
    struct sink_counts counts;
    uint64_t first_ms; /* of a message; 0: none yet */
    uint64_t last_ms;
    char apart[64];
};

struct client {
    int fd;
    struct sink_session session;
    struct buffer output; /* what the kernel has not taken */
};

struct sink {
    int epoll;
    int listener;
    struct share *share;
    char *input; /* READ_BYTES, of all clients */
};

static void die(const char *what)
{
    perror(what);
    _exit(1);
}

/* ---- clients ---- */

static void watch(const struct sink *sink, struct client *client, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = client};
    if (epoll_ctl(sink->epoll, operation, client->fd, &event) != 0) {
        die("epoll_ctl");
    }
}

static void end_client(struct client *client)
{
    (void)close(client->fd);
    buffer_finish(&client->output);
    free(client);
}

/* @return false when the client is gone */
static bool flush(const struct sink *sink, struct client *client, bool was_waiting)
{
    while (client->output.size > 0) {
        ssize_t sent = send(client->fd, client->output.data, client->output.size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            if (!was_waiting) {
                watch(sink, client, EPOLL_CTL_MOD, EPOLLOUT);
            }
            return true;
        }
        if (sent < 0) {
            return false;
        }
        buffer_consume(&client->output, (size_t)sent);
    }
    if (was_waiting) {
        watch(sink, client, EPOLL_CTL_MOD, EPOLLIN);
    }
    return !client->session.is_ended;
}

/* @return false when the client is gone */
static bool read_client(const struct sink *sink, struct client *client)
{
    ssize_t size = recv(client->fd, sink->input, READ_BYTES, 0);
    if (size <= 0) {
        return size < 0 && errno == EAGAIN;
    }
    struct share *share = sink->share;
    uint64_t before = share->counts.messages;
    sink_session_feed(&client->session, (struct text){sink->input, (size_t)size}, &client->output,
                      &share->counts);
    if (share->counts.messages != before) {
        share->last_ms = clock_monotonic_ms();
        share->first_ms = share->first_ms == 0 ? share->last_ms : share->first_ms;
    }
    return flush(sink, client, false);
}

static void accept_client(const struct sink *sink)
{
    int fd = accept4(sink->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct client *client = xalloc_zero(1, sizeof *client);
    client->fd = fd;
    sink->share->counts.connections++;
    sink_session_init(&client->session, &client->output);
    watch(sink, client, EPOLL_CTL_ADD, EPOLLIN);
    if (!flush(sink, client, false)) {
        end_client(client);
    }
}

static void on_event(const struct sink *sink, const struct epoll_event *event)
{
    struct client *client = event->data.ptr;
    if (client == NULL) {
        accept_client(sink);
        return;
    }
    bool is_waiting = (event->events & EPOLLOUT) != 0;
    bool is_there = is_waiting ? flush(sink, client, true) : read_client(sink, client);
    if (!is_there) {
        end_client(client);
    }
}

/* ---- processes ---- */

static int open_socket(const struct sockaddr_in *address)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
        bind(fd, (const struct sockaddr *)address, sizeof *address) != 0) {
        die("bind");
    }
    return fd;
}

__attribute__((noreturn)) static void serve(const struct sockaddr_in *address, struct share *share)
{
    struct sink sink = {.epoll = epoll_create1(EPOLL_CLOEXEC),
                        .listener = open_socket(address),
                        .share = share,
                        .input = xalloc(READ_BYTES)};
    struct epoll_event events[EVENTS_AT_ONCE] = {{.events = EPOLLIN, .data.ptr = NULL}};
    if (sink.epoll < 0 || listen(sink.listener, 4096) != 0 ||
        epoll_ctl(sink.epoll, EPOLL_CTL_ADD, sink.listener, events) != 0) {
        die("listen");
    }
    share->last_ms = clock_monotonic_ms(); /* tells the first process that this one listens */
    for (;;) {
        int count = epoll_wait(sink.epoll, events, EVENTS_AT_ONCE, -1);
        for (int i = 0; i < count; i++) {
            on_event(&sink, &events[i]);
        }
    }
}

static void start(const struct sockaddr_in *address, struct share *share, pid_t *ret_pid)
{
    pid_t pid = fork();
    if (pid < 0) {
        die("fork");
    }
    if (pid == 0) {
        sigset_t none;
        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(address, share);
    }
    *ret_pid = pid;
    while (*(volatile uint64_t *)&share->last_ms == 0 && waitpid(pid, NULL, WNOHANG) == 0) {
        (void)usleep(1000);
    }
}

static void print_totals(const struct share *shares, unsigned int processes)
{
    struct share all = {.first_ms = UINT64_MAX};
    for (unsigned int i = 0; i < processes; i++) {
        const struct share *share = &shares[i];
        all.counts.connections += share->counts.connections;
        all.counts.messages += share->counts.messages;
        all.counts.bytes += share->counts.bytes;
        all.counts.refused_commands += share->counts.refused_commands;
        if (share->first_ms != 0) {
            all.first_ms = share->first_ms < all.first_ms ? share->first_ms : all.first_ms;
            all.last_ms = share->last_ms > all.last_ms ? share->last_ms : all.last_ms;
        }
    }
    uint64_t span_ms = all.counts.messages > 0 ? all.last_ms - all.first_ms : 0;
    (void)printf("{\"messages\": %llu, \"bytes\": %llu, \"connections\": %llu, "
                 "\"refused_commands\": %llu, \"span_ms\": %llu}\n",
                 (unsigned long long)all.counts.messages, (unsigned long long)all.counts.bytes,
                 (unsigned long long)all.counts.connections,
                 (unsigned long long)all.counts.refused_commands, (unsigned long long)span_ms);
}

/* Blocked in the first process, which waits for them. */
static void block_signals(sigset_t *ret_signals)
{
    (void)sigemptyset(ret_signals);
    (void)sigaddset(ret_signals, SIGTERM);
    (void)sigaddset(ret_signals, SIGINT);
    (void)sigprocmask(SIG_BLOCK, ret_signals, NULL);
}

static void run(const struct sockaddr_in *address, unsigned int processes)
{
    struct share *shares = mmap(NULL, processes * sizeof *shares, PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shares == MAP_FAILED) {
        die("mmap");
    }
    sigset_t signals;
    block_signals(&signals);
    pid_t pids[PROCESSES_MAX] = {0};
    for (unsigned int i = 0; i < processes; i++) {
        start(address, &shares[i], &pids[i]);
    }
    (void)printf("{\"port\": %u, \"pids\": [%d", ntohs(address->sin_port), (int)getpid());
    for (unsigned int i = 0; i < processes; i++) {
        (void)printf(", %d", (int)pids[i]);
    }
    (void)printf("]}\n");
    (void)fflush(stdout);
    int signal_number = 0;
    (void)sigwait(&signals, &signal_number);
    for (unsigned int i = 0; i < processes; i++) {
        (void)kill(pids[i], SIGTERM);
        (void)waitpid(pids[i], NULL, 0);
    }
    print_totals(shares, processes);
}

static unsigned int number(const char *text, unsigned int least, unsigned int most)
{
    uint64_t value = 0;
    if (text_to_u64(text_of(text), most, &value) != 0 || value < least) {
        (void)fprintf(stderr, "bench_sink: %s: a number from %u to %u, please\n", text, least,
                      most);
        exit(2);
    }
    return (unsigned int)value;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"listen", required_argument, NULL, 'l'},
                                            {"port", required_argument, NULL, 'p'},
                                            {"processes", required_argument, NULL, 'n'},
                                            {NULL, 0, NULL, 0}};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    unsigned int processes = 2;
    int option = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'l' && inet_pton(AF_INET, optarg, &address.sin_addr) == 1) {
            continue;
        }
        if (option == 'p') {
            address.sin_port = htons((uint16_t)number(optarg, 0, UINT16_MAX));
        } else if (option == 'n') {
            processes = number(optarg, 1, PROCESSES_MAX);
        } else {
            (void)fprintf(stderr, "usage: bench_sink [--listen ADDRESS] [--port PORT] "
                                  "[--processes N]\n");
            return 2;
        }
    }
    /* Holds the port that the kernel chose; it does not listen, so no connection comes here. */
    int holder = open_socket(&address);
    socklen_t size = sizeof address;
    if (getsockname(holder, (struct sockaddr *)&address, &size) != 0) {
        die("getsockname");
    }
    run(&address, processes);
    return 0;
}
