/* The reading half of template.h. */
#include "common/mail/template_program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DELIMITER_BYTES_MAX 16

struct parser {
    struct text source; /* in the arena */
    enum template_kind kind;
    struct text open; /* delimiters */
    struct text close;
    struct buffer steps;                 /* struct template_step */
    size_t sections[TEMPLATE_DEPTH_MAX]; /* open ones, by step */
    size_t depth;
    size_t tags;
    size_t counted; /* line and line_start hold for this offset */
    size_t line_start;
    uint32_t line;
    struct arena *arena;
    struct problem *problem;
};

/* A tag: "{{#name}}" from start to end; `content` is trimmed and without sigil. */
struct tag {
    size_t start;
    size_t end;
    char sigil; /* '\0' for a plain variable */
    struct text content;
};

static void count_lines(struct parser *parser, size_t offset)
{
    for (; parser->counted < offset; parser->counted++) {
        if (parser->source.data[parser->counted] == '\n') {
            parser->line++;
            parser->line_start = parser->counted + 1;
        }
    }
}

static int fail(struct parser *parser, size_t offset, const char *rule, const char *message)
{
    count_lines(parser, offset);
    problem_set(parser->problem, "", rule, "line %u, column %zu: %s", parser->line,
                offset - parser->line_start + 1, message);
    return -EINVAL;
}

static size_t find(struct text source, size_t from, struct text wanted)
{
    const char *found = from >= source.size ? NULL
                                            : memmem(source.data + from, source.size - from,
                                                     wanted.data, wanted.size);
    return found == NULL ? source.size : (size_t)(found - source.data);
}

static struct template_step *step_at(struct parser *parser, size_t position)
{
    return (struct template_step *)(void *)parser->steps.data + position;
}

static size_t step_count(const struct parser *parser)
{
    return parser->steps.size / sizeof(struct template_step);
}

static void add_text(struct parser *parser, size_t start, size_t end)
{
    if (end > start) {
        struct template_step step = {.kind = TEMPLATE_STEP_TEXT,
                                     .text = {parser->source.data + start, end - start}};
        buffer_append(&parser->steps, &step, sizeof step);
    }
}

/* ---- names */

static int split_name(struct parser *parser, const struct tag *tag, struct template_step *step)
{
    step->text = tag->content;
    if (tag->content.size == 0) {
        return fail(parser, tag->start, "template_syntax", "the tag has no name");
    }
    if (text_equal(tag->content, TEXT("."))) {
        return 0;
    }
    struct text parts[TEMPLATE_NAME_PARTS_MAX];
    struct text rest = tag->content;
    struct text part;
    while (text_next_part(&rest, '.', &part)) {
        if (part.size == 0 || step->part_count == TEMPLATE_NAME_PARTS_MAX) {
            return fail(parser, tag->start, "template_syntax",
                        "a dotted name has an empty part, or more than 16 parts");
        }
        parts[step->part_count++] = part;
    }
    step->parts = arena_copy(parser->arena, parts, step->part_count * sizeof parts[0]);
    return 0;
}

static int add_named(struct parser *parser, const struct tag *tag, enum template_step_kind kind)
{
    count_lines(parser, tag->start);
    struct template_step step = {
        .kind = kind,
        .line = parser->line,
        .column = (uint32_t)(tag->start - parser->line_start + 1),
    };
    int result = split_name(parser, tag, &step);
    if (result == 0) {
        buffer_append(&parser->steps, &step, sizeof step);
    }
    return result;
}

/* ---- tags, by what they are */

static int on_value(struct parser *parser, const struct tag *tag)
{
    return add_named(parser, tag, TEMPLATE_STEP_VALUE);
}

static int on_raw_value(struct parser *parser, const struct tag *tag)
{
    return add_named(parser, tag, TEMPLATE_STEP_RAW_VALUE);
}

static int open_section(struct parser *parser, const struct tag *tag, enum template_step_kind kind)
{
    if (parser->depth == TEMPLATE_DEPTH_MAX) {
        return fail(parser, tag->start, "template_limit", "sections are nested more than 32 deep");
    }
    if (text_find(tag->content, ' ') < tag->content.size) {
        return fail(parser, tag->start, "template_syntax",
                    "a section's name has no spaces; this is Mustache: {{#name}} stands for if "
                    "and each, {{^name}} for else");
    }
    parser->sections[parser->depth] = step_count(parser);
    int result = add_named(parser, tag, kind);
    parser->depth += result == 0 ? 1 : 0;
    return result;
}

