/* The engine under wire_rules: tables say what each field may hold, the engine walks a message and
 * reports. Internal to this folder. */
#ifndef HIKYAKU_COMMON_WIRE_WIRE_CHECK_H
#define HIKYAKU_COMMON_WIRE_WIRE_CHECK_H

#include "common/base/problem.h"
#include "common/wire/wire_limits.h"
#include "common/wire/wire_path.h"
#include "common/wire/wire_text.h"

#include <protobuf-c/protobuf-c.h>

/** A check on its way: problems go to the list, or the first one to `first`. */
struct wire_check {
    const struct wire_limits *limits; /* borrowed */
    struct problem_list *list;        /* borrowed; NULL: only the first counts */
    struct problem *first;            /* borrowed; may be NULL */
    size_t found;
};

enum wire_rule_flag {
    WIRE_RULE_REQUIRED = 1,   /* not empty, not 0, present */
    WIRE_RULE_CHARACTERS = 2, /* min and max count characters, not bytes */
    WIRE_RULE_SKIP = 4,       /* entries are checked one by one elsewhere; only their number here */
    WIRE_RULE_MAP = 8,        /* keys must differ */
};

/** Names a member of struct wire_limits as the source of a bound. */
#define WIRE_RULE_LIMIT(member) (offsetof(struct wire_limits, member) + 1)

struct wire_rule_set;

/** What one field may hold. Numbers: min..max or 0 (the default); texts and bytes: their size. */
struct wire_rule {
    uint32_t number;
    unsigned int flags; /* enum wire_rule_flag */
    enum wire_text_class text_class;
    uint32_t entries; /* of a repeated field; 0: not bounded here */
    uint64_t min;
    uint64_t max;     /* 0: no bound of its own */
    size_t min_limit; /* WIRE_RULE_LIMIT(...) instead of min, max, entries; 0: none */
    size_t max_limit;
    size_t entries_limit;
    const struct wire_rule_set *nested; /* for messages */
};

/** A check that looks at several fields of one message. */
typedef void wire_check_cross_fn(struct wire_check *check, const ProtobufCMessage *message,
                                 const struct wire_path *path);

struct wire_rule_set {
    const struct wire_rule *rules;
    size_t count;
    wire_check_cross_fn *cross; /* may be NULL */
};

/** Report a problem of field `name` (NULL: of the message at `path` itself). */
void wire_check_report(struct wire_check *check, const struct wire_path *path, const char *name,
                       const char *rule, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/** Hold a message against its rules; submessages with theirs, `not_yet` in each. */
void wire_check_message(struct wire_check *check, const ProtobufCMessage *message,
                        const struct wire_rule_set *set, const struct wire_path *path);

#endif
