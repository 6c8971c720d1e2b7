#include "common/net/http_listener.h"
#include "common/net/stream_address.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024

static int refuse(struct problem *problem, const char *endpoint, int error)
{
    char why[128];
    problem_set(problem, "", "http_endpoint", "cannot listen on %s: %s", endpoint,
                strerror_r(error, why, sizeof why));
    return -error;
}

const char *http_listener_path(const char *endpoint)
{
    static const char prefix[] = "unix:";
    bool is_unix = strncmp(endpoint, prefix, sizeof prefix - 1) == 0;
    return is_unix ? endpoint + sizeof prefix - 1 : NULL;
}

/* 0 when the name is free, or was that of a socket whose server is gone. */
static int clear_path(const struct sockaddr_un *place)
{
    struct stat file;
    if (lstat(place->sun_path, &file) != 0) {
        return errno == ENOENT ? 0 : errno;
    }
    if (!S_ISSOCK(file.st_mode)) {
        return EEXIST;
    }
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (probe < 0) {
        return errno;
    }
    bool is_alive = connect(probe, (const struct sockaddr *)place, sizeof *place) == 0 ||
                    errno == EAGAIN; /* its backlog is full */
    (void)close(probe);
    if (is_alive) {
        return EADDRINUSE;
    }
    return unlink(place->sun_path) == 0 ? 0 : errno;
}

static int open_unix(const char *endpoint, const char *path, struct problem *problem)
{
    struct sockaddr_un place = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof place.sun_path) {
        return refuse(problem, endpoint, EINVAL);
    }
    memcpy(place.sun_path, path, length);
    int error = clear_path(&place);
    if (error != 0) {
        return refuse(problem, endpoint, error);
    }
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    /* Nobody can connect before listen(): the mode is right from the first moment. */
    if (descriptor < 0 || bind(descriptor, (const struct sockaddr *)&place, sizeof place) != 0 ||
        chmod(path, 0660) != 0 || listen(descriptor, BACKLOG) != 0) {
        error = errno;
        if (descriptor >= 0) {
            (void)close(descriptor);
        }
        return refuse(problem, endpoint, error);
    }
    return descriptor;
}

/* "host:port" with the host in brackets when it is v6. */
static int parse_endpoint(struct text endpoint, struct stream_address *ret_address)
{
    size_t host_start = 0;
    size_t host_size = text_find(endpoint, ':');
    size_t port_start = host_size + 1;
    if (text_starts_with(endpoint, TEXT("["))) {
        host_start = 1;
        host_size = text_find(endpoint, ']') - 1;
        port_start = host_size + 3;
    }
    uint64_t port = 0;
    if (port_start >= endpoint.size || endpoint.data[port_start - 1] != ':' ||
        text_to_u64(text_skip(endpoint, port_start), UINT16_MAX, &port) != 0) {
        return -EINVAL;
    }
    return stream_address_parse((struct text){endpoint.data + host_start, host_size},
                                (uint16_t)port, ret_address);
}

static uint16_t port_of(int descriptor)
{
    struct sockaddr_storage place = {0};
    socklen_t size = sizeof place;
    struct stream_address address = {0};
    if (getsockname(descriptor, (struct sockaddr *)&place, &size) == 0) {
        (void)stream_address_of_socket((const struct sockaddr *)&place, &address);
    }
    return address.port;
}

int http_listener_open(const char *endpoint, uint16_t *ret_port, struct problem *problem)
{
    const char *path = http_listener_path(endpoint);
    if (path != NULL) {
        int descriptor = open_unix(endpoint, path, problem);
        if (descriptor >= 0) {
            *ret_port = 0;
        }
        return descriptor;
    }
    struct stream_address address;
    if (parse_endpoint(text_of(endpoint), &address) != 0) {
        return refuse(problem, endpoint, EINVAL);
    }
    struct sockaddr_storage place;
    socklen_t size = stream_address_to_socket(&address, &place);
    int on = 1;
    int descriptor = socket(place.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0 || setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(descriptor, (const struct sockaddr *)&place, size) != 0 ||
        listen(descriptor, BACKLOG) != 0) {
        int error = errno;
        if (descriptor >= 0) {
            (void)close(descriptor);
        }
        return refuse(problem, endpoint, error);
    }
    *ret_port = port_of(descriptor);
    return descriptor;
}
