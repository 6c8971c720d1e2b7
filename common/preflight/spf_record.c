#include "common/preflight/spf_record.h"

#include "common/preflight/spf_macro.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

static const struct text version = {"v=spf1", 6};

bool spf_record_is_spf(struct text txt)
{
    return text_starts_with_nocase(txt, version) &&
           (txt.size == version.size || txt.data[version.size] == ' ');
}

enum domain_need { DOMAIN_NONE, DOMAIN_MAY, DOMAIN_MUST, NETWORK };

static const struct {
    const char *name;
    enum spf_mechanism mechanism;
    enum domain_need need;
    bool has_bits; /* dual-cidr-length */
} mechanisms[] = {
    {"all", SPF_MECHANISM_ALL, DOMAIN_NONE, false},
    {"include", SPF_MECHANISM_INCLUDE, DOMAIN_MUST, false},
    {"a", SPF_MECHANISM_A, DOMAIN_MAY, true},
    {"mx", SPF_MECHANISM_MX, DOMAIN_MAY, true},
    {"ptr", SPF_MECHANISM_PTR, DOMAIN_MAY, false},
    {"ip4", SPF_MECHANISM_IP4, NETWORK, false},
    {"ip6", SPF_MECHANISM_IP6, NETWORK, false},
    {"exists", SPF_MECHANISM_EXISTS, DOMAIN_MUST, false},
};

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* "0", or up to three digits that do not begin with 0. */
static bool read_bits(struct text digits, unsigned int most, unsigned int *ret_bits)
{
    uint64_t bits = 0;
    bool has_zero = digits.size > 1 && digits.data[0] == '0';
    if (has_zero || digits.size > 3 || text_to_u64(digits, most, &bits) != 0) {
        return false;
    }
    *ret_bits = (unsigned int)bits;
    return true;
}

static size_t digits_at_end(struct text text)
{
    size_t count = 0;
    while (count < text.size && is_digit(text.data[text.size - 1 - count])) {
        count++;
    }
    return count;
}

/* Take "/24", "//64" or "/24//64" from the end of `rest`. @return false: there, but wrong */
static bool take_bits(struct text *rest, struct spf_term *term)
{
    size_t digits = digits_at_end(*rest);
    size_t slash = rest->size - digits;
    bool has_slash = slash > 0 && rest->data[slash - 1] == '/';
    if (!has_slash) {
        return true;
    }
    struct text number = {rest->data + slash, digits};
    bool is_v6 = slash > 1 && rest->data[slash - 2] == '/';
    if (!read_bits(number, is_v6 ? 128 : 32, is_v6 ? &term->bits_v6 : &term->bits_v4)) {
        return false;
    }
    rest->size = slash - (is_v6 ? 2 : 1);
    if (!is_v6) {
        return true;
    }
    digits = digits_at_end(*rest);
    slash = rest->size - digits;
    if (digits == 0 || slash == 0 || rest->data[slash - 1] != '/') {
        return true;
    }
    number = (struct text){rest->data + slash, digits};
    rest->size = slash - 1;
    return read_bits(number, 32, &term->bits_v4);
}

static bool read_network(struct text value, struct spf_term *term)
{
    bool is_v6 = term->mechanism == SPF_MECHANISM_IP6;
    char address[64];
    size_t slash = text_find(value, '/');
    unsigned int bits = is_v6 ? 128 : 32;
    if (slash < value.size && !read_bits(text_skip(value, slash + 1), bits, &bits)) {
        return false;
    }
    if (slash == 0 || slash >= sizeof address) {
        return false;
    }
    memcpy(address, value.data, slash);
    address[slash] = '\0';
    term->bits_v4 = bits;
    term->bits_v6 = bits;
    term->network.is_v6 = is_v6;
    return inet_pton(is_v6 ? AF_INET6 : AF_INET, address, term->network.bytes) == 1;
}

