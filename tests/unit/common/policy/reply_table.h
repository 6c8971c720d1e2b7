/* What tests of the built-in rules share: tables of replies with the class that each means, and a
 * score. Include it after cmocka.h. */
#ifndef HIKYAKU_TESTS_UNIT_COMMON_POLICY_REPLY_TABLE_H
#define HIKYAKU_TESTS_UNIT_COMMON_POLICY_REPLY_TABLE_H

#include "common/policy/classify_line.h"

#include "tests/unit/data_file.h"

struct reply_row {
    struct text text;
    struct text stage;
    struct text provider;
    struct text label;
    struct text accept; /* further classes that are right, space-separated */
    bool is_firm;
};

struct reply_score {
    unsigned int rows;
    unsigned int right;
    unsigned int key_rows; /* firm rows of the classes that throttling rests on */
    unsigned int key_right;
    unsigned int confused[REPLY_CLASS_LIMIT][REPLY_CLASS_LIMIT]; /* [label][answer] */
};

static inline bool reply_table_is_key(struct text label)
{
    return text_equal(label, TEXT("bad-mailbox")) || text_equal(label, TEXT("rate-limited")) ||
           text_equal(label, TEXT("reputation")) || text_equal(label, TEXT("greylisted"));
}

static inline struct classify_verdict reply_table_judge(struct classify *rules,
                                                        const struct reply_row *row)
{
    struct classify_reply reply = {
        .provider = row->provider,
        .stage = classify_line_stage(row->stage),
    };
    classify_line_read(row->text, &reply);
    return classify_reply(rules, &reply);
}

static inline bool reply_table_is_right(const struct reply_row *row, uint8_t answer)
{
    struct text name = text_of(reply_class_name(answer));
    struct text accept = row->accept;
    struct text word;
    bool is_right = text_equal(name, row->label);
    while (!is_right && text_next_part(&accept, ' ', &word)) {
        is_right = text_equal(name, word);
    }
    return is_right;
}

static inline void reply_table_count(struct reply_score *score, const struct reply_row *row,
                                     uint8_t answer)
{
    uint8_t label = 0;
    assert_int_equal(reply_class_parse(row->label, &label), 0);
    bool is_right = reply_table_is_right(row, answer);
    bool is_key = row->is_firm && reply_table_is_key(row->label);
    score->rows++;
    score->right += is_right;
    score->key_rows += is_key;
    score->key_right += is_key && is_right;
    score->confused[label][answer] += !is_right;
}

static inline void reply_table_print(const struct reply_score *score)
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

/* At least so many of 1,000 right: of all, and of the firm ones of the key classes. */
static inline void reply_table_reach(const struct reply_score *score, unsigned int permille,
                                     unsigned int key_permille)
{
    bool is_good = score->right * 1000 >= score->rows * permille &&
                   score->key_right * 1000 >= score->key_rows * key_permille;
    if (!is_good) {
        reply_table_print(score);
    }
    assert_true(is_good);
}

/* The next live reply of tests/data/smtp-replies; false at the end. */
static inline bool reply_table_next(struct text *table, struct reply_row *ret_row)
{
    enum { LINE = 1, KIND = 4, STAGE = 5, PROVIDER = 6, LABEL = 8, ACCEPT = 10, FIRM = 11 };
    struct text row[DATA_FILE_COLUMNS_MAX];
    while (data_file_row(table, row)) {
        if (text_equal(row[KIND], TEXT("reply"))) {
            *ret_row =
                (struct reply_row){row[LINE],  row[STAGE],  row[PROVIDER],
                                   row[LABEL], row[ACCEPT], text_equal(row[FIRM], TEXT("yes"))};
            return true;
        }
    }
    return false;
}

/* The next row of tests/data/replies; false at the end. */
static inline bool reply_table_next_own(struct text *table, struct reply_row *ret_row)
{
    enum { LINE = 1, STAGE, PROVIDER, LABEL, ACCEPT, FIRM };
    struct text row[DATA_FILE_COLUMNS_MAX];
    if (!data_file_row(table, row)) {
        return false;
    }
    *ret_row = (struct reply_row){row[LINE],  row[STAGE],  row[PROVIDER],
                                  row[LABEL], row[ACCEPT], text_equal(row[FIRM], TEXT("yes"))};
    return true;
}

#endif
