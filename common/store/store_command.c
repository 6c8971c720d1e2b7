#include "common/store/store_command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Room in front for "*<arguments>\r\n": their number is known at the end only. */
#define HEAD_BYTES 24

void store_command_begin(struct store_command *command, const char *name)
{
    buffer_clear(&command->bytes);
    (void)buffer_reserve(&command->bytes, HEAD_BYTES);
    command->bytes.size = HEAD_BYTES;
    command->arguments = 0;
    store_command_add_string(command, name);
}

void store_command_finish(struct store_command *command)
{
    buffer_finish(&command->bytes);
    buffer_finish(&command->scratch);
}

/* "<sign><number>\r\n" at the end of `place`. @return its first byte */
static char *print_head(char place[HEAD_BYTES], char sign, size_t number)
{
    /* cppcheck-suppress ctuPointerArith ; one behind the last is where it begins */
    char *at = place + HEAD_BYTES;
    *--at = '\n';
    *--at = '\r';
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    *--at = sign;
    return at;
}

void store_command_add(struct store_command *command, struct text argument)
{
    char place[HEAD_BYTES];
    const char *head = print_head(place, '$', argument.size);
    buffer_append(&command->bytes, head, (size_t)(place + HEAD_BYTES - head));
    buffer_append_text(&command->bytes, argument);
    buffer_append(&command->bytes, "\r\n", 2);
    command->arguments++;
}

void store_command_add_string(struct store_command *command, const char *argument)
{
    store_command_add(command, text_of(argument));
}

void store_command_add_number(struct store_command *command, int64_t number)
{
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%" PRId64, number);
    store_command_add(command, (struct text){digits, (size_t)length});
}

void store_command_add_unsigned(struct store_command *command, uint64_t number)
{
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%" PRIu64, number);
    store_command_add(command, (struct text){digits, (size_t)length});
}

struct buffer *store_command_scratch(struct store_command *command)
{
    buffer_clear(&command->scratch);
    return &command->scratch;
}

void store_command_add_scratch(struct store_command *command)
{
    store_command_add(command, buffer_text(&command->scratch));
}

struct text store_command_text(struct store_command *command)
{
    char place[HEAD_BYTES];
    const char *head = print_head(place, '*', command->arguments);
    size_t size = (size_t)(place + HEAD_BYTES - head);
    memcpy(command->bytes.data + HEAD_BYTES - size, head, size);
    return text_skip(buffer_text(&command->bytes), HEAD_BYTES - size);
}
