#include "common/base/trap.h"

#include <stdlib.h>

static const char *const variables[TRAP_COUNT] = {
    [TRAP_COMPOSE] = "HIKYAKU_TRAP_COMPOSE",
    [TRAP_LOAD] = "HIKYAKU_TRAP_LOAD",
};
static struct text waits_for[TRAP_COUNT];

void trap_arm(enum trap trap)
{
    /* Nobody sets variables in this program. NOLINTNEXTLINE(concurrency-mt-unsafe) */
    const char *value = getenv(variables[trap]);
    waits_for[trap] = text_of(value == NULL ? "" : value);
}

void trap_step_on(enum trap trap, struct text text)
{
    if (waits_for[trap].size > 0 && text_starts_with(text, waits_for[trap])) {
        abort();
    }
}
