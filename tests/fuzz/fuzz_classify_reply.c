/* What any server may say, against the built-in rules: the quick search and the slow one agree, and
 * nothing suppresses before RCPT. First byte: the stage; second: the provider. */
#include "common/policy/classify_line.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct classify *rules;
    static const char *const providers[] = {"", "docomo", "au", "google", "microsoft"};
    if (rules == NULL) {
        rules = classify_create_builtin();
    }
    if (size < 2) {
        return 0;
    }
    struct classify_reply reply = {
        .stage = (uint8_t)(data[0] % REPLY_STAGE_LIMIT),
        .provider = text_of(providers[data[1] % (sizeof providers / sizeof *providers)]),
    };
    classify_line_read((struct text){(const char *)data + 2, size - 2}, &reply);
    struct classify_verdict quick = classify_reply(rules, &reply);
    struct classify_verdict slow = classify_reply_slowly(rules, &reply);
    assert(strcmp(quick.rule_id, slow.rule_id) == 0);
    assert(quick.reply_class < REPLY_CLASS_LIMIT && quick.blame < REPLY_BLAME_LIMIT);
    assert(!quick.suppresses || (!quick.is_temporary && reply.stage >= REPLY_STAGE_RCPT &&
                                 reply.stage <= REPLY_STAGE_DOT && reply.smtp >= 500));
    return 0;
}
