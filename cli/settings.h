/* Where the cluster is and who we are: from options, else the environment, else
 * ~/.config/hikyaku/cli.yaml. */
#ifndef HIKYAKU_CLI_SETTINGS_H
#define HIKYAKU_CLI_SETTINGS_H

#include "cli/options.h"
#include "common/base/arena.h"

/** The options that all calling commands have: --endpoint, --key-file, --ca-file, --retry-for. */
extern const struct option_spec settings_options[];

struct settings {
    const char *socket;   /* path of a unix socket, or NULL */
    const char *base_url; /* "http://localhost", "https://mail.example:8460"; no final slash */
    const char *key_file;
    const char *ca_file;   /* NULL: the system's */
    const char *otp;       /* one-time code; NULL: none */
    uint64_t retry_for_ms; /* how long a call is repeated while the server says unavailable */
};

/**
 * @param arena  the texts live in it
 * @return 0; -ENOENT (no endpoint or no key file named); -EINVAL (endpoint's form, or the key would
 *         travel in clear: rule "plain_http"); an error of cli.yaml
 */
MUST_USE int settings_resolve(const struct options *options, struct arena *arena,
                              struct settings *ret_settings, struct problem *problem);

/**
 * Take an endpoint apart: "unix:PATH", "http://HOST:PORT", "https://HOST[:PORT]".
 * @return 0 or -EINVAL; http is taken for this machine only
 */
MUST_USE int settings_parse_endpoint(const char *endpoint, struct arena *arena,
                                     struct settings *settings, struct problem *problem);

#endif
