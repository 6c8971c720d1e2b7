#include "common/policy/provider_profiles.h"

#include "common/base/arena.h"
#include "common/mail/enhanced_code.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- the words of the file */

struct reaction_record {
    int action; /* enum path_action */
    char *reply_class;
    char *enhanced;
    uint64_t code;
    bool is_opening;
    uint64_t hits;
    uint64_t pause_ms;
    uint64_t pause_most_ms;
};

static const char *const actions[] = {
#define X(identifier, name) name,
    PATH_PROFILE_ACTIONS(X)
#undef X
        NULL,
};

static int check_class(struct text value, struct problem *problem)
{
    uint8_t reply_class;
    if (reply_class_parse(value, &reply_class) != 0 || reply_class == REPLY_CLASS_NONE) {
        problem_set(problem, "", "reply_class", "must be a reply class, as rate-limited");
        return -EINVAL;
    }
    return 0;
}

static int check_enhanced(struct text value, struct problem *problem)
{
    size_t size;
    if (enhanced_code_read(value, &size) == 0 || size != value.size) {
        problem_set(problem, "", "enhanced_code", "must be an enhanced code, as 4.7.28");
        return -EINVAL;
    }
    return 0;
}

static int check_suffix(struct text value, struct problem *problem)
{
    if (value.size < 2 || value.data[0] != '.') {
        problem_set(problem, "", "mx_suffix",
                    "must begin with a dot: the end of an MX host's name, as .google.com");
        return -EINVAL;
    }
    return 0;
}

static int check_reaction(const void *record, struct problem *problem)
{
    const struct reaction_record *reaction = record;
    bool is_code = reaction->code == 0 || reaction->code == 4 || reaction->code == 5 ||
                   (reaction->code >= 400 && reaction->code <= 599);
    if (!is_code) {
        problem_set(problem, "code", "reply_code", "must be 4, 5, or a code from 400 to 599");
        return -EINVAL;
    }
    if (reaction->reply_class == NULL && reaction->enhanced == NULL && reaction->code == 0) {
        problem_set(problem, "code", "reaction_matches", "or class or enhanced must be given");
        return -EINVAL;
    }
    bool suspends = reaction->action == PATH_ACTION_SUSPEND;
    if (suspends != (reaction->pause_ms > 0)) {
        problem_set(problem, "pause", "reaction_pause",
                    "belongs to `do: suspend`, and must be "
                    "given there");
        return -EINVAL;
    }
    return 0;
}

#define AT(member) offsetof(struct reaction_record, member)
static const struct config_key reaction_keys[] = {
    {"do", CONFIG_ENUM, AT(action), .choices = actions, .is_required = true, .example = "suspend",
     .doc = "What the reply is taken for: nothing, a rate, a number of connections or of messages "
            "on one; or the path pauses."},
    {"class", CONFIG_STRING, AT(reply_class), .check = check_class, .example = "rate-limited",
     .doc = "Replies of this class."},
    {"enhanced", CONFIG_STRING, AT(enhanced), .check = check_enhanced, .example = "4.7.28",
     .doc = "Replies with this enhanced code (4.x and 5.x alike unless code says which)."},
    {"code", CONFIG_INTEGER, AT(code), .fallback = "0", .maximum = 599, .example = "421",
     .doc = "Replies with this code, or 4 or 5: all that begin with it; 0: any."},
    {"opening", CONFIG_BOOLEAN, AT(is_opening), .fallback = "false",
     .doc = "Only before MAIL FROM: connect, greeting, EHLO."},
    {"hits", CONFIG_INTEGER, AT(hits), .fallback = "1", .minimum = 1, .maximum = 100000,
     .doc = "So many of them within an hour."},
    {"pause", CONFIG_DURATION, AT(pause_ms), .fallback = "0s", .maximum = 604800000,
     .example = "10m", .doc = "How long nothing is tried; then one message probes."},
    {"pause_most", CONFIG_DURATION, AT(pause_most_ms), .fallback = "0s", .maximum = 604800000,
     .example = "4h", .doc = "A pause that comes again soon is twice as long, up to this."},
};
#undef AT
static const struct config_table reaction_table = CONFIG_TABLE(
    struct reaction_record, reaction_keys, .name = "reaction",
    .doc = "What a reply asks for; the first one that fits is taken.", .check = check_reaction);

