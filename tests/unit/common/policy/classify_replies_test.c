/* The built-in rules against what real servers said (tests/data/smtp-replies): how many they
 * understand. Bounds, not the rules' own figures: a change may lose a row and win three. */
#include "common/policy/classify_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/data_file.h"

enum column {
    ID,
    TEXT_LINE,
    CODE,
    ENHANCED,
    KIND,
    STAGE,
    PROVIDER,
    REPORTER,
    LABEL,
    GROUP,
    ACCEPT,
    FIRM
};

struct score {
    unsigned int rows;
    unsigned int right;
    unsigned int key_rows; /* firm rows of the classes that throttling rests on */
    unsigned int key_right;
    unsigned int confused[REPLY_CLASS_LIMIT][REPLY_CLASS_LIMIT]; /* [label][answer] */
};

static bool is_key_label(struct text label)
{
    return text_equal(label, TEXT("bad-mailbox")) || text_equal(label, TEXT("rate-limited")) ||
           text_equal(label, TEXT("reputation")) || text_equal(label, TEXT("greylisted"));
}

static bool is_accepted(struct text name, struct text label, struct text accept)
{
    struct text word;
    bool is_right = text_equal(name, label);
    while (!is_right && text_next_part(&accept, ' ', &word)) {
        is_right = text_equal(name, word);
    }
    return is_right;
}

static struct classify_verdict judge(struct classify *rules, const struct text *row)
{
    struct classify_reply reply = {
        .provider = row[PROVIDER],
        .stage = classify_line_stage(row[STAGE]),
    };
    classify_line_read(row[TEXT_LINE], &reply);
    struct classify_verdict verdict = classify_reply(rules, &reply);
    assert_string_equal(verdict.rule_id, classify_reply_slowly(rules, &reply).rule_id);
    return verdict;
}

static void add_row(struct score *score, struct classify *rules, const struct text *row)
{
    struct classify_verdict verdict = judge(rules, row);
    uint8_t label = 0;
    if (!text_equal(row[KIND], TEXT("reply"))) {
        return; /* judged all the same: it must not fail */
    }
    assert_int_equal(reply_class_parse(row[LABEL], &label), 0);
    bool is_right =
        is_accepted(text_of(reply_class_name(verdict.reply_class)), row[LABEL], row[ACCEPT]);
    bool is_key = text_equal(row[FIRM], TEXT("yes")) && is_key_label(row[LABEL]);
    score->rows++;
    score->right += is_right;
    score->key_rows += is_key;
    score->key_right += is_key && is_right;
    score->confused[label][verdict.reply_class] += !is_right;
}

static void print_confusion(const struct score *score)
{
    for (uint8_t label = 1; label < REPLY_CLASS_LIMIT; label++) {
        for (uint8_t answer = 0; answer < REPLY_CLASS_LIMIT; answer++) {
            if (score->confused[label][answer] > 0) {
                print_message("%-18s taken for %-18s %u\n", reply_class_name(label),
                              reply_class_name(answer), score->confused[label][answer]);
            }
        }
    }
    print_message("%u of %u right, %u of %u firm ones of the key classes\n", score->right,
                  score->rows, score->key_right, score->key_rows);
}

static void nine_of_ten_replies_are_understood(void **state)
{
    (void)state;
    OWNED(classify_destroy) struct classify *rules = classify_create_builtin();
    OWNED(buffer_finish) struct buffer content = {.data = NULL};
    data_file_load("smtp-replies", "smtp-replies.tsv", &content);
    struct text table = buffer_text(&content);
    struct text row[DATA_FILE_COLUMNS_MAX];
    static struct score score;
    assert_true(data_file_row(&table, row)); /* the names of the columns */
    while (data_file_row(&table, row)) {
        add_row(&score, rules, row);
    }
    assert_true(score.rows > 500);
    bool is_good =
        score.right * 100 >= score.rows * 90 && score.key_right * 100 >= score.key_rows * 95;
    if (!is_good) {
        print_confusion(&score);
    }
    assert_true(is_good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nine_of_ten_replies_are_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
