#include "common/policy/reply_class.h"

#include <errno.h>

#define X(identifier, number, name) [number] = (name),
static const char *const class_names[REPLY_CLASS_LIMIT] = {REPLY_CLASS_CLASSES(X)};
static const char *const blame_names[REPLY_BLAME_LIMIT] = {REPLY_CLASS_BLAMES(X)};
static const char *const stage_names[REPLY_STAGE_LIMIT] = {REPLY_CLASS_STAGES(X)};
#undef X

const char *reply_class_name(uint8_t reply_class)
{
    return reply_class < REPLY_CLASS_LIMIT ? class_names[reply_class] : "unknown";
}

const char *reply_class_blame_name(uint8_t blame)
{
    return blame < REPLY_BLAME_LIMIT ? blame_names[blame] : "unknown";
}

const char *reply_class_stage_name(uint8_t stage)
{
    return stage < REPLY_STAGE_LIMIT ? stage_names[stage] : "unknown";
}

int reply_class_parse(struct text name, uint8_t *ret_class)
{
    for (unsigned int i = 0; i < REPLY_CLASS_LIMIT; i++) {
        if (text_equal(name, text_of(class_names[i]))) {
            *ret_class = (uint8_t)i;
            return 0;
        }
    }
    return -EINVAL;
}