#define AT(member) offsetof(struct provider_profiles_record, member)
static const struct config_key profile_keys[] = {
    {"name", CONFIG_STRING, AT(name), .is_required = true, .maximum = PATH_PROFILE_NAME_BYTES - 1,
     .example = "google",
     .doc = "A provider's key or a site's name; `default`: all that have no profile."},
    {"mx", CONFIG_STRINGS, AT(mx), .maximum = 100, .check = check_suffix,
     .example = "[.google.com]", .doc = "Sites whose MX hosts end in one of these."},
    {"per_minute_first", CONFIG_INTEGER, AT(per_minute_first), .fallback = "0", .maximum = 1000000,
     .doc = "Messages a minute from one IP at a cold start; then growing."},
    {"per_minute_most", CONFIG_INTEGER, AT(per_minute_most), .fallback = "0", .maximum = 1000000,
     .doc = "Never more than this from one IP; 0: no bound."},
    {"connections_first", CONFIG_INTEGER, AT(connections_first), .fallback = "0", .maximum = 1000,
     .doc = "Connections from one IP to begin with."},
    {"connections_most", CONFIG_INTEGER, AT(connections_most), .fallback = "0", .maximum = 1000,
     .doc = "Never more than these from one IP (nor than smtp.connections_per_site)."},
    {"site_connections_most", CONFIG_INTEGER, AT(site_connections_most), .fallback = "0",
     .maximum = 100000,
     .doc = "Connections from all IPs of the cluster at once (M3); 0: no bound."},
    {"site_per_minute_most", CONFIG_INTEGER, AT(site_per_minute_most), .fallback = "0",
     .maximum = 10000000,
     .doc = "Messages from all IPs of the cluster, held in any 10 s; 0: no bound."},
    {"messages_per_connection", CONFIG_INTEGER, AT(messages_per_connection), .fallback = "0",
     .maximum = 100000,
     .doc = "Messages on one connection (nor more than "
            "smtp.messages_per_connection); fewer when that is learnt (Y6)."},
    {"recipients_per_message", CONFIG_INTEGER, AT(recipients_per_message), .fallback = "0",
     .maximum = 100, .doc = "Recipients of one message: always 1 today (S16)."},
    {"unknown_permille", CONFIG_INTEGER, AT(unknown_permille), .fallback = "0", .maximum = 1000,
     .doc = "More unknown users among the attempts of an hour close the path (J6)."},
    {"reactions", CONFIG_RECORDS, AT(reactions), .record = &reaction_table,
     .maximum = PATH_PROFILE_REACTIONS_MAX,
     .doc = "What certain replies ask for; when given, it "
            "takes the place of the built-in list."},
};
#undef AT
const struct config_table provider_profiles_table = CONFIG_TABLE(
    struct provider_profiles_record, profile_keys, .name = "profile", .unique_key = "name",
    .doc = "Limits of a provider or site, before the built-in ones. What is left out "
           "or 0 is as there, else as in `default`.");

static int fill_list(const struct config_node *root, struct arena *arena,
                     struct config_errors *errors, struct config_list *ret_list)
{
    struct file {
        struct config_list profiles;
    } file;
    static const struct config_key keys[] = {
        {"profiles", CONFIG_RECORDS, offsetof(struct file, profiles),
         .record = &provider_profiles_table, .minimum = 1, .maximum = PROVIDER_PROFILES_MAX,
         .doc = "One for each provider."},
    };
    static const struct config_table table =
        CONFIG_TABLE(struct file, keys, .name = "profiles", .doc = "Profiles of providers.");
    int error = config_table_fill(&table, root, NULL, arena, errors, &file);
    if (error == 0) {
        *ret_list = file.profiles;
    }
    return error;
}

int provider_profiles_parse(struct text yaml, struct arena *arena, struct config_errors *errors,
                            struct config_list *ret_list)
{
    struct config_node *root = NULL;
    int error = config_node_parse(yaml, arena, errors, &root);
    return error != 0 ? error : fill_list(root, arena, errors, ret_list);
}

int provider_profiles_read(const char *path, struct arena *arena, struct config_errors *errors,
                           struct config_list *ret_list)
{
    struct config_node *root = NULL;
    int error = config_node_read(path, arena, errors, &root);
    return error != 0 ? error : fill_list(root, arena, errors, ret_list);
}

