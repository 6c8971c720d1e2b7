#include "common/mail/html_text.h"

#include "common/mail/html_entity.h"

#include <string.h>

#define LIST_DEPTH_MAX 8

struct converter {
    struct buffer *out;
    size_t start; /* of our bytes in `out` */
    size_t limit;
    unsigned int breaks; /* line ends that come before the next character, at most 2 */
    bool has_space;      /* a space comes before the next character */
    bool is_full;
    bool is_preformatted;
    struct text href;  /* of the open link, as written */
    size_t link_start; /* output size where the link's text starts */
    bool is_link;
    unsigned int numbers[LIST_DEPTH_MAX]; /* next number of each open <ol>; 0 for <ul> */
    size_t list_depth;
};

/* A tag's name, and its attributes as written. */
struct tag {
    struct text name;
    struct text attributes;
    bool is_end;
};

/* ---- output */

static void put(struct converter *converter, const char *data, size_t size)
{
    size_t used = converter->out->size - converter->start;
    if (size > converter->limit - used) {
        size = converter->limit - used;
        while (size > 0 && ((unsigned char)data[size] & 0xc0) == 0x80) {
            size--;
        }
        converter->is_full = true;
    }
    buffer_append(converter->out, data, size);
}

static bool is_at_start(const struct converter *converter)
{
    return converter->out->size == converter->start;
}

/* Blanks owed, then the bytes. */
static void put_visible(struct converter *converter, const char *data, size_t size)
{
    bool has_space = converter->has_space && converter->breaks == 0;
    if (!is_at_start(converter) && (converter->breaks > 0 || has_space)) {
        put(converter, converter->breaks > 0 ? "\n\n" : " ",
            converter->breaks > 0 ? converter->breaks : 1);
    }
    converter->breaks = 0;
    converter->has_space = false;
    if (!converter->is_full) {
        put(converter, data, size);
    }
}

static void ask_breaks(struct converter *converter, unsigned int breaks)
{
    converter->breaks = breaks > converter->breaks ? breaks : converter->breaks;
}

/* ---- text */

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' || byte == '\f';
}

static void put_space(struct converter *converter, char byte)
{
    if (!converter->is_preformatted) {
        converter->has_space = true;
    } else if (byte == '\n') {
        converter->breaks += converter->breaks < 2 ? 1 : 0;
    } else if (byte != '\r') {
        put_visible(converter, " ", 1);
    }
}

/* @return bytes read of a text that starts with "&" */
static size_t put_entity(struct converter *converter, struct text text)
{
    char bytes[HTML_ENTITY_BYTES];
    size_t size = 0;
    size_t length = html_entity_decode(text, bytes, &size);
    if (length == 0) {
        put_visible(converter, "&", 1);
        return 1;
    }
    if (size == 1 && bytes[0] == ' ' && !is_at_start(converter) && converter->breaks == 0) {
        put_visible(converter, " ", 1); /* &nbsp; does not collapse */
    } else if (size == 1 && is_space(bytes[0])) {
        put_space(converter, bytes[0]);
    } else if (size > 0) {
        put_visible(converter, bytes, size);
    }
    return length;
}

/* @return bytes read: up to the next "<" */
static size_t read_text(struct converter *converter, struct text text)
{
    size_t end = text_find(text, '<');
    size_t i = 0;
    while (i < end && !converter->is_full) {
        size_t start = i;
        while (i < end && text.data[i] != '&' && !is_space(text.data[i])) {
            i++;
        }
        if (i > start) {
            put_visible(converter, text.data + start, i - start);
        } else if (text.data[i] == '&') {
            i += put_entity(converter, (struct text){text.data + i, end - i});
        } else {
            put_space(converter, text.data[i]);
            i++;
        }
    }
    return end;
}

/* ---- attributes */

static struct text skip_spaces(struct text text)
{
    size_t i = 0;
    while (i < text.size && is_space(text.data[i])) {
        i++;
    }
    return text_skip(text, i);
}

