/* What rules and profiles would have made of replies that came: each is judged anew and fed to the
 * controller of its path, at its own time. Pure. */
#ifndef HIKYAKU_COMMON_POLICY_PATH_REPLAY_H
#define HIKYAKU_COMMON_POLICY_PATH_REPLAY_H

#include "common/policy/classify.h"
#include "common/policy/path_control.h"
#include "common/policy/provider_profiles.h"

#define PATH_REPLAY_SITE_BYTES 256
#define PATH_REPLAY_IP_BYTES 64

/** A recorded reply; everything borrowed during the call. */
struct path_replay_reply {
    int64_t at_unix_ms;
    struct text site;
    struct text mx_host;
    struct text sending_ip;
    uint8_t stage;
    uint16_t smtp;
    uint32_t enhanced;
    struct text text;
    uint8_t old_class; /* as it was judged then */
    uint8_t old_blame;
    uint64_t smtp_ms;
};

/** Replies that are judged otherwise now. */
struct path_replay_change {
    uint8_t old_class;
    uint8_t old_blame;
    uint8_t new_class;
    uint8_t new_blame;
    uint64_t count;
};

struct path_replay_path {
    struct path_control control;
    uint64_t clock_ms; /* of its last event: time never goes back */
    uint64_t replies;
    uint64_t refused; /* 4xx and 5xx */
    uint64_t pauses;
    uint64_t paused_s;
    uint64_t in_pauses; /* recorded replies that fall into them: they would not have been tried */
    uint64_t slower;
    char site[PATH_REPLAY_SITE_BYTES];
    char sending_ip[PATH_REPLAY_IP_BYTES];
    char key[PATH_REPLAY_SITE_BYTES + PATH_REPLAY_IP_BYTES];
};

struct path_replay;

/** @param classify  borrowed @param profiles  of struct provider_profiles_record; not kept */
struct path_replay *path_replay_create(struct classify *classify,
                                       const struct config_list *profiles);
/** Accepts NULL, nulls the pointer. */
void path_replay_destroy(struct path_replay **replay);
/** In the order in which they came. */
void path_replay_add(struct path_replay *replay, const struct path_replay_reply *reply);

uint64_t path_replay_count(const struct path_replay *replay);
uint64_t path_replay_changed(const struct path_replay *replay);
/** Most frequent first; lives as long as nothing is added. */
const struct path_replay_change *path_replay_changes(const struct path_replay *replay,
                                                     size_t *ret_count);
/** Most paused first, then most replies; lives as long as nothing is added. */
const struct path_replay_path *const *path_replay_paths(const struct path_replay *replay,
                                                        size_t *ret_count);

#endif
