#include "common/mail/address.h"

#include "common/mail/address_domain.h"

#include <errno.h>
#include <string.h>

/* What the local part of a mailbox may consist of (RFC 5321, 4.1.2; RFC 5322, 3.2.3). */
enum { ATEXT = 1, QTEXT = 2, QUOTABLE = 4 };

#define A (ATEXT | QTEXT | QUOTABLE)
#define Q (QTEXT | QUOTABLE)
#define P QUOTABLE
static const unsigned char classes[128] = {
    [' '] = Q, ['!'] = A, ['"'] = P, ['#'] = A, ['$'] = A,  ['%'] = A, ['&'] = A, ['\''] = A,
    ['('] = Q, [')'] = Q, ['*'] = A, ['+'] = A, [','] = Q,  ['-'] = A, ['.'] = Q, ['/'] = A,
    ['0'] = A, ['1'] = A, ['2'] = A, ['3'] = A, ['4'] = A,  ['5'] = A, ['6'] = A, ['7'] = A,
    ['8'] = A, ['9'] = A, [':'] = Q, [';'] = Q, ['<'] = Q,  ['='] = A, ['>'] = Q, ['?'] = A,
    ['@'] = Q, ['A'] = A, ['B'] = A, ['C'] = A, ['D'] = A,  ['E'] = A, ['F'] = A, ['G'] = A,
    ['H'] = A, ['I'] = A, ['J'] = A, ['K'] = A, ['L'] = A,  ['M'] = A, ['N'] = A, ['O'] = A,
    ['P'] = A, ['Q'] = A, ['R'] = A, ['S'] = A, ['T'] = A,  ['U'] = A, ['V'] = A, ['W'] = A,
    ['X'] = A, ['Y'] = A, ['Z'] = A, ['['] = Q, ['\\'] = P, [']'] = Q, ['^'] = A, ['_'] = A,
    ['`'] = A, ['a'] = A, ['b'] = A, ['c'] = A, ['d'] = A,  ['e'] = A, ['f'] = A, ['g'] = A,
    ['h'] = A, ['i'] = A, ['j'] = A, ['k'] = A, ['l'] = A,  ['m'] = A, ['n'] = A, ['o'] = A,
    ['p'] = A, ['q'] = A, ['r'] = A, ['s'] = A, ['t'] = A,  ['u'] = A, ['v'] = A, ['w'] = A,
    ['x'] = A, ['y'] = A, ['z'] = A, ['{'] = A, ['|'] = A,  ['}'] = A, ['~'] = A,
};
#undef A
#undef Q
#undef P

static const struct text carriers[] = {
    {"docomo.ne.jp", sizeof "docomo.ne.jp" - 1},
    {"ezweb.ne.jp", sizeof "ezweb.ne.jp" - 1},
};

static const struct address_options default_options;

static int refuse(struct problem *problem, const char *rule, const char *message)
{
    problem_set(problem, "", rule, "%s", message);
    return -EINVAL;
}

/* Bytes beyond ASCII count as atext and qtext (RFC 6531, 3.3). */
static bool is_of(unsigned char byte, unsigned char wanted)
{
    return byte >= 0x80 ? wanted != QUOTABLE : (classes[byte] & wanted) != 0;
}

/* Length of the quoted string that starts the text, 0 when it is none. */
static size_t quoted_length(struct text text)
{
    size_t i = 1;
    while (i < text.size && text.data[i] != '"') {
        bool escaped = text.data[i] == '\\';
        i += escaped ? 1 : 0;
        if (i == text.size || !is_of((unsigned char)text.data[i], escaped ? QUOTABLE : QTEXT)) {
            return 0;
        }
        i++;
    }
    return i < text.size ? i + 1 : 0;
}

/* Length of the run of atoms and dots that starts the text; `ret_bad_dots`: a dot is first, last or
 * follows another. */
static size_t dotted_length(struct text text, bool *ret_bad_dots)
{
    bool bad = false;
    bool after_dot = true;
    size_t i = 0;
    for (; i < text.size; i++) {
        if (text.data[i] == '.') {
            bad = bad || after_dot;
            after_dot = true;
        } else if (is_of((unsigned char)text.data[i], ATEXT)) {
            after_dot = false;
        } else {
            break;
        }
    }
    *ret_bad_dots = bad || after_dot;
    return i;
}

/* UTF-8 without the control characters U+0080..U+009F. */
static bool is_fit_utf8(struct text text)
{
    for (size_t i = 0; i + 1 < text.size; i++) {
        if (text.data[i] == '\xc2' && (unsigned char)text.data[i + 1] < 0xa0) {
            return false;
        }
    }
    return text_is_utf8(text);
}

bool address_is_carrier(struct text domain, const struct address_options *options)
{
    bool own = options != NULL && options->carrier_domains != NULL;
    const struct text *names = own ? options->carrier_domains : carriers;
    size_t count = own ? options->carrier_domain_count : sizeof carriers / sizeof carriers[0];
    for (size_t i = 0; i < count; i++) {
        bool is_below = domain.size > names[i].size && text_ends_with_nocase(domain, names[i]) &&
                        domain.data[domain.size - names[i].size - 1] == '.';
        if (is_below || text_equal(domain, names[i])) {
            return true;
        }
    }
    return false;
}

