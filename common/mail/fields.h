/* The merge fields of a recipient: one JSON object, read into a tree. Numbers keep the digits that
 * were written: 1.10 stays 1.10. Pure. */
#ifndef HIKYAKU_COMMON_MAIL_FIELDS_H
#define HIKYAKU_COMMON_MAIL_FIELDS_H

#include "common/base/arena.h"
#include "common/base/buffer.h"
#include "common/base/problem.h"

#define FIELDS_VALUES_MAX 20000 /* in one document, whatever its limits say */

enum fields_kind {
    FIELDS_NULL,
    FIELDS_FALSE,
    FIELDS_TRUE,
    FIELDS_NUMBER,
    FIELDS_STRING,
    FIELDS_LIST,
    FIELDS_OBJECT,
};

/** A value; in an object also a member. Immutable once parsed. */
struct fields_value {
    enum fields_kind kind;
    struct text name;                         /* of the member, decoded; empty outside objects */
    struct text text;                         /* STRING: decoded; NUMBER: as written */
    const struct fields_value *first;         /* LIST, OBJECT: the first child */
    const struct fields_value *next;          /* the next sibling */
    size_t count;                             /* LIST, OBJECT: children */
    const struct fields_value *const *sorted; /* OBJECT: members by name; NULL when few */
};

struct fields_limits {
    size_t size_bytes;
    size_t depth;    /* nested objects and lists, the outermost counted */
    bool allows_any; /* the outermost value may be of any kind (lists of test data) */
};

extern const struct fields_limits fields_limits_recipient; /* 8 KiB, depth 4 */
extern const struct fields_limits fields_limits_default;   /* 64 KiB, depth 4 */

/** {}: no fields. */
extern const struct fields_value fields_none;

/**
 * Read a JSON document. An empty text is {}.
 *
 * Refused: anything RFC 8259 refuses, invalid UTF-8, doubled keys, \u0000, lone surrogates, more
 * than the limits.
 *
 * @param json   borrowed by the tree
 * @param arena  holds the tree
 * @return 0; -EINVAL (rules fields_syntax, fields_utf8, fields_nul, fields_duplicate,
 *         fields_object) or -EMSGSIZE (fields_size, fields_depth); the message names the offset
 * @source RFC 8259; RFC 7493, 2.1 to 2.3
 */
MUST_USE int fields_parse(struct text json, const struct fields_limits *limits, struct arena *arena,
                          const struct fields_value **ret_value, struct problem *problem);

/** The member called `name`, or NULL (also when `value` is no object). */
const struct fields_value *fields_find(const struct fields_value *value, struct text name);

/**
 * Append an object in canonical compact form: no spaces, names sorted by bytes on every level,
 * shortest escapes, numbers as written. What is not named is left out: what a template does not
 * use is never stored (extra_field DROP).
 *
 * @param names  sorted by text_compare(), without doubles; NULL: every member
 */
void fields_append_canonical(struct buffer *out, const struct fields_value *object,
                             const struct text *names, size_t count);

/** The first member, in the order given, that is not among the sorted `names`; NULL when there is
 *  none (extra_field ERROR). */
const struct fields_value *fields_find_extra(const struct fields_value *object,
                                             const struct text *names, size_t count);

#endif
