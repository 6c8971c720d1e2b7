/* whoami, principal list, add, set: who may call. */
#include "cli/commands/commands.h"
#include "cli/commands/scope_list.h"
#include "cli/commands/single_call.h"
#include "cli/format.h"
#include "cli/message_string.h"
#include "cli/table_print.h"
#include "cli/tell.h"

#include <stdio.h>

enum { ROLES_MAX = 16 };

/* ---------------------------------------------------------------- screens */

static void append_principal(const Hikyaku__V1__Principal *principal, struct table_print *table)
{
    char text[FORMAT_BYTES];
    OWNED(buffer_finish) struct buffer words = {0};
    for (size_t i = 0; i < principal->n_roles; i++) {
        buffer_printf(&words, "%s%s", i > 0 ? ", " : "", principal->roles[i]);
    }
    table_print_cell(table, text_of(principal->name));
    table_print_cell(table, text_of(principal->tenant));
    table_print_cell(table, text_of(principal->disabled ? "DISABLED" : "ACTIVE"));
    table_print_cell(table, buffer_text(&words));
    words.size = 0;
    scope_list_append(principal->scopes, principal->n_scopes, &words);
    table_print_cell(table, buffer_text(&words));
    table_print_cell(table, text_of(principal->created_by));
    table_print_cell(table, text_of(format_time(principal->created_unix_ms, text)));
    table_print_cell(table, text_of(principal->note));
}

static void print_principals(Hikyaku__V1__Principal *const *principals, size_t count)
{
    OWNED(buffer_finish) struct buffer out = {0};
    OWNED(table_print_destroy)
    struct table_print *table =
        table_print_create("PRINCIPAL,TENANT,STATE,ROLES,SCOPES,BY,SINCE,NOTE");
    for (size_t i = 0; i < count; i++) {
        append_principal(principals[i], table);
    }
    if (count == 0) {
        buffer_append_string(&out,
                             "there is no principal; the key file's keys may do everything\n");
    } else {
        table_print_append(table, &out);
    }
    tell_out(&out);
}

static void print_list(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__ListPrincipalsResponse *list =
        (const Hikyaku__V1__ListPrincipalsResponse *)response;
    (void)context;
    print_principals(list->principals, list->n_principals);
}

static void print_put(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__PutPrincipalResponse *answer =
        (const Hikyaku__V1__PutPrincipalResponse *)response;
    (void)context;
    print_principals(&answer->principal, 1);
}

static void print_who(const ProtobufCMessage *response, const void *context)
{
    const Hikyaku__V1__WhoAmIResponse *who = (const Hikyaku__V1__WhoAmIResponse *)response;
    char text[FORMAT_BYTES];
    OWNED(buffer_finish) struct buffer out = {0};
    (void)context;
    buffer_printf(&out, "principal  %s\ntenant     %s\n", who->principal->name,
                  who->principal->tenant);
    buffer_append_string(&out, "scopes     ");
    bool is_narrowed = who->key != NULL && who->key->n_scopes > 0;
    scope_list_append(is_narrowed ? who->key->scopes : who->principal->scopes,
                      is_narrowed ? who->key->n_scopes : who->principal->n_scopes, &out);
    if (who->key == NULL) {
        buffer_append_string(&out, "\nkey        of the coordinators' key file\n");
    } else {
        buffer_printf(&out, "\nkey        %s, expires %s\n", who->key->key_id,
                      who->key->expires_unix_ms == 0
                          ? "never"
                          : format_time(who->key->expires_unix_ms, text));
    }
    tell_out(&out);
}

/* ---------------------------------------------------------------- calls */

static enum exit_code run_who(const struct options *options)
{
    Hikyaku__V1__WhoAmIRequest request;
    hikyaku__v1__who_am_irequest__init(&request);
    return single_call_run(options, API_METHOD_WHO_AM_I, &request.base, print_who, NULL);
}

