/* Any file of rules is taken or refused, with errors; what is taken can be asked. */
#include "common/policy/classify.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    OWNED(classify_destroy) struct classify *classify = NULL;
    struct config_errors errors = {.file = "fuzz"};
    struct config_node *root = NULL;
    int error = config_node_parse((struct text){(const char *)data, size}, arena, &errors, &root);
    error = error != 0 ? error : classify_create(root, &errors, &classify);
    assert((error == 0) == (errors.total == 0));
    assert((error == 0) == (classify != NULL));
    if (classify == NULL) {
        return 0;
    }
    struct classify_reply reply = {
        .stage = REPLY_STAGE_RCPT, .smtp = 550, .text = {(const char *)data, size}};
    struct classify_verdict quick = classify_reply(classify, &reply);
    assert(strcmp(quick.rule_id, classify_reply_slowly(classify, &reply).rule_id) == 0);
    return 0;
}
