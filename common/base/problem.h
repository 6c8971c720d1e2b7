/* Why something was refused, for the person who asked: the field, the rule, one sentence. */
#ifndef HIKYAKU_COMMON_BASE_PROBLEM_H
#define HIKYAKU_COMMON_BASE_PROBLEM_H

#include "common/base/text.h"

struct problem {
    char field[128];   /* "recipients[17].address"; "" when no field is to blame */
    char rule[64];     /* stable word a program can test: "address_syntax", "S15" */
    char message[384]; /* a sentence for people; holds no address, key or content */
};

/** Fill `problem` (NULL: nothing is done). `field` and `rule` are copied, cut to fit. */
void problem_set(struct problem *problem, const char *field, const char *rule, const char *format,
                 ...) __attribute__((format(printf, 4, 5)));
/** Put "prefix." (or "prefix" before "[") in front of the field: nested parsers name paths. */
void problem_prefix(struct problem *problem, const char *prefix);

#define PROBLEM_LIST_MAX 100
/** Up to 100 problems of one call; more are counted in `total` only. */
struct problem_list {
    struct problem items[PROBLEM_LIST_MAX];
    size_t count;
    size_t total;
};
void problem_list_add(struct problem_list *list, const struct problem *problem);

#endif