static enum exit_code run_list(const struct options *options)
{
    Hikyaku__V1__ListPrincipalsRequest request;
    hikyaku__v1__list_principals_request__init(&request);
    return single_call_run(options, API_METHOD_LIST_PRINCIPALS, &request.base, print_list, NULL);
}

static enum exit_code put(const struct options *options, bool is_new, bool is_disabled)
{
    Hikyaku__V1__PutPrincipalRequest request;
    Hikyaku__V1__Principal principal;
    Hikyaku__V1__Scope scopes[ACCESS_SCOPE_LIMIT];
    char *roles[ROLES_MAX];
    hikyaku__v1__put_principal_request__init(&request);
    hikyaku__v1__principal__init(&principal);
    request.principal = &principal;
    request.create = is_new;
    principal.name = message_string(options_positional(options, 0));
    principal.note = message_string(options_text(options, "note"));
    principal.tenant = message_string(options_text(options, "tenant"));
    principal.disabled = is_disabled;
    principal.roles = roles;
    principal.scopes = scopes;
    const char *role;
    while (principal.n_roles < ROLES_MAX &&
           (role = options_item(options, "role", principal.n_roles)) != NULL) {
        roles[principal.n_roles++] = message_string(role);
    }
    if (!scope_list_read(options, scopes, &principal.n_scopes)) {
        return EXIT_CODE_USAGE;
    }
    return single_call_run(options, API_METHOD_PUT_PRINCIPAL, &request.base, print_put, NULL);
}

static enum exit_code run_add(const struct options *options)
{
    return put(options, true, false);
}

static enum exit_code run_set(const struct options *options)
{
    return put(options, false, options_flag(options, "disable"));
}

#define GRANTS                                                                            \
    {"role", "NAME", "a set of scopes; may be given several times", .kind = OPTION_LIST}, \
        {"scope", "NAME", "a single scope, such as campaign:write", .kind = OPTION_LIST}, \
        {"tenant", "NAME", "whose mail it has to do with; *: runs the cluster for all",   \
         .kind = OPTION_TEXT},                                                            \
    {                                                                                     \
        "note", "TEXT", "who or what this is", .kind = OPTION_TEXT                        \
    }

static const struct option_spec add_options[] = {
    GRANTS,
    {.name = NULL},
};

static const struct option_spec set_options[] = {
    GRANTS,
    {"disable", NULL, "none of its keys is accepted any more", .kind = OPTION_FLAG},
    {.name = NULL},
};

const struct command principal_who_command = {
    .name = "whoami",
    .words = "",
    .summary = "which principal this key belongs to, and what it may do",
    .help = "  hikyaku whoami --key-file ci.key",
    .minimum_words = 0,
    .maximum_words = 0,
    .run = run_who,
};

const struct command principal_list_command = {
    .name = "principal list",
    .words = "",
    .summary = "persons and systems that may call",
    .help = "  hikyaku principal list --json",
    .minimum_words = 0,
    .maximum_words = 0,
    .run = run_list,
};

const struct command principal_add_command = {
    .name = "principal add",
    .words = "NAME",
    .summary = "enter a person or system that may call",
    .help = "Roles: author, submitter, approver, sender, support, operator, privacy, admin,\n"
            "auditor, platform, root; docs/access.md has their scopes. Then make it a key.\n"
            "\n"
            "  hikyaku principal add yamada --role author --note \"Yamada, marketing\"\n"
            "  hikyaku principal add billing --scope message:send --scope event:read",
    .options = add_options,
    .minimum_words = 1,
    .maximum_words = 1,
    .run = run_add,
};

const struct command principal_set_command = {
    .name = "principal set",
    .words = "NAME",
    .summary = "give a principal other roles and scopes, or disable it",
    .help = "What is given here replaces all that the principal had; its keys stay. It holds\n"
            "within 5 s at all coordinators.\n"
            "\n"
            "  hikyaku principal set yamada --role submitter\n"
            "  hikyaku principal set yamada --role submitter --disable",
    .options = set_options,
    .minimum_words = 1,
    .maximum_words = 1,
    .run = run_set,
};