static int on_section(struct parser *parser, const struct tag *tag)
{
    return open_section(parser, tag, TEMPLATE_STEP_SECTION);
}

static int on_inverted(struct parser *parser, const struct tag *tag)
{
    return open_section(parser, tag, TEMPLATE_STEP_INVERTED);
}

static int on_end(struct parser *parser, const struct tag *tag)
{
    if (parser->depth == 0) {
        return fail(parser, tag->start, "template_syntax",
                    "this closes a section that is not open");
    }
    size_t opening = parser->sections[parser->depth - 1];
    if (!text_equal(step_at(parser, opening)->text, tag->content)) {
        return fail(parser, tag->start, "template_syntax",
                    "this closes another section than the one opened last");
    }
    parser->depth--;
    struct template_step step = {.kind = TEMPLATE_STEP_END, .partner = opening};
    step_at(parser, opening)->partner = step_count(parser);
    buffer_append(&parser->steps, &step, sizeof step);
    return 0;
}

static int on_comment(struct parser *parser, const struct tag *tag)
{
    (void)parser;
    (void)tag;
    return 0;
}

static bool is_delimiter(struct text text)
{
    return text.size > 0 && text.size <= DELIMITER_BYTES_MAX &&
           !text_has_any(text, TEXT(" \t\r\n="));
}

static int on_delimiters(struct parser *parser, const struct tag *tag)
{
    size_t blank = 0;
    while (blank < tag->content.size && strchr(" \t\r\n", tag->content.data[blank]) == NULL) {
        blank++;
    }
    struct text open = {tag->content.data, blank};
    struct text close = text_trim(text_skip(tag->content, blank));
    if (!is_delimiter(open) || !is_delimiter(close)) {
        return fail(parser, tag->start, "template_syntax",
                    "set delimiters like this: {{=<% %>=}}, at most 16 bytes each");
    }
    parser->open = open;
    parser->close = close;
    return 0;
}

static int on_partial(struct parser *parser, const struct tag *tag)
{
    return fail(parser, tag->start, "template_partial",
                "partials, blocks and parents ({{> {{$ {{<) are not supported: put the text in "
                "the template itself");
}

static const struct sigil {
    char byte;
    bool can_stand_alone; /* a line with nothing else disappears as a whole */
    int (*read)(struct parser *parser, const struct tag *tag);
} sigils[] = {
    {'#', true, on_section},    {'^', true, on_inverted},   {'/', true, on_end},
    {'!', true, on_comment},    {'=', true, on_delimiters}, {'&', false, on_raw_value},
    {'{', false, on_raw_value}, {'>', false, on_partial},   {'$', false, on_partial},
    {'<', false, on_partial},   {'\0', false, on_value},
};

static const struct sigil *sigil_of(char byte)
{
    size_t i = 0;
    while (sigils[i].byte != byte && sigils[i].byte != '\0') {
        i++;
    }
    return &sigils[i];
}

/* ---- the source */

