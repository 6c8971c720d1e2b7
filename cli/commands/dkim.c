/* dkim check, dkim verify: what receivers will find. libopendkim judges, not our own signer. */
#include "cli/commands/commands.h"
#include "cli/dns_text.h"
#include "cli/file_read.h"
#include "cli/json_text.h"
#include "cli/table_print.h"
#include "cli/tell.h"
#include "common/base/clock.h"
#include "common/config/config_check.h"
#include "common/mail/dkim_signer.h"
#include "common/mail/dkim_verifier.h"
#include "common/security/key_file.h"

#include <errno.h>

static const char *status_word(enum resolver_status status)
{
    static const char *const words[] = {
        [RESOLVER_OK] = "found",
        [RESOLVER_NO_NAME] = "the name does not exist",
        [RESOLVER_NO_DATA] = "there is no TXT record",
        [RESOLVER_TEMPORARY] = "DNS does not answer now",
        [RESOLVER_BOGUS] = "DNSSEC says that the answer is forged",
    };
    return words[status];
}

static bool is_unanswered(enum resolver_status status)
{
    return status == RESOLVER_TEMPORARY || status == RESOLVER_BOGUS;
}

/* ------------------------------------------------------------- check */

/* What is checked, and what came out. */
struct check {
    const struct options *options;
    struct arena *arena;
    struct dns_text dns;
    struct dkim_key *key; /* NULL: only the record is looked at */
};

static enum exit_code refuse(const struct check *check, const char *what)
{
    tell("%.*s: %s", TEXT_PRINT(check->dns.name), what);
    return EXIT_CODE_REFUSED;
}

static enum exit_code read_key(struct check *check, const char *path)
{
    struct key_file_secret secret;
    struct problem problem = {0};
    if (key_file_read(path, DKIM_KEY_PEM_MAX_BYTES, &secret, &problem) != 0) {
        tell_problem(&problem);
        return EXIT_CODE_BAD_FILE;
    }
    struct text pem = {(const char *)secret.data, secret.size};
    int refused = dkim_key_parse(pem, &check->key, &problem);
    key_file_wipe(&secret);
    if (refused != 0) {
        tell("%s: %s", path, problem.message);
        return EXIT_CODE_BAD_FILE;
    }
    return EXIT_CODE_OK;
}

/* The record by itself: version and a key that is not revoked. */
static const char *record_fault(struct text record)
{
    struct text tag;
    bool is_first = true;
    bool has_key = false;
    while (text_next_part(&record, ';', &tag)) {
        tag = text_trim(tag);
        if (is_first && text_starts_with(tag, TEXT("v")) && !text_equal(tag, TEXT("v=DKIM1"))) {
            return "is no DKIM record: it must begin with v=DKIM1";
        }
        if (text_equal(tag, TEXT("p="))) {
            return "is revoked: p= is empty";
        }
        has_key = has_key || text_starts_with(tag, TEXT("p="));
        is_first = false;
    }
    return has_key ? NULL : "is no DKIM record: there is no p=";
}

/* Sign a message as workers do and let libopendkim verify it with the record from DNS. */
static enum exit_code sign_and_verify(const struct check *check, struct dkim_signer *signer,
                                      struct dkim_verifier *verifier)
{
    OWNED(buffer_finish) struct buffer message = {0};
    OWNED(buffer_finish) struct buffer plain = {0};
    struct dkim_signer_scratch *scratch = dkim_signer_scratch_create();
    struct dkim_verifier_result result;
    const char *domain = options_positional(check->options, 0);
    int64_t now_unix_s = clock_unix_ms() / 1000;
    buffer_printf(&plain,
                  "From: check@%s\r\nTo: check@%s\r\nSubject: check\r\n"
                  "Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n\r\nhello\r\n",
                  domain, domain);
    struct text part = buffer_text(&plain);
    struct dkim_signer_message job = {
        .signer = signer,
        .parts = &part,
        .part_count = 1,
        .signed_unix_s = (uint64_t)now_unix_s,
        .output = &message,
    };
    struct dkim_verifier_key dns = {check->dns.name, DKIM_VERIFIER_FOUND, check->dns.record};
    int failed = dkim_signer_sign(scratch, &job);
    dkim_signer_scratch_destroy(&scratch);
    buffer_append_text(&message, part);
    if (failed == 0) {
        failed = dkim_verifier_check(verifier, buffer_text(&message), &dns, 1, (uint64_t)now_unix_s,
                                     &result);
    }
    if (failed != 0) {
        return refuse(check, "a message could not be signed and verified");
    }
    if (!dkim_verifier_is_all_pass(&result, text_of(domain))) {
        return refuse(check, result.count > 0 ? result.signatures[0].reason : "no signature");
    }
    return EXIT_CODE_OK;
}

