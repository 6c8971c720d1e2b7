/* What a command is: one row of the table in commands/command_table.c. */
#ifndef HIKYAKU_CLI_COMMAND_H
#define HIKYAKU_CLI_COMMAND_H

#include "cli/options.h"

/** Exit codes, documented in docs/cli.md. */
enum exit_code {
    EXIT_CODE_OK = 0,
    EXIT_CODE_REFUSED = 1,     /* the server refused, or the outcome is not what was asked for */
    EXIT_CODE_USAGE = 2,       /* unknown command, option or missing word */
    EXIT_CODE_UNREACHABLE = 3, /* no answer from the endpoint, or a part of Hikyaku is not there */
    EXIT_CODE_BAD_FILE = 4,    /* an input file is missing or wrong; nothing was changed */
};

/** A command's run: tells people on stderr, results on stdout. */
typedef enum exit_code command_run_fn(const struct options *options);

struct command {
    const char *name;    /* "submit", "keygen api" */
    const char *words;   /* positional words for the usage line: "FILE.yaml FILE.csv" */
    const char *summary; /* one line for the list of commands */
    const char *help;    /* paragraphs and an example */
    const struct option_spec *options;
    size_t minimum_words;
    size_t maximum_words;
    bool is_offline; /* needs no endpoint: the connection's options are not offered */
    command_run_fn *run;
};

#endif
