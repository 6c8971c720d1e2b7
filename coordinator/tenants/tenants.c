#include "coordinator/tenants/tenants.h"

#include "common/config/config_error.h"
#include "common/policy/access_scope.h"
#include "hikyaku/v1/api.pb-c.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct tenants {
    struct arena *given; /* where the configuration lives; NULL: elsewhere */
    struct arena *arena; /* the list */
    struct tenant *list;
    size_t count;
    size_t configured;    /* the first ones; the others were taken away by a reload */
    struct tenant nobody; /* may use nothing */
    uint32_t otp_scopes;  /* the cluster's */
};

struct tenants *tenants_create(void)
{
    return xalloc_zero(1, sizeof(struct tenants));
}

void tenants_destroy(struct tenants **tenants)
{
    if (*tenants == NULL) {
        return;
    }
    arena_destroy(&(*tenants)->arena);
    arena_destroy(&(*tenants)->given);
    free(*tenants);
    *tenants = NULL;
}

/* An entry that says nothing but its name: every part's defaults, from the table itself. */
static const struct tenant_config *plain_config(struct arena *arena, const char *name)
{
    struct tenant_config *config = arena_zero(arena, 1, sizeof *config);
    struct config_errors errors = {.file = ""};
    struct config_node *root = NULL;
    int error =
        config_node_parse(text_of(arena_printf(arena, "name: %s\n", name)), arena, &errors, &root);
    if (error == 0) {
        error = config_table_fill(&tenant_config_table, root, NULL, arena, &errors, config);
    }
    assert(error == 0);
    (void)error;
    return config;
}

/* NULL-terminated, in the arena. */
static const char *const *list_of(struct arena *arena, const struct config_strings *strings)
{
    const char **list = arena_zero(arena, strings->count + 1, sizeof *list);
    for (size_t i = 0; i < strings->count; i++) {
        list[i] = strings->items[i];
    }
    return list;
}

static bool is_listed(const char *const *names, const char *name)
{
    while (*names != NULL && strcmp(*names, name) != 0) {
        names++;
    }
    return *names != NULL;
}

static const char *string_or(const char *own, const char *fallback)
{
    return own != NULL ? own : fallback;
}

static uint32_t scopes_of(const struct config_strings *names)
{
    uint32_t scopes = 0;
    for (size_t i = 0; names != NULL && i < names->count; i++) {
        scopes |= access_scope_find(text_of(names->items[i]));
    }
    return scopes;
}

static uint32_t mode_of(int mode, uint32_t fallback)
{
    static const uint32_t modes[] = {[TENANT_CONFIG_MODE_LIVE] = HIKYAKU__V1__MODE__MODE_LIVE,
                                     [TENANT_CONFIG_MODE_SANDBOX] = HIKYAKU__V1__MODE__MODE_SANDBOX,
                                     [TENANT_CONFIG_MODE_DRY_RUN] =
                                         HIKYAKU__V1__MODE__MODE_DRY_RUN};
    return mode == TENANT_CONFIG_MODE_CLUSTER ? fallback : modes[mode];
}

static void resolve(const struct tenants_settings *settings, const struct tenant_config *config,
                    struct arena *arena, struct tenant *ret_tenant)
{
    static const struct config_strings none = {NULL, 0};
    bool is_only = settings->list->count <= 1;
    const struct config_strings *domains = config->from_domains.count > 0 ? &config->from_domains
                                           : is_only                      ? settings->from_domains
                                                                          : &none;
    *ret_tenant = (struct tenant){
        .name = config->name,
        .config = config,
        .pools = list_of(arena, config->pools.count > 0 ? &config->pools : settings->pools),
        .from_domains = list_of(arena, domains),
        .feedback_sender_id = string_or(config->feedback_sender_id, settings->feedback_sender_id),
        .unsubscribe_url =
            string_or(config->unsubscribe_url, string_or(settings->unsubscribe_url, "")),
        .limits = *settings->limits,
        .is_disabled = config->is_disabled,
        .otp_scopes = scopes_of(&config->otp_scopes)};
    ret_tenant->limits.default_mode = mode_of(config->default_mode, settings->limits->default_mode);
    ret_tenant->limits.serves_unsubscribe = ret_tenant->unsubscribe_url[0] != '\0';
    const char *pool = string_or(config->default_pool, settings->defaults.pool);
    ret_tenant->defaults = (struct wire_effective_tenant){
        .pool = is_listed(ret_tenant->pools, pool) ? pool : "",
        .return_path_domain =
            string_or(config->return_path_domain, settings->defaults.return_path_domain)};
}

