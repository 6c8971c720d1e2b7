#include "common/base/arena.h"

#include <stdarg.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)8192)

struct block {
    struct block *next;
    size_t size;
    size_t used;
    alignas(max_align_t) char data[];
};

struct arena {
    struct block *blocks; /* newest first */
    size_t used;
    size_t limit;
};

static void push_block(struct arena *arena, size_t size)
{
    struct block *block = xalloc(sizeof *block + size);
    *block = (struct block){.next = arena->blocks, .size = size};
    arena->blocks = block;
}

struct arena *arena_create(size_t limit_bytes)
{
    struct arena *arena = xalloc_zero(1, sizeof *arena);
    arena->limit = limit_bytes;
    return arena;
}

void arena_reset(struct arena *arena)
{
    while (arena->blocks != NULL && arena->blocks->next != NULL) {
        struct block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
    if (arena->blocks != NULL) {
        arena->blocks->used = 0;
    }
    arena->used = 0;
}

void arena_destroy(struct arena **arena)
{
    if (*arena == NULL) {
        return;
    }
    arena_reset(*arena);
    free((*arena)->blocks);
    free(*arena);
    *arena = NULL;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    size_t alignment = alignof(max_align_t);
    size_t rounded = (size + alignment - 1) / alignment * alignment;
    if (rounded < size) {
        rounded = SIZE_MAX / 2; /* the allocator aborts */
    }
    struct block *block = arena->blocks;
    if (block == NULL || block->size - block->used < rounded) {
        push_block(arena, rounded > BLOCK_BYTES ? rounded : BLOCK_BYTES);
        block = arena->blocks;
    }
    void *memory = block->data + block->used;
    block->used += rounded;
    arena->used += rounded;
    return memory;
}

void *arena_zero(struct arena *arena, size_t count, size_t size)
{
    size_t total = 0;
    if (__builtin_mul_overflow(count, size, &total)) {
        total = SIZE_MAX / 2;
    }
    return memset(arena_alloc(arena, total), 0, total);
}

void *arena_copy(struct arena *arena, const void *data, size_t size)
{
    char *copy = arena_alloc(arena, size + 1);
    if (size > 0) {
        memcpy(copy, data, size);
    }
    copy[size] = '\0';
    return copy;
}

struct text arena_text(struct arena *arena, struct text text)
{
    return (struct text){arena_copy(arena, text.data, text.size), text.size};
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    size_t size = (size_t)(length < 0 ? 0 : length) + 1;
    char *string = arena_alloc(arena, size);
    (void)vsnprintf(string, size, format, again);
    va_end(again);
    return string;
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}

bool arena_is_full(const struct arena *arena)
{
    return arena->limit != 0 && arena->used > arena->limit;
}
