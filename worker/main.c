#include "common/base/buffer.h"
#include "common/config/config_reference.h"
#include "worker/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] = "usage: hikyaku-worker --config FILE\n"
                            "       hikyaku-worker config check FILE\n"
                            "       hikyaku-worker config reference\n"
                            "       hikyaku-worker --help | --version\n";

static int print_reference(void)
{
    struct buffer page = {.data = NULL};
    config_reference_markdown(&worker_config_table, &page);
    (void)fwrite(page.data, 1, page.size, stdout);
    buffer_finish(&page);
    return EXIT_SUCCESS;
}

/* Read the file, then run; without `runs` only say whether it is good. */
static int with_config(const char *file, bool runs)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct config_errors errors = {.file = file};
    struct worker_config config;
    if (worker_config_read(file, arena, &errors, &config) != 0) {
        struct buffer text = {.data = NULL};
        config_error_render(&errors, &text);
        (void)fwrite(text.data, 1, text.size, stderr);
        buffer_finish(&text);
        return 2;
    }
    return runs ? app_run(file, &config) : EXIT_SUCCESS;
}

int main(int count, char **words)
{
    if (count == 3 && strcmp(words[1], "--config") == 0) {
        return with_config(words[2], true);
    }
    if (count == 4 && strcmp(words[1], "config") == 0 && strcmp(words[2], "check") == 0) {
        return with_config(words[3], false);
    }
    if (count == 3 && strcmp(words[1], "config") == 0 && strcmp(words[2], "reference") == 0) {
        return print_reference();
    }
    bool is_version = count == 2 && strcmp(words[1], "--version") == 0;
    bool is_help = count == 2 && strcmp(words[1], "--help") == 0;
    (void)fputs(is_version ? "hikyaku-worker " HIKYAKU_VERSION "\n" : usage,
                is_version || is_help ? stdout : stderr);
    return is_version || is_help ? EXIT_SUCCESS : 2;
}
