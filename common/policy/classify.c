#include "common/policy/classify.h"

#include "common/mail/enhanced_code.h"
#include "common/policy/classify_builtin.h"
#include "common/policy/classify_examples.h"
#include "common/policy/classify_file.h"
#include "common/policy/classify_rules.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

struct classify {
    struct classify_rules *rules;
    char plain[CLASSIFY_TEXT_MAX]; /* of the reply in question */
};

int classify_create(const struct config_node *root, struct config_errors *errors,
                    struct classify **ret_classify)
{
    struct classify *classify = xalloc_zero(1, sizeof *classify);
    classify->rules = classify_rules_create();
    int error = classify_file_read(root, errors, classify->rules);
    if (error == 0) {
        error = classify_examples_check(root, classify, errors);
    }
    if (error != 0) {
        classify_destroy(&classify);
        return error;
    }
    *ret_classify = classify;
    return 0;
}

struct classify *classify_create_builtin(void)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct config_errors errors = {.file = "built-in rules"};
    struct config_node *root = NULL;
    struct classify *classify = NULL;
    int error = config_node_parse(classify_builtin_text(), arena, &errors, &root);
    error = error != 0 ? error : classify_create(root, &errors, &classify);
    assert(error == 0); /* a test loads them from the same file */
    return classify;
}

void classify_destroy(struct classify **classify)
{
    if (*classify != NULL) {
        classify_rules_destroy(&(*classify)->rules);
        free(*classify);
        *classify = NULL;
    }
}

void classify_replace(struct classify *current, struct classify **fresh)
{
    struct classify_rules *old = current->rules;
    current->rules = (*fresh)->rules;
    (*fresh)->rules = old;
    classify_destroy(fresh);
}

size_t classify_rule_count(const struct classify *classify)
{
    return classify_rules_count(classify->rules);
}

/* Does the reply speak of this mailbox? By its stage, and by a reply code that says so: 552 with
 * 5.1.1 is somebody's quota (RFC 5321, 4.2.2). A rule may name further codes. */
static bool names_mailbox(const struct classify_reply *reply, const struct classify_rule *rule)
{
    static const uint16_t codes[] = {550, 551, 553, 556};
    bool by_code = false;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        by_code = by_code || reply->smtp == codes[i];
    }
    for (size_t i = 0; i < rule->code_count; i++) {
        by_code = by_code || reply->smtp == rule->codes[i];
    }
    return by_code && reply->stage >= REPLY_STAGE_RCPT && reply->stage <= REPLY_STAGE_DOT;
}

/* qmail writes "(#5.1.1)" behind its text, some appliances "#5.1.1" before it. */
static uint32_t enhanced_within(struct text text)
{
    uint32_t enhanced = 0;
    size_t at = text_find(text, '#');
    while (at < text.size && enhanced == 0) {
        struct text rest = text_skip(text, at + 1);
        size_t size = 0;
        while (size < rest.size &&
               ((rest.data[size] >= '0' && rest.data[size] <= '9') || rest.data[size] == '.')) {
            size++;
        }
        size_t used = 0;
        enhanced = enhanced_code_read((struct text){rest.data, size}, &used);
        at += 1 + text_find(rest, '#');
    }
    return enhanced;
}

static struct classify_question ask(struct classify *classify, const struct classify_reply *reply)
{
    struct classify_question question = {
        .provider = reply->provider,
        .stage = reply->stage,
        .digit = (uint8_t)(reply->smtp / 100),
        .smtp = reply->smtp,
        .enhanced = reply->enhanced,
        .text = {classify->plain, classify_text_plain(reply->text, classify->plain)},
    };
    size_t size = 0;
    uint32_t first = enhanced_code_read(question.text, &size);
    question.text = text_trim(text_skip(question.text, size)); /* some leave it in the text */
    if (question.enhanced == 0) {
        question.enhanced = first != 0 ? first : enhanced_within(question.text);
    }
    if (question.smtp == 0) {
        question.digit = (uint8_t)ENHANCED_CODE_CLASS(question.enhanced);
    }
    return question;
}

/* Before RCPT nobody spoke of a recipient, before MAIL nobody of a message: what is said is said of
 * our connection, or of our sender. */
static uint8_t blame_at(uint8_t stage, uint8_t blame)
{
    bool is_opening = stage >= REPLY_STAGE_CONNECT && stage <= REPLY_STAGE_STARTTLS;
    if (is_opening && (blame == REPLY_BLAME_RECIPIENT || blame == REPLY_BLAME_CONTENT)) {
        return REPLY_BLAME_PATH;
    }
    return stage == REPLY_STAGE_MAIL && blame == REPLY_BLAME_RECIPIENT ? REPLY_BLAME_DOMAIN : blame;
}

static struct classify_verdict answer(const struct classify_reply *reply, uint8_t digit,
                                      const struct classify_rule *rule)
{
    if (rule == NULL) { /* a file whose last rules do not take everything */
        return (struct classify_verdict){.reply_class = REPLY_CLASS_OTHER,
                                         .blame = REPLY_BLAME_CONNECTION,
                                         .is_temporary = digit == 4,
                                         .rule_id = "no-rule"};
    }
    bool is_temporary = digit == 4 || (rule->effects & CLASSIFY_TEMPORARY) != 0;
    return (struct classify_verdict){
        .reply_class = rule->reply_class,
        .blame = blame_at(reply->stage, rule->blame),
        .is_temporary = is_temporary,
        .suppresses =
            !is_temporary && (rule->effects & CLASSIFY_SUPPRESS) != 0 && names_mailbox(reply, rule),
        .rule_id = rule->id,
    };
}

static bool is_positive(const struct classify_reply *reply)
{
    return reply->smtp != 0 && reply->smtp < 400;
}

static const struct classify_verdict accepted = {.rule_id = "smtp-accepted"};

struct classify_verdict classify_reply(struct classify *classify,
                                       const struct classify_reply *reply)
{
    if (is_positive(reply)) {
        return accepted;
    }
    struct classify_question question = ask(classify, reply);
    return answer(reply, question.digit, classify_rules_find(classify->rules, &question));
}

struct classify_verdict classify_reply_slowly(struct classify *classify,
                                              const struct classify_reply *reply)
{
    if (is_positive(reply)) {
        return accepted;
    }
    struct classify_question question = ask(classify, reply);
    return answer(reply, question.digit, classify_rules_find_slowly(classify->rules, &question));
}
