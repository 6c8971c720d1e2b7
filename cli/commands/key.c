/* key list, create, rotate, revoke: what callers show. */
#include "cli/commands/commands.h"
#include "cli/commands/scope_list.h"
#include "cli/commands/single_call.h"
#include "cli/enum_word.h"
#include "cli/format.h"
#include "cli/message_string.h"
#include "cli/table_print.h"
#include "cli/tell.h"
#include "common/base/clock.h"
#include "common/security/identity.h"
#include "common/security/key_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LIST_MAX = 50, LABELS_MAX = 10, OVERLAP_DEFAULT_MS = 24 * 3600 * 1000 };

/* ---------------------------------------------------------------- screens */

static const char *expiry_of(const Hikyaku__V1__ApiKey *key, char text[FORMAT_BYTES])
{
    return key->expires_unix_ms == 0 ? "never" : format_time(key->expires_unix_ms, text);
}

static void append_list(const char *name, char *const *list, size_t count, struct buffer *out)
{
    for (size_t i = 0; i < count; i++) {
        buffer_printf(out, "%s%s%s", out->size > 0 ? ", " : "", name, list[i]);
    }
}

/* "12/600 calls a minute" */
static void append_quota(const Hikyaku__V1__ApiKey *key, struct buffer *out)
{
    const Hikyaku__V1__Quota *quota = key->quota;
    Hikyaku__V1__Quota none;
    hikyaku__v1__quota__init(&none);
    const Hikyaku__V1__Quota *used = key->used != NULL ? key->used : &none;
    if (quota == NULL) {
        return;
    }
    const struct {
        const char *what;
        uint64_t limit;
        uint64_t used;
    } parts[] = {{"calls a minute", quota->calls_per_minute, used->calls_per_minute},
                 {"rows a day", quota->rows_per_day, used->rows_per_day},
                 {"bytes a day", quota->bytes_per_day, used->bytes_per_day},
                 {"campaigns a day", quota->campaigns_per_day, used->campaigns_per_day}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].limit > 0) {
            buffer_printf(out, "%s%" PRIu64 "/%" PRIu64 " %s", out->size > 0 ? ", " : "",
                          parts[i].used, parts[i].limit, parts[i].what);
        }
    }
}

static void append_key(const Hikyaku__V1__ApiKey *key, struct table_print *table)
{
    char text[FORMAT_BYTES];
    OWNED(buffer_finish) struct buffer words = {0};
    table_print_cell(table, text_of(key->key_id));
    table_print_cell(table, text_of(key->principal));
    table_print_cell(table, text_of(enum_word(&hikyaku__v1__key_state__descriptor, key->state)));
    table_print_cell(table, text_of(expiry_of(key, text)));
    table_print_cell(table, text_of(format_time(key->used_unix_ms, text)));
    if (key->n_scopes > 0) {
        scope_list_append(key->scopes, key->n_scopes, &words);
    }
    append_list("from ", key->networks, key->n_networks, &words);
    append_list("@", key->from_domains, key->n_from_domains, &words);
    append_list("pool ", key->pools, key->n_pools, &words);
    for (size_t i = 0; i < key->n_labels; i++) {
        buffer_printf(&words, "%s%s=%s", words.size > 0 ? ", " : "", key->labels[i]->key,
                      key->labels[i]->value);
    }
    table_print_cell(table, buffer_text(&words));
    words.size = 0;
    append_quota(key, &words);
    table_print_cell(table, buffer_text(&words));
    table_print_cell(table, text_of(key->created_by));
    table_print_cell(table, text_of(key->note));
}

static void print_keys(Hikyaku__V1__ApiKey *const *keys, size_t count, FILE *stream)
{
    OWNED(buffer_finish) struct buffer out = {0};
    OWNED(table_print_destroy)
    struct table_print *table =
        table_print_create("KEY,PRINCIPAL,STATE,EXPIRES,USED,ONLY,QUOTA,BY,NOTE");
    for (size_t i = 0; i < count; i++) {
        append_key(keys[i], table);
    }
    if (count == 0) {
        buffer_append_string(&out, "there is no key\n");
    } else {
        table_print_append(table, &out);
    }
    (void)fprintf(stream, "%.*s", TEXT_PRINT(buffer_text(&out)));
}

static void print_list(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__ListKeysResponse *list = (const Hikyaku__V1__ListKeysResponse *)response;
    (void)context;
    print_keys(list->keys, list->n_keys, stdout);
}

static void print_revoked(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__RevokeKeyResponse *answer = (const Hikyaku__V1__RevokeKeyResponse *)response;
    (void)context;
    print_keys(&answer->key, 1, stdout);
}

/* The key alone on stdout, or in its file: what it is goes to stderr. */
static void print_secret(const struct options *options, const char *secret,
                         Hikyaku__V1__ApiKey *const *keys, size_t count)
{
    const char *path = options_text(options, "out");
    struct problem problem;
    print_keys(keys, count, stderr);
    if (path == NULL) {
        (void)puts(secret);
        return;
    }
    OWNED(buffer_finish) struct buffer line = {0};
    buffer_printf(&line, "%s\n", secret);
    if (key_file_write_new(path, buffer_text(&line), &problem) == 0) {
        tell("the key is in %s", path);
    } else {
        tell_problem(&problem);
        tell("the key is told only once, so here it is:");
        (void)puts(secret);
    }
}

