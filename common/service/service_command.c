#include "common/service/service_command.h"

#include "common/config/config_reference.h"
#include "common/service/service_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE 2

static int print_reference(const struct service_command *command)
{
    struct buffer page = {.data = NULL};
    config_reference_markdown(command->table, &page);
    (void)fwrite(page.data, 1, page.size, stdout);
    buffer_finish(&page);
    return EXIT_SUCCESS;
}

/* Read the file, then run; without `runs` only say whether it is good. */
static int with_config(const struct service_command *command, const char *file, bool runs)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct config_errors errors = {.file = file};
    void *config = arena_zero(arena, 1, command->table->size);
    if (service_config_read(command->table, file, arena, &errors, config) != 0) {
        struct buffer text = {.data = NULL};
        config_error_render(&errors, &text);
        (void)fwrite(text.data, 1, text.size, stderr);
        buffer_finish(&text);
        return EXIT_USAGE;
    }
    return runs ? command->run(file, config) : EXIT_SUCCESS;
}

static int print_usage(const struct service_command *command, FILE *where)
{
    static const char *const forms[] = {"--config FILE", "config check FILE", "config reference",
                                        "--help | --version"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        (void)fprintf(where, "%s %s %s\n", i == 0 ? "usage:" : "      ", command->program,
                      forms[i]);
    }
    return where == stdout ? EXIT_SUCCESS : EXIT_USAGE;
}

int service_command_run(const struct service_command *command, int count, char **words)
{
    if (count == 3 && strcmp(words[1], "--config") == 0) {
        return with_config(command, words[2], true);
    }
    if (count == 4 && strcmp(words[1], "config") == 0 && strcmp(words[2], "check") == 0) {
        return with_config(command, words[3], false);
    }
    if (count == 3 && strcmp(words[1], "config") == 0 && strcmp(words[2], "reference") == 0) {
        return print_reference(command);
    }
    if (count == 2 && strcmp(words[1], "--version") == 0) {
        (void)printf("%s %s\n", command->program, HIKYAKU_VERSION);
        return EXIT_SUCCESS;
    }
    bool is_help = count == 2 && strcmp(words[1], "--help") == 0;
    return print_usage(command, is_help ? stdout : stderr);
}
