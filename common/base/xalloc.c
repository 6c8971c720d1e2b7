#include "common/base/xalloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *memory)
{
    if (memory == NULL) {
        (void)fputs("hikyaku: out of memory\n", stderr);
        abort();
    }
    return memory;
}

static size_t product(size_t count, size_t size)
{
    size_t total = 0;
    if (__builtin_mul_overflow(count, size, &total)) {
        (void)fputs("hikyaku: size overflow\n", stderr);
        abort();
    }
    return total == 0 ? 1 : total;
}

void *xalloc(size_t size)
{
    return checked(malloc(size == 0 ? 1 : size));
}

void *xalloc_zero(size_t count, size_t size)
{
    return checked(calloc(1, product(count, size)));
}

void *xalloc_resize(void *memory, size_t count, size_t size)
{
    return checked(realloc(memory, product(count, size)));
}

char *xalloc_string(const char *string)
{
    return xalloc_copy(string, strlen(string));
}

void *xalloc_copy(const void *data, size_t size)
{
    char *copy = xalloc(size + 1);
    if (size > 0) {
        memcpy(copy, data, size);
    }
    copy[size] = '\0';
    return copy;
}