static void print_created(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__CreateKeyResponse *answer = (const Hikyaku__V1__CreateKeyResponse *)response;
    print_secret(context, answer->secret, &answer->key, 1);
}

static void print_rotated(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__RotateKeyResponse *answer = (const Hikyaku__V1__RotateKeyResponse *)response;
    Hikyaku__V1__ApiKey *const keys[] = {answer->key, answer->old_key};
    print_secret(context, answer->secret, keys, 2);
}

/* ---------------------------------------------------------------- calls */

static enum exit_code run_list(const struct options *options)
{
    Hikyaku__V1__ListKeysRequest request;
    hikyaku__v1__list_keys_request__init(&request);
    request.principal = message_string(options_positional(options, 0));
    return single_call_run(options, API_METHOD_LIST_KEYS, &request.base, print_list, NULL);
}

/* 0: never, or as it was. */
static int64_t expiry_after(const struct options *options)
{
    uint64_t length_ms = options_duration_ms(options, "expires", 0);
    return length_ms == 0 ? 0 : clock_unix_ms() + (int64_t)length_ms;
}

static size_t take_list(const struct options *options, const char *name, char *list[LIST_MAX])
{
    size_t count = 0;
    const char *item;
    while (count < LIST_MAX && (item = options_item(options, name, count)) != NULL) {
        list[count++] = message_string(item);
    }
    return count;
}

/* Room for what a request borrows. */
struct lists {
    Hikyaku__V1__Scope scopes[ACCESS_SCOPE_LIMIT];
    char *networks[LIST_MAX];
    char *from_domains[LIST_MAX];
    char *pools[LIST_MAX];
    Hikyaku__V1__ApiKey__LabelsEntry labels[LABELS_MAX];
    Hikyaku__V1__ApiKey__LabelsEntry *label_list[LABELS_MAX];
    Hikyaku__V1__Quota quota;
};

/* --quota rows-per-day=100000. @return false: told */
static bool take_quota(const struct options *options, Hikyaku__V1__Quota *quota,
                       Hikyaku__V1__ApiKey *key)
{
    const struct {
        const char *name;
        uint64_t *member;
    } members[] = {{"calls-per-minute=", &quota->calls_per_minute},
                   {"rows-per-day=", &quota->rows_per_day},
                   {"bytes-per-day=", &quota->bytes_per_day},
                   {"campaigns-per-day=", &quota->campaigns_per_day}};
    const char *item;
    hikyaku__v1__quota__init(quota);
    for (size_t n = 0; (item = options_item(options, "quota", n)) != NULL; n++) {
        bool is_taken = false;
        for (size_t i = 0; i < sizeof members / sizeof members[0] && !is_taken; i++) {
            struct text name = text_of(members[i].name);
            is_taken = text_starts_with(text_of(item), name) &&
                       text_to_u64(text_skip(text_of(item), name.size), UINT64_MAX,
                                   members[i].member) == 0;
        }
        if (!is_taken) {
            tell("--quota: must be calls-per-minute=N, rows-per-day=N, bytes-per-day=N or "
                 "campaigns-per-day=N");
            return false;
        }
        key->quota = quota;
    }
    return true;
}

/* --label team=shop. @return false: told */
static bool take_labels(const struct options *options, struct arena *arena, struct lists *lists,
                        Hikyaku__V1__ApiKey *key)
{
    const char *item;
    while ((item = options_item(options, "label", key->n_labels)) != NULL) {
        size_t name = strcspn(item, "=");
        if (key->n_labels == LABELS_MAX || item[name] == '\0') {
            tell("--label: must be NAME=VALUE, %d at most", (int)LABELS_MAX);
            return false;
        }
        Hikyaku__V1__ApiKey__LabelsEntry *label = &lists->labels[key->n_labels];
        hikyaku__v1__api_key__labels_entry__init(label);
        label->key = arena_copy(arena, item, name);
        label->value = message_string(item + name + 1);
        lists->label_list[key->n_labels++] = label;
    }
    key->labels = lists->label_list;
    return true;
}

/* @return false: told */
static bool take_key(const struct options *options, struct arena *arena, struct lists *lists,
                     Hikyaku__V1__ApiKey *key)
{
    key->principal = message_string(options_positional(options, 0));
    key->note = message_string(options_text(options, "note"));
    key->expires_unix_ms = expiry_after(options);
    key->scopes = lists->scopes;
    key->networks = lists->networks;
    key->n_networks = take_list(options, "network", lists->networks);
    key->from_domains = lists->from_domains;
    key->n_from_domains = take_list(options, "from-domain", lists->from_domains);
    key->pools = lists->pools;
    key->n_pools = take_list(options, "pool", lists->pools);
    return scope_list_read(options, lists->scopes, &key->n_scopes) &&
           take_labels(options, arena, lists, key) && take_quota(options, &lists->quota, key);
}

