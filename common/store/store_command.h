/* A command in the making, as Redis' protocol wants it: one buffer, no copies on the way. */
#ifndef HIKYAKU_COMMON_STORE_STORE_COMMAND_H
#define HIKYAKU_COMMON_STORE_STORE_COMMAND_H

#include "common/base/buffer.h"

struct store_command {
    struct buffer bytes;
    struct buffer scratch; /* keys are built here */
    size_t arguments;
};

/** Begin a new one with its name; the memory is used again. */
void store_command_begin(struct store_command *command, const char *name);
void store_command_finish(struct store_command *command);

void store_command_add(struct store_command *command, struct text argument);
void store_command_add_string(struct store_command *command, const char *argument);
void store_command_add_number(struct store_command *command, int64_t number);
void store_command_add_unsigned(struct store_command *command, uint64_t number);
/** An empty buffer to build an argument in; then store_command_add_scratch(). */
struct buffer *store_command_scratch(struct store_command *command);
void store_command_add_scratch(struct store_command *command);

/** The whole command; valid until the next begin. */
struct text store_command_text(struct store_command *command);

#endif
