/* Operator stops: what a person has told the cluster not to send now. Pure: the list comes from the
 * store, time is an argument. A stop whose kind this version does not know stops everything: a
 * safety switch is never ignored. */
#ifndef HIKYAKU_COMMON_POLICY_STOP_SET_H
#define HIKYAKU_COMMON_POLICY_STOP_SET_H

#include "common/base/text.h"

/** Stops that a cluster may have at once. */
#define STOP_SET_MAX 1000
#define STOP_SET_TARGET_BYTES_MAX 255

/** The same numbers as Hikyaku__V1__StopKind. */
enum stop_kind {
    STOP_ALL = 1,
    STOP_TENANT,
    STOP_POOL,
    STOP_SITE,
    STOP_IP,
    STOP_FROM_DOMAIN,
    STOP_KIND_LIMIT,
};

struct stop {
    enum stop_kind kind;
    const char *target;    /* "" for STOP_ALL */
    int64_t at_unix_ms;    /* when it was made */
    int64_t from_unix_ms;  /* planned: it begins then; 0: it holds at once */
    int64_t until_unix_ms; /* 0: until it is started again */
    const char *reason;
    const char *author;
};

/** A letter, as far as it is known: what is empty matches no stop of that kind. */
struct stop_question {
    struct text tenant;
    struct text pool;
    struct text from_domain;
    struct text site;   /* as the route names it: a provider's key, or names of MX hosts */
    struct text domain; /* of the recipient: STOP_SITE names it as well */
    struct text ip;
};

struct stop_set;

struct stop_set *stop_set_create(void);
/** Accepts NULL, nulls the pointer. */
void stop_set_destroy(struct stop_set **set);
void stop_set_clear(struct stop_set *set);
/** Add a copy; a second one of the same kind, target and beginning replaces the first. Beyond
 *  STOP_SET_MAX it is replaced by a stop of everything. */
void stop_set_add(struct stop_set *set, const struct stop *stop);

/** When it is, by Redis' clock. */
struct stop_time {
    int64_t now_unix_ms;
    bool is_doubted; /* the clocks differ by too much: no stop ends by itself (I10) */
};

/**
 * The stop that holds a letter.
 * @return borrowed until the set changes; NULL: none does
 */
const struct stop *stop_set_find(const struct stop_set *set, const struct stop_question *question,
                                 const struct stop_time *time);
/** Does it hold now? A planned one begins by the clock even when that is in doubt. */
bool stop_set_holds(const struct stop *stop, const struct stop_time *time);

/** Is its time over? */
bool stop_set_is_over(const struct stop *stop, const struct stop_time *time);
size_t stop_set_count(const struct stop_set *set);
/** In the order they were added; valid until the set changes. */
const struct stop *stop_set_at(const struct stop_set *set, size_t place);

/** The name of a kind as people write it: "from-domain". */
const char *stop_set_kind_name(enum stop_kind kind);

#endif
