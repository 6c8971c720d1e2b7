/* The paths of this worker: a controller (common/policy/path_control.h) for each sending IP and
 * site, what they decide told and carried on, what they learnt kept in the store. */
#ifndef HIKYAKU_WORKER_PATHS_PATHS_H
#define HIKYAKU_WORKER_PATHS_PATHS_H

#include "common/policy/path_bound.h"
#include "common/policy/provider_profiles.h"
#include "common/store/store.h"
#include "worker/paths/senders.h"
#include "worker/paths/warm_records.h"

#define PATHS_SITE_BYTES 256
#define PATHS_HOST_BYTES 256
#define PATHS_REPLY_BYTES 512

struct paths;
struct shadow_path;
struct shadow_rules;
struct site_entry;
struct service_orders;

/** Ask its controller freely; feed it through paths_feed(). */
struct path {
    struct path_control control;
    struct sending_ip *ip;     /* borrowed */
    struct warm_record *warm;  /* held; NULL: its IP is warm */
    struct site_entry *common; /* held: what it shares with the site's other paths */
    struct path_bound bound;   /* an operator's, as it stands */
    uint32_t holders;
    uint64_t told_ms;           /* its last decision in the log */
    bool is_changed;            /* since it was last looked at for the store */
    bool is_over_store;         /* the store has no room for one more */
    uint64_t minute_ms;         /* of small decisions written down: since when, */
    uint32_t in_minute;         /* how many, */
    uint32_t left_out;          /* and how many not, since the last one that was */
    struct shadow_path *shadow; /* of the shadow's; NULL: none */
    char site[PATHS_SITE_BYTES];
    char host[PATHS_HOST_BYTES]; /* one of its MX hosts */
    char key[PATHS_SITE_BYTES + 8];
};

struct paths_settings {
    struct loop *loop;   /* borrowed, like all of these */
    struct store *store; /* NULL: nothing is kept */
    const char *session; /* of this worker: with a number it names what is told */
    struct sending_ips *ips;
    const struct service_orders *orders; /* what operators tell of paths; NULL: nothing */
    const struct config_list *profiles;  /* of struct provider_profiles_record; not kept */
    uint32_t connections_per_site;       /* bounds of the configuration, over every profile's */
    uint32_t messages_per_connection;
    /** What a server said, without addresses, at most PATHS_REPLY_BYTES. @return its length */
    size_t (*clean_reply)(struct text reply, char ret_text[PATHS_REPLY_BYTES + 1]);
    const struct warm_plans *plans; /* of warm-up; not kept; NULL: none */
    /** Some path may send again that had used up its quota or waited for a part of it. */
    void (*on_room)(void *context);
    void *context;
};

struct paths *paths_create(const struct paths_settings *settings);
/** Nobody holds a path. Answers of the store that are awaited are not taken: destroy it first.
 *  Accepts NULL, nulls the pointer. */
void paths_destroy(struct paths **paths);

/** The path of an IP and a site; paths_release() it. @param host  one of the site's MX hosts */
struct path *paths_hold(struct paths *paths, struct sending_ip *ip, struct text site,
                        struct text host);
void paths_release(struct paths *paths, struct path *path);
/** Something happened on it. @param reply  what the server said, as it said it; empty: nothing */
void paths_feed(struct paths *paths, struct path *path, const struct path_event *event,
                struct text reply);
/** A server answered a message over it: what that says of its sender. Besides paths_feed(). */
void paths_answered(struct paths *paths, struct path *path, const struct sender *sender,
                    const struct path_event *event, struct text reply);
/** Whom sites refuse. */
struct senders *paths_senders(struct paths *paths);
/** What holds its messages back, if anything: its controller, or its warm-up. */
struct path_answer paths_look(const struct paths *paths, const struct path *path);
/** May a message start? Feed STARTED when it does. If not, it is seen to that one may soon. */
struct path_answer paths_may_send(struct paths *paths, struct path *path);
/** May one more connection be opened? Feed OPENED when it is. */
bool paths_may_connect(struct paths *paths, struct path *path);
/** A message that was started did not reach a server. @param age_ms  since then */
void paths_give_back(struct paths *paths, struct path *path, uint64_t age_ms);
/** How long its day's or hour's quota is used up already, ms. */
uint64_t paths_full_ms(const struct paths *paths, const struct path *path);
/** Time passes: a few times a second. */
void paths_tick(struct paths *paths);
/** What operators tell of paths has changed. */
void paths_on_orders(struct paths *paths);
/** Other profiles (SIGHUP): they bound every path from now on. */
void paths_use_profiles(struct paths *paths, const struct config_list *profiles);

/** Try other rules or profiles in shadow from now on. @param rules  taken, emptied; of nothing:
 * none any more */
void paths_use_shadow(struct paths *paths, struct shadow_rules *rules);
/** Other plans of warm-up (SIGHUP). */
void paths_use_plans(struct paths *paths, const struct warm_plans *plans);
/** Drain, nothing is sent any more: quotas that were reserved and not used go back. */
void paths_leave(struct paths *paths);
/** How many are warming up, and how many of them have used up their quota. */
size_t paths_warming(const struct paths *paths, size_t *ret_full);

/** How many there are, and how many of them are suspended. */
size_t paths_count(const struct paths *paths, size_t *ret_suspended);

#endif
