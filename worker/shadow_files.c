#include "worker/shadow_files.h"

#include "worker/reply_rules.h"

static int read_profiles(const char *path, struct provider_profiles **ret_profiles,
                         struct problem *problem)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct config_errors errors = {.file = path};
    struct config_list list = {.count = 0};
    int error = provider_profiles_read(path, arena, &errors, &list);
    if (error != 0) {
        reply_rules_tell(&errors);
        problem_set(problem, "shadow.profiles", "profiles", "%s cannot be used", path);
        return error;
    }
    *ret_profiles = provider_profiles_create(&list);
    return 0;
}

int shadow_files_read(const struct worker_config *config, struct shadow_rules *ret_rules,
                      struct problem *problem)
{
    struct shadow_rules rules = {.classify = NULL};
    int error = 0;
    if (config->shadow.reply_rules != NULL) {
        error = reply_rules_read(config->shadow.reply_rules, &rules.classify, problem);
    }
    if (error == 0 && config->shadow.profiles != NULL) {
        error = read_profiles(config->shadow.profiles, &rules.profiles, problem);
    }
    if (error != 0) {
        shadow_rules_finish(&rules);
        return error;
    }
    *ret_rules = rules;
    return 0;
}
