#include "common/mail/address_domain.h"

#include "common/mail/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <idn2.h>
#include <string.h>

#define LABEL_BYTES_MAX 63

static int refuse(struct problem *problem, const char *rule, const char *message)
{
    problem_set(problem, "", rule, "%s", message);
    return -EINVAL;
}

/* What a look at the bytes says about a name. */
enum shape {
    SHAPE_READY,  /* lower-case letters, digits, hyphens: the wire form already */
    SHAPE_UPPER,  /* the same with capitals */
    SHAPE_ALABEL, /* a label starts with "xn--": must be real Punycode */
    SHAPE_UTF8,   /* needs mapping */
    SHAPE_WRONG,
    SHAPE_LONG_LABEL,
};

static bool is_host_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
           (byte >= 'A' && byte <= 'Z');
}

static enum shape label_shape(struct text label)
{
    if (label.size == 0 || label.data[0] == '-' || label.data[label.size - 1] == '-') {
        return SHAPE_WRONG;
    }
    enum shape shape = SHAPE_READY;
    for (size_t i = 0; i < label.size; i++) {
        if (!is_host_byte(label.data[i])) {
            return SHAPE_WRONG;
        }
        if (label.data[i] >= 'A' && label.data[i] <= 'Z') {
            shape = SHAPE_UPPER;
        }
    }
    if (label.size > LABEL_BYTES_MAX) {
        return SHAPE_LONG_LABEL;
    }
    return text_starts_with_nocase(label, TEXT("xn--")) ? SHAPE_ALABEL : shape;
}

/* The worst shape of all labels: the enum is in that order. */
static enum shape name_shape(struct text name)
{
    if (!text_is_ascii(name)) {
        return SHAPE_UTF8;
    }
    enum shape worst = SHAPE_READY;
    struct text rest = name;
    struct text label;
    while (text_next_part(&rest, '.', &label)) {
        enum shape shape = label_shape(label);
        worst = shape > worst ? shape : worst;
    }
    return name.size == 0 ? SHAPE_WRONG : worst;
}

static int check_ascii(struct text name, enum shape shape, struct problem *problem)
{
    if (shape == SHAPE_WRONG) {
        return refuse(problem, "address_domain_syntax",
                      "the domain is not dotted labels of letters, digits and inner hyphens");
    }
    if (shape == SHAPE_LONG_LABEL || name.size > ADDRESS_DOMAIN_BYTES_MAX) {
        return refuse(problem, "address_domain_length",
                      "a label of the domain is longer than 63 bytes, or the domain than 255");
    }
    return 0;
}

/* UTS 46, non-transitional. A library that knows fewer characters than the registries refuses some
 * labels that exist; when they come as Punycode they are taken as they are. */
static int map_idn(struct text name, bool is_ascii, struct arena *arena, struct text *ret_domain,
                   struct problem *problem)
{
    char *mapped = NULL;
    int status = idn2_to_ascii_8z(arena_text(arena, name).data, &mapped,
                                  IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
    bool is_unknown = status == IDN2_DISALLOWED || status == IDN2_UNASSIGNED;
    if (status == IDN2_OK) {
        *ret_domain = arena_text(arena, text_of(mapped));
        idn2_free(mapped);
        return 0;
    }
    if (is_unknown && is_ascii) {
        *ret_domain = arena_text(arena, name);
        return 0;
    }
    if (status == IDN2_TOO_BIG_DOMAIN || status == IDN2_TOO_BIG_LABEL) {
        return refuse(problem, "address_domain_length",
                      "the domain or one of its labels is too long in its ASCII form");
    }
    problem_set(problem, "", "address_domain_idn",
                "the internationalised domain is not valid (UTS 46): %s", idn2_strerror(status));
    return -EINVAL;
}

static bool has_control(struct text text)
{
    for (size_t i = 0; i < text.size; i++) {
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

int address_domain_map(struct text text, struct arena *arena, struct text *ret_domain,
                       struct problem *problem)
{
    enum shape shape = name_shape(text);
    if (shape == SHAPE_READY && text.size <= ADDRESS_DOMAIN_BYTES_MAX) {
        *ret_domain = text;
        return 0;
    }
    if (shape == SHAPE_UTF8 && (!text_is_utf8(text) || has_control(text))) {
        return refuse(problem, "address_domain_syntax", "the domain is not valid UTF-8");
    }
    int result = shape == SHAPE_UTF8 ? 0 : check_ascii(text, shape, problem);
    struct text domain = text;
    if (result == 0 && (shape == SHAPE_UTF8 || shape == SHAPE_ALABEL)) {
        result = map_idn(text, shape == SHAPE_ALABEL, arena, &domain, problem);
    }
    if (result == 0) {
        result = check_ascii(domain, name_shape(domain), problem);
    }
    if (result != 0) {
        return result;
    }
    char *lower = arena_copy(arena, domain.data, domain.size);
    text_lower_ascii(lower, domain.size);
    *ret_domain = (struct text){lower, domain.size};
    return 0;
}

int address_domain_check_literal(struct text text, bool refuses, struct problem *problem)
{
    if (refuses) {
        return refuse(problem, "address_literal",
                      "addresses with an IP address for a domain are not taken here");
    }
    const struct text tag = TEXT("IPv6:");
    char inner[64];
    struct in6_addr parsed;
    size_t size = text.size < 2 ? 0 : text.size - 2;
    if (size > 0 && size < sizeof inner && text.data[text.size - 1] == ']' &&
        text_find((struct text){text.data + 1, size}, '\0') == size) {
        memcpy(inner, text.data + 1, size);
        inner[size] = '\0';
        bool is_v6 = text_starts_with_nocase((struct text){inner, size}, tag);
        if (inet_pton(is_v6 ? AF_INET6 : AF_INET, inner + (is_v6 ? tag.size : 0), &parsed) == 1) {
            return 0;
        }
    }
    return refuse(problem, "address_literal",
                  "in brackets stands an IPv4 address, or IPv6: and an IPv6 address");
}
