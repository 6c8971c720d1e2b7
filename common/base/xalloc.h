/* Memory that is always there: out of memory aborts (leases make a restarted process safe).
 * Sizes that come from outside are bounded by the caller before they reach this file. */
#ifndef HIKYAKU_COMMON_BASE_XALLOC_H
#define HIKYAKU_COMMON_BASE_XALLOC_H

#include <stddef.h>

#define MUST_USE __attribute__((warn_unused_result))

/** Cleanup for straight functions: OWNED(text_list_destroy) struct text_list *list = ...;
 *  The destructor takes a pointer to the pointer, nulls it and accepts NULL. */
#define OWNED(destroy) __attribute__((cleanup(destroy)))

/** Allocate `size` bytes, uninitialised. Never NULL; a size of 0 gives a valid pointer. */
void *xalloc(size_t size) __attribute__((malloc, returns_nonnull));

/** Allocate `count` zeroed elements of `size` bytes; aborts on overflow of the product. */
void *xalloc_zero(size_t count, size_t size) __attribute__((malloc, returns_nonnull));

/** Resize an array to `count` elements of `size` bytes; aborts on overflow of the product. */
void *xalloc_resize(void *memory, size_t count, size_t size) __attribute__((returns_nonnull));

/** Copy a NUL-terminated string. The caller frees it. */
char *xalloc_string(const char *string) __attribute__((malloc, returns_nonnull));

/** Copy `size` bytes and add a NUL behind them. The caller frees it. */
void *xalloc_copy(const void *data, size_t size) __attribute__((malloc, returns_nonnull));

#endif
