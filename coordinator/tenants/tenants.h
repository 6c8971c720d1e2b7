/* The tenants, as the configuration has them now. Found by name; borrowed until the loop goes on:
 * a reload may change all of it. */
#ifndef HIKYAKU_COORDINATOR_TENANTS_TENANTS_H
#define HIKYAKU_COORDINATOR_TENANTS_TENANTS_H

#include "common/wire/wire_effective.h"
#include "common/wire/wire_limits.h"
#include "coordinator/tenants/tenant_config.h"

/** Without a list of tenants there is this one. */
#define TENANTS_DEFAULT "default"
/** The tenant of principals that run the cluster for all: it has no mail. */
#define TENANTS_ALL "*"

struct tenant {
    const char *name;
    const struct tenant_config *config; /* its policies; what the table fills in, if left out */
    const char *const *pools;           /* NULL-terminated */
    const char *const *from_domains;    /* A-labels, lower case; NULL-terminated */
    struct wire_effective_tenant defaults;
    const char *feedback_sender_id; /* "" for none */
    const char *unsubscribe_url;    /* HIKYAKU: before the token; "": its links are not served */
    struct wire_limits limits;      /* the cluster's, with its own mode */
    bool is_disabled;               /* its principals are refused */
    uint32_t otp_scopes;            /* need a one-time code, beside the cluster's */
};

/** What the configuration says, borrowed. */
struct tenants_settings {
    const struct config_list *list; /* of struct tenant_config */
    const struct config_strings *pools;
    const struct config_strings *from_domains;
    struct wire_effective_tenant defaults;
    const char *feedback_sender_id;
    const char *unsubscribe_url; /* NULL: none */
    const struct wire_limits *limits;
    const struct config_strings *otp_scopes; /* NULL: none */
};

struct tenants;

struct tenants *tenants_create(void);
/** Accepts NULL, nulls the pointer. */
void tenants_destroy(struct tenants **tenants);

/**
 * Take over what a configuration says. Those that it has no more stay, disabled and with nothing.
 * @param arena  in which the settings live: taken over and nulled; NULL: they live longer than
 *               `tenants`
 */
void tenants_set(struct tenants *tenants, const struct tenants_settings *settings,
                 struct arena **arena);

/** @return NULL: there is none of this name */
const struct tenant *tenants_find(const struct tenants *tenants, struct text name);
/** The same; who is not there may use nothing. */
const struct tenant *tenants_obtain(const struct tenants *tenants, struct text name);
/** The n-th, in the order of the configuration; NULL: there are no more. */
const struct tenant *tenants_at(const struct tenants *tenants, size_t place);
/** Whose the key file's keys are: "default", else the first one. */
const struct tenant *tenants_first(const struct tenants *tenants);
/** Scopes whose use by a principal of this tenant needs a one-time code. */
uint32_t tenants_otp_scopes(const struct tenants *tenants, struct text name);
/** Is the cluster shared? Then who runs it is nobody's principal (TENANTS_ALL). */
bool tenants_are_several(const struct tenants *tenants);

#endif
