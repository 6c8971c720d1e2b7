/* The scripts, composed at build time (compose/). One transition each; keys and arguments are told
 * at the head of each file in scripts/. */
#ifndef HIKYAKU_COMMON_STORE_STORE_SCRIPTS_H
#define HIKYAKU_COMMON_STORE_STORE_SCRIPTS_H

#include "common/base/text.h"

/* In the order of CMakeLists.txt. */
enum store_script_name {
    STORE_SCRIPT_ACCESS,
    STORE_SCRIPT_ADD_CHUNK,
    STORE_SCRIPT_AUDIT,
    STORE_SCRIPT_CANARY,
    STORE_SCRIPT_CLAIM,
    STORE_SCRIPT_CONTROL,
    STORE_SCRIPT_CREATE,
    STORE_SCRIPT_DECIDED,
    STORE_SCRIPT_EVIDENCE,
    STORE_SCRIPT_FLUSH,
    STORE_SCRIPT_HASTEN,
    STORE_SCRIPT_LEASE,
    STORE_SCRIPT_MARK,
    STORE_SCRIPT_MESSAGES_ADD,
    STORE_SCRIPT_MESSAGES_FIND,
    STORE_SCRIPT_MESSAGES_RESERVE,
    STORE_SCRIPT_PATHS,
    STORE_SCRIPT_QUARANTINE,
    STORE_SCRIPT_RECLAIM,
    STORE_SCRIPT_RESOLVE,
    STORE_SCRIPT_RESTORED,
    STORE_SCRIPT_RESTORED_BATCH,
    STORE_SCRIPT_RESTORED_CAMPAIGN,
    STORE_SCRIPT_RESTORED_STREAM,
    STORE_SCRIPT_SHED,
    STORE_SCRIPT_START,
    STORE_SCRIPT_STOP,
    STORE_SCRIPT_SUBMIT,
    STORE_SCRIPT_SWEEP,
    STORE_SCRIPT_TOKENS,
    STORE_SCRIPT_TRIM,
    STORE_SCRIPT_WARM,
    STORE_SCRIPT_WARM_CHANGE,
    STORE_SCRIPT_COUNT
};

struct store_script {
    const char *name; /* "flush.v1" */
    struct text source;
};

extern const struct store_script store_scripts_table[];

#endif
