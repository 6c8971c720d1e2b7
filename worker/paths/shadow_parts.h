/* The shadow's insides: shared with what tells of it. */
#ifndef HIKYAKU_WORKER_PATHS_SHADOW_PARTS_H
#define HIKYAKU_WORKER_PATHS_SHADOW_PARTS_H

#include "worker/paths/paths_parts.h"
#include "worker/paths/shadow.h"

#define SHADOW_RULE_BYTES 64

/** One of the paths' second controllers. */
struct shadow_path {
    struct path_shadow state;
    struct path *path; /* borrowed; it knows this one */
    struct text provider;
    struct path_reply judged;  /* of the event at hand, as the other rules see it */
    struct path_decisions own; /* at it */
    uint64_t replies;          /* 4xx and 5xx, */
    uint64_t otherwise;        /* and those that are judged otherwise */
    uint64_t told_ms;          /* its last small difference in the log */
    uint64_t minute_ms;        /* of those written down: since when, */
    uint32_t in_minute;        /* how many, */
    uint32_t left_out;         /* and how many not */
    struct shadow_path *prev;
    struct shadow_path *next;
};

/** Replies that are judged otherwise, and the last one of them. */
struct shadow_reply {
    uint8_t fact_class;
    uint8_t fact_blame;
    uint8_t own_class;
    uint8_t own_blame;
    char fact_rule[SHADOW_RULE_BYTES];
    char own_rule[SHADOW_RULE_BYTES];
    uint64_t count;
    uint64_t told_ms;
    int64_t at_unix_ms;
    uint16_t smtp;
    uint32_t enhanced;
    uint8_t stage;
    char site[PATHS_SITE_BYTES];
    char text[PATHS_REPLY_BYTES + 1];
};

struct shadow {
    struct paths *paths; /* borrowed */
    struct shadow_rules rules;
    uint64_t since_ms;
    struct shadow_path *list; /* the one used longest ago first */
    size_t path_count;
    uint64_t forgotten;
    struct shadow_reply replies[SHADOW_REPLIES_MAX];
    size_t reply_count;
    uint64_t replies_beyond; /* of kinds that found no room */
    uint64_t judged;         /* 4xx and 5xx, */
    uint64_t otherwise;      /* and those that are judged otherwise */
    struct metric *judged_metric;
};

#endif
