/* The built-in rules do not hang on single words, codes or line ends: replies of
 * tests/data/smtp-replies that are put a little differently mean the same. Seeded: the same
 * replies each time. */
#include "common/policy/classify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/common/policy/reply_table.h"

enum { CODE_SIZE = 3 };

struct change {
    struct buffer text; /* the reply as it is put now */
    uint32_t random;
};

static uint32_t next_random(struct change *change)
{
    change->random = change->random * 1664525U + 1013904223U;
    return change->random >> 8;
}

/* "550 5.7.1 Words": the size of "550 ", and with its enhanced code of "550 5.7.1 ". */
static size_t codes_size(struct text line, bool with_enhanced)
{
    struct classify_reply reply = {.stage = 0};
    classify_line_read(line, &reply);
    size_t size = CODE_SIZE + 1;
    return with_enhanced || reply.enhanced == 0 ? line.size - reply.text.size : size;
}

static void append(struct change *change, struct text text)
{
    buffer_append(&change->text, text.data, text.size);
}

/* ------------------------------------------------------------------ ways to put it differently */

static bool in_capitals(struct change *change, struct text line)
{
    for (size_t i = 0; i < line.size; i++) {
        char byte = line.data[i];
        buffer_append_byte(&change->text, byte >= 'a' && byte <= 'z' ? (char)(byte & 0x5f) : byte);
    }
    return true;
}

static bool with_other_numbers(struct change *change, struct text line)
{
    size_t start = codes_size(line, true);
    append(change, (struct text){line.data, start});
    for (size_t i = start; i < line.size; i++) {
        bool is_address = line.data[i] == '.' && i + 1 < line.size && i > start &&
                          line.data[i - 1] >= '0' && line.data[i - 1] <= '9' &&
                          line.data[i + 1] >= '1' && line.data[i + 1] <= '9';
        buffer_append_byte(&change->text, line.data[i]);
        if (is_address) {
            buffer_append_byte(&change->text, (char)('1' + next_random(change) % 2));
        }
    }
    return true;
}

static bool with_a_host_before(struct change *change, struct text line)
{
    size_t start = codes_size(line, true);
    append(change, (struct text){line.data, start});
    append(change, TEXT("mx17.mail.example.net "));
    append(change, text_skip(line, start));
    return true;
}

static bool with_a_mark_behind(struct change *change, struct text line)
{
    char mark[32];
    append(change, line);
    int size = snprintf(mark, sizeof mark, " [mta7-%06x]", (unsigned int)next_random(change));
    append(change, (struct text){mark, (size_t)size});
    return true;
}

static bool without_enhanced_code(struct change *change, struct text line)
{
    append(change, (struct text){line.data, CODE_SIZE + 1});
    append(change, text_skip(line, codes_size(line, true)));
    return codes_size(line, true) != codes_size(line, false);
}

/* "550 5.7.1 Some words" as two lines: their codes come again amid the words. */
static bool in_two_lines(struct change *change, struct text line)
{
    size_t start = codes_size(line, true);
    size_t wanted = start + next_random(change) % (line.size - start + 1);
    size_t at = wanted + text_find(text_skip(line, wanted), ' ');
    if (at >= line.size) {
        return false;
    }
    append(change, (struct text){line.data, at + 1});
    append(change, (struct text){line.data, CODE_SIZE});
    buffer_append_byte(&change->text, '-');
    append(change, text_skip((struct text){line.data, start}, CODE_SIZE + 1));
    append(change, text_skip(line, at + 1));
    return true;
}

/* Words that servers exchange freely. Each replaces where it stands alone, all over the text. */
static const char *const words[][2] = {
    {"message", "mail"},         {"rejected", "refused"}, {"does not", "doesn't"},
    {"cannot", "can't"},         {"mailbox", "account"},  {"exceeded", "reached"},
    {"not found", "unknown"},    {"blocked", "denied"},   {"does not exist", "is unknown"},
    {"email", "e-mail"},         {"server", "host"},      {"too many", "excessive"},
    {"due to", "because of"},    {"invalid", "bad"},      {"temporarily", "currently"},
    {"User unknown", "No user"}, {"limit", "quota"},      {"Please ", ""},
};

static bool starts_with(struct text text, const char *word)
{
    size_t size = strlen(word);
    return text.size >= size && text_equal_nocase((struct text){text.data, size}, text_of(word));
}

static bool with_another_word(struct change *change, struct text line, const char *const pair[2])
{
    bool is_changed = false;
    while (line.size > 0) {
        if (starts_with(line, pair[0])) {
            append(change, text_of(pair[1]));
            line = text_skip(line, strlen(pair[0]));
            is_changed = true;
        } else {
            buffer_append_byte(&change->text, line.data[0]);
            line = text_skip(line, 1);
        }
    }
    return is_changed;
}

/* ------------------------------------------------------------------ tests */

static const struct {
    const char *name;
    bool (*put)(struct change *change, struct text line);
    unsigned int permille; /* so many are still understood */
} ways[] = {
    {"in capitals", in_capitals, 980},
    {"with other numbers", with_other_numbers, 980},
    {"with a host before", with_a_host_before, 980},
    {"with a mark behind", with_a_mark_behind, 980},
    {"without enhanced code", without_enhanced_code, 950},
    {"in two lines", in_two_lines, 980},
};
enum { WAYS = sizeof ways / sizeof *ways, WORDS = sizeof words / sizeof *words };

struct trial {
    struct classify *rules;
    struct change change;
    struct reply_score scores[WAYS + 1]; /* the last: another word */
};

static void judge(struct trial *trial, const struct reply_row *row, size_t way)
{
    struct reply_row changed = *row;
    changed.text = buffer_text(&trial->change.text);
    struct classify_verdict verdict = reply_table_judge(trial->rules, &changed);
    reply_table_count(&trial->scores[way], &changed, verdict.reply_class);
}

static void try_row(struct trial *trial, const struct reply_row *row)
{
    for (size_t way = 0; way < WAYS; way++) {
        buffer_clear(&trial->change.text);
        if (ways[way].put(&trial->change, row->text)) {
            judge(trial, row, way);
        }
    }
    for (size_t word = 0; word < WORDS; word++) {
        buffer_clear(&trial->change.text);
        if (with_another_word(&trial->change, row->text, words[word])) {
            judge(trial, row, WAYS);
        }
    }
}

static void what_is_put_differently_means_the_same(void **state)
{
    (void)state;
    static struct trial trial;
    OWNED(buffer_finish) struct buffer content = {.data = NULL};
    data_file_load("smtp-replies", "smtp-replies.tsv", &content);
    struct text table = buffer_text(&content);
    struct reply_row row;
    trial.rules = classify_create_builtin();
    trial.change.random = 7;
    while (reply_table_next(&table, &row)) {
        try_row(&trial, &row);
    }
    for (size_t way = 0; way < WAYS; way++) {
        print_message("%s: %u of %u\n", ways[way].name, trial.scores[way].right,
                      trial.scores[way].rows);
        assert_true(trial.scores[way].rows > 100);
        reply_table_reach(&trial.scores[way], ways[way].permille, ways[way].permille);
    }
    print_message("with another word: %u of %u\n", trial.scores[WAYS].right,
                  trial.scores[WAYS].rows);
    reply_table_reach(&trial.scores[WAYS], 960, 960);
    buffer_finish(&trial.change.text);
    classify_destroy(&trial.rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_differently_means_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
