#include "common/mail/enhanced_code.h"

#include <stdio.h>

#define DIGITS_MAX 3

/* Take up to three digits and the byte behind them. @return false when that is not there */
static bool take_number(struct text text, size_t *place, char end, uint32_t *ret_number)
{
    size_t start = *place;
    uint32_t number = 0;
    while (*place < text.size && text.data[*place] >= '0' && text.data[*place] <= '9') {
        number = number * 10 + (uint32_t)(text.data[*place] - '0');
        (*place)++;
        if (*place - start > DIGITS_MAX) {
            return false;
        }
    }
    if (*place == start) {
        return false;
    }
    *ret_number = number;
    if (*place == text.size) {
        return end == ' ';
    }
    return text.data[(*place)++] == end;
}

uint32_t enhanced_code_read(struct text text, size_t *ret_size)
{
    uint32_t class = 0;
    uint32_t subject = 0;
    uint32_t detail = 0;
    size_t place = 0;
    *ret_size = 0;
    if (!take_number(text, &place, '.', &class) || !take_number(text, &place, '.', &subject) ||
        !take_number(text, &place, ' ', &detail)) {
        return 0;
    }
    if (class != 2 && class != 4 && class != 5) {
        return 0;
    }
    *ret_size = text.data[place - 1] == ' ' ? place - 1 : place;
    return ENHANCED_CODE(class, subject, detail);
}

size_t enhanced_code_print(uint32_t code, char ret_text[ENHANCED_CODE_TEXT_SIZE])
{
    ret_text[0] = '\0';
    if (code == 0) {
        return 0;
    }
    /* Three numbers of 4, 10 and 10 bits: at most 12 characters. */
    int size =
        snprintf(ret_text, ENHANCED_CODE_TEXT_SIZE, "%u.%u.%u", ENHANCED_CODE_CLASS(code) & 0xfU,
                 ENHANCED_CODE_SUBJECT(code), ENHANCED_CODE_DETAIL(code));
    return size > 0 ? (size_t)size : 0;
}
