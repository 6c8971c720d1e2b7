#include "cli/options.h"

#include "common/config/config_suggest.h"
#include "common/config/config_value.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct given {
    const struct option_spec *spec;
    const char *value; /* borrowed; "" for a flag */
    uint64_t number;   /* OPTION_NUMBER; OPTION_DURATION in ms */
};

struct options {
    const struct option_spec *tables[OPTIONS_TABLES_MAX];
    struct given *given;
    size_t given_count;
    const char **positional;
    size_t positional_count;
};

static const struct option_spec *find_spec(const struct options *options, struct text name)
{
    for (size_t i = 0; i < OPTIONS_TABLES_MAX; i++) {
        const struct option_spec *spec = options->tables[i];
        for (; spec != NULL && spec->name != NULL; spec++) {
            if (text_equal(text_of(spec->name), name)) {
                return spec;
            }
        }
    }
    return NULL;
}

static int refuse_unknown(const struct options *options, const char *word, struct text name,
                          struct problem *problem)
{
    struct config_suggest suggest = config_suggest_start(name);
    for (size_t i = 0; i < OPTIONS_TABLES_MAX; i++) {
        const struct option_spec *spec = options->tables[i];
        for (; spec != NULL && spec->name != NULL; spec++) {
            config_suggest_offer(&suggest, text_of(spec->name));
        }
    }
    if (suggest.best.data != NULL) {
        problem_set(problem, word, "usage", "unknown option; did you mean --%.*s?",
                    TEXT_PRINT(suggest.best));
    } else {
        problem_set(problem, word, "usage", "unknown option");
    }
    return -EINVAL;
}

static int check_value(struct given *given, const char *word, struct problem *problem)
{
    struct text value = text_of(given->value);
    if (given->spec->kind == OPTION_NUMBER &&
        text_to_u64(value, given->spec->maximum, &given->number) != 0) {
        problem_set(problem, word, "usage", "needs a number from 0 to %llu",
                    (unsigned long long)given->spec->maximum);
        return -EINVAL;
    }
    if (given->spec->kind == OPTION_DURATION && config_value_duration(value, &given->number) != 0) {
        problem_set(problem, word, "usage", "needs a time such as 500ms, 10s, 5m or 1h30m");
        return -EINVAL;
    }
    return 0;
}

/* @param ret_used  out: words taken, 1 or 2 */
static int take_option(struct options *options, int left, char *const *words, int *ret_used,
                       struct problem *problem)
{
    struct text word = text_of(words[0]);
    struct text name = text_equal(word, TEXT("-h")) ? TEXT("help") : text_skip(word, 2);
    size_t equals = text_find(name, '=');
    bool has_equals = equals < name.size;
    name.size = equals;
    const struct option_spec *spec = find_spec(options, name);
    if (spec == NULL) {
        return refuse_unknown(options, words[0], name, problem);
    }
    if (spec->kind == OPTION_FLAG && has_equals) {
        problem_set(problem, words[0], "usage", "takes no value");
        return -EINVAL;
    }
    struct given given = {.spec = spec, .value = ""};
    *ret_used = 1;
    if (has_equals) {
        given.value = name.data + equals + 1;
    } else if (spec->kind != OPTION_FLAG) {
        if (left < 2) {
            problem_set(problem, words[0], "usage", "needs a value: %s", spec->argument);
            return -EINVAL;
        }
        given.value = words[1];
        *ret_used = 2;
    }
    options->given[options->given_count++] = given;
    return check_value(&options->given[options->given_count - 1], words[0], problem);
}

static bool is_option(const char *word)
{
    return (word[0] == '-' && word[1] == '-') || strcmp(word, "-h") == 0;
}

int options_parse(const struct option_spec *const tables[OPTIONS_TABLES_MAX], int count,
                  char *const *words, struct options **ret_options, struct problem *problem)
{
    OWNED(options_destroy) struct options *options = xalloc_zero(1, sizeof *options);
    memcpy(options->tables, tables, sizeof options->tables);
    options->given = xalloc_zero((size_t)count + 1, sizeof *options->given);
    options->positional = xalloc_zero((size_t)count + 1, sizeof *options->positional);
    bool is_rest = false;
    for (int at = 0; at < count;) {
        int used = 1;
        if (!is_rest && strcmp(words[at], "--") == 0) {
            is_rest = true;
        } else if (is_rest || !is_option(words[at])) {
            options->positional[options->positional_count++] = words[at];
        } else if (take_option(options, count - at, words + at, &used, problem) != 0) {
            return -EINVAL;
        }
        at += used;
    }
    *ret_options = options;
    options = NULL;
    return 0;
}

void options_destroy(struct options **options)
{
    if (*options == NULL) {
        return;
    }
    free((*options)->given);
    free((*options)->positional);
    free(*options);
    *options = NULL;
}

/* The last one given. */
static const struct given *last_given(const struct options *options, const char *name)
{
    const struct option_spec *spec = find_spec(options, text_of(name));
    assert(spec != NULL);
    for (size_t i = options->given_count; i > 0; i--) {
        if (options->given[i - 1].spec == spec) {
            return &options->given[i - 1];
        }
    }
    return NULL;
}

bool options_flag(const struct options *options, const char *name)
{
    return last_given(options, name) != NULL;
}

const char *options_text(const struct options *options, const char *name)
{
    const struct given *given = last_given(options, name);
    return given == NULL ? NULL : given->value;
}

uint64_t options_number(const struct options *options, const char *name, uint64_t fallback)
{
    const struct given *given = last_given(options, name);
    return given == NULL ? fallback : given->number;
}

uint64_t options_duration_ms(const struct options *options, const char *name, uint64_t fallback_ms)
{
    return options_number(options, name, fallback_ms);
}

const char *options_item(const struct options *options, const char *name, size_t n)
{
    const struct option_spec *spec = find_spec(options, text_of(name));
    assert(spec != NULL);
    for (size_t i = 0; i < options->given_count; i++) {
        if (options->given[i].spec == spec && n-- == 0) {
            return options->given[i].value;
        }
    }
    return NULL;
}

size_t options_positional_count(const struct options *options)
{
    return options->positional_count;
}

const char *options_positional(const struct options *options, size_t n)
{
    return n < options->positional_count ? options->positional[n] : NULL;
}

void options_append_help(const struct option_spec *table, struct buffer *out)
{
    for (; table != NULL && table->name != NULL; table++) {
        char left[64];
        (void)snprintf(left, sizeof left, "--%s%s%s", table->name,
                       table->argument == NULL ? "" : " ",
                       table->argument == NULL ? "" : table->argument);
        buffer_printf(out, "  %-24s  %s\n", left, table->help);
    }
}
