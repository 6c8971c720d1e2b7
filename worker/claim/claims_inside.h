/* What the files of claims share. Internal to this folder. */
#ifndef HIKYAKU_WORKER_CLAIM_CLAIMS_INSIDE_H
#define HIKYAKU_WORKER_CLAIM_CLAIMS_INSIDE_H

#include "common/base/table.h"
#include "common/security/seal.h"
#include "worker/claim/backlog.h"
#include "worker/claim/claims.h"
#include "worker/claim/isolation.h"

struct claims {
    struct claims_settings settings;
    struct campaigns *campaigns;
    struct table *by_name;
    struct credit credit;
    struct backlog *backlog;
    struct seal *seal;
    struct loop_timer *timer;
    size_t polls;
    struct isolation isolation;
    uint64_t asks;
    bool is_draining;
};

#endif