/* An Ed25519 key signs only beside an RSA key: its record is compared, that must do. */
static enum exit_code try_key(const struct check *check)
{
    struct dkim_signer *signer = NULL;
    struct dkim_verifier *verifier = NULL;
    struct problem problem = {0};
    if (dkim_key_check_record(check->key, check->dns.record, &problem) != 0) {
        return refuse(check, problem.message);
    }
    if (dkim_key_kind(check->key) != DKIM_KEY_KIND_RSA) {
        return EXIT_CODE_OK;
    }
    struct dkim_signer_settings settings = {
        .domain = text_of(options_positional(check->options, 0)),
        .rsa = {check->key, text_of(options_positional(check->options, 1))},
    };
    enum exit_code code = EXIT_CODE_REFUSED;
    if (dkim_signer_create(&settings, &signer, &problem) != 0 ||
        dkim_verifier_create(&verifier, &problem) != 0) {
        tell_problem(&problem);
    } else {
        code = sign_and_verify(check, signer, verifier);
    }
    dkim_verifier_destroy(&verifier);
    dkim_signer_destroy(&signer);
    return code;
}

static enum exit_code look_up(struct check *check)
{
    struct problem problem = {0};
    if (dns_text_find(options_text(check->options, "resolver"), &check->dns, 1, check->arena,
                      &problem) != 0) {
        tell("--resolver: %s", problem.message);
        return EXIT_CODE_USAGE;
    }
    if (check->dns.status != RESOLVER_OK || check->dns.count == 0) {
        tell("%.*s: %s", TEXT_PRINT(check->dns.name), status_word(check->dns.status));
        return is_unanswered(check->dns.status) ? EXIT_CODE_UNREACHABLE : EXIT_CODE_REFUSED;
    }
    if (check->dns.count > 1) {
        return refuse(check, "has several TXT records; it must have one (RFC 6376, 3.6.2.2)");
    }
    const char *fault = record_fault(check->dns.record);
    return fault == NULL ? EXIT_CODE_OK : refuse(check, fault);
}

static void print_good(const struct check *check)
{
    OWNED(buffer_finish) struct buffer out = {0};
    const char *done = check->key == NULL                               ? "record"
                       : dkim_key_kind(check->key) == DKIM_KEY_KIND_RSA ? "signature"
                                                                        : "key";
    if (options_flag(check->options, "json")) {
        buffer_append_string(&out, "{\"name\":");
        json_text_append(&out, check->dns.name);
        buffer_printf(&out, ",\"checked\":\"%s\",\"record\":", done);
        json_text_append(&out, check->dns.record);
        buffer_append_string(&out, "}\n");
    } else {
        table_print_append_clean(&out, check->dns.name);
        buffer_append_string(&out, " ok: ");
        table_print_append_clean(&out, check->dns.record);
        buffer_append_string(&out, check->key == NULL
                                       ? "\n(with --key-file: whether it is the "
                                         "record of a key, too)\n"
                                       : "\nthe key signs what this record verifies\n");
    }
    if (check->key != NULL && dkim_key_is_weak(check->key)) {
        tell("warning: the key has only %u bits; make one of 2048", dkim_key_bits(check->key));
    }
    tell_out(&out);
}