/* Take a word that ends at a space or at `stop`. */
static struct text take_word(struct text *rest, char stop)
{
    size_t size = 0;
    while (size < rest->size && !is_space(rest->data[size]) && rest->data[size] != stop) {
        size++;
    }
    struct text word = {rest->data, size};
    *rest = text_skip(*rest, size);
    return word;
}

/* Take what stands behind "=". */
static struct text take_value(struct text *rest)
{
    *rest = skip_spaces(*rest);
    char quote = rest->size > 0 ? rest->data[0] : '\0';
    if (quote != '"' && quote != '\'') {
        return take_word(rest, '>');
    }
    struct text value = text_skip(*rest, 1);
    value.size = text_find(value, quote);
    *rest = text_skip(*rest, value.size + 2);
    return value;
}

/* Take one attribute. @return false at the end */
static bool next_attribute(struct text *rest, struct text *ret_name, struct text *ret_value)
{
    while (rest->size > 0 && (is_space(rest->data[0]) || rest->data[0] == '/')) {
        *rest = text_skip(*rest, 1);
    }
    if (rest->size == 0) {
        return false;
    }
    *ret_name = take_word(rest, '=');
    *ret_value = TEXT("");
    *rest = skip_spaces(*rest);
    if (rest->size > 0 && rest->data[0] == '=') {
        *rest = text_skip(*rest, 1);
        *ret_value = take_value(rest);
    }
    return true;
}

static struct text attribute(const struct tag *tag, struct text wanted)
{
    struct text rest = tag->attributes;
    struct text name;
    struct text value;
    while (rest.size > 0 && next_attribute(&rest, &name, &value)) {
        if (text_equal_nocase(name, wanted)) {
            return value;
        }
    }
    return TEXT("");
}

/* An attribute's value with its references resolved. */
static void put_decoded(struct converter *converter, struct text text)
{
    while (text.size > 0 && !converter->is_full) {
        char bytes[HTML_ENTITY_BYTES];
        size_t size = 0;
        size_t plain = text_find(text, '&');
        size_t length = plain > 0 ? 0 : html_entity_decode(text, bytes, &size);
        if (length > 0) {
            put_visible(converter, bytes, size);
        } else {
            length = plain > 0 ? plain : 1;
            put_visible(converter, text.data, length);
        }
        text = text_skip(text, length);
    }
}

/* ---- tags */

static void on_paragraph(struct converter *converter, const struct tag *tag)
{
    (void)tag;
    ask_breaks(converter, 2);
}

static void on_line(struct converter *converter, const struct tag *tag)
{
    (void)tag;
    ask_breaks(converter, 1);
}

static void on_break(struct converter *converter, const struct tag *tag)
{
    (void)tag;
    converter->breaks += converter->breaks < 2 ? 1 : 0;
}

static void on_cell(struct converter *converter, const struct tag *tag)
{
    (void)tag;
    converter->has_space = true;
}

static void on_rule(struct converter *converter, const struct tag *tag)
{
    (void)tag;
    ask_breaks(converter, 1);
    put_visible(converter, "----------", 10);
    ask_breaks(converter, 1);
}

static void on_preformatted(struct converter *converter, const struct tag *tag)
{
    ask_breaks(converter, 2);
    converter->is_preformatted = !tag->is_end;
}

static void on_list(struct converter *converter, const struct tag *tag)
{
    bool is_ordered = (tag->name.data[0] | 0x20) == 'o';
    /* An inner list continues its item. */
    ask_breaks(converter, converter->list_depth > (tag->is_end ? 1U : 0U) ? 1 : 2);
    if (tag->is_end) {
        converter->list_depth -= converter->list_depth > 0 ? 1 : 0;
    } else if (converter->list_depth < LIST_DEPTH_MAX) {
        converter->numbers[converter->list_depth++] = is_ordered ? 1 : 0;
    }
}

