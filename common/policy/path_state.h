/* What a path has learnt, as it is stored: it outlives the worker. Pure.
 *
 * Format 1, big-endian: format u8, flags u8, rate and ceiling u32 (messages per 1,000 s), messages
 * that told the ceiling u16, connections u16, connections' limit u16 and when it was met u32 (Unix
 * s), messages per connection u16, pause's end u32 (Unix s, 0: none), its length u32 (s), pauses in
 * a row u8, size u16 of what follows: the rule of the pause; with the second flag also NUL and, in
 * s, u32 each, a guessed pause that was long enough and one that was not. Behind the NUL an older
 * reader does not look. */
#ifndef HIKYAKU_COMMON_POLICY_PATH_STATE_H
#define HIKYAKU_COMMON_POLICY_PATH_STATE_H

#include "common/policy/path_control.h"

#define PATH_STATE_BYTES_MAX 96

/** Two clocks that show the same moment. */
struct path_state_now {
    uint64_t ms;    /* the controller's */
    int64_t unix_s; /* the store's */
};

/** @return bytes written; 0: all is as the profile says, there is nothing to store */
size_t path_state_write(const struct path_control *control, const struct path_state_now *now,
                        unsigned char ret_bytes[PATH_STATE_BYTES_MAX]);
/**
 * Go on where another left off, if this path has not learnt anything itself yet.
 *
 * @param is_from_crash  its worker died: half of it for a minute
 * @return 0, or -EINVAL (not such a state: the path stays as it is)
 */
MUST_USE int path_state_read(struct path_control *control, struct text bytes, bool is_from_crash,
                             const struct path_state_now *now);

#endif
