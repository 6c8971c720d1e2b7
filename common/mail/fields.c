#include "common/mail/fields.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SORT_ABOVE 12 /* members; below, walking is as fast */

const struct fields_limits fields_limits_recipient = {.size_bytes = 8192, .depth = 4};
const struct fields_limits fields_limits_default = {.size_bytes = 65536, .depth = 4};
const struct fields_value fields_none = {.kind = FIELDS_OBJECT};

struct parser {
    const char *at;
    const char *end;
    const char *start;
    struct arena *arena;
    size_t depth_left;
    size_t values_left;
    struct problem *problem;
};

static int read_value(struct parser *parser, struct fields_value *value);

static int fail(struct parser *parser, int error, const char *rule, const char *message)
{
    problem_set(parser->problem, "", rule, "offset %zu: %s", (size_t)(parser->at - parser->start),
                message);
    return error;
}

static int syntax(struct parser *parser, const char *message)
{
    return fail(parser, -EINVAL, "fields_syntax", message);
}

static void skip_space(struct parser *parser)
{
    while (parser->at < parser->end && (*parser->at == ' ' || *parser->at == '\n' ||
                                        *parser->at == '\t' || *parser->at == '\r')) {
        parser->at++;
    }
}

static bool take(struct parser *parser, char byte)
{
    skip_space(parser);
    if (parser->at < parser->end && *parser->at == byte) {
        parser->at++;
        return true;
    }
    return false;
}

/* ---- strings */

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    char lower = (char)(byte | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Four hex digits behind "\u". */
static int read_hex(struct parser *parser, unsigned int *ret_unit)
{
    unsigned int unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = parser->at < parser->end ? hex_digit(*parser->at) : -1;
        if (digit < 0) {
            return syntax(parser, "\\u needs four hex digits");
        }
        unit = unit << 4 | (unsigned int)digit;
        parser->at++;
    }
    *ret_unit = unit;
    return 0;
}

static char *put_utf8(char *place, unsigned int point)
{
    if (point < 0x80) {
        *place++ = (char)point;
        return place;
    }
    if (point < 0x800) {
        *place++ = (char)(0xc0 | point >> 6);
    } else if (point < 0x10000) {
        *place++ = (char)(0xe0 | point >> 12);
        *place++ = (char)(0x80 | (point >> 6 & 0x3f));
    } else {
        *place++ = (char)(0xf0 | point >> 18);
        *place++ = (char)(0x80 | (point >> 12 & 0x3f));
        *place++ = (char)(0x80 | (point >> 6 & 0x3f));
    }
    *place++ = (char)(0x80 | (point & 0x3f));
    return place;
}

/* A character given as \uXXXX, or as the two halves of a surrogate pair. */
static int read_unicode(struct parser *parser, char **place)
{
    unsigned int point = 0;
    int result = read_hex(parser, &point);
    if (result != 0) {
        return result;
    }
    if (point == 0) {
        return fail(parser, -EINVAL, "fields_nul", "\\u0000 is not allowed");
    }
    if (point >= 0xd800 && point < 0xdc00) {
        unsigned int low = 0;
        bool follows = parser->end - parser->at > 2 && memcmp(parser->at, "\\u", 2) == 0;
        parser->at += follows ? 2 : 0;
        result = follows ? read_hex(parser, &low) : 0;
        if (result != 0) {
            return result;
        }
        if (low < 0xdc00 || low > 0xdfff) {
            return fail(parser, -EINVAL, "fields_utf8", "half a surrogate pair");
        }
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
    } else if (point >= 0xdc00 && point <= 0xdfff) {
        return fail(parser, -EINVAL, "fields_utf8", "half a surrogate pair");
    }
    *place = put_utf8(*place, point);
    return 0;
}

static int read_escape(struct parser *parser, char **place)
{
    static const char names[] = "\"\\/bfnrt";
    static const char bytes[] = "\"\\/\b\f\n\r\t";
    char name = '\0';
    if (parser->at < parser->end) {
        name = *parser->at++;
    }
    if (name == 'u') {
        return read_unicode(parser, place);
    }
    const char *found = name == '\0' ? NULL : strchr(names, name);
    if (found == NULL) {
        return syntax(parser, "unknown escape in a string");
    }
    *(*place)++ = bytes[found - names];
    return 0;
}