static void on_item(struct converter *converter, const struct tag *tag)
{
    ask_breaks(converter, 1);
    if (tag->is_end) {
        return;
    }
    size_t depth = converter->list_depth;
    unsigned int *number = depth > 0 ? &converter->numbers[depth - 1] : NULL;
    for (size_t i = 1; i < depth; i++) {
        put_visible(converter, "  ", 2);
    }
    if (number != NULL && *number > 0) {
        char mark[16];
        size_t end = sizeof mark;
        for (unsigned int rest = (*number)++; rest > 0; rest /= 10) {
            mark[--end] = (char)('0' + rest % 10);
        }
        put_visible(converter, mark + end, sizeof mark - end);
        put_visible(converter, ". ", 2);
    } else {
        put_visible(converter, "* ", 2);
    }
}

static void on_image(struct converter *converter, const struct tag *tag)
{
    struct text alternative = text_trim(attribute(tag, TEXT("alt")));
    if (!tag->is_end && alternative.size > 0) {
        size_t used = 0;
        while (used < alternative.size) { /* read_text() stops at "<" */
            struct text rest = text_skip(alternative, used);
            if (rest.data[0] == '<') {
                put_visible(converter, "<", 1);
                used++;
            } else {
                used += read_text(converter, rest);
            }
        }
    }
}

/* The link's address behind its text, unless the text says it already. */
static void close_link(struct converter *converter)
{
    struct text href = text_trim(converter->href);
    size_t start =
        converter->link_start < converter->out->size ? converter->link_start : converter->out->size;
    struct text shown =
        text_trim((struct text){converter->out->data == NULL ? "" : converter->out->data + start,
                                converter->out->size - start});
    bool is_mail = text_starts_with_nocase(href, TEXT("mailto:"));
    href = is_mail ? text_skip(href, sizeof "mailto:" - 1) : href;
    bool is_shown = text_equal(shown, href) ||
                    (text_ends_with_nocase(href, shown) && text_find(shown, '.') < shown.size);
    bool is_of_use = href.size > 0 && href.data[0] != '#' &&
                     !text_starts_with_nocase(href, TEXT("javascript:")) &&
                     !text_starts_with_nocase(href, TEXT("data:"));
    converter->is_link = false;
    if (is_of_use && !is_shown) {
        converter->has_space = converter->has_space || shown.size > 0;
        put_visible(converter, "<", 1);
        put_decoded(converter, href);
        put_visible(converter, ">", 1);
    }
}

static void on_link(struct converter *converter, const struct tag *tag)
{
    if (converter->is_link) {
        close_link(converter);
    }
    if (!tag->is_end) {
        converter->href = attribute(tag, TEXT("href"));
        converter->is_link = true;
        converter->link_start = converter->out->size;
    }
}

/* Sizes are compared first: they tell most names apart. */
#define NAME(literal)                  \
    {                                  \
        (literal), sizeof(literal) - 1 \
    }
static const struct {
    struct text name;
    void (*act)(struct converter *converter, const struct tag *tag);
} actions[] = {
    {NAME("a"), on_link},
    {NAME("address"), on_line},
    {NAME("article"), on_paragraph},
    {NAME("aside"), on_paragraph},
    {NAME("blockquote"), on_paragraph},
    {NAME("br"), on_break},
    {NAME("center"), on_line},
    {NAME("dd"), on_line},
    {NAME("div"), on_line},
    {NAME("dl"), on_paragraph},
    {NAME("dt"), on_line},
    {NAME("figure"), on_paragraph},
    {NAME("figcaption"), on_line},
    {NAME("footer"), on_paragraph},
    {NAME("form"), on_paragraph},
    {NAME("h1"), on_paragraph},
    {NAME("h2"), on_paragraph},
    {NAME("h3"), on_paragraph},
    {NAME("h4"), on_paragraph},
    {NAME("h5"), on_paragraph},
    {NAME("h6"), on_paragraph},
    {NAME("header"), on_paragraph},
    {NAME("hr"), on_rule},
    {NAME("img"), on_image},
    {NAME("li"), on_item},
    {NAME("main"), on_paragraph},
    {NAME("nav"), on_paragraph},
    {NAME("ol"), on_list},
    {NAME("p"), on_paragraph},
    {NAME("pre"), on_preformatted},
    {NAME("section"), on_paragraph},
    {NAME("table"), on_paragraph},
    {NAME("td"), on_cell},
    {NAME("th"), on_cell},
    {NAME("tr"), on_line},
    {NAME("ul"), on_list},
};