/* ---------------------------------------------------------------- from records to profiles */

struct suffix {
    char text[PATH_PROFILE_NAME_BYTES * 4];
    size_t profile;
};

struct provider_profiles {
    struct path_profile *items; /* the operator's first */
    size_t count;
    struct suffix *suffixes;
    size_t suffix_count;
    const struct path_profile *fallback;
};

static void pick_u32(uint64_t given, uint32_t *ret_value)
{
    if (given > 0) {
        *ret_value = (uint32_t)given;
    }
}

static void name_reaction(const struct path_profile *profile, const struct reaction_record *record,
                          struct path_reaction *reaction)
{
    char code[8] = "";
    if (record->code > 0) {
        (void)snprintf(code, sizeof code, " %u", (unsigned int)record->code);
    }
    const char *space = record->reply_class != NULL ? " " : "";
    const char *point = record->enhanced != NULL ? " " : "";
    char rule[sizeof reaction->rule] = ""; /* apart: the profile's name stands beside it */
    (void)snprintf(rule, sizeof rule, "%.24s:%s%s%s%s%s", profile->name, code, point,
                   record->enhanced != NULL ? record->enhanced : "", space,
                   record->reply_class != NULL ? record->reply_class : "");
    memcpy(reaction->rule, rule, sizeof rule);
}

static void add_reaction(struct path_profile *profile, const struct reaction_record *record)
{
    struct path_reaction *reaction = &profile->reactions[profile->reaction_count++];
    size_t size;
    *reaction = (struct path_reaction){
        .action = (uint8_t)record->action,
        .digit = record->code < 100 ? (uint8_t)record->code : 0,
        .smtp = record->code >= 100 ? (uint16_t)record->code : 0,
        .is_opening = record->is_opening,
        .hits = (uint32_t)record->hits,
        .pause_s = (uint32_t)(record->pause_ms / 1000),
        .pause_most_s = (uint32_t)(record->pause_most_ms / 1000),
    };
    if (record->reply_class != NULL) {
        int error = reply_class_parse(text_of(record->reply_class), &reaction->reply_class);
        assert(error == 0);
        (void)error;
    }
    if (record->enhanced != NULL) {
        reaction->enhanced = enhanced_code_read(text_of(record->enhanced), &size);
    }
    name_reaction(profile, record, reaction);
}

static void fill(struct path_profile *profile, const struct provider_profiles_record *record)
{
    (void)snprintf(profile->name, sizeof profile->name, "%s", record->name);
    if (record->per_minute_first > 0) {
        profile->rate_first = (double)record->per_minute_first / 60;
    }
    if (record->per_minute_most > 0) {
        profile->rate_most = (double)record->per_minute_most / 60;
    }
    pick_u32(record->connections_first, &profile->connections_first);
    pick_u32(record->connections_most, &profile->connections_most);
    pick_u32(record->site_connections_most, &profile->site_connections_most);
    pick_u32(record->site_per_minute_most, &profile->site_per_minute_most);
    pick_u32(record->messages_per_connection, &profile->messages_per_connection);
    pick_u32(record->recipients_per_message, &profile->recipients_per_message);
    pick_u32(record->unknown_permille, &profile->unknown_permille);
    const struct reaction_record *reactions = record->reactions.items;
    for (size_t i = 0; i < record->reactions.count; i++) {
        if (i == 0) {
            profile->reaction_count = 0;
        }
        add_reaction(profile, &reactions[i]);
    }
}

static const struct path_profile *find_named(const struct provider_profiles *profiles,
                                             struct text name)
{
    for (size_t i = 0; i < profiles->count; i++) {
        if (text_equal(text_of(profiles->items[i].name), name)) {
            return &profiles->items[i];
        }
    }
    return NULL;
}

static void add(struct provider_profiles *profiles, const struct provider_profiles_record *record,
                const struct path_profile *base)
{
    size_t place = profiles->count++;
    profiles->items[place] = base != NULL ? *base : (struct path_profile){.rate_first = 1};
    fill(&profiles->items[place], record);
    for (size_t i = 0; i < record->mx.count; i++) {
        struct suffix *suffix = &profiles->suffixes[profiles->suffix_count++];
        (void)snprintf(suffix->text, sizeof suffix->text, "%s", record->mx.items[i]);
        suffix->profile = place;
    }
}

