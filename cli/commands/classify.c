/* classify: what replies mean, by the rules that workers use. */
#include "cli/commands/commands.h"
#include "cli/file_read.h"
#include "cli/tell.h"
#include "common/policy/classify_line.h"
#include "common/policy/provider_table.h"

#include <stdio.h>
#include <string.h>

enum { COLUMNS_MAX = 64, FILE_MAX = 256 << 20 };

enum column { COLUMN_ID, COLUMN_TEXT, COLUMN_STAGE, COLUMN_PROVIDER, COLUMN_COUNT };
static const char *const column_names[COLUMN_COUNT] = {"id", "text", "stage", "provider"};
static const bool is_needed[COLUMN_COUNT] = {true, true, false, false};

enum { ABSENT = -1 };

struct table {
    const char *path;
    size_t line; /* from 1 */
    int places[COLUMN_COUNT];
    struct classify *classify;
};

/* ------------------------------------------------------------------ rows */

static size_t split(struct text line, struct text fields[COLUMNS_MAX])
{
    size_t count = 0;
    while (count < COLUMNS_MAX && text_next_part(&line, '\t', &fields[count])) {
        count++;
    }
    return count;
}

static bool read_header(struct table *table, struct text line)
{
    struct text fields[COLUMNS_MAX];
    size_t count = split(line, fields);
    for (size_t column = 0; column < COLUMN_COUNT; column++) {
        table->places[column] = ABSENT;
        for (size_t i = 0; i < count; i++) {
            if (text_equal_nocase(fields[i], text_of(column_names[column]))) {
                table->places[column] = (int)i;
            }
        }
        if (table->places[column] == ABSENT && is_needed[column]) {
            tell("%s:1: has no column \"%s\": the first line names the columns", table->path,
                 column_names[column]);
            return false;
        }
    }
    return true;
}

/* A provider's key as it is, or the one that a domain belongs to. */
static struct text read_provider(struct text name)
{
    struct text found = provider_table_find(NULL, name);
    return found.size > 0 ? found : name;
}

static bool read_row(const struct table *table, struct text line, struct text values[COLUMN_COUNT])
{
    struct text fields[COLUMNS_MAX];
    size_t count = split(line, fields);
    for (size_t column = 0; column < COLUMN_COUNT; column++) {
        bool has_value = table->places[column] != ABSENT && (size_t)table->places[column] < count;
        if (!has_value && is_needed[column]) {
            tell("%s:%zu: column %d (%s): is not there: the row has %zu columns", table->path,
                 table->line, table->places[column] + 1, column_names[column], count);
            return false;
        }
        values[column] = has_value ? fields[table->places[column]] : TEXT("");
    }
    if (values[COLUMN_ID].size == 0) {
        tell("%s:%zu: column %d (id): is empty", table->path, table->line,
             table->places[COLUMN_ID] + 1);
        return false;
    }
    return true;
}

static bool judge_row(const struct table *table, struct text line)
{
    struct text values[COLUMN_COUNT];
    if (!read_row(table, line, values)) {
        return false;
    }
    struct classify_reply reply = {
        .provider = read_provider(values[COLUMN_PROVIDER]),
        .stage = classify_line_stage(values[COLUMN_STAGE]),
    };
    classify_line_read(values[COLUMN_TEXT], &reply);
    struct classify_verdict verdict = classify_reply(table->classify, &reply);
    (void)printf("%.*s\t%s\t%s\t%s\n", TEXT_PRINT(values[COLUMN_ID]),
                 reply_class_name(verdict.reply_class), reply_class_blame_name(verdict.blame),
                 verdict.rule_id);
    return true;
}

static enum exit_code judge_all(struct table *table, struct text content)
{
    struct text line = {NULL, 0};
    while (text_next_part(&content, '\n', &line)) {
        table->line++;
        if (line.size > 0 && line.data[line.size - 1] == '\r') {
            line.size--;
        }
        bool is_good = line.size == 0;
        if (table->line == 1) {
            is_good = read_header(table, line);
            (void)printf("%s", is_good ? "id\tclass\tblame\trule\n" : "");
        } else if (line.size > 0) {
            is_good = judge_row(table, line);
        }
        if (!is_good) {
            return EXIT_CODE_BAD_FILE;
        }
    }
    return EXIT_CODE_OK;
}

/* ------------------------------------------------------------------ command */

static enum exit_code read_rules(const char *path, struct classify **ret_classify)
{
    if (path == NULL) {
        *ret_classify = classify_create_builtin();
        return EXIT_CODE_OK;
    }
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct config_errors errors = {.file = path};
    struct config_node *root = NULL;
    int error = config_node_read(path, arena, &errors, &root);
    error = error != 0 ? error : classify_create(root, &errors, ret_classify);
    return error != 0 ? tell_file(&errors) : EXIT_CODE_OK;
}

static enum exit_code run(const struct options *options)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    OWNED(classify_destroy) struct classify *classify = NULL;
    const char *path = options_positional(options, 0);
    struct text content = {NULL, 0};
    struct problem problem = {.message = ""};
    enum exit_code code = read_rules(options_text(options, "rules"), &classify);
    if (code != EXIT_CODE_OK) {
        return code;
    }
    if (file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, FILE_MAX, arena, &content,
                  &problem) != 0) {
        tell("%s", problem.message);
        return EXIT_CODE_BAD_FILE;
    }
    struct table table = {.path = path, .classify = classify};
    return judge_all(&table, content);
}

static const struct option_spec specs[] = {
    {"rules", "FILE", "rules to try, instead of those built in", 0, OPTION_TEXT},
    {.name = NULL},
};

const struct command classify_command = {
    .name = "classify",
    .words = "FILE.tsv",
    .summary = "say what replies of mail servers mean, and whom they blame",
    .help =
        "FILE.tsv (- is standard input) has a line that names its columns, parted by tabs: id and\n"
        "text (\"550 5.1.1 No such user\"), and where known stage (connect, ehlo, mail, rcpt,\n"
        "data, data-end, ...) and provider (a key, or a domain); other columns are passed over.\n"
        "The answer has the columns id, class, blame and rule, a row for each row. --rules FILE\n"
        "checks a file of rules, as a worker does when it loads it, before it is used.\n"
        "\n"
        "  hikyaku classify replies.tsv\n"
        "  hikyaku classify --rules deploy/rules/replies.yaml replies.tsv\n",
    .options = specs,
    .minimum_words = 1,
    .maximum_words = 1,
    .is_offline = true,
    .run = run,
};