/* The rest of a string that has an escape at `parser->at`; `head` is what came before it. */
static int read_escaped(struct parser *parser, struct text head, struct text *ret_text)
{
    const char *close = parser->at;
    while (close < parser->end && *close != '"') {
        close += *close == '\\' ? 2 : 1;
    }
    if (close >= parser->end) {
        return syntax(parser, "a string is not closed");
    }
    /* Decoding never makes it longer. */
    char *decoded = arena_alloc(parser->arena, head.size + (size_t)(close - parser->at));
    memcpy(decoded, head.data, head.size);
    char *place = decoded + head.size;
    while (*parser->at != '"') {
        char byte = *parser->at++;
        if ((unsigned char)byte < 0x20) {
            return syntax(parser, "a control character in a string");
        }
        if (byte != '\\') {
            *place++ = byte;
            continue;
        }
        int result = read_escape(parser, &place);
        if (result != 0) {
            return result;
        }
    }
    parser->at++;
    *ret_text = (struct text){decoded, (size_t)(place - decoded)};
    return 0;
}

/* A string whose opening quote was taken: borrowed where it has no escapes. */
static int read_string(struct parser *parser, struct text *ret_text)
{
    const char *start = parser->at;
    while (parser->at < parser->end && (unsigned char)*parser->at >= 0x20 && *parser->at != '"' &&
           *parser->at != '\\') {
        parser->at++;
    }
    struct text text = {start, (size_t)(parser->at - start)};
    if (parser->at == parser->end) {
        return syntax(parser, "a string is not closed");
    }
    if (*parser->at == '\\') {
        return read_escaped(parser, text, ret_text);
    }
    if (*parser->at != '"') {
        return syntax(parser, "a control character in a string");
    }
    parser->at++;
    *ret_text = text;
    return 0;
}

/* ---- numbers and words */

static size_t count_digits(struct parser *parser)
{
    const char *start = parser->at;
    while (parser->at < parser->end && *parser->at >= '0' && *parser->at <= '9') {
        parser->at++;
    }
    return (size_t)(parser->at - start);
}

static bool take_here(struct parser *parser, const char *bytes)
{
    if (parser->at < parser->end && *parser->at != '\0' && strchr(bytes, *parser->at) != NULL) {
        parser->at++;
        return true;
    }
    return false;
}

/* The lexeme as it stands: 1.10 and 12345678901234567890 come out as they went in. */
static int read_number(struct parser *parser, struct fields_value *value)
{
    const char *start = parser->at;
    (void)take_here(parser, "-");
    bool leads_with_zero = parser->at < parser->end && *parser->at == '0';
    size_t digits = count_digits(parser);
    bool good = digits > 0 && (!leads_with_zero || digits == 1);
    if (good && take_here(parser, ".")) {
        good = count_digits(parser) > 0;
    }
    if (good && take_here(parser, "eE")) {
        (void)take_here(parser, "+-");
        good = count_digits(parser) > 0;
    }
    if (!good) {
        return syntax(parser, "not a number, and not a string, object, list, true, false or null");
    }
    value->kind = FIELDS_NUMBER;
    value->text = (struct text){start, (size_t)(parser->at - start)};
    return 0;
}

static int read_word(struct parser *parser, struct fields_value *value)
{
    static const struct {
        struct text word;
        enum fields_kind kind;
    } words[] = {
        {{"true", 4}, FIELDS_TRUE}, {{"false", 5}, FIELDS_FALSE}, {{"null", 4}, FIELDS_NULL}};
    struct text rest = {parser->at, (size_t)(parser->end - parser->at)};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (text_starts_with(rest, words[i].word)) {
            parser->at += words[i].word.size;
            value->kind = words[i].kind;
            return 0;
        }
    }
    return read_number(parser, value);
}

/* ---- objects and lists */

static int compare_names(const void *a, const void *b)
{
    const struct fields_value *const *one = a;
    const struct fields_value *const *other = b;
    return text_compare((*one)->name, (*other)->name);
}

static const struct fields_value **sort_members(const struct fields_value *object,
                                                struct arena *arena)
{
    const struct fields_value **sorted =
        arena_alloc(arena, object->count * sizeof(struct fields_value *));
    size_t count = 0;
    for (const struct fields_value *member = object->first; member != NULL; member = member->next) {
        sorted[count++] = member;
    }
    qsort(sorted, count, sizeof(struct fields_value *), compare_names);
    return sorted;
}

static bool has_doubles(const struct fields_value *object)
{
    if (object->sorted != NULL) {
        for (size_t i = 1; i < object->count; i++) {
            if (text_equal(object->sorted[i - 1]->name, object->sorted[i]->name)) {
                return true;
            }
        }
        return false;
    }
    for (const struct fields_value *a = object->first; a != NULL; a = a->next) {
        for (const struct fields_value *b = a->next; b != NULL; b = b->next) {
            if (text_equal(a->name, b->name)) {
                return true;
            }
        }
    }
    return false;
}

static int read_member_name(struct parser *parser, struct text *ret_name)
{
    if (!take(parser, '"')) {
        return syntax(parser, "expected a name in double quotes");
    }
    int result = read_string(parser, ret_name);
    if (result == 0 && !take(parser, ':')) {
        return syntax(parser, "expected a colon behind the name");
    }
    return result;
}