/* Elements whose content is no text for readers. */
static const struct text hidden[] = {NAME("script"), NAME("style"), NAME("title"), NAME("template"),
                                     NAME("noscript")};
#undef NAME

/* @return bytes up to and with the element's end tag; everything when there is none */
static size_t hidden_length(struct text html, struct text name)
{
    for (size_t i = text_find(html, '<'); i < html.size;) {
        struct text rest = text_skip(html, i);
        if (rest.size > name.size + 1 && rest.data[1] == '/' &&
            text_starts_with_nocase(text_skip(rest, 2), name)) {
            size_t close = text_find(rest, '>');
            return i + (close < rest.size ? close + 1 : close);
        }
        i += 1 + text_find(text_skip(rest, 1), '<');
    }
    return html.size;
}

/* The end of a tag: the ">" that is in no quoted value. */
static size_t tag_end(struct text html)
{
    char quote = '\0';
    size_t i = 0;
    for (; i < html.size && (quote != '\0' || html.data[i] != '>'); i++) {
        if (quote != '\0') {
            quote = html.data[i] == quote ? '\0' : quote;
        } else if ((html.data[i] == '"' || html.data[i] == '\'') && html.data[i - 1] == '=') {
            quote = html.data[i];
        }
    }
    return i;
}

static size_t act_on(struct converter *converter, const struct tag *tag, struct text behind)
{
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (text_equal_nocase(tag->name, actions[i].name)) {
            actions[i].act(converter, tag);
            return 0;
        }
    }
    for (size_t i = 0; !tag->is_end && i < sizeof hidden / sizeof hidden[0]; i++) {
        if (text_equal_nocase(tag->name, hidden[i])) {
            return hidden_length(behind, tag->name);
        }
    }
    return 0;
}

static bool is_letter(char byte)
{
    return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
}

/* @return bytes read of a text that starts with "<" */
static size_t read_markup(struct converter *converter, struct text html)
{
    if (text_starts_with(html, TEXT("<!--"))) {
        const char *end = memmem(html.data + 4, html.size - 4, "-->", 3);
        return end == NULL ? html.size : (size_t)(end - html.data) + 3;
    }
    size_t name = html.size > 1 && html.data[1] == '/' ? 2 : 1;
    bool is_tag = name < html.size && is_letter(html.data[name]);
    if (!is_tag && (html.size < 2 || strchr("!?/", html.data[1]) == NULL || html.data[1] == '\0')) {
        put_visible(converter, "<", 1);
        return 1;
    }
    size_t end = tag_end(html);
    size_t next = end < html.size ? end + 1 : end;
    if (!is_tag) {
        return next;
    }
    size_t behind_name = name;
    while (behind_name < end && !is_space(html.data[behind_name]) &&
           html.data[behind_name] != '/') {
        behind_name++;
    }
    struct tag tag = {
        .name = {html.data + name, behind_name - name},
        .attributes = {html.data + behind_name, end - behind_name},
        .is_end = name == 2,
    };
    return next + act_on(converter, &tag, text_skip(html, next));
}

void html_text_append(struct buffer *out, struct text html, size_t limit_bytes)
{
    struct converter converter = {.out = out, .start = out->size, .limit = limit_bytes};
    while (html.size > 0 && !converter.is_full) {
        size_t used =
            html.data[0] == '<' ? read_markup(&converter, html) : read_text(&converter, html);
        html = text_skip(html, used);
    }
    if (converter.is_link && !converter.is_full) {
        close_link(&converter);
    }
    if (!is_at_start(&converter) && !converter.is_full) {
        put(&converter, "\n", 1);
    }
}
