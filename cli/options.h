/* The words behind a command: long options with and without value, and the rest. One table makes
 * the parser, its messages and the help. Pure. */
#ifndef HIKYAKU_CLI_OPTIONS_H
#define HIKYAKU_CLI_OPTIONS_H

#include "common/base/buffer.h"
#include "common/base/problem.h"

enum option_kind {
    OPTION_FLAG,     /* --json */
    OPTION_TEXT,     /* --to ADDRESS or --to=ADDRESS; the last one counts */
    OPTION_LIST,     /* as OPTION_TEXT, may be given several times */
    OPTION_NUMBER,   /* decimal digits, at most `maximum` */
    OPTION_DURATION, /* 10s, 5m, 1h30m */
};

struct option_spec {
    const char *name;     /* without "--"; NULL ends a table */
    const char *argument; /* how the help calls the value; NULL for a flag */
    const char *help;     /* one line */
    uint64_t maximum;     /* OPTION_NUMBER */
    enum option_kind kind;
};

/** How many tables one command may have (its own, the common ones). */
#define OPTIONS_TABLES_MAX 3

struct options;

/**
 * Read the words. Texts are borrowed from `words`.
 *
 * "--" ends the options; what does not start with "--" is positional, "-" too. "-h" is "--help".
 *
 * @param tables  OPTIONS_TABLES_MAX pointers, each NULL or ended by a spec with name NULL
 * @return 0 or -EINVAL: the problem's field is the word, with a suggestion where one is near
 */
MUST_USE int options_parse(const struct option_spec *const tables[OPTIONS_TABLES_MAX], int count,
                           char *const *words, struct options **ret_options,
                           struct problem *problem);
/** Accepts NULL, nulls the pointer. */
void options_destroy(struct options **options);

/* By the name in the table; an absent option gives false, NULL, `fallback`. Asking for a name that
 * no table has is a bug (asserted). */
bool options_flag(const struct options *options, const char *name);
const char *options_text(const struct options *options, const char *name);
uint64_t options_number(const struct options *options, const char *name, uint64_t fallback);
uint64_t options_duration_ms(const struct options *options, const char *name, uint64_t fallback_ms);
/** The value given as the n-th (from 0) for an OPTION_LIST; NULL when there are fewer. */
const char *options_item(const struct options *options, const char *name, size_t n);

size_t options_positional_count(const struct options *options);
/** NULL when there are fewer. */
const char *options_positional(const struct options *options, size_t n);

/** Append a line for each option: "  --to ADDRESS   who gets it". */
void options_append_help(const struct option_spec *table, struct buffer *out);

#endif