static int read_children(struct parser *parser, struct fields_value *value, char close)
{
    const struct fields_value **link = &value->first;
    if (take(parser, close)) {
        return 0;
    }
    do {
        struct fields_value *child = arena_zero(parser->arena, 1, sizeof *child);
        int result = close == '}' ? read_member_name(parser, &child->name) : 0;
        result = result == 0 ? read_value(parser, child) : result;
        if (result != 0) {
            return result;
        }
        *link = child;
        link = &child->next;
        value->count++;
    } while (take(parser, ','));
    if (!take(parser, close)) {
        return syntax(parser, close == '}' ? "expected , or }" : "expected , or ]");
    }
    return 0;
}

static int read_container(struct parser *parser, struct fields_value *value, char open)
{
    if (parser->depth_left == 0) {
        return fail(parser, -EMSGSIZE, "fields_depth", "objects and lists are nested too deep");
    }
    value->kind = open == '{' ? FIELDS_OBJECT : FIELDS_LIST;
    parser->depth_left--;
    int result = read_children(parser, value, open == '{' ? '}' : ']');
    parser->depth_left++;
    if (result != 0 || open == '[') {
        return result;
    }
    if (value->count > SORT_ABOVE) {
        value->sorted = sort_members(value, parser->arena);
    }
    if (has_doubles(value)) {
        return fail(parser, -EINVAL, "fields_duplicate", "a name occurs twice in the object");
    }
    return 0;
}

static int read_value(struct parser *parser, struct fields_value *value)
{
    if (parser->values_left-- == 0) {
        return fail(parser, -EMSGSIZE, "fields_size", "too many values");
    }
    if (take(parser, '"')) {
        value->kind = FIELDS_STRING;
        return read_string(parser, &value->text);
    }
    if (take(parser, '{')) {
        return read_container(parser, value, '{');
    }
    if (take(parser, '[')) {
        return read_container(parser, value, '[');
    }
    return read_word(parser, value);
}

/* ---- the document */

int fields_parse(struct text json, const struct fields_limits *limits, struct arena *arena,
                 const struct fields_value **ret_value, struct problem *problem)
{
    struct parser parser = {
        .at = json.data,
        .start = json.data,
        .end = json.size == 0 ? json.data : json.data + json.size,
        .arena = arena,
        .depth_left = limits->depth,
        .values_left = FIELDS_VALUES_MAX,
        .problem = problem,
    };
    if (json.size == 0) {
        *ret_value = &fields_none;
        return 0;
    }
    if (json.size > limits->size_bytes) {
        problem_set(problem, "", "fields_size", "the JSON is longer than %zu bytes",
                    limits->size_bytes);
        return -EMSGSIZE;
    }
    if (!text_is_utf8(json)) {
        return fail(&parser, -EINVAL, "fields_utf8", "the JSON is not valid UTF-8");
    }
    struct fields_value *root = arena_zero(arena, 1, sizeof *root);
    int result = read_value(&parser, root);
    if (result != 0) {
        return result;
    }
    skip_space(&parser);
    if (parser.at != parser.end) {
        return syntax(&parser, "something follows the end of the JSON value");
    }
    if (root->kind != FIELDS_OBJECT && !limits->allows_any) {
        parser.at = parser.start;
        return fail(&parser, -EINVAL, "fields_object", "expected a JSON object: {\"name\": ...}");
    }
    *ret_value = root;
    return 0;
}

static const struct fields_value *find_sorted(const struct fields_value *object, struct text name)
{
    size_t low = 0;
    size_t high = object->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = text_compare(name, object->sorted[middle]->name);
        if (order == 0) {
            return object->sorted[middle];
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

const struct fields_value *fields_find(const struct fields_value *value, struct text name)
{
    if (value->kind != FIELDS_OBJECT) {
        return NULL;
    }
    if (value->sorted != NULL) {
        return find_sorted(value, name);
    }
    const struct fields_value *member = value->first;
    while (member != NULL && !text_equal(member->name, name)) {
        member = member->next;
    }
    return member;
}

static bool is_among(struct text name, const struct text *names, size_t count)
{
    size_t low = 0;
    while (low < count) {
        size_t middle = low + (count - low) / 2;
        int order = text_compare(name, names[middle]);
        if (order == 0) {
            return true;
        }
        if (order < 0) {
            count = middle;
        } else {
            low = middle + 1;
        }
    }
    return false;
}

const struct fields_value *fields_find_extra(const struct fields_value *object,
                                             const struct text *names, size_t count)
{
    const struct fields_value *member = object->first;
    while (member != NULL && is_among(member->name, names, count)) {
        member = member->next;
    }
    return member;
}
