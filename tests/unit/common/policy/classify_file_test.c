#include "common/policy/classify_file.h"

#include "common/base/buffer.h"
#include "common/policy/classify.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define RULE "    class: policy\n    blame: ip\n    examples: 550 No\n"
#define HEAD "format: 1\nrules:\n"

/* @return what is told about the mistakes of a file, "" when there are none */
static void read_rules(const char *yaml, struct buffer *told)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    OWNED(classify_destroy) struct classify *classify = NULL;
    struct config_errors errors = {.file = "r.yaml"};
    struct config_node *root = NULL;
    int error = config_node_parse(text_of(yaml), arena, &errors, &root);
    error = error != 0 ? error : classify_create(root, &errors, &classify);
    assert_int_equal(error, errors.total == 0 ? 0 : -EINVAL);
    assert_true((classify != NULL) == (error == 0));
    config_error_render(&errors, told);
    buffer_append_byte(told, '\0');
}

static void a_mistake_is_told_with_line_field_and_rule(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *told;
    } cases[] = {
        {HEAD "  - id: a\n" RULE, ""},
        {"rules:\n  - id: a\n" RULE, "r.yaml:1:1: format: must be 1"},
        {"format: 2\nrules:\n  - id: a\n" RULE, "r.yaml:1:9: format: must be 1"},
        {"format: 1\n", "rules: must be a list"},
        {"format: 1\nroles: []\nrules:\n  - id: a\n" RULE, "r.yaml:2:1: a file of rules has"},
        {HEAD "  - a\n", "r.yaml:3:5: rules[0]: must be a map"},
        {HEAD "  - id: A b\n" RULE, "rules[A b]: has no id of a-z"},
        {HEAD "  - id: a\n" RULE "  - id: a\n" RULE, "r.yaml:7:9: rules[a].id: another rule above"},
        {HEAD "  - id: a\n    clas: policy\n" RULE, "rules[a].clas: did you mean \"class\""},
        {HEAD "  - id: a\n    blame: ip\n    examples: 550 No\n",
         "rules[a]: lacks the field \"class\""},
        {HEAD "  - id: a\n    class: policy\n    blame: ip\n", "lacks the field \"examples\""},
        {HEAD "  - id: a\n    class: polite\n    blame: ip\n    examples: 550 No\n",
         "r.yaml:4:12: rules[a].class: is no reply class: \"polite\""},
        {HEAD "  - id: a\n    class: policy\n    blame: me\n    examples: 550 No\n",
         "rules[a].blame: can take no blame: \"me\""},
        {HEAD "  - id: a\n    stage: lunch\n" RULE, "rules[a].stage: is no stage: \"lunch\""},
        {HEAD "  - id: a\n    code: 250\n" RULE, "rules[a].code: must be 4xx, 5xx"},
        {HEAD "  - id: a\n    enhanced: 5.1.1\n" RULE, "rules[a].enhanced: must be SUBJECT.DETAIL"},
        {HEAD "  - id: a\n    suppress: yes\n" RULE, "rules[a].suppress: must be true or false"},
        {HEAD "  - id: a\n    suppress: true\n    code: 550\n" RULE,
         "r.yaml:4:15: rules[a].suppress: needs a text or an enhanced code"},
        {HEAD "  - id: a\n    text: '(no'\n" RULE, "rules[a].text: is no pattern"},
        {HEAD "  - id: a\n    text: 'No'\n" RULE, "rules[a].text: has a capital letter"},
        {HEAD "  - id: a\n    text: ''\n" RULE, "rules[a].text: is empty"},
        {HEAD "  - id: a\n    text: 'n{oo}'\n" RULE,
         "rules[a].text: names a word that is not there: \"oo\""},
        {"format: 1\nwords:\n  o: '{u}'\nrules:\n  - id: a\n" RULE,
         "r.yaml:3:6: words.o: names no word above it: u"},
        {"format: 1\nwords:\n  o: {a: b}\nrules:\n  - id: a\n" RULE, "words.o: must be a pattern"},
        {HEAD "  - id: a\n    text: {b: c}\n" RULE, "rules[a].text: must be a value or a list"},
        /* A rule in the shadow of another, and one that its own example does not fit. */
        {HEAD "  - id: a\n" RULE "  - id: b\n" RULE,
         "r.yaml:10:15: rules[b].examples: is won by the rule \"a\""},
        {HEAD "  - id: a\n    text: 'yes'\n" RULE,
         "rules[a].examples: is won by the rule \"no-rule\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        OWNED(buffer_finish) struct buffer told = {.data = NULL};
        read_rules(cases[i].yaml, &told);
        bool is_good = cases[i].told[0] == '\0' ? told.data[0] == '\0'
                                                : strstr(told.data, cases[i].told) != NULL;
        if (!is_good) {
            fail_msg("case %zu: wanted \"%s\", got \"%s\"", i, cases[i].told, told.data);
        }
    }
}

static void words_are_filled_in(void **state)
{
    (void)state;
    static const char yaml[] = "format: 1\n"
                               "words:\n"
                               "  who: [user, box]\n"
                               "  gone: ['no {who}', 'away{1,2}']\n"
                               "rules:\n"
                               "  - id: a\n"
                               "    text: '^{gone}$'\n" RULE;
    OWNED(buffer_finish) struct buffer told = {.data = NULL};
    read_rules(yaml, &told);
    assert_non_null(strstr(told.data, "is won by")); /* "No" alone is neither */
    buffer_clear(&told);
    static const char good[] = "format: 1\n"
                               "words:\n"
                               "  who: [user, box]\n"
                               "  gone: ['no {who}', 'away{1,2}']\n"
                               "rules:\n"
                               "  - id: a\n"
                               "    text: '^{gone}$'\n"
                               "    class: policy\n"
                               "    blame: ip\n"
                               "    examples: [550 No Box, 550 no user, 450 awayy]\n";
    read_rules(good, &told);
    assert_string_equal(told.data, "");
}

/* Conditions: the first rule whose conditions all hold decides. */
static void all_conditions_must_hold(void **state)
{
    (void)state;
    static const char yaml[] = HEAD
        "  - {id: stage, stage: [mail, body], code: 550, class: policy, blame: ip, examples: ['550 "
        "x', 'dot: 550 x']}\n"
        "  - {id: provider, provider: [a, b], class: policy, blame: ip, examples: '550 x'}\n"
        "  - {id: none, enhanced: none, code: 4xx, class: policy, blame: ip, examples: '450 x'}\n"
        "  - {id: subject, enhanced: [7.x, 1.1], class: policy, blame: ip, examples: ['550 5.7.3 "
        "x', '450 4.1.1 x', '550 x (#5.1.1)', '550 #5.7.1 x']}\n"
        "  - {id: bare, code: none, class: policy, blame: ip, examples: 'x'}\n"
        "  - {id: rest, class: other, blame: site, examples: ['550 x', '550 5.1.2 x', 'rcpt: 554 "
        "y']}\n";
    OWNED(buffer_finish) struct buffer told = {.data = NULL};
    read_rules(yaml, &told);
    assert_string_equal(told.data, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mistake_is_told_with_line_field_and_rule),
        cmocka_unit_test(words_are_filled_in),
        cmocka_unit_test(all_conditions_must_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
