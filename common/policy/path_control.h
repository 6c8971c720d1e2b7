/* The controller of one path (sending IP, site): events and time in, decisions out. Pure; a plain
 * struct without pointers but for its profile.
 *
 * Messages per second (path_rate, path_pacer), connections and messages on each (path_window),
 * pauses (path_suspension), ratios over time (path_sweep), and what the provider's profile says
 * about certain replies (path_profile), put together. */
#ifndef HIKYAKU_COMMON_POLICY_PATH_CONTROL_H
#define HIKYAKU_COMMON_POLICY_PATH_CONTROL_H

#include "common/policy/path_pacer.h"
#include "common/policy/path_profile.h"
#include "common/policy/path_rate.h"
#include "common/policy/path_suspension.h"
#include "common/policy/path_sweep.h"
#include "common/policy/path_window.h"

struct path_control {
    const struct path_profile *profile; /* borrowed */
    struct path_rate rate;
    struct path_pacer pacer;
    struct path_window window;
    struct path_suspension suspension;
    struct path_sweep sweep;
    uint32_t hits[PATH_PROFILE_REACTIONS_MAX];    /* of reactions, within the hour, */
    uint64_t hits_ms[PATH_PROFILE_REACTIONS_MAX]; /* that began then */
    uint32_t in_flight;                           /* messages started without a result */
    uint32_t resets;                              /* since the last message taken */
    double weak;            /* refusals that do not say they are about rate, less what was taken */
    uint64_t weak_until_ms; /* until then they are taken to be */
    double service_s;       /* how long a message takes; 0: not known */
    uint64_t slowed_ms;     /* by path_control_slow(); 0: never */
    uint64_t used_ms;       /* its last event */
};

enum path_event_kind {
    PATH_EVENT_OPENED,   /* a connection is begun */
    PATH_EVENT_GREETED,  /* its server takes mail */
    PATH_EVENT_REFUSED,  /* it answered with `reply` before a message */
    PATH_EVENT_FAILED,   /* no answer: refused by the kernel, unreachable, timeout; before a message
                          */
    PATH_EVENT_RESET,    /* TCP reset, whenever (J7) */
    PATH_EVENT_ENDED,    /* the server ended it between messages, without a word (Y6) */
    PATH_EVENT_CLOSED,   /* it is gone: the last event of each connection */
    PATH_EVENT_STARTED,  /* a message: path_control_may_send() allowed it */
    PATH_EVENT_ANSWERED, /* it has `reply`; smtp below 400: taken */
    PATH_EVENT_GIVEN_UP, /* it has no answer and says nothing about the path */
    PATH_EVENT_COMPLAINT,
};

struct path_event {
    enum path_event_kind kind;
    struct path_reply reply;
    uint64_t opened_ms; /* of its connection: REFUSED */
    uint64_t took_ms;   /* ANSWERED: since MAIL FROM */
    uint32_t messages;  /* ENDED, ANSWERED: answered on its connection so far */
    bool was_greeted;   /* CLOSED */
};

/** What slows down. */
enum path_scope {
    PATH_SCOPE_PATH,
    PATH_SCOPE_SITE,
    PATH_SCOPE_IP,
    PATH_SCOPE_TENANT,
    PATH_SCOPE_DOMAIN
};

/* X(identifier, "name", "unit of before and after") */
#define PATH_DECISION_KINDS(X)                         \
    X(SLOWER, "slower", "per_1000_s")                  \
    X(LIMIT_FOUND, "limit-found", "per_1000_s")        \
    X(FASTER, "faster", "per_1000_s")                  \
    X(TRIES, "tries", "per_1000_s")                    \
    X(CONNECTIONS, "connections", "connections")       \
    X(MESSAGES, "messages-per-connection", "messages") \
    X(SUSPENDED, "suspended", "s")                     \
    X(PROBES, "probes", "s")                           \
    X(RESUMED, "resumed", "s")                         \
    X(ELSEWHERE, "elsewhere", "s")                     \
    X(SENDER_SUSPENDED, "sender-suspended", "s")

enum path_decision_kind {
#define X(identifier, name, unit) PATH_DECISION_##identifier,
    PATH_DECISION_KINDS(X)
#undef X
        PATH_DECISION_KIND_LIMIT
};

struct path_decision {
    enum path_decision_kind kind;
    /** Whom it is about. SITE and IP: the path itself has been treated; the others of that site or
     *  IP are the caller's to suspend. TENANT, DOMAIN (kinds ELSEWHERE
     *  and SENDER_SUSPENDED, which is the caller's): the path is as it was. */
    enum path_scope scope;
    char rule[PATH_SUSPENSION_RULE_BYTES];
    uint64_t before; /* SUSPENDED, ELSEWHERE: 0 */
    uint64_t after;
    uint64_t until_ms; /* SUSPENDED */
};

#define PATH_DECISIONS_MAX 4
struct path_decisions {
    struct path_decision items[PATH_DECISIONS_MAX];
    size_t count;
};

struct path_answer {
    bool is_allowed;
    uint8_t gate;     /* enum gate, when it is not */
    uint64_t wait_ms; /* when to ask again; 0: after the next event */
};

/** @param profile  borrowed, outlives the controller */
void path_control_init(struct path_control *control, const struct path_profile *profile,
                       uint64_t now_ms);
/** @param decisions  added to; those that do not fit are left out */
void path_control_feed(struct path_control *control, const struct path_event *event,
                       uint64_t now_ms, struct path_decisions *decisions);
/** Time passes: pauses end, tries begin. Several times a second while the path is in use. */
void path_control_tick(struct path_control *control, uint64_t now_ms,
                       struct path_decisions *decisions);
/** May one more connection be opened? Feed OPENED when it is. */
struct path_answer path_control_may_connect(const struct path_control *control, uint64_t now_ms);
/** May a message start? Feed STARTED when it does. */
struct path_answer path_control_may_send(const struct path_control *control, uint64_t now_ms);
/** Connections that are of use now: fewer than may be open when the rate is what holds. */
uint32_t path_control_connections(const struct path_control *control, uint64_t now_ms);
/** Close it for at least so long: another path's reply blamed site or IP, or an operator said so.
 */
void path_control_suspend(struct path_control *control, uint64_t pause_ms, enum path_scope scope,
                          const char *rule, uint64_t now_ms, struct path_decisions *decisions);
/** Slow down: another path's reply blamed the IP. Not again within `apart_ms`. @param part  0..1 */
void path_control_slow(struct path_control *control, double part, uint64_t apart_ms,
                       const char *rule, uint64_t now_ms, struct path_decisions *decisions);
/** Reload: another profile's bounds hold from now on; what was learnt stays. */
void path_control_use_profile(struct path_control *control, const struct path_profile *profile);

const char *path_control_decision_name(enum path_decision_kind kind);
const char *path_control_decision_unit(enum path_decision_kind kind);
const char *path_control_scope_name(enum path_scope scope);

#endif
