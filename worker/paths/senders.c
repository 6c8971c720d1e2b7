#include "worker/paths/senders.h"

#include "common/base/table.h"
#include "common/mail/rows.h"
#include "common/policy/identity_pause.h"
#include "common/policy/reply_class.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No site's name has a space. */
#define DOMAIN_WORD " domain "
#define TENANT_WORD " tenant "

struct entry {
    struct identity_pause pause;
    char name[SENDERS_NAME_BYTES];
};

struct senders {
    struct table *entries; /* by name; hardly ever any */
};

struct senders *senders_create(void)
{
    struct senders *senders = xalloc_zero(1, sizeof *senders);
    senders->entries = table_create();
    return senders;
}

void senders_destroy(struct senders **senders)
{
    if (*senders == NULL) {
        return;
    }
    struct table_walk walk;
    struct entry *entry = table_first((*senders)->entries, &walk);
    for (; entry != NULL; entry = table_next(&walk)) {
        free(entry);
    }
    table_destroy(&(*senders)->entries);
    free(*senders);
    *senders = NULL;
}

/* @return false: it does not fit, or there is no such identity */
static bool name_of(const struct sender *sender, enum path_scope scope,
                    char ret_name[SENDERS_NAME_BYTES])
{
    bool is_tenant = scope == PATH_SCOPE_TENANT;
    struct text identity = is_tenant ? sender->tenant : sender->from_domain;
    int size = snprintf(ret_name, SENDERS_NAME_BYTES, "%.*s%s%.*s", TEXT_PRINT(sender->site),
                        is_tenant ? TENANT_WORD : DOMAIN_WORD, TEXT_PRINT(identity));
    return identity.size > 0 && sender->site.size > 0 && size > 0 && size < SENDERS_NAME_BYTES;
}

static struct entry *find(const struct senders *senders, const struct sender *sender,
                          enum path_scope scope)
{
    char name[SENDERS_NAME_BYTES];
    if (table_count(senders->entries) == 0 || !name_of(sender, scope, name)) {
        return NULL;
    }
    return table_get(senders->entries, text_of(name));
}

static struct entry *obtain(struct senders *senders, const char *name)
{
    struct entry *entry = table_get(senders->entries, text_of(name));
    if (entry != NULL || table_count(senders->entries) == SENDERS_MAX) {
        return entry;
    }
    entry = xalloc_zero(1, sizeof *entry);
    (void)snprintf(entry->name, sizeof entry->name, "%s", name);
    (void)table_put(senders->entries, text_of(entry->name), entry);
    return entry;
}

static const enum path_scope scopes[] = {PATH_SCOPE_TENANT, PATH_SCOPE_DOMAIN};
#define SCOPE_COUNT (sizeof scopes / sizeof scopes[0])

static void take(struct senders *senders, const struct sender *sender)
{
    for (size_t i = 0; i < SCOPE_COUNT; i++) {
        struct entry *entry = find(senders, sender, scopes[i]);
        if (entry != NULL) {
            identity_pause_on_taken(&entry->pause);
        }
    }
}

void senders_answered(struct senders *senders, const struct sender *sender,
                      const struct path_reply *reply, uint64_t now_ms,
                      struct senders_pause *ret_pause)
{
    ret_pause->pause_ms = 0;
    if (reply->smtp < 400) {
        take(senders, sender);
        return;
    }
    bool is_tenant = reply->blame == REPLY_BLAME_TENANT;
    if (!is_tenant && reply->blame != REPLY_BLAME_DOMAIN) {
        return;
    }
    ret_pause->scope = is_tenant ? PATH_SCOPE_TENANT : PATH_SCOPE_DOMAIN;
    struct entry *entry = name_of(sender, ret_pause->scope, ret_pause->name)
                              ? obtain(senders, ret_pause->name)
                              : NULL;
    if (entry != NULL) {
        ret_pause->pause_ms = identity_pause_on_blame(&entry->pause, now_ms);
    }
}

bool senders_is_name(const char *name)
{
    return strchr(name, ' ') != NULL;
}

void senders_hear(struct senders *senders, const char *name, uint64_t pause_ms, uint64_t now_ms)
{
    struct entry *entry = strlen(name) < SENDERS_NAME_BYTES ? obtain(senders, name) : NULL;
    if (entry != NULL) {
        identity_pause_close(&entry->pause, pause_ms, now_ms);
    }
}

struct path_answer senders_look(const struct senders *senders, const struct sender *sender,
                                uint64_t now_ms)
{
    for (size_t i = 0; i < SCOPE_COUNT; i++) {
        const struct entry *entry = find(senders, sender, scopes[i]);
        uint64_t wait_ms = entry != NULL ? identity_pause_wait_ms(&entry->pause, now_ms) : 0;
        if (wait_ms > 0) {
            bool is_tenant = scopes[i] == PATH_SCOPE_TENANT;
            return (struct path_answer){.gate = is_tenant ? GATE_TENANT_LIMIT : GATE_SITE_SUSPENDED,
                                        .wait_ms = wait_ms};
        }
    }
    return (struct path_answer){.is_allowed = true};
}

void senders_start(struct senders *senders, const struct sender *sender, uint64_t now_ms)
{
    for (size_t i = 0; i < SCOPE_COUNT; i++) {
        struct entry *entry = find(senders, sender, scopes[i]);
        if (entry != NULL) {
            identity_pause_start(&entry->pause, now_ms);
        }
    }
}

void senders_tick(struct senders *senders, uint64_t now_ms)
{
    struct table_walk walk;
    struct entry *entry = table_first(senders->entries, &walk);
    for (; entry != NULL; entry = table_next(&walk)) {
        if (identity_pause_is_over(&entry->pause, now_ms)) {
            (void)table_remove(senders->entries, text_of(entry->name));
            free(entry);
        }
    }
}
