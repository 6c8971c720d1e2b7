/* Loads of a campaign that have not shown yet that they do no harm: `trials`, session -> when. A
 * coordinator notes itself before it opens a campaign's content and forgets the notes when that
 * went well; what is left are the sessions that died of it, or by chance meanwhile. */
#ifndef HIKYAKU_COMMON_STORE_STORE_TRIAL_H
#define HIKYAKU_COMMON_STORE_STORE_TRIAL_H

#include "common/store/store.h"

/** So many deaths put the campaign under QUARANTINED. */
#define STORE_TRIAL_DEATHS 3

/** @param error     0: noted; -EBUSY: not noted, as too many `sessions` (32 hex digits) stand
 * there: with two it must be alone, STORE_TRIAL_DEATHS are the end; -EAGAIN, -ECONNRESET (it may be
 * noted), -EPROTO */
typedef void store_trial_fn(void *context, int error, const char (*sessions)[33], size_t count);
/** @param is_alone  nothing else is being loaded */
void store_trial_begin(struct store *store, const unsigned char campaign[16], bool is_alone,
                       store_trial_fn *on_answer, void *context);

typedef void store_trial_ended_fn(void *context, int error);
/** Forget the note of one session; NULL: all, the campaign does no harm. */
void store_trial_end(struct store *store, const unsigned char campaign[16], const char *session,
                     store_trial_ended_fn *on_answer, void *context);

#endif
