#include "common/policy/classify_examples.h"

#include "common/policy/classify_file.h"
#include "common/policy/classify_line.h"

#include <errno.h>
#include <string.h>

/* The first of a field's values, "" when there are none. */
static struct text first_value(const struct config_node *rule, struct text field)
{
    const struct config_node *node = config_node_find(rule, field);
    if (node != NULL && node->kind == CONFIG_NODE_LIST) {
        node = node->children;
    }
    return node == NULL ? TEXT("") : node->scalar;
}

static uint8_t first_stage(const struct config_node *rule)
{
    uint16_t stages = classify_file_stages(first_value(rule, TEXT("stage")));
    return stages == 0 ? REPLY_STAGE_RCPT : (uint8_t)__builtin_ctz(stages);
}

/* "quit: 421 Bye": an example may name its own stage. */
static struct text take_stage(struct text example, uint8_t *stage)
{
    size_t size = text_find(example, ':');
    uint16_t stages = classify_file_stages((struct text){example.data, size});
    if (stages == 0) {
        return example;
    }
    *stage = (uint8_t)__builtin_ctz(stages);
    return text_skip(example, size + 1);
}

static void check_example(const struct config_node *rule, size_t number,
                          const struct config_node *example, struct classify *classify,
                          struct config_errors *errors)
{
    struct classify_reply reply = {
        .provider = first_value(rule, TEXT("provider")),
        .stage = first_stage(rule),
    };
    classify_line_read(take_stage(example->scalar, &reply.stage), &reply);
    struct classify_verdict verdict = classify_reply(classify, &reply);
    if (!text_equal(text_of(verdict.rule_id), config_node_find(rule, TEXT("id"))->scalar)) {
        char path[128];
        classify_file_path(rule, number, "examples", path, sizeof path);
        config_error_add(errors, example->place, path, "example", "is won by the rule \"%s\"",
                         verdict.rule_id);
    }
}

int classify_examples_check(const struct config_node *root, struct classify *classify,
                            struct config_errors *errors)
{
    size_t number = 0;
    const struct config_node *rule = config_node_find(root, TEXT("rules"))->children;
    for (; rule != NULL; rule = rule->next) {
        const struct config_node *examples = config_node_find(rule, TEXT("examples"));
        const struct config_node *example =
            examples->kind == CONFIG_NODE_LIST ? examples->children : examples;
        while (example != NULL) {
            check_example(rule, number, example, classify, errors);
            example = example == examples ? NULL : example->next;
        }
        number++;
    }
    return errors->total > 0 ? -EINVAL : 0;
}
