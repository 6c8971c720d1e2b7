#include "common/policy/classify_file.h"

#include "common/base/buffer.h"
#include "common/config/config_suggest.h"

#include <errno.h>
#include <stdio.h>

#define AT(stage) (1U << REPLY_STAGE_##stage)

enum { FORMAT = 1, WORDS_MAX = 200, ID_MAX = 60 };

/* "{mailbox}" in a pattern stands for the pattern that `words` has under this name. */
struct word {
    struct text name;
    struct text pattern; /* words within it filled in */
};

struct file {
    struct config_errors *errors;
    struct classify_rules *rules;
    struct arena *arena;
    struct word words[WORDS_MAX];
    size_t word_count;
    /* The rule being read. */
    const struct config_node *node;
    size_t number;
    struct classify_rule rule;
};

typedef void value_fn(struct file *file, const struct config_node *value);

/* ------------------------------------------------------------------ errors */

void classify_file_path(const struct config_node *rule, size_t number, const char *field,
                        char *ret_path, size_t size)
{
    const struct config_node *id = config_node_find(rule, TEXT("id"));
    const char *dot = field[0] == '\0' ? "" : ".";
    if (id != NULL && id->kind == CONFIG_NODE_SCALAR && id->scalar.size > 0) {
        (void)snprintf(ret_path, size, "rules[%.*s]%s%s",
                       (int)(id->scalar.size < ID_MAX ? id->scalar.size : ID_MAX), id->scalar.data,
                       dot, field);
    } else {
        (void)snprintf(ret_path, size, "rules[%zu]%s%s", number, dot, field);
    }
}

static void refuse(struct file *file, const struct config_node *at, const char *rule,
                   const char *message, struct text value)
{
    char path[128];
    char field[32];
    (void)snprintf(field, sizeof field, "%.*s", TEXT_PRINT(at->key));
    classify_file_path(file->node, file->number, at == file->node ? "" : field, path, sizeof path);
    config_error_add(file->errors, at->place, path, rule, "%s%.*s%s", message,
                     (int)(value.size < 60 ? value.size : 60), value.data == NULL ? "" : value.data,
                     value.size > 0 ? "\"" : "");
}

/* ------------------------------------------------------------------ words */

static bool is_name_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || byte == '_';
}

/* The name in braces that starts at `at`; size 0: these braces mean something else. */
static struct text name_at(struct text pattern, size_t at)
{
    struct text rest = text_skip(pattern, at + 1);
    size_t size = 0;
    while (size < rest.size && is_name_byte(rest.data[size])) {
        size++;
    }
    bool is_name = size > 0 && size < rest.size && rest.data[size] == '}';
    return (struct text){rest.data, is_name ? size : 0};
}

static const struct word *find_word(const struct file *file, struct text name)
{
    for (size_t i = 0; i < file->word_count; i++) {
        if (text_equal(file->words[i].name, name)) {
            return &file->words[i];
        }
    }
    return NULL;
}

/* Fill words in. @return false: the pattern names a word that is not there, or grows too large */
static bool fill_in(const struct file *file, struct text pattern, struct text *ret_pattern,
                    struct text *ret_wrong)
{
    struct buffer out = {.data = NULL};
    bool is_good = true;
    for (size_t i = 0; i < pattern.size && is_good; i++) {
        bool is_escaped = i > 0 && pattern.data[i - 1] == '\\';
        struct text name = name_at(pattern, i);
        if (pattern.data[i] != '{' || is_escaped || name.size == 0) {
            buffer_append_byte(&out, pattern.data[i]);
            continue;
        }
        const struct word *word = find_word(file, name);
        is_good = word != NULL && out.size <= CLASSIFY_RULES_PATTERN_BYTES;
        *ret_wrong = name;
        if (is_good) {
            buffer_append_text(&out, word->pattern);
            i += name.size + 1;
        }
    }
    if (is_good) {
        *ret_pattern = arena_text(file->arena, buffer_text(&out));
    }
    buffer_finish(&out);
    return is_good;
}

/* A pattern, or a list of patterns of which one must fit: one group, wherever it is put.
 * @return false: see the errors */
