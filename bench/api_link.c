#include "bench/api_link.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_BYTES 16384

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fputs("bench_load: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

void api_link_append_request(struct buffer *buffer, const char *method, const char *key,
                             const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    buffer_printf(buffer,
                  "POST /hikyaku.v1.CampaignService/%s HTTP/1.1\r\nHost: localhost\r\n"
                  "Content-Type: application/proto\r\nAuthorization: Bearer %s\r\n"
                  "Content-Length: %zu\r\n\r\n",
                  method, key, size);
    char *place = buffer_reserve(buffer, size);
    protobuf_c_message_pack(message, (uint8_t *)place);
    buffer->size += size;
}

void api_link_open(struct api_link *link, const char *socket_path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    *link = (struct api_link){.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (strlen(socket_path) >= sizeof address.sun_path) {
        die("%s is too long for a unix socket", socket_path);
    }
    memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
    if (link->fd < 0 || connect(link->fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        perror(socket_path);
        exit(1);
    }
}

void api_link_close(struct api_link *link)
{
    (void)close(link->fd);
    buffer_finish(&link->input);
}

static void send_all(const struct api_link *link, struct text request)
{
    while (request.size > 0) {
        ssize_t sent = send(link->fd, request.data, request.size, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) {
            die("the coordinator closed the connection");
        }
        request = text_skip(request, sent < 0 ? 0 : (size_t)sent);
    }
}

static void read_more(struct api_link *link)
{
    char *place = buffer_reserve(&link->input, READ_BYTES);
    ssize_t size = recv(link->fd, place, READ_BYTES, 0);
    if (size <= 0) {
        die("no answer from the coordinator");
    }
    link->input.size += (size_t)size;
}

/* Size of the body, by a head that is complete. */
static uint64_t body_bytes(struct text head)
{
    struct text name = TEXT("Content-Length:");
    struct text line;
    uint64_t size = 0;
    while (text_next_part(&head, '\n', &line)) {
        if (text_starts_with_nocase(line, name) &&
            text_to_u64(text_trim(text_skip(line, name.size)), 64 << 20, &size) != 0) {
            die("an answer's length makes no sense");
        }
    }
    return size;
}

struct text api_link_call(struct api_link *link, struct text request)
{
    static const char empty_line[] = "\r\n\r\n";
    const char *end = NULL;
    send_all(link, request);
    buffer_clear(&link->input);
    while (end == NULL) {
        read_more(link);
        end = memmem(link->input.data, link->input.size, empty_line, strlen(empty_line));
    }
    size_t head = (size_t)(end - link->input.data) + strlen(empty_line);
    uint64_t size = body_bytes((struct text){link->input.data, head});
    while (link->input.size < head + size) {
        read_more(link);
    }
    struct text body = {link->input.data + head, size};
    if (!text_starts_with(buffer_text(&link->input), TEXT("HTTP/1.1 200"))) {
        die("%.*s: %.*s", (int)text_find(buffer_text(&link->input), '\r'), link->input.data,
            TEXT_PRINT(body));
    }
    return body;
}
