/* config check: each program owns its table of keys, so each checks its own file; this finds the
 * program beside our own binary. */
#include "cli/commands/commands.h"

#include "cli/tell.h"

#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* @return 0, or -Exxx; the path of PROGRAM in the folder of our own binary */
static int find_beside(const char *program, char ret_path[PATH_MAX])
{
    ssize_t length = readlink("/proc/self/exe", ret_path, PATH_MAX - 1);
    if (length < 0) {
        return -errno;
    }
    ret_path[length] = '\0';
    char *slash = strrchr(ret_path, '/');
    size_t room = PATH_MAX - (size_t)(slash + 1 - ret_path);
    int written = snprintf(slash + 1, room, "%s", program);
    return written > 0 && (size_t)written < room ? 0 : -ENAMETOOLONG;
}

static enum exit_code run_program(const char *path, const char *file)
{
    union { /* exec only reads them */
        const char *borrowed[5];
        char *words[5];
    } arguments = {.borrowed = {path, "config", "check", file, NULL}};
    pid_t child;
    int status;
    int failed = posix_spawn(&child, path, NULL, NULL, arguments.words, environ);
    if (failed != 0) {
        char reason[128];
        tell("%s: cannot be run: %s", path, strerror_r(failed, reason, sizeof reason));
        return EXIT_CODE_UNREACHABLE;
    }
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            return EXIT_CODE_UNREACHABLE;
        }
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? EXIT_CODE_OK : EXIT_CODE_BAD_FILE;
}

static enum exit_code run(const struct options *options)
{
    static const char *const programs[][2] = {{"coordinator", "hikyaku-coordinator"},
                                              {"worker", "hikyaku-worker"}};
    const char *which = options_positional(options, 0);
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        if (strcmp(which, programs[i][0]) != 0) {
            continue;
        }
        if (find_beside(programs[i][1], path) != 0) {
            tell("%s: not found beside this program", programs[i][1]);
            return EXIT_CODE_UNREACHABLE;
        }
        return run_program(path, options_positional(options, 1));
    }
    tell("%s: is neither coordinator nor worker", which);
    return EXIT_CODE_USAGE;
}

const struct command config_command = {
    .name = "config check",
    .words = "coordinator|worker FILE",
    .summary = "check a program's configuration without starting it",
    .help =
        "Runs the program beside this one as `hikyaku-coordinator config check FILE` and shows\n"
        "every mistake with line, column and key. `hikyaku-coordinator config reference`\n"
        "explains all keys.\n"
        "\n"
        "  hikyaku config check worker /etc/hikyaku/worker.yaml",
    .options = NULL,
    .minimum_words = 2,
    .maximum_words = 2,
    .is_offline = true,
    .run = run,
};