/* Read the tag that starts at `start`. */
static int read_tag(struct parser *parser, size_t start, struct tag *ret_tag)
{
    size_t inner = start + parser->open.size;
    char sigil = inner < parser->source.size ? parser->source.data[inner] : '\0';
    sigil = sigil_of(sigil)->byte;
    inner += sigil == '\0' ? 0 : 1;
    size_t end = find(parser->source, inner, parser->close);
    /* {{{name}}} and {{=<% %>=}} have one byte more before the closing delimiter. */
    char last = sigil == '{' ? '}' : sigil == '=' ? '=' : '\0';
    struct text content = {parser->source.data + inner, end - inner};
    if (sigil == '{' && end < parser->source.size) {
        /* The run of braces may be longer than the delimiter: {{{a}}} ends at its third. */
        size_t next = end + parser->close.size;
        bool has_brace = content.size > 0 && content.data[content.size - 1] == '}';
        if (!has_brace && next < parser->source.size && parser->source.data[end] == '}' &&
            parser->source.data[next] == '}') {
            end++;
            content.size++;
        }
    }
    if (end == parser->source.size) {
        return fail(parser, start, "template_syntax", "the tag is not closed");
    }
    if (last != '\0') {
        if (content.size == 0 || content.data[content.size - 1] != last) {
            return fail(parser, start, "template_syntax",
                        "the tag is not closed as it was opened: {{{name}}}, {{=<% %>=}}");
        }
        content.size--;
    }
    *ret_tag = (struct tag){.start = start,
                            .end = end + parser->close.size,
                            .sigil = sigil,
                            .content = text_trim(content)};
    return 0;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* When the tag is alone on its line(s): where the first starts and where the line behind it does.
 * `floor`: nothing before it may be looked at, it belongs to other tags. */
static bool stands_alone(const struct parser *parser, const struct tag *tag, size_t floor,
                         size_t *ret_start, size_t *ret_end)
{
    const char *data = parser->source.data;
    size_t start = tag->start;
    while (start > floor && is_blank(data[start - 1])) {
        start--;
    }
    size_t end = tag->end;
    while (end < parser->source.size && is_blank(data[end])) {
        end++;
    }
    struct text rest = text_skip(parser->source, end);
    if ((start > 0 && data[start - 1] != '\n') ||
        (rest.size > 0 && rest.data[0] != '\n' && !text_starts_with(rest, TEXT("\r\n")))) {
        return false;
    }
    *ret_start = start;
    *ret_end = end + (rest.size == 0 ? 0 : rest.data[0] == '\n' ? 1 : 2);
    return true;
}

static int read_source(struct parser *parser)
{
    size_t done = 0; /* source up to here is in the steps */
    for (;;) {
        size_t start = find(parser->source, done, parser->open);
        if (start == parser->source.size) {
            add_text(parser, done, start);
            break;
        }
        struct tag tag;
        int result = read_tag(parser, start, &tag);
        if (result != 0) {
            return result;
        }
        if (++parser->tags > TEMPLATE_TAGS_MAX) {
            return fail(parser, start, "template_limit", "more than 20,000 tags");
        }
        const struct sigil *sigil = sigil_of(tag.sigil);
        size_t end = tag.end;
        if (sigil->can_stand_alone && parser->kind != TEMPLATE_HEADER) {
            (void)stands_alone(parser, &tag, done, &start, &end);
        }
        add_text(parser, done, start);
        done = end;
        result = sigil->read(parser, &tag);
        if (result != 0) {
            return result;
        }
    }
    if (parser->depth > 0) {
        const struct template_step *open = step_at(parser, parser->sections[parser->depth - 1]);
        problem_set(parser->problem, "", "template_syntax",
                    "line %u, column %u: the section is not closed", open->line, open->column);
        return -EINVAL;
    }
    return 0;
}

static int compare(const void *a, const void *b)
{
    return text_compare(*(const struct text *)a, *(const struct text *)b);
}

static void collect_names(struct template *template, struct arena *arena)
{
    struct text *names = arena_alloc(arena, template->step_count * sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < template->step_count; i++) {
        if (template->steps[i].part_count > 0) {
            names[count++] = template->steps[i].parts[0];
        }
    }
    if (count > 0) {
        qsort(names, count, sizeof *names, compare);
    }
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || !text_equal(names[i], names[template->name_count - 1])) {
            names[template->name_count++] = names[i];
        }
    }
    template->names = names;
}

static int check_source(struct parser *parser)
{
    if (parser->source.size > TEMPLATE_BYTES_MAX) {
        problem_set(parser->problem, "", "template_limit", "longer than 1 MiB");
        return -EINVAL;
    }
    if (!text_is_utf8(parser->source)) {
        problem_set(parser->problem, "", "utf8", "not valid UTF-8");
        return -EINVAL;
    }
    for (size_t i = 0; i < parser->source.size; i++) {
        unsigned char byte = (unsigned char)parser->source.data[i];
        if (byte == 0 || (parser->kind == TEMPLATE_HEADER && (byte < 0x20 || byte == 0x7f))) {
            return fail(parser, i, "S15", "a control character that is not allowed here");
        }
    }
    return 0;
}

int template_parse(struct text source, enum template_kind kind, struct arena *arena,
                   const struct template **ret_template, struct problem *problem)
{
    struct parser parser = {
        .source = source,
        .kind = kind,
        .open = TEXT("{{"),
        .close = TEXT("}}"),
        .line = 1,
        .arena = arena,
        .problem = problem,
    };
    int result = check_source(&parser);
    if (result == 0) {
        parser.source = arena_text(arena, source);
        result = read_source(&parser);
    }
    if (result == 0) {
        struct template *template = arena_zero(arena, 1, sizeof *template);
        template->kind = kind;
        template->step_count = step_count(&parser);
        template->steps = arena_copy(arena, parser.steps.data, parser.steps.size);
        collect_names(template, arena);
        *ret_template = template;
    }
    buffer_finish(&parser.steps);
    return result;
}