/* What stands behind the mechanism's name. */
static bool read_rest(struct text rest, enum domain_need need, bool has_bits, struct spf_term *term)
{
    term->bits_v4 = 32;
    term->bits_v6 = 128;
    if (has_bits && !take_bits(&rest, term)) {
        return false;
    }
    if (rest.size == 0) {
        return need == DOMAIN_NONE || need == DOMAIN_MAY;
    }
    if (rest.data[0] != ':' || need == DOMAIN_NONE) {
        return false;
    }
    rest = text_skip(rest, 1);
    if (need == NETWORK) {
        return read_network(rest, term);
    }
    term->domain = rest;
    return spf_macro_is_domain(rest);
}

static bool read_directive(struct text source, struct spf_term *term)
{
    struct text rest = source;
    *term = (struct spf_term){.qualifier = '+', .source = source};
    if (rest.data[0] != '\0' && strchr("+-~?", rest.data[0]) != NULL) {
        term->qualifier = rest.data[0];
        rest = text_skip(rest, 1);
    }
    size_t size = 0;
    while (size < rest.size && rest.data[size] != ':' && rest.data[size] != '/') {
        size++;
    }
    struct text name = {rest.data, size};
    for (size_t i = 0; i < sizeof mechanisms / sizeof mechanisms[0]; i++) {
        if (text_equal_nocase(name, text_of(mechanisms[i].name))) {
            term->mechanism = mechanisms[i].mechanism;
            return read_rest(text_skip(rest, size), mechanisms[i].need, mechanisms[i].has_bits,
                             term);
        }
    }
    return false;
}

/* @return length of the name of a modifier, 0: the term is none */
static size_t modifier_name(struct text term)
{
    size_t size = 0;
    while (size < term.size && term.data[size] != '=') {
        char byte = term.data[size];
        char lower = (char)(byte | 0x20);
        bool is_letter = lower >= 'a' && lower <= 'z';
        bool is_other = is_digit(byte) || byte == '-' || byte == '_' || byte == '.';
        if (!is_letter && !(size > 0 && is_other)) {
            return 0;
        }
        size++;
    }
    return size < term.size ? size : 0;
}

/* redirect and exp once each; others are for later versions of SPF. */
static bool read_modifier(struct text term, size_t name_size, struct spf_record *record,
                          bool *has_explanation)
{
    struct text name = {term.data, name_size};
    struct text value = text_skip(term, name_size + 1);
    if (text_equal_nocase(name, TEXT("redirect"))) {
        bool is_second = record->redirect.size > 0;
        record->redirect = value;
        return !is_second && spf_macro_is_domain(value);
    }
    if (text_equal_nocase(name, TEXT("exp"))) {
        bool is_second = *has_explanation;
        *has_explanation = true;
        return !is_second && spf_macro_is_domain(value);
    }
    return spf_macro_is_string(value);
}

int spf_record_parse(struct text txt, struct arena *arena, struct spf_record *ret_record,
                     struct problem *problem)
{
    struct text rest = text_skip(txt, version.size);
    struct text source;
    struct spf_record record = {.count = 0};
    bool has_explanation = false;
    size_t most = rest.size / 2 < SPF_RECORD_TERMS_MAX ? rest.size / 2 : SPF_RECORD_TERMS_MAX;
    struct spf_term *terms = arena_zero(arena, most + 1, sizeof *terms);
    while (text_next_part(&rest, ' ', &source)) {
        if (source.size == 0) {
            continue;
        }
        size_t modifier = modifier_name(source);
        bool is_good = record.count < SPF_RECORD_TERMS_MAX;
        if (modifier > 0) {
            is_good = is_good && read_modifier(source, modifier, &record, &has_explanation);
        } else {
            is_good = is_good && read_directive(source, &terms[record.count]);
            record.count++;
        }
        if (!is_good) {
            problem_set(problem, "", "P1", "\"%.*s\" is no term of SPF",
                        source.size < 80 ? (int)source.size : 80, source.data);
            return -EINVAL;
        }
    }
    record.terms = terms;
    *ret_record = record;
    return 0;
}