static bool join_patterns(struct file *file, const struct config_node *node, const char *path,
                          struct text *ret_group)
{
    struct buffer out = {.data = NULL};
    bool is_good = node->kind != CONFIG_NODE_MAP;
    const struct config_node *item = node->kind == CONFIG_NODE_LIST ? node->children : node;
    buffer_append_string(&out, "(?:");
    while (item != NULL && is_good) {
        struct text wrong = {NULL, 0};
        struct text filled = {NULL, 0};
        is_good = item->kind == CONFIG_NODE_SCALAR && fill_in(file, item->scalar, &filled, &wrong);
        if (wrong.size > 0 && !is_good) {
            config_error_add(file->errors, item->place, path, "unknown_word",
                             "names no word above it: %.*s", TEXT_PRINT(wrong));
        }
        buffer_append_string(&out, out.size > 3 ? "|" : "");
        buffer_append_text(&out, filled);
        item = item == node ? NULL : item->next;
    }
    buffer_append_byte(&out, ')');
    *ret_group = arena_text(file->arena, buffer_text(&out));
    buffer_finish(&out);
    return is_good;
}

static void add_word(struct file *file, const struct config_node *node)
{
    struct text group = {NULL, 0};
    char path[128];
    (void)snprintf(path, sizeof path, "words.%.*s",
                   (int)(node->key.size < ID_MAX ? node->key.size : ID_MAX), node->key.data);
    size_t errors = file->errors->total;
    if (file->word_count == WORDS_MAX) {
        config_error_add(file->errors, node->place, path, "count", "is one word too many");
    } else if (join_patterns(file, node, path, &group)) {
        file->words[file->word_count++] = (struct word){node->key, group};
    } else if (file->errors->total == errors) {
        config_error_add(file->errors, node->place, path, "kind",
                         "must be a pattern or a list of patterns");
    }
}

static void read_words(struct file *file, const struct config_node *words)
{
    if (words != NULL && words->kind != CONFIG_NODE_MAP) {
        config_error_add(file->errors, words->place, "words", "kind", "must be a map of patterns");
        return;
    }
    const struct config_node *node = words == NULL ? NULL : words->children;
    for (; node != NULL; node = node->next) {
        add_word(file, node);
    }
}

/* ------------------------------------------------------------------ values */

/* One value or a list of them. */
static void each(struct file *file, const struct config_node *node, value_fn *take)
{
    if (node->kind == CONFIG_NODE_SCALAR) {
        take(file, node);
        return;
    }
    const struct config_node *item = node->kind == CONFIG_NODE_LIST ? node->children : NULL;
    if (item == NULL) {
        refuse(file, node, "kind", "must be a value or a list of values", TEXT(""));
    }
    for (; item != NULL; item = item->next) {
        struct config_node value = *item;
        value.key = node->key; /* errors name the field */
        if (item->kind != CONFIG_NODE_SCALAR) {
            refuse(file, &value, "kind", "must be a value", TEXT(""));
        } else {
            take(file, &value);
        }
    }
}

static void take_provider(struct file *file, const struct config_node *value)
{
    int number =
        value->scalar.size == 0 ? -EINVAL : classify_rules_provider(file->rules, value->scalar);
    if (number < 0) {
        refuse(file, value, "provider", "is empty, or one provider too many", TEXT(""));
        return;
    }
    file->rule.providers |= (uint64_t)1 << number;
}

uint16_t classify_file_stages(struct text name)
{
    if (text_equal(name, TEXT("opening"))) {
        return AT(CONNECT) | AT(GREETING) | AT(EHLO);
    }
    if (text_equal(name, TEXT("body"))) {
        return AT(DATA) | AT(DOT);
    }
    for (unsigned int stage = 1; stage < REPLY_STAGE_LIMIT; stage++) {
        if (text_equal(name, text_of(reply_class_stage_name((uint8_t)stage)))) {
            return (uint16_t)(1U << stage);
        }
    }
    return 0;
}

static void take_stage(struct file *file, const struct config_node *value)
{
    uint16_t stages = classify_file_stages(value->scalar);
    if (stages == 0) {
        refuse(file, value, "stage", "is no stage: \"", value->scalar);
    }
    file->rule.stages |= stages;
}

static void take_code(struct file *file, const struct config_node *value)
{
    struct text text = value->scalar;
    uint64_t code = 0;
    if (text_equal(text, TEXT("4xx")) || text_equal(text, TEXT("5xx"))) {
        file->rule.digits |= (uint8_t)(1U << (text.data[0] - '0'));
    } else if (text_equal(text, TEXT("none"))) {
        file->rule.digits |= 1; /* no reply code at all: bounce messages, logs */
    } else if (text_to_u64(text, 599, &code) != 0 || code < 400) {
        refuse(file, value, "code", "must be 4xx, 5xx, none or a reply code: \"", text);
    } else if (file->rule.code_count == CLASSIFY_RULES_CODES_MAX) {
        refuse(file, value, "count", "is one code too many", TEXT(""));
    } else {
        file->rule.codes[file->rule.code_count++] = (uint16_t)code;
    }
}

