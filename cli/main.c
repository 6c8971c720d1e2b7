/* hikyaku: the command line. commands/command_table.c lists what it can do. */
#include "cli/commands/command_table.h"

#include <locale.h>
#include <signal.h>

int main(int count, char **words)
{
    (void)setlocale(LC_CTYPE, ""); /* NOLINT(concurrency-mt-unsafe): no other thread is there yet */
    (void)signal(SIGPIPE, SIG_IGN);
    return (int)command_table_run(count, words);
}
