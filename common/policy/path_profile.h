/* What is known of a provider before anything was learnt: limits to begin with and never to exceed,
 * and what certain replies ask for. Profiles are data (provider_profiles.h reads them). */
#ifndef HIKYAKU_COMMON_POLICY_PATH_PROFILE_H
#define HIKYAKU_COMMON_POLICY_PATH_PROFILE_H

#include "common/policy/reply_class.h"

#define PATH_PROFILE_NAME_BYTES 64
#define PATH_PROFILE_REACTIONS_MAX 16

/* X(identifier, "name"): what a reply makes the controller do. */
#define PATH_PROFILE_ACTIONS(X)   \
    X(IGNORE, "ignore")           \
    X(RATE, "rate")               \
    X(CONNECTIONS, "connections") \
    X(MESSAGES, "messages")       \
    X(SUSPEND, "suspend")

enum path_action {
#define X(identifier, name) PATH_ACTION_##identifier,
    PATH_PROFILE_ACTIONS(X)
#undef X
        PATH_ACTION_LIMIT
};

/** A reply that fits every given member asks for `action`; the first one that fits is taken. */
struct path_reaction {
    char rule[PATH_PROFILE_NAME_BYTES]; /* its name in decisions: "google: 4.7.28" */
    uint8_t action;                     /* enum path_action */
    uint8_t reply_class;                /* NONE: any */
    uint8_t blame;                      /* NONE: any */
    uint8_t digit;                      /* 4, 5; 0: any */
    uint16_t smtp;                      /* 0: any */
    uint32_t enhanced;                  /* its subject and detail; 0: any */
    bool is_opening;                    /* only before MAIL */
    uint32_t hits;                      /* so many within an hour; 1: at once */
    uint32_t pause_s;                   /* SUSPEND: nothing is tried for so long */
    uint32_t pause_most_s;              /* grows up to this when it happens again */
};

struct path_profile {
    char name[PATH_PROFILE_NAME_BYTES];
    double rate_first;          /* messages per s, from one IP, at a cold start */
    double rate_most;           /* 0: no bound */
    uint32_t connections_first; /* of one IP */
    uint32_t connections_most;
    uint32_t site_connections_most; /* of all IPs; 0: no bound (M3) */
    uint32_t site_per_minute_most;  /* of all IPs; 0: no bound */
    uint32_t messages_per_connection;
    uint32_t recipients_per_message;
    /** Unknown users among attempts, in permille, above which the path stops (J6). */
    uint32_t unknown_permille;
    struct path_reaction reactions[PATH_PROFILE_REACTIONS_MAX];
    size_t reaction_count;
};

/** What the classifier made of a reply. */
struct path_reply {
    uint8_t reply_class; /* enum reply_class */
    uint8_t blame;       /* enum reply_blame */
    uint8_t stage;       /* enum reply_stage */
    uint16_t smtp;
    uint32_t enhanced;
    const char *rule; /* of the classifier; borrowed for the call */
};

/** Place of the first reaction that fits; reaction_count when none does. */
size_t path_profile_reaction(const struct path_profile *profile, const struct path_reply *reply);

const char *path_profile_action_name(enum path_action action);

#endif