static bool read_enhanced(struct text text, uint32_t *ret_code)
{
    struct text rest = text;
    struct text part = {NULL, 0};
    uint64_t subject = 0;
    uint64_t detail = CLASSIFY_RULES_DETAIL_ANY;
    if (text_equal(text, TEXT("none"))) {
        *ret_code = CLASSIFY_RULES_ENHANCED_NONE;
        return true;
    }
    bool is_good = text_next_part(&rest, '.', &part) && text_to_u64(part, 999, &subject) == 0 &&
                   text_next_part(&rest, '.', &part);
    if (is_good && !text_equal(part, TEXT("x"))) {
        is_good = text_to_u64(part, 999, &detail) == 0;
    }
    *ret_code = CLASSIFY_RULES_ENHANCED(subject, detail);
    return is_good && rest.data == NULL;
}

static void take_enhanced(struct file *file, const struct config_node *value)
{
    uint32_t code = 0;
    if (!read_enhanced(value->scalar, &code)) {
        refuse(file, value, "enhanced", "must be SUBJECT.DETAIL (7.1), SUBJECT.x or none: \"",
               value->scalar);
    } else if (file->rule.enhanced_count == CLASSIFY_RULES_ENHANCED_MAX) {
        refuse(file, value, "count", "is one code too many", TEXT(""));
    } else {
        file->rule.enhanced[file->rule.enhanced_count++] = code;
    }
}

static void take_class(struct file *file, const struct config_node *value)
{
    if (reply_class_parse(value->scalar, &file->rule.reply_class) != 0) {
        refuse(file, value, "class", "is no reply class: \"", value->scalar);
    }
}

static void take_blame(struct file *file, const struct config_node *value)
{
    for (unsigned int blame = 1; blame < REPLY_BLAME_LIMIT; blame++) {
        if (text_equal(value->scalar, text_of(reply_class_blame_name((uint8_t)blame)))) {
            file->rule.blame = (uint8_t)blame;
            return;
        }
    }
    refuse(file, value, "blame", "can take no blame: \"", value->scalar);
}

static void take_effect(struct file *file, const struct config_node *value, uint8_t effect)
{
    if (text_equal(value->scalar, TEXT("true"))) {
        file->rule.effects |= effect;
    } else if (!text_equal(value->scalar, TEXT("false"))) {
        refuse(file, value, "boolean", "must be true or false, not \"", value->scalar);
    }
}

static void take_suppress(struct file *file, const struct config_node *value)
{
    take_effect(file, value, CLASSIFY_SUPPRESS);
}

static void take_temporary(struct file *file, const struct config_node *value)
{
    take_effect(file, value, CLASSIFY_TEMPORARY);
}

static void take_nothing(struct file *file, const struct config_node *value)
{
    (void)file;
    (void)value;
}

/* Once the rule itself is in. */
static void take_pattern(struct file *file, const struct config_node *value)
{
    struct text filled = {NULL, 0};
    struct text wrong = {NULL, 0};
    struct problem problem = {.message = ""};
    if (!fill_in(file, value->scalar, &filled, &wrong)) {
        refuse(file, value, "unknown_word", "names a word that is not there: \"", wrong);
    } else if (classify_rules_add_pattern(file->rules, filled, &problem) != 0) {
        refuse(file, value, problem.rule, problem.message, TEXT(""));
    }
}

/* ------------------------------------------------------------------ rules */

static const struct {
    const char *name;
    value_fn *take;
    bool is_required;
    bool is_single;
} fields[] = {
    {"id", take_nothing, true, true},          {"provider", take_provider, false, false},
    {"stage", take_stage, false, false},       {"code", take_code, false, false},
    {"enhanced", take_enhanced, false, false}, {"text", take_nothing, false, false},
    {"class", take_class, true, true},         {"blame", take_blame, true, true},
    {"suppress", take_suppress, false, true},  {"temporary", take_temporary, false, true},
    {"examples", take_nothing, true, false},
};
enum { FIELD_COUNT = sizeof fields / sizeof *fields };

static void check_fields(struct file *file)
{
    struct config_suggest suggest;
    for (const struct config_node *node = file->node->children; node != NULL; node = node->next) {
        bool is_known = false;
        suggest = config_suggest_start(node->key);
        for (size_t i = 0; i < FIELD_COUNT; i++) {
            is_known = is_known || text_equal(node->key, text_of(fields[i].name));
            config_suggest_offer(&suggest, text_of(fields[i].name));
        }
        if (!is_known) {
            refuse(file, node, "unknown_key",
                   suggest.best.data == NULL ? "is no field of a rule" : "did you mean \"",
                   suggest.best);
        }
    }
}

