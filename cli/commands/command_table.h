/* All commands, and how the words of a command line find theirs. */
#ifndef HIKYAKU_CLI_COMMANDS_COMMAND_TABLE_H
#define HIKYAKU_CLI_COMMANDS_COMMAND_TABLE_H

#include "cli/command.h"

/** Run the command that the words (argv) name. */
enum exit_code command_table_run(int count, char *const *words);

#endif
