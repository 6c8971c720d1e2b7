/* Rules as they are asked: conditions on codes, stage and provider as numbers, patterns compiled,
 * and one search that tells which patterns are worth trying. Internal to this folder. Pure; a set
 * has room of its own for one question at a time, so it belongs to one thread. */
#ifndef HIKYAKU_COMMON_POLICY_CLASSIFY_RULES_H
#define HIKYAKU_COMMON_POLICY_CLASSIFY_RULES_H

#include "common/policy/classify_text.h"
#include "common/policy/reply_class.h"

#include "common/base/arena.h"
#include "common/base/problem.h"

#define CLASSIFY_RULES_MAX 2000
#define CLASSIFY_RULES_PATTERNS_MAX 4000
#define CLASSIFY_RULES_PATTERN_BYTES 4000 /* one pattern, its words filled in */
#define CLASSIFY_RULES_PROVIDERS_MAX 64
#define CLASSIFY_RULES_CODES_MAX 16
#define CLASSIFY_RULES_ENHANCED_MAX 32

/* Enhanced codes of a condition: subject and detail; the class is the reply code's (E9). */
#define CLASSIFY_RULES_ENHANCED(subject, detail) ((uint32_t)(subject) << 10 | (uint32_t)(detail))
#define CLASSIFY_RULES_DETAIL_ANY 0x3ffU
#define CLASSIFY_RULES_ENHANCED_NONE 0xffffffffU /* the reply has no enhanced code */

enum classify_rules_effect {
    CLASSIFY_SUPPRESS = 1,  /* the address may be suppressed, when the reply names the mailbox */
    CLASSIFY_TEMPORARY = 2, /* a 5xx that is to be tried again */
};

/** One rule: all its conditions must hold. */
struct classify_rule {
    const char *id;     /* owned by the set */
    uint64_t providers; /* bit 1 << number; 0: any */
    uint16_t stages;    /* bit 1 << stage; 0: any */
    uint8_t digits;     /* bit 1 << first digit of the reply code; 0: any, or `codes` */
    uint8_t code_count;
    uint8_t enhanced_count;
    uint8_t reply_class;
    uint8_t blame;
    uint8_t effects;
    uint16_t codes[CLASSIFY_RULES_CODES_MAX];
    uint32_t enhanced[CLASSIFY_RULES_ENHANCED_MAX];
    size_t pattern_count; /* 0: any text; else one of its patterns must fit */
};

struct classify_rules;

struct classify_rules *classify_rules_create(void);
/** Accepts NULL, nulls the pointer. */
void classify_rules_destroy(struct classify_rules **rules);

/** The number of a provider's name, new names included. @return below PROVIDERS_MAX, or -EMSGSIZE
 */
int classify_rules_provider(struct classify_rules *rules, struct text name);

/** Append a rule; it is copied, its id too. @return 0 or -EMSGSIZE */
MUST_USE int classify_rules_add(struct classify_rules *rules, const struct classify_rule *rule);
/**
 * Append a pattern of PCRE2 to the rule added last.
 *
 * @return 0, or -EINVAL or -EMSGSIZE with rule and message in `problem`
 */
MUST_USE int classify_rules_add_pattern(struct classify_rules *rules, struct text pattern,
                                        struct problem *problem);
/** All rules are there: no question before. @return 0 or -EMSGSIZE: too many words */
MUST_USE int classify_rules_finish(struct classify_rules *rules);

/** What is asked. */
struct classify_question {
    struct text provider;
    uint8_t stage;
    uint8_t digit; /* first of the reply code, or of the enhanced code; 0: neither */
    uint16_t smtp; /* 0: unknown */
    uint32_t enhanced;
    struct text text; /* as classify_text_plain() makes it */
};

/** The first rule whose conditions hold; NULL: none. */
const struct classify_rule *classify_rules_find(struct classify_rules *rules,
                                                const struct classify_question *question);
/** The same, found the slow way, without the search: for tests. */
const struct classify_rule *classify_rules_find_slowly(struct classify_rules *rules,
                                                       const struct classify_question *question);

size_t classify_rules_count(const struct classify_rules *rules);

#endif