static void read_fields(struct file *file)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const struct config_node *node = config_node_find(file->node, text_of(fields[i].name));
        if (node == NULL) {
            if (fields[i].is_required) {
                refuse(file, file->node, "required", "lacks the field \"", text_of(fields[i].name));
            }
        } else if (fields[i].is_single && node->kind != CONFIG_NODE_SCALAR) {
            refuse(file, node, "kind", "must be one value", TEXT(""));
        } else {
            each(file, node, fields[i].take);
        }
    }
}

static bool is_id(const struct config_node *id)
{
    if (id == NULL || id->kind != CONFIG_NODE_SCALAR || id->scalar.size == 0 ||
        id->scalar.size > ID_MAX) {
        return false;
    }
    for (size_t i = 0; i < id->scalar.size; i++) {
        char byte = id->scalar.data[i];
        bool is_good = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
                       byte == '-' || byte == '.';
        if (!is_good) {
            return false;
        }
    }
    return true;
}

static bool is_id_taken(const struct config_node *rules, const struct config_node *rule)
{
    struct text id = config_node_find(rule, TEXT("id"))->scalar;
    for (const struct config_node *other = rules->children; other != rule; other = other->next) {
        const struct config_node *others = config_node_find(other, TEXT("id"));
        if (others != NULL && text_equal(others->scalar, id)) {
            return true;
        }
    }
    return false;
}

/* An unknown 5xx never suppresses anybody: a rule must know what the reply says. */
static void check_suppress(struct file *file)
{
    const struct classify_rule *rule = &file->rule;
    bool has_text = config_node_find(file->node, TEXT("text")) != NULL;
    bool is_known =
        has_text || rule->enhanced_count > 0 || (rule->code_count == 1 && rule->codes[0] == 556);
    if ((rule->effects & CLASSIFY_SUPPRESS) != 0 && !is_known) {
        refuse(file, config_node_find(file->node, TEXT("suppress")), "suppress",
               "needs a text or an enhanced code that says so (or 556)", TEXT(""));
    }
}

static void read_rule(struct file *file, const struct config_node *rules)
{
    if (file->node->kind != CONFIG_NODE_MAP) {
        refuse(file, file->node, "kind", "must be a map of fields", TEXT(""));
        return;
    }
    file->rule = (struct classify_rule){.id = NULL};
    check_fields(file);
    read_fields(file);
    const struct config_node *id = config_node_find(file->node, TEXT("id"));
    if (!is_id(id)) {
        refuse(file, file->node, "id", "has no id of a-z, 0-9, '-' and '.', at most 60", TEXT(""));
        return;
    }
    if (is_id_taken(rules, file->node)) {
        refuse(file, id, "id", "another rule above has the id \"", id->scalar);
    }
    check_suppress(file);
    file->rule.id = id->scalar.data;
    if (classify_rules_add(file->rules, &file->rule) != 0) {
        refuse(file, file->node, "count", "is one rule too many", TEXT(""));
        return;
    }
    const struct config_node *text = config_node_find(file->node, TEXT("text"));
    if (text != NULL) {
        each(file, text, take_pattern);
    }
}

static void read_rules(struct file *file, const struct config_node *rules)
{
    if (rules == NULL || rules->kind != CONFIG_NODE_LIST) {
        config_error_add(file->errors, (struct config_place){0}, "rules", "required",
                         "must be a list of rules");
        return;
    }
    for (file->node = rules->children; file->node != NULL; file->node = file->node->next) {
        read_rule(file, rules);
        file->number++;
    }
}

static void check_root(struct file *file, const struct config_node *root)
{
    const struct config_node *format = config_node_find(root, TEXT("format"));
    if (format == NULL || !text_equal(format->scalar, TEXT("1"))) {
        config_error_add(file->errors, format == NULL ? root->place : format->place, "format",
                         "format", "must be %d, the form of rules that this version reads", FORMAT);
    }
    for (const struct config_node *node = root->children; node != NULL; node = node->next) {
        if (!text_equal(node->key, TEXT("format")) && !text_equal(node->key, TEXT("words")) &&
            !text_equal(node->key, TEXT("rules"))) {
            config_error_add(file->errors, node->key_place, "", "unknown_key",
                             "a file of rules has format, words and rules, nothing else");
        }
    }
}

int classify_file_read(const struct config_node *root, struct config_errors *errors,
                       struct classify_rules *rules)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct file file = {.errors = errors, .rules = rules, .arena = arena};
    check_root(&file, root);
    read_words(&file, config_node_find(root, TEXT("words")));
    read_rules(&file, config_node_find(root, TEXT("rules")));
    if (errors->total > 0) {
        return -EINVAL;
    }
    return classify_rules_finish(rules);
}