static enum exit_code run_check(const struct options *options)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct check check = {.options = options, .arena = arena};
    struct problem problem = {0};
    enum exit_code code = EXIT_CODE_OK;
    const char *path = options_text(options, "key-file");
    for (size_t i = 0; i < 2; i++) {
        const char *word = options_positional(options, i);
        if (config_check_host(text_of(word), &problem) != 0) {
            tell("%s: %s", word, problem.message);
            return EXIT_CODE_USAGE;
        }
    }
    check.dns.name = text_of(arena_printf(arena, "%s._domainkey.%s", options_positional(options, 1),
                                          options_positional(options, 0)));
    if (path != NULL) {
        code = read_key(&check, path);
    }
    if (code == EXIT_CODE_OK) {
        code = look_up(&check);
    }
    if (code == EXIT_CODE_OK && check.key != NULL) {
        code = try_key(&check);
    }
    if (code == EXIT_CODE_OK) {
        print_good(&check);
    }
    dkim_key_destroy(&check.key);
    return code;
}

static const struct option_spec check_options[] = {
    {"key-file", "PEM", "the private key that should match (mode 0600)", .kind = OPTION_TEXT},
    {"resolver", "ADDRESS[@PORT]", "ask this DNS server instead of the system's",
     .kind = OPTION_TEXT},
    {.name = NULL},
};

const struct command dkim_check_command = {
    .name = "dkim check",
    .words = "DOMAIN SELECTOR",
    .summary = "is a DKIM record published, and is it that of our key?",
    .help = "Looks the record up. With the private key it also compares them, signs a message as\n"
            "workers do and has it verified by libopendkim with the record from DNS.\n"
            "\n"
            "  hikyaku dkim check shop.example.jp s2026 --key-file "
            "/etc/hikyaku/dkim/shop.example.jp/s2026.pem",
    .options = check_options,
    .minimum_words = 2,
    .maximum_words = 2,
    .is_offline = true,
    .run = run_check,
};

/* ------------------------------------------------------------- verify */

/* Files of mail folders have bare line ends; what was signed has CRLF. */
static struct text with_crlf(struct text message, struct arena *arena)
{
    char *out = arena_alloc(arena, 2 * message.size + 1);
    size_t size = 0;
    for (size_t i = 0; i < message.size; i++) {
        if (message.data[i] == '\n' && (i == 0 || message.data[i - 1] != '\r')) {
            out[size++] = '\r';
        }
        out[size++] = message.data[i];
    }
    return (struct text){out, size};
}

/* Ask for the keys that the signatures name. @param ret_keys  out: in the arena */
static int find_keys(const struct options *options, struct text names, struct arena *arena,
                     struct dkim_verifier_key **ret_keys, size_t *ret_count)
{
    struct dns_text dns[DKIM_VERIFIER_SIGNATURES_MAX] = {0};
    struct problem problem = {0};
    struct text name;
    size_t count = 0;
    while (count < DKIM_VERIFIER_SIGNATURES_MAX && text_next_part(&names, '\n', &name)) {
        if (name.size > 0) {
            dns[count++].name = name;
        }
    }
    if (dns_text_find(options_text(options, "resolver"), dns, count, arena, &problem) != 0) {
        tell("--resolver: %s", problem.message);
        return -EINVAL;
    }
    *ret_keys = arena_zero(arena, count + 1, sizeof **ret_keys);
    *ret_count = count;
    for (size_t i = 0; i < count; i++) {
        bool is_found = dns[i].status == RESOLVER_OK && dns[i].count > 0;
        enum dkim_verifier_answer answer = is_found                       ? DKIM_VERIFIER_FOUND
                                           : is_unanswered(dns[i].status) ? DKIM_VERIFIER_FAILED
                                                                          : DKIM_VERIFIER_NOT_FOUND;
        (*ret_keys)[i] = (struct dkim_verifier_key){dns[i].name, answer, dns[i].record};
    }
    return 0;
}

static void append_result_json(const struct dkim_verifier_result *result, struct buffer *out)
{
    buffer_printf(out, "{\"verdict\":\"%s\",\"signatures\":[",
                  dkim_verifier_verdict_name(result->verdict));
    for (size_t i = 0; i < result->count; i++) {
        const struct dkim_verifier_signature *signature = &result->signatures[i];
        buffer_append_string(out, i > 0 ? ",{\"domain\":" : "{\"domain\":");
        json_text_append(out, text_of(signature->domain));
        buffer_append_string(out, ",\"selector\":");
        json_text_append(out, text_of(signature->selector));
        buffer_append_string(out, ",\"algorithm\":");
        json_text_append(out, text_of(signature->algorithm));
        buffer_printf(out, ",\"key_bits\":%u,\"verdict\":\"%s\",\"reason\":", signature->key_bits,
                      dkim_verifier_verdict_name(signature->verdict));
        json_text_append(out, text_of(signature->reason));
        buffer_append_byte(out, '}');
    }
    buffer_append_string(out, "]}\n");
}