static void fill_nobody(const struct tenants_settings *settings, struct tenants *tenants)
{
    static const struct config_strings none = {NULL, 0};
    tenants->nobody = (struct tenant){.name = "",
                                      .config = plain_config(tenants->arena, "nobody"),
                                      .pools = list_of(tenants->arena, &none),
                                      .from_domains = list_of(tenants->arena, &none),
                                      .defaults = {.pool = "", .return_path_domain = ""},
                                      .feedback_sender_id = "",
                                      .unsubscribe_url = "",
                                      .limits = *settings->limits,
                                      .is_disabled = true};
}

/* Of the list before, those that are no more. */
static void keep_taken_away(const struct tenants *before, struct tenants *tenants)
{
    for (size_t i = 0; i < before->count; i++) {
        const struct tenant *tenant = &before->list[i];
        if (tenants_find(tenants, text_of(tenant->name)) != NULL) {
            continue;
        }
        struct tenant *kept = &tenants->list[tenants->count++];
        *kept = tenants->nobody;
        kept->name = arena_copy(tenants->arena, tenant->name, strlen(tenant->name));
    }
}

void tenants_set(struct tenants *tenants, const struct tenants_settings *settings,
                 struct arena **arena)
{
    struct tenants before = *tenants;
    const struct tenant_config *configs = settings->list->items;
    size_t count = settings->list->count;
    *tenants = (struct tenants){.arena = arena_create(0)};
    tenants->list = arena_zero(tenants->arena, count + 1 + before.count, sizeof *tenants->list);
    for (size_t i = 0; i < count; i++) {
        resolve(settings, &configs[i], tenants->arena, &tenants->list[i]);
    }
    if (count == 0) {
        resolve(settings, plain_config(tenants->arena, TENANTS_DEFAULT), tenants->arena,
                &tenants->list[count++]);
    }
    tenants->count = count;
    tenants->otp_scopes = scopes_of(settings->otp_scopes);
    tenants->configured = count;
    fill_nobody(settings, tenants);
    keep_taken_away(&before, tenants);
    arena_destroy(&before.arena);
    arena_destroy(&before.given);
    if (arena != NULL) {
        tenants->given = *arena;
        *arena = NULL;
    }
}

const struct tenant *tenants_find(const struct tenants *tenants, struct text name)
{
    for (size_t i = 0; i < tenants->count; i++) {
        if (text_equal(text_of(tenants->list[i].name), name)) {
            return &tenants->list[i];
        }
    }
    return NULL;
}

const struct tenant *tenants_obtain(const struct tenants *tenants, struct text name)
{
    const struct tenant *found = tenants_find(tenants, name);
    return found != NULL ? found : &tenants->nobody;
}

const struct tenant *tenants_at(const struct tenants *tenants, size_t place)
{
    return place < tenants->count ? &tenants->list[place] : NULL;
}

const struct tenant *tenants_first(const struct tenants *tenants)
{
    const struct tenant *usual = tenants_find(tenants, TEXT(TENANTS_DEFAULT));
    bool is_configured = usual != NULL && (size_t)(usual - tenants->list) < tenants->configured;
    return is_configured ? usual : &tenants->list[0];
}

uint32_t tenants_otp_scopes(const struct tenants *tenants, struct text name)
{
    return tenants->otp_scopes | tenants_obtain(tenants, name)->otp_scopes;
}

bool tenants_are_several(const struct tenants *tenants)
{
    return tenants->configured > 1;
}
