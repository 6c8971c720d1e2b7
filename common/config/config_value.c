#include "common/config/config_value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

struct unit {
    const char *name;
    uint64_t factor;
};

/* Largest first: the order in which parts may follow each other. */
static const struct unit times[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1},
};
#define TIME_COUNT (sizeof times / sizeof times[0])

static const struct unit sizes[] = {
    {"TiB", UINT64_C(1) << 40},
    {"GiB", UINT64_C(1) << 30},
    {"MiB", UINT64_C(1) << 20},
    {"KiB", UINT64_C(1) << 10},
    {"B", 1},
    {"TB", UINT64_C(1000000000000)},
    {"GB", 1000000000},
    {"MB", 1000000},
    {"kB", 1000},
};
#define SIZE_COUNT (sizeof sizes / sizeof sizes[0])
#define SIZE_SHOWN 5 /* the binary units are shown, the others only read */

int config_value_boolean(struct text text, bool *ret_value)
{
    bool value = text_equal(text, TEXT("true"));
    if (!value && !text_equal(text, TEXT("false"))) {
        return -EINVAL;
    }
    *ret_value = value;
    return 0;
}

int config_value_integer(struct text text, uint64_t *ret_value)
{
    return text_to_u64(text, UINT64_MAX, ret_value);
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Take "12unit" off the front of `rest`. @return the unit's position, -EINVAL or -ERANGE */
static int take_part(struct text *rest, const struct unit *units, size_t count, uint64_t *ret_value)
{
    size_t digits = 0;
    while (digits < rest->size && is_digit(rest->data[digits])) {
        digits++;
    }
    size_t end = digits;
    while (end < rest->size && !is_digit(rest->data[end])) {
        end++;
    }
    uint64_t number = 0;
    int refused = text_to_u64((struct text){rest->data, digits}, UINT64_MAX, &number);
    if (refused != 0) {
        return refused;
    }
    struct text name = {rest->data + digits, end - digits};
    for (size_t i = 0; i < count; i++) {
        if (text_equal(name, text_of(units[i].name))) {
            *rest = text_skip(*rest, end);
            return __builtin_mul_overflow(number, units[i].factor, ret_value) ? -ERANGE : (int)i;
        }
    }
    return -EINVAL;
}

int config_value_duration(struct text text, uint64_t *ret_ms)
{
    uint64_t total = 0;
    int last = -1;
    struct text rest = text;
    if (text.size == 0) {
        return -EINVAL;
    }
    if (text_equal(text, TEXT("0"))) {
        *ret_ms = 0;
        return 0;
    }
    while (rest.size > 0) {
        uint64_t part = 0;
        int unit = take_part(&rest, times, TIME_COUNT, &part);
        if (unit < 0) {
            return unit;
        }
        if (unit <= last) {
            return -EINVAL; /* "5m1h" or "1h1h" is more likely a mistake than a wish */
        }
        last = unit;
        if (__builtin_add_overflow(total, part, &total)) {
            return -ERANGE;
        }
    }
    *ret_ms = total;
    return 0;
}

int config_value_size(struct text text, uint64_t *ret_bytes)
{
    uint64_t bytes = 0;
    if (!text_equal(text, TEXT("0"))) {
        int unit = take_part(&text, sizes, SIZE_COUNT, &bytes);
        if (unit < 0) {
            return unit;
        }
        if (text.size > 0) {
            return -EINVAL;
        }
    }
    *ret_bytes = bytes;
    return 0;
}

void config_value_show_duration(uint64_t ms, char ret_text[CONFIG_VALUE_TEXT_BYTES])
{
    size_t used = 0;
    if (ms == 0) {
        (void)snprintf(ret_text, CONFIG_VALUE_TEXT_BYTES, "0s");
    }
    for (size_t i = 0; i < TIME_COUNT; i++) {
        uint64_t number = ms / times[i].factor;
        ms -= number * times[i].factor;
        if (number > 0) {
            int length = snprintf(ret_text + used, CONFIG_VALUE_TEXT_BYTES - used, "%" PRIu64 "%s",
                                  number, times[i].name);
            used += (size_t)length; /* at most 5 parts: 12 + 3 + 3 + 3 + 5 bytes */
        }
    }
}

void config_value_show_size(uint64_t bytes, char ret_text[CONFIG_VALUE_TEXT_BYTES])
{
    size_t i = 0;
    while (i < SIZE_SHOWN - 1 && (bytes == 0 || bytes % sizes[i].factor != 0)) {
        i++;
    }
    (void)snprintf(ret_text, CONFIG_VALUE_TEXT_BYTES, "%" PRIu64 "%s", bytes / sizes[i].factor,
                   sizes[i].name);
}