/* Find the local part; the rest of the text, behind "@", is the domain as given. */
static int split(struct text text, struct address *address, bool *ret_bad_dots,
                 struct problem *problem)
{
    *ret_bad_dots = false;
    bool is_quoted = text.size > 0 && text.data[0] == '"';
    size_t length = is_quoted ? quoted_length(text) : dotted_length(text, ret_bad_dots);
    if (length == 0 && text_find(text, '@') == text.size) {
        return refuse(problem, "address_no_at", "an address is local-part@domain");
    }
    if (length < text.size && text.data[length] != '@') {
        return refuse(problem, "address_local_syntax",
                      "the local part has a character that is not allowed there; no display "
                      "names, comments or spaces");
    }
    if (length == 0) {
        return refuse(problem, "address_local_syntax", "the local part is empty or not closed");
    }
    if (length == text.size) {
        return refuse(problem, "address_no_at", "an address is local-part@domain");
    }
    if (length > ADDRESS_LOCAL_BYTES_MAX) {
        return refuse(problem, "address_local_length", "the local part is longer than 64 bytes");
    }
    address->local = (struct text){text.data, length};
    address->domain = text_skip(text, length + 1);
    return 0;
}

static int check_utf8(const struct address *address, const struct address_options *options,
                      struct problem *problem)
{
    if (!is_fit_utf8(address->local)) {
        return refuse(problem, "address_utf8", "the local part is not valid UTF-8");
    }
    if (options->refuses_utf8) {
        return refuse(problem, "address_utf8",
                      "the local part is not ASCII and such addresses are not taken here");
    }
    return 0;
}

static int check_dots(const struct address *address, const struct address_options *options,
                      struct problem *problem)
{
    if (options->carrier_dots == ADDRESS_DOTS_REFUSE ||
        !address_is_carrier(address->domain, options)) {
        return refuse(problem, "address_dots",
                      "a dot may not be the first or last character of the local part nor follow "
                      "another dot; only old addresses of Japanese carriers have them so");
    }
    return 0;
}

/* local@domain for the wire: the given bytes when nothing changed. */
static struct text wire_form(const struct address *address, bool is_quoting, struct arena *arena)
{
    const char *behind = address->local.data + address->local.size;
    if (!is_quoting && address->domain.data == behind + 1) {
        return address->given;
    }
    size_t size = address->local.size + 1 + address->domain.size + (is_quoting ? 2 : 0);
    char *wire = arena_alloc(arena, size);
    char *end = wire;
    if (is_quoting) {
        *end++ = '"';
    }
    end = mempcpy(end, address->local.data, address->local.size);
    if (is_quoting) {
        *end++ = '"';
    }
    *end++ = '@';
    memcpy(end, address->domain.data, address->domain.size);
    return (struct text){wire, size};
}

int address_parse(struct text text, const struct address_options *options, struct arena *arena,
                  struct address *ret_address, struct problem *problem)
{
    options = options == NULL ? &default_options : options;
    if (text.size == 0) {
        return refuse(problem, "address_empty", "the address is empty");
    }
    if (text.size > ADDRESS_BYTES_MAX) {
        return refuse(problem, "address_length", "the address is longer than 254 bytes");
    }
    struct address address = {.given = text};
    int result = split(text, &address, &address.has_carrier_dots, problem);
    if (result != 0) {
        return result;
    }
    address.needs_smtputf8 = !text_is_ascii(address.local);
    if (address.needs_smtputf8 && (result = check_utf8(&address, options, problem)) != 0) {
        return result;
    }
    address.is_literal = address.domain.size > 0 && address.domain.data[0] == '[';
    if (address.is_literal) {
        result = address_domain_check_literal(address.domain, options->refuses_literals, problem);
    } else {
        result = address_parse_domain(address.domain, arena, &address.domain, problem);
    }
    if (result == 0 && address.has_carrier_dots) {
        result = check_dots(&address, options, problem);
    }
    if (result != 0) {
        return result;
    }
    bool is_quoting = address.has_carrier_dots && options->carrier_dots == ADDRESS_DOTS_QUOTE;
    if (is_quoting && address.local.size + 2 > ADDRESS_LOCAL_BYTES_MAX) {
        return refuse(problem, "address_local_length",
                      "with the quotes that its dots need the local part is longer than 64 bytes");
    }
    address.wire = wire_form(&address, is_quoting, arena);
    if (address.wire.size > ADDRESS_BYTES_MAX) {
        return refuse(problem, "address_length",
                      "the address is longer than 254 bytes in the form it is sent in");
    }
    *ret_address = address;
    return 0;
}

int address_parse_domain(struct text text, struct arena *arena, struct text *ret_domain,
                         struct problem *problem)
{
    return address_domain_map(text, arena, ret_domain, problem);
}

size_t address_key(const struct address *address, char *ret_key)
{
    struct text local = address->local;
    bool is_quoted = local.size > 0 && local.data[0] == '"';
    if (is_quoted) {
        local = (struct text){local.data + 1, local.size - 2};
    }
    char *end = ret_key;
    for (size_t i = 0; i < local.size; i++) {
        i += is_quoted && local.data[i] == '\\' ? 1 : 0;
        *end++ = local.data[i];
    }
    *end++ = '@';
    end = mempcpy(end, address->domain.data, address->domain.size);
    size_t size = (size_t)(end - ret_key);
    text_lower_ascii(ret_key, size);
    return size;
}
