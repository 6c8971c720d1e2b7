#include "cli/settings.h"

#include "common/base/clock.h"
#include "common/config/config_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNIX_PATH_MAX 107 /* sun_path with its NUL, unix(7) */

const struct option_spec settings_options[] = {
    {"endpoint", "ENDPOINT", "unix:PATH, http://HOST:PORT (this machine) or https://HOST:PORT",
     .kind = OPTION_TEXT},
    {"key-file", "FILE", "the API key (`hikyaku keygen api`)", .kind = OPTION_TEXT},
    {"otp", "CODE", "one-time code, for calls that need one", .kind = OPTION_TEXT},
    {"ca-file", "FILE", "trust these certificates instead of the system's", .kind = OPTION_TEXT},
    {"retry-for", "TIME", "repeat while the server says unavailable (30s)",
     .kind = OPTION_DURATION},
    {.name = NULL},
};

struct file_settings {
    char *endpoint;
    char *key_file;
    char *ca_file;
};

static const struct config_key file_keys[] = {
    {"endpoint", CONFIG_STRING, offsetof(struct file_settings, endpoint),
     .doc = "The coordinator's API: unix:PATH, http://HOST:PORT or https://HOST:PORT.",
     .example = "https://hikyaku.example:8460"},
    {"key_file", CONFIG_PATH, offsetof(struct file_settings, key_file),
     .doc = "The file that holds the API key.", .example = "api.key"},
    {"ca_file", CONFIG_PATH, offsetof(struct file_settings, ca_file),
     .doc = "Certificates to trust instead of the system's.", .example = "ca.pem"},
};
static const struct config_table file_table = CONFIG_TABLE(
    struct file_settings, file_keys, .name = "hikyaku", .doc = "The command line's own file.");

/* @return the path in the arena, or NULL when there is no home */
static const char *file_path(struct arena *arena)
{
    const char *config = secure_getenv("XDG_CONFIG_HOME");
    const char *home = secure_getenv("HOME");
    if (config != NULL && config[0] == '/') {
        return arena_printf(arena, "%s/hikyaku/cli.yaml", config);
    }
    return home == NULL ? NULL : arena_printf(arena, "%s/.config/hikyaku/cli.yaml", home);
}

/* A file that is not there says nothing. */
static int read_file(struct arena *arena, struct file_settings *ret_file, struct problem *problem)
{
    const char *path = file_path(arena);
    *ret_file = (struct file_settings){0};
    if (path == NULL || access(path, F_OK) != 0) {
        return 0;
    }
    struct config_errors errors = {0};
    struct config_request request = {.table = &file_table, .file = path};
    int refused = config_table_read(&request, arena, &errors, ret_file);
    if (refused != 0) {
        const struct config_error *first = &errors.items[0];
        problem_set(problem, path, first->problem.rule, "line %u: %s%s%s", first->place.line,
                    first->problem.field, first->problem.field[0] == '\0' ? "" : ": ",
                    first->problem.message);
    }
    return refused;
}

/* Only what never leaves this machine may carry a key in clear. */
static bool is_this_machine(struct text host)
{
    size_t colon = text_find(host, ':');
    struct text name = {host.data, colon};
    return text_starts_with(host, TEXT("[::1]")) || text_equal(name, TEXT("localhost")) ||
           (text_starts_with(name, TEXT("127.")) &&
            !text_has_any(name, TEXT("abcdefghijklmnopqrstuvwxyz-")));
}

static int refuse(const char *endpoint, const char *rule, const char *message,
                  struct problem *problem)
{
    problem_set(problem, endpoint, rule, "%s", message);
    return -EINVAL;
}

int settings_parse_endpoint(const char *endpoint, struct arena *arena, struct settings *settings,
                            struct problem *problem)
{
    struct text text = text_of(endpoint);
    if (text_starts_with(text, TEXT("unix:"))) {
        struct text path = text_skip(text, sizeof "unix:" - 1);
        if (path.size == 0 || path.size > UNIX_PATH_MAX) {
            return refuse(endpoint, "endpoint", "needs a path of 1 to 107 bytes", problem);
        }
        settings->socket = arena_copy(arena, path.data, path.size);
        settings->base_url = "http://localhost";
        return 0;
    }
    bool is_https = text_starts_with(text, TEXT("https://"));
    struct text host = text_skip(text, is_https ? sizeof "https://" - 1 : sizeof "http://" - 1);
    bool is_url = (is_https || text_starts_with(text, TEXT("http://"))) && host.size > 0 &&
                  !text_has_any(host, TEXT("/?#@ \\"));
    if (!is_url) {
        return refuse(endpoint, "endpoint",
                      "is no endpoint: unix:PATH, http://HOST:PORT or https://HOST:PORT", problem);
    }
    if (!is_https && !is_this_machine(host)) {
        return refuse(endpoint, "plain_http",
                      "would send the key in clear: use https:// for other machines", problem);
    }
    settings->socket = NULL;
    settings->base_url = arena_copy(arena, text.data, text.size);
    return 0;
}

static const char *choose(const char *option, const char *environment, const char *file)
{
    const char *from_environment = secure_getenv(environment);
    if (option != NULL) {
        return option;
    }
    return from_environment != NULL && from_environment[0] != '\0' ? from_environment : file;
}

int settings_resolve(const struct options *options, struct arena *arena,
                     struct settings *ret_settings, struct problem *problem)
{
    struct file_settings file;
    int refused = read_file(arena, &file, problem);
    if (refused != 0) {
        return refused;
    }
    const char *endpoint =
        choose(options_text(options, "endpoint"), "HIKYAKU_ENDPOINT", file.endpoint);
    const char *key_file =
        choose(options_text(options, "key-file"), "HIKYAKU_KEY_FILE", file.key_file);
    if (endpoint == NULL || key_file == NULL) {
        problem_set(problem, endpoint == NULL ? "--endpoint" : "--key-file", "usage",
                    "is not set: give the option, set %s, or write %s: into "
                    "~/.config/hikyaku/cli.yaml",
                    endpoint == NULL ? "HIKYAKU_ENDPOINT" : "HIKYAKU_KEY_FILE",
                    endpoint == NULL ? "endpoint" : "key_file");
        return -ENOENT;
    }
    struct settings settings = {
        .key_file = key_file,
        .otp = options_text(options, "otp"),
        .ca_file = choose(options_text(options, "ca-file"), "HIKYAKU_CA_FILE", file.ca_file),
        .retry_for_ms = options_duration_ms(options, "retry-for", 30 * SECOND_MS),
    };
    refused = settings_parse_endpoint(endpoint, arena, &settings, problem);
    if (refused == 0) {
        *ret_settings = settings;
    }
    return refused;
}