static void print_result(const struct options *options, const struct dkim_verifier_result *result)
{
    OWNED(buffer_finish) struct buffer out = {0};
    OWNED(table_print_destroy)
    struct table_print *table =
        table_print_create("DOMAIN,SELECTOR,ALGORITHM,>BITS,VERDICT,REASON");
    for (size_t i = 0; i < result->count; i++) {
        const struct dkim_verifier_signature *signature = &result->signatures[i];
        table_print_cell(table, text_of(signature->domain));
        table_print_cell(table, text_of(signature->selector));
        table_print_cell(table, text_of(signature->algorithm));
        table_print_format(table, "%u", signature->key_bits);
        table_print_cell(table, text_of(dkim_verifier_verdict_name(signature->verdict)));
        table_print_cell(table, text_of(signature->reason));
    }
    if (options_flag(options, "json")) {
        append_result_json(result, &out);
    } else if (result->count == 0) {
        buffer_append_string(&out, "no signature\n");
    } else {
        table_print_append(table, &out);
    }
    tell_out(&out);
}

static enum exit_code verify(const struct options *options, struct dkim_verifier *verifier,
                             struct text message, struct arena *arena)
{
    OWNED(buffer_finish) struct buffer names = {0};
    struct dkim_verifier_key *keys;
    struct dkim_verifier_result result;
    size_t count;
    uint64_t now_unix_s = (uint64_t)(clock_unix_ms() / 1000);
    if (dkim_verifier_key_names(verifier, message, &names) != 0) {
        tell("%s: cannot be read as a message", options_positional(options, 0));
        return EXIT_CODE_BAD_FILE;
    }
    if (find_keys(options, buffer_text(&names), arena, &keys, &count) != 0) {
        return EXIT_CODE_USAGE;
    }
    if (dkim_verifier_check(verifier, message, keys, count, now_unix_s, &result) != 0) {
        tell("%s: cannot be verified", options_positional(options, 0));
        return EXIT_CODE_BAD_FILE;
    }
    print_result(options, &result);
    if (result.verdict == DKIM_VERIFIER_TEMPERROR) {
        return EXIT_CODE_UNREACHABLE;
    }
    return result.verdict == DKIM_VERIFIER_PASS ? EXIT_CODE_OK : EXIT_CODE_REFUSED;
}

static enum exit_code run_verify(const struct options *options)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct dkim_verifier *verifier = NULL;
    struct problem problem = {0};
    struct text message;
    if (file_read(options_positional(options, 0), DKIM_VERIFIER_MESSAGE_MAX_BYTES, arena, &message,
                  &problem) != 0) {
        tell_problem(&problem);
        return EXIT_CODE_BAD_FILE;
    }
    if (dkim_verifier_create(&verifier, &problem) != 0) {
        tell_problem(&problem);
        return EXIT_CODE_UNREACHABLE;
    }
    enum exit_code code = verify(options, verifier, with_crlf(message, arena), arena);
    dkim_verifier_destroy(&verifier);
    return code;
}

static const struct option_spec verify_options[] = {
    {"resolver", "ADDRESS[@PORT]", "ask this DNS server instead of the system's",
     .kind = OPTION_TEXT},
    {.name = NULL},
};

const struct command dkim_verify_command = {
    .name = "dkim verify",
    .words = "FILE.eml",
    .summary = "verify the DKIM signatures of a message",
    .help =
        "Every signature is listed with its verdict. Exit code 0 when one of them passes, 3 when\n"
        "DNS does not answer.\n"
        "\n"
        "  hikyaku dkim verify received.eml",
    .options = verify_options,
    .minimum_words = 1,
    .maximum_words = 1,
    .is_offline = true,
    .run = run_verify,
};
