/* Gates, paths and answers in words. Internal to this folder. */
#ifndef HIKYAKU_COORDINATOR_EXPLAIN_EXPLAIN_WORDS_H
#define HIKYAKU_COORDINATOR_EXPLAIN_EXPLAIN_WORDS_H

#include "coordinator/explain/explain_inside.h"

/* All in the question's arena. */
Hikyaku__V1__HeldGate *explain_words_gate(const struct explain_ask *ask,
                                          const struct why_facts *facts,
                                          const struct why_gate *gate);
Hikyaku__V1__PathView *explain_words_path(const struct explain_ask *ask,
                                          const struct explain_path *path);
/** One sentence about a recipient; about a campaign. */
char *explain_words_says(const struct explain_ask *ask, const struct why_facts *facts,
                         const struct why_answer *why);
char *explain_words_campaign(const struct explain_ask *ask, const struct why_answer *why);
/** What does not hold it. @return how many */
size_t explain_words_clear(const struct explain_ask *ask, const struct why_facts *facts,
                           const struct why_answer *why, char ***ret_list);
/** "2026-11-25T09:40:07Z" */
char *explain_words_time(const struct explain_ask *ask, int64_t unix_ms);
/** When the canary is judged; 0: not all of it was tried yet. */
int64_t explain_words_canary_end(const struct explain_ask *ask);
/** Who ends a gate, and how. */
const char *explain_words_ends(uint8_t gate);

#endif
