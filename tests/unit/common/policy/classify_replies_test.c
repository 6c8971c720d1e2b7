/* The built-in rules against what real servers said (tests/data/smtp-replies, tests/data/replies):
 * how many they understand. Bounds, not the rules' own figures: a change may lose a row and win
 * three. */
#include "common/policy/classify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/common/policy/reply_table.h"

enum { ROWS_LEAST = 500 };

/* The search finds what trying every rule finds. */
static void judge_both_ways(struct classify *rules, const struct reply_row *row,
                            struct reply_score *score)
{
    struct classify_reply reply = {
        .provider = row->provider,
        .stage = classify_line_stage(row->stage),
    };
    classify_line_read(row->text, &reply);
    struct classify_verdict verdict = classify_reply(rules, &reply);
    assert_string_equal(verdict.rule_id, classify_reply_slowly(rules, &reply).rule_id);
    reply_table_count(score, row, verdict.reply_class);
}

static void nine_of_ten_replies_are_understood(void **state)
{
    (void)state;
    OWNED(classify_destroy) struct classify *rules = classify_create_builtin();
    OWNED(buffer_finish) struct buffer content = {.data = NULL};
    data_file_load("smtp-replies", "smtp-replies.tsv", &content);
    struct text table = buffer_text(&content);
    struct reply_row row;
    static struct reply_score score;
    while (reply_table_next(&table, &row)) {
        judge_both_ways(rules, &row, &score);
    }
    assert_true(score.rows > ROWS_LEAST);
    reply_table_reach(&score, 970, 970);
}

static void replies_of_our_own_collection_are_understood(void **state)
{
    (void)state;
    OWNED(classify_destroy) struct classify *rules = classify_create_builtin();
    OWNED(buffer_finish) struct buffer content = {.data = NULL};
    data_file_load("replies", "replies.tsv", &content);
    struct text table = buffer_text(&content);
    struct text names;
    struct reply_row row;
    static struct reply_score score;
    assert_true(text_next_part(&table, '\n', &names));
    while (reply_table_next_own(&table, &row)) {
        judge_both_ways(rules, &row, &score);
    }
    assert_true(score.rows > ROWS_LEAST);
    reply_table_reach(&score, 970, 970);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nine_of_ten_replies_are_understood),
        cmocka_unit_test(replies_of_our_own_collection_are_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
