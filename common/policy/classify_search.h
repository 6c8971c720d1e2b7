/* Which of many words occur in a text: one pass, whatever their number (Aho and Corasick, 1975).
 * Internal to this folder. Pure. */
#ifndef HIKYAKU_COMMON_POLICY_CLASSIFY_SEARCH_H
#define HIKYAKU_COMMON_POLICY_CLASSIFY_SEARCH_H

#include "common/base/text.h"

struct classify_search;

struct classify_search *classify_search_create(void);
/** Accepts NULL, nulls the pointer. */
void classify_search_destroy(struct classify_search **search);

/**
 * Add a word, before classify_search_finish(). `tag` is handed to the callback where it occurs;
 * several words may have the same tag, and a word several tags.
 *
 * @return 0 or -EMSGSIZE: too many words
 */
MUST_USE int classify_search_add(struct classify_search *search, struct text word, uint32_t tag);
/** All words are there. */
void classify_search_finish(struct classify_search *search);

/** @callback  a word with this tag occurs; may come more than once for a tag */
typedef void classify_search_fn(void *context, uint32_t tag);
void classify_search_run(const struct classify_search *search, struct text text,
                         classify_search_fn *on_word, void *context);

#endif