static size_t count_suffixes(const struct config_list *list)
{
    const struct provider_profiles_record *records = list->items;
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        count += records[i].mx.count;
    }
    return count;
}

/* The built-in ones are read into a table of their own: what the operator's leave out is there. */
static struct provider_profiles *allocate(size_t count, size_t suffixes)
{
    struct provider_profiles *profiles = xalloc_zero(1, sizeof *profiles);
    profiles->items = xalloc_zero(count + 1, sizeof *profiles->items);
    profiles->suffixes = xalloc_zero(suffixes + 1, sizeof *profiles->suffixes);
    return profiles;
}

static void add_all(struct provider_profiles *profiles, const struct config_list *list,
                    const struct provider_profiles *builtin)
{
    const struct provider_profiles_record *records = list->items;
    for (size_t i = 0; i < list->count; i++) {
        const struct path_profile *base = find_named(builtin, text_of(records[i].name));
        bool is_own = builtin != profiles;
        base = base != NULL && is_own ? base : find_named(profiles, TEXT("default"));
        base = base != NULL || !is_own ? base : find_named(builtin, TEXT("default"));
        add(profiles, &records[i], base);
    }
}

/* Behind the operator's. */
static void append(struct provider_profiles *profiles, const struct provider_profiles *builtin)
{
    size_t first = profiles->count;
    for (size_t i = 0; i < builtin->count; i++) {
        profiles->items[profiles->count++] = builtin->items[i];
    }
    for (size_t i = 0; i < builtin->suffix_count; i++) {
        struct suffix *suffix = &profiles->suffixes[profiles->suffix_count++];
        *suffix = builtin->suffixes[i];
        const struct path_profile *own =
            find_named(profiles, text_of(builtin->items[suffix->profile].name));
        suffix->profile = own != NULL ? (size_t)(own - profiles->items) : first + suffix->profile;
    }
}

struct provider_profiles *provider_profiles_create(const struct config_list *own)
{
    OWNED(arena_destroy) struct arena *arena = arena_create(0);
    struct config_errors errors = {.file = "providers.yaml"};
    struct config_list list = {.count = 0};
    int error = provider_profiles_parse(provider_profiles_builtin(), arena, &errors, &list);
    assert(error == 0); /* a test reads it as well */
    (void)error;
    struct provider_profiles *builtin = allocate(list.count, count_suffixes(&list));
    add_all(builtin, &list, builtin);
    struct provider_profiles *profiles =
        allocate(list.count + own->count, count_suffixes(&list) + count_suffixes(own));
    add_all(profiles, own, builtin);
    append(profiles, builtin);
    profiles->fallback = find_named(profiles, TEXT("default"));
    provider_profiles_destroy(&builtin);
    assert(profiles->fallback != NULL);
    return profiles;
}

void provider_profiles_destroy(struct provider_profiles **profiles)
{
    if (*profiles == NULL) {
        return;
    }
    free((*profiles)->items);
    free((*profiles)->suffixes);
    free(*profiles);
    *profiles = NULL;
}

const struct path_profile *provider_profiles_find(const struct provider_profiles *profiles,
                                                  struct text site, struct text mx_host)
{
    if (mx_host.size > 0 && mx_host.data[mx_host.size - 1] == '.') {
        mx_host.size--;
    }
    for (size_t i = 0; i < profiles->suffix_count; i++) {
        struct text end = text_of(profiles->suffixes[i].text);
        if (text_ends_with_nocase(mx_host, end) || text_equal_nocase(mx_host, text_skip(end, 1))) {
            return &profiles->items[profiles->suffixes[i].profile];
        }
    }
    const struct path_profile *named = find_named(profiles, site);
    return named != NULL ? named : profiles->fallback;
}

static void bound(uint32_t most, uint32_t *value)
{
    *value = *value < most ? *value : most;
}

void provider_profiles_bound(struct provider_profiles *profiles, uint32_t connections,
                             uint32_t messages_per_connection)
{
    for (size_t i = 0; i < profiles->count; i++) {
        struct path_profile *profile = &profiles->items[i];
        bound(connections, &profile->connections_most);
        bound(profile->connections_most, &profile->connections_first);
        bound(messages_per_connection, &profile->messages_per_connection);
    }
}
