/* The clocks. Pure modules never call these: time comes to them as an argument. */
#ifndef HIKYAKU_COMMON_BASE_CLOCK_H
#define HIKYAKU_COMMON_BASE_CLOCK_H

#include <stdint.h>

#define SECOND_MS UINT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

/** CLOCK_MONOTONIC in ms: intervals inside this process. */
uint64_t clock_monotonic_ms(void);
/** CLOCK_BOOTTIME in ms, read afresh: lease arithmetic, counts while the machine sleeps. */
uint64_t clock_boottime_ms(void);
/** CLOCK_REALTIME in Unix ms: what people and stored rows see. */
int64_t clock_unix_ms(void);
/** CLOCK_MONOTONIC in microseconds: measurements. */
uint64_t clock_monotonic_us(void);
/** CPU time of the calling thread in microseconds. */
uint64_t clock_thread_cpu_us(void);

#endif
