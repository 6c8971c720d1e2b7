/* What a text must hold before a pattern can fit it: lets the search over many patterns skip nearly
 * all of them. Internal to this folder. Pure. */
#ifndef HIKYAKU_COMMON_POLICY_CLASSIFY_LITERALS_H
#define HIKYAKU_COMMON_POLICY_CLASSIFY_LITERALS_H

#include "common/base/arena.h"

/** Shorter ones stand in every text. */
#define CLASSIFY_LITERALS_SHORTEST 3
#define CLASSIFY_LITERALS_CLAUSES_MAX 8
/** The words of one clause; an alternation with more gives none. */
#define CLASSIFY_LITERALS_WORDS_MAX 96

/** One of the words occurs in every text that the pattern fits. */
struct classify_clause {
    struct text *words; /* in the arena */
    size_t count;
    size_t shortest; /* bytes of the shortest word */
};

/** All of the clauses hold for every text that the pattern fits; none: nothing is known. */
struct classify_literals {
    struct classify_clause clauses[CLASSIFY_LITERALS_CLAUSES_MAX];
    size_t count;
};

/**
 * Read a pattern of PCRE2. What it does not understand it takes for something that may be anything,
 * so that it promises too little at worst.
 *
 * @param pattern  one that compiles
 */
void classify_literals_find(struct text pattern, struct arena *arena,
                            struct classify_literals *ret_literals);

#endif
