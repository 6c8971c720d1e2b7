#include "common/base/clock.h"

#include <assert.h>
#include <time.h>

static struct timespec read_clock(clockid_t clock)
{
    struct timespec now = {0};
    int failed = clock_gettime(clock, &now);
    assert(failed == 0);
    (void)failed;
    return now;
}

static uint64_t to_ms(struct timespec time)
{
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

uint64_t clock_monotonic_ms(void)
{
    return to_ms(read_clock(CLOCK_MONOTONIC));
}

uint64_t clock_boottime_ms(void)
{
    return to_ms(read_clock(CLOCK_BOOTTIME));
}

int64_t clock_unix_ms(void)
{
    return (int64_t)to_ms(read_clock(CLOCK_REALTIME));
}

static uint64_t to_us(struct timespec time)
{
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

uint64_t clock_monotonic_us(void)
{
    return to_us(read_clock(CLOCK_MONOTONIC));
}

uint64_t clock_thread_cpu_us(void)
{
    return to_us(read_clock(CLOCK_THREAD_CPUTIME_ID));
}