static enum exit_code run_create(const struct options *options)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct lists *lists = arena_zero(arena, 1, sizeof *lists);
    char idempotency_key[IDENTITY_SESSION_LENGTH + 1];
    Hikyaku__V1__CreateKeyRequest request;
    Hikyaku__V1__ApiKey key;
    hikyaku__v1__create_key_request__init(&request);
    hikyaku__v1__api_key__init(&key);
    request.key = &key;
    request.idempotency_key = idempotency_key;
    if (!take_key(options, arena, lists, &key)) {
        return EXIT_CODE_USAGE;
    }
    if (identity_session(idempotency_key) != 0) {
        tell("the system gives no random bytes");
        return EXIT_CODE_UNREACHABLE;
    }
    return single_call_run(options, API_METHOD_CREATE_KEY, &request.base, print_created, options);
}

static enum exit_code run_rotate(const struct options *options)
{
    char idempotency_key[IDENTITY_SESSION_LENGTH + 1];
    Hikyaku__V1__RotateKeyRequest request;
    hikyaku__v1__rotate_key_request__init(&request);
    request.idempotency_key = idempotency_key;
    request.key_id = message_string(options_positional(options, 0));
    request.overlap_s =
        (uint32_t)(options_duration_ms(options, "overlap", OVERLAP_DEFAULT_MS) / 1000);
    request.expires_unix_ms = expiry_after(options);
    if (identity_session(idempotency_key) != 0) {
        tell("the system gives no random bytes");
        return EXIT_CODE_UNREACHABLE;
    }
    return single_call_run(options, API_METHOD_ROTATE_KEY, &request.base, print_rotated, options);
}

static enum exit_code run_revoke(const struct options *options)
{
    Hikyaku__V1__RevokeKeyRequest request;
    hikyaku__v1__revoke_key_request__init(&request);
    request.key_id = message_string(options_positional(options, 0));
    return single_call_run(options, API_METHOD_REVOKE_KEY, &request.base, print_revoked, NULL);
}

static const struct option_spec create_options[] = {
    {"scope", "NAME", "only this of what the principal may; several", .kind = OPTION_LIST},
    {"expires", "LENGTH", "refused after so long (2160h); default: never", .kind = OPTION_DURATION},
    {"network", "CIDR", "only from there; may be given several times", .kind = OPTION_LIST},
    {"from-domain", "NAME", "only mail with this From domain; several", .kind = OPTION_LIST},
    {"pool", "NAME", "only from this pool; may be given several times", .kind = OPTION_LIST},
    {"quota", "NAME=N", "calls-per-minute, rows-per-day, bytes-per-day, campaigns-per-day",
     .kind = OPTION_LIST},
    {"label", "NAME=VALUE", "what it sends must carry this label; several", .kind = OPTION_LIST},
    {"note", "TEXT", "where this key is used", .kind = OPTION_TEXT},
    {"out", "FILE", "write the key there (mode 0600) instead of to stdout", .kind = OPTION_TEXT},
    {.name = NULL},
};

static const struct option_spec rotate_options[] = {
    {"overlap", "LENGTH", "so long the old key is accepted too; default 24h",
     .kind = OPTION_DURATION},
    {"expires", "LENGTH", "of the new key; default: as long as the old one had",
     .kind = OPTION_DURATION},
    {"out", "FILE", "write the key there (mode 0600) instead of to stdout", .kind = OPTION_TEXT},
    {.name = NULL},
};

const struct command key_list_command = {
    .name = "key list",
    .words = "[PRINCIPAL]",
    .summary = "keys, their states and when they were last used",
    .help = "Keys themselves are never shown: the cluster keeps only their digests.\n"
            "\n"
            "  hikyaku key list\n"
            "  hikyaku key list yamada --json",
    .minimum_words = 0,
    .maximum_words = 1,
    .run = run_list,
};

const struct command key_create_command = {
    .name = "key create",
    .words = "PRINCIPAL",
    .summary = "make a key; it is told once",
    .help = "The key is all that is written to stdout, or into --out, ready for --key-file.\n"
            "\n"
            "  hikyaku key create yamada --expires 2160h --out yamada.key\n"
            "  hikyaku key create billing --network 192.0.2.0/24 --pool tx",
    .options = create_options,
    .minimum_words = 1,
    .maximum_words = 1,
    .run = run_create,
};

const struct command key_rotate_command = {
    .name = "key rotate",
    .words = "KEY",
    .summary = "make the key that takes over from another one",
    .help = "The new key may do what the old one may. Both are accepted for --overlap. Your own\n"
            "keys need no scope for this.\n"
            "\n"
            "  hikyaku key rotate 3f9a01c27be45d68 --overlap 2h --out billing.key",
    .options = rotate_options,
    .minimum_words = 1,
    .maximum_words = 1,
    .run = run_rotate,
};

const struct command key_revoke_command = {
    .name = "key revoke",
    .words = "KEY",
    .summary = "accept a key no more, within 5 s at all coordinators",
    .help = "  hikyaku key revoke 3f9a01c27be45d68",
    .minimum_words = 1,
    .maximum_words = 1,
    .run = run_revoke,
};
