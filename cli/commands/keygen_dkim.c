/* keygen dkim: a signing key and the DNS record that makes it valid. */
#include "cli/commands/commands.h"

#include "cli/json_text.h"
#include "cli/tell.h"
#include "common/config/config_check.h"
#include "common/mail/dkim_key.h"
#include "common/security/key_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { DEFAULT_BITS = 2048 };

static int make_folder(const char *path, struct problem *problem)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST) {
        return 0;
    }
    char reason[128];
    problem_set(problem, path, "key_file", "cannot be made: %s",
                strerror_r(errno, reason, sizeof reason));
    return -EIO;
}

/* @param ret_path  out: appended, "DIR/DOMAIN/SELECTOR.pem" with a NUL behind it */
static int write_key(const struct dkim_key *key, const struct options *options,
                     struct buffer *ret_path, struct problem *problem)
{
    OWNED(buffer_finish) struct buffer pem = {0};
    const char *folder = options_text(options, "dir");
    buffer_printf(ret_path, "%s/%s", folder, options_text(options, "domain"));
    buffer_append_byte(ret_path, '\0');
    int failed = make_folder(folder, problem);
    if (failed == 0) {
        failed = make_folder(ret_path->data, problem);
    }
    ret_path->size--;
    buffer_printf(ret_path, "/%s.pem", options_text(options, "selector"));
    buffer_append_byte(ret_path, '\0');
    if (failed == 0) {
        dkim_key_append_pem(key, &pem);
        failed = key_file_write_new(ret_path->data, buffer_text(&pem), problem);
        explicit_bzero(pem.data, pem.size);
    }
    return failed;
}

static void append_member(struct buffer *out, const char *name, struct text value)
{
    buffer_append_byte(out, out->size == 0 ? '{' : ',');
    json_text_append(out, text_of(name));
    buffer_append_byte(out, ':');
    json_text_append(out, value);
}

static void print(const struct dkim_key *key, const struct options *options, const char *path)
{
    OWNED(buffer_finish) struct buffer out = {0};
    OWNED(buffer_finish) struct buffer record = {0};
    OWNED(buffer_finish) struct buffer zone_line = {0};
    dkim_key_append_record(key, &record);
    dkim_key_append_zone_line(key, text_of(options_text(options, "selector")),
                              text_of(options_text(options, "domain")), &zone_line);
    struct text line = text_trim(buffer_text(&zone_line));
    if (options_flag(options, "json")) {
        append_member(&out, "file", text_of(path));
        append_member(&out, "record", buffer_text(&record));
        append_member(&out, "zone_line", line);
        buffer_append_string(&out, "}\n");
    } else {
        buffer_printf(&out, "%.*s\n", TEXT_PRINT(line));
        tell("private key in %s (mode 0600); put the line above into the zone of %s, then "
             "`hikyaku dkim check %s %s`",
             path, options_text(options, "domain"), options_text(options, "domain"),
             options_text(options, "selector"));
    }
    tell_out(&out);
}

/* Both become parts of a path and of a DNS name. */
static enum exit_code check_names(const struct options *options)
{
    static const char *const needed[] = {"domain", "selector", "dir"};
    struct problem problem = {0};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        const char *value = options_text(options, needed[i]);
        if (value == NULL) {
            tell("--%s: is needed", needed[i]);
            return EXIT_CODE_USAGE;
        }
        if (strcmp(needed[i], "dir") != 0 && config_check_host(text_of(value), &problem) != 0) {
            tell("--%s: %s", needed[i], problem.message);
            return EXIT_CODE_USAGE;
        }
    }
    return EXIT_CODE_OK;
}

static enum exit_code run(const struct options *options)
{
    struct dkim_key *key = NULL;
    struct problem problem = {0};
    OWNED(buffer_finish) struct buffer path = {0};
    enum exit_code code = check_names(options);
    uint64_t bits = options_number(options, "bits", DEFAULT_BITS);
    if (code != EXIT_CODE_OK) {
        return code;
    }
    enum dkim_key_kind kind =
        options_flag(options, "ed25519") ? DKIM_KEY_KIND_ED25519 : DKIM_KEY_KIND_RSA;
    if (dkim_key_generate(kind, (unsigned int)bits, &key, &problem) != 0) {
        tell("--bits: %s", problem.message);
        return EXIT_CODE_USAGE;
    }
    if (write_key(key, options, &path, &problem) != 0) {
        tell_problem(&problem);
        code = EXIT_CODE_BAD_FILE;
    } else {
        print(key, options, path.data);
    }
    dkim_key_destroy(&key);
    return code;
}

static const struct option_spec option_table[] = {
    {"domain", "DOMAIN", "the domain that signs: the one after the @ of From", .kind = OPTION_TEXT},
    {"selector", "NAME", "name of this key, such as s2026", .kind = OPTION_TEXT},
    {"dir", "DIR", "the workers' folder of DKIM keys", .kind = OPTION_TEXT},
    {"bits", "N", "size of an RSA key: 2048..4096 (2048)", .maximum = 4096, .kind = OPTION_NUMBER},
    {"ed25519", NULL, "an Ed25519 key (RFC 8463) instead of RSA", .kind = OPTION_FLAG},
    {.name = NULL},
};

const struct command keygen_dkim_command = {
    .name = "keygen dkim",
    .words = "",
    .summary = "make a DKIM key; prints its DNS record",
    .help =
        "Writes the private key to DIR/DOMAIN/SELECTOR.pem (mode 0600) and prints the record as\n"
        "a line of a zone file. Publish the record before the first campaign: workers compare.\n"
        "\n"
        "  hikyaku keygen dkim --domain shop.example.jp --selector s2026 --dir "
        "/etc/hikyaku/dkim >> zone",
    .options = option_table,
    .minimum_words = 0,
    .maximum_words = 0,
    .is_offline = true,
    .run = run,
};
