#include "worker/reply_rules.h"

#include "common/base/log.h"

#include <stdio.h>

void reply_rules_tell(const struct config_errors *errors)
{
    for (size_t i = 0; i < errors->count; i++) {
        char place[512];
        (void)snprintf(place, sizeof place, "%s:%u: %s", errors->file, errors->items[i].place.line,
                       errors->items[i].problem.field);
        LOG(LOG_CONFIG_REFUSED, NULL, log_string("field", place),
            log_string("reason", errors->items[i].problem.message));
    }
}

int reply_rules_read(const char *path, struct classify **ret_classify, struct problem *problem)
{
    if (path == NULL) {
        *ret_classify = classify_create_builtin();
        return 0;
    }
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct config_errors errors = {.file = path};
    struct config_node *root = NULL;
    int error = config_node_read(path, arena, &errors, &root);
    error = error != 0 ? error : classify_create(root, &errors, ret_classify);
    if (error != 0) {
        reply_rules_tell(&errors);
        problem_set(problem, "reply_rules", "reply_rules", "%s cannot be used", path);
    }
    return error;
}
