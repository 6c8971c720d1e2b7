/* Memory that dies at once: one arena per attempt, call or chunk. Nothing allocated from it is
 * stored in a longer-lived object. */
#ifndef HIKYAKU_COMMON_BASE_ARENA_H
#define HIKYAKU_COMMON_BASE_ARENA_H

#include "common/base/text.h"

struct arena;

/**
 * @param limit_bytes  the most it hands out before arena_is_full() holds; 0: no limit.
 *                     Allocations still succeed; parsers of outside bytes check and refuse.
 */
struct arena *arena_create(size_t limit_bytes);
void arena_destroy(struct arena **arena);
/** Forget all allocations, keep the first block. */
void arena_reset(struct arena *arena);

/** Uninitialised bytes, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t size);
/** Zeroed array; aborts on overflow of the product. */
void *arena_zero(struct arena *arena, size_t count, size_t size);
/** Copy bytes; a NUL is added behind them. */
void *arena_copy(struct arena *arena, const void *data, size_t size);
struct text arena_text(struct arena *arena, struct text text);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Bytes handed out since the last reset. */
size_t arena_used(const struct arena *arena);
bool arena_is_full(const struct arena *arena);

#endif
