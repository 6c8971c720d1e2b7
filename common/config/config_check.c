#include "common/config/config_check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#define NAME_MAX_BYTES 63
#define HOST_MAX_BYTES 253
#define LABEL_MAX_BYTES 63
#define UNIX_PATH_MAX 107 /* sun_path with its NUL, unix(7) */

static int refuse(struct problem *problem, const char *rule, const char *message)
{
    problem_set(problem, "", rule, "%s", message);
    return -EINVAL;
}

static bool is_lower_or_digit(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
}

static bool is_letter_or_digit(char byte)
{
    return is_lower_or_digit(byte) || (byte >= 'A' && byte <= 'Z');
}

int config_check_name(struct text value, struct problem *problem)
{
    bool is_good =
        value.size > 0 && value.size <= NAME_MAX_BYTES && is_lower_or_digit(value.data[0]);
    for (size_t i = 1; is_good && i < value.size; i++) {
        is_good = is_lower_or_digit(value.data[i]) || value.data[i] == '-' || value.data[i] == '_';
    }
    return is_good ? 0
                   : refuse(problem, "name",
                            "must be 1 to 63 of a-z, 0-9, '-' and '_', a letter or digit first");
}

static bool is_ip(struct text value)
{
    char string[INET6_ADDRSTRLEN];
    unsigned char address[16];
    if (value.size == 0 || value.size >= sizeof string) {
        return false;
    }
    memcpy(string, value.data, value.size);
    string[value.size] = '\0';
    return strlen(string) == value.size &&
           (inet_pton(AF_INET, string, address) == 1 || inet_pton(AF_INET6, string, address) == 1);
}

int config_check_ip(struct text value, struct problem *problem)
{
    return is_ip(value) ? 0 : refuse(problem, "ip_address", "must be an IPv4 or IPv6 address");
}

static bool is_label(struct text label)
{
    if (label.size == 0 || label.size > LABEL_MAX_BYTES || label.data[0] == '-' ||
        label.data[label.size - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < label.size; i++) {
        if (!is_letter_or_digit(label.data[i]) && label.data[i] != '-') {
            return false;
        }
    }
    return true;
}

static bool is_host(struct text value)
{
    struct text label;
    if (value.size == 0 || value.size > HOST_MAX_BYTES) {
        return false;
    }
    while (text_next_part(&value, '.', &label)) {
        if (!is_label(label)) {
            return false;
        }
    }
    return true;
}

int config_check_host(struct text value, struct problem *problem)
{
    return is_host(value) ? 0 : refuse(problem, "host_name", "must be a host name (RFC 1123)");
}

/* Everything before the last colon; brackets around an IPv6 address are taken off. */
static int split_host(struct text host, struct text *ret_host)
{
    bool is_bracketed = host.size > 2 && host.data[0] == '[' && host.data[host.size - 1] == ']';
    if (is_bracketed) {
        host = (struct text){host.data + 1, host.size - 2};
    }
    /* Without brackets "::1:8460" has two readings. */
    bool has_colon = text_find(host, ':') < host.size;
    if (is_bracketed != has_colon || !(is_ip(host) || (!is_bracketed && is_host(host)))) {
        return -EINVAL;
    }
    *ret_host = host;
    return 0;
}

int config_check_split_endpoint(struct text value, char ret_host[CONFIG_CHECK_HOST_BYTES],
                                uint16_t *ret_port)
{
    struct text host = value;
    uint64_t port = 0;
    bool is_unix = text_starts_with(value, TEXT("unix:"));
    if (is_unix) {
        host = text_skip(value, sizeof "unix:" - 1);
        if (host.size == 0 || host.size > UNIX_PATH_MAX) {
            return -EINVAL;
        }
    } else {
        size_t colon = value.size;
        while (colon > 0 && value.data[colon - 1] != ':') {
            colon--;
        }
        if (colon == 0 || text_to_u64(text_skip(value, colon), UINT16_MAX, &port) != 0 ||
            split_host((struct text){value.data, colon - 1}, &host) != 0) {
            return -EINVAL;
        }
    }
    memcpy(ret_host, host.data, host.size);
    ret_host[host.size] = '\0';
    *ret_port = (uint16_t)port;
    return is_unix ? 1 : 0;
}

int config_check_https(struct text value, struct problem *problem)
{
    struct text rest = text_skip(value, strlen("https://"));
    struct text place = {rest.data, text_find(rest, '/')};
    struct text host = {place.data, text_find(place, ':')};
    uint64_t port = 0;
    bool is_good = text_starts_with(value, TEXT("https://")) &&
                   config_check_host(host, NULL) == 0 &&
                   (host.size == place.size ||
                    text_to_u64(text_skip(place, host.size + 1), UINT16_MAX, &port) == 0);
    for (size_t i = 0; i < value.size && is_good; i++) {
        is_good = value.data[i] > ' ' && value.data[i] < 0x7f;
    }
    return is_good && !text_has_any(value, TEXT("?#@<>\"\\"))
               ? 0
               : refuse(problem, "https_url",
                        "must be https://HOST[:PORT][/PATH] without query and fragment");
}

int config_check_endpoint(struct text value, struct problem *problem)
{
    char host[CONFIG_CHECK_HOST_BYTES];
    uint16_t port = 0;
    return config_check_split_endpoint(value, host, &port) >= 0
               ? 0
               : refuse(problem, "endpoint",
                        "must be HOST:PORT, ADDRESS:PORT, [IPV6]:PORT or unix:PATH");
}
