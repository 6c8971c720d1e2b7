/* Test-only traps: places where this process dies when it meets what an environment variable names,
 * as an undiscovered bug would make it. Compiled in with the CMake option HIKYAKU_TRAP only
 * (presets dev, tsan and coverage); hardened builds, which are shipped, refuse the option. */
#ifndef HIKYAKU_COMMON_BASE_TRAP_H
#define HIKYAKU_COMMON_BASE_TRAP_H

#include "common/base/text.h"

enum trap {
    TRAP_COMPOSE, /* HIKYAKU_TRAP_COMPOSE: a worker writes to an address that begins so */
    TRAP_LOAD,    /* HIKYAKU_TRAP_LOAD: a coordinator opens a campaign whose name begins so */
    TRAP_COUNT
};

#ifdef HIKYAKU_TRAP
/** Read the environment; before there are threads that may step on it. */
void trap_arm(enum trap trap);
/** Abort when `text` begins with what the trap waits for. */
void trap_step_on(enum trap trap, struct text text);
#else
static inline void trap_arm(enum trap trap)
{
    (void)trap;
}

static inline void trap_step_on(enum trap trap, struct text text)
{
    (void)trap;
    (void)text;
}
#endif

#endif
