#include "worker/smtp/smtp_result.h"

#include <assert.h>

static const char *const stages[SMTP_STAGE_COUNT] = {
#define X(identifier, name) [SMTP_STAGE_##identifier] = (name),
    SMTP_STAGES(X)
#undef X
};

static const char *const failures[SMTP_FAILURE_COUNT] = {
#define X(identifier, name) [SMTP_FAILURE_##identifier] = (name),
    SMTP_FAILURES(X)
#undef X
};

const char *smtp_result_stage_name(enum smtp_stage stage)
{
    assert(stage < SMTP_STAGE_COUNT);
    return stages[stage];
}

const char *smtp_result_failure_name(enum smtp_failure failure)
{
    assert(failure < SMTP_FAILURE_COUNT);
    return failures[failure];
}

bool smtp_result_is_delivered(const struct smtp_result *result)
{
    return result->failure == SMTP_FAILURE_NONE && result->stage == SMTP_STAGE_DOT &&
           result->code / 100 == 2;
}

bool smtp_result_is_in_doubt(const struct smtp_result *result)
{
    return result->was_dot_written && result->failure != SMTP_FAILURE_NONE;
}
