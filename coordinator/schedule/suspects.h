/* Suspect batches: their claims died twice. Whose turn it is, and how long it lasts. Pure: no I/O;
 * time comes in, what to do comes out.
 *
 *   IDLE -> (take the right: one suspect at a time in the cluster) -> ASKING -> WORKING
 *             a worker is asked to be alone, once a second ----------'  ^          |
 *             it claimed the next part ---------------------------------+----------'
 *                                                                  the part ended
 *
 * A turn keeps one worker from all other mail, so it ends after SUSPECTS_TURN_MS (parts are never
 * cut short) or when nobody makes room in time; then others have as long. With each turn that found
 * no room more patience is had, up to the longest that a message can take. */
#ifndef HIKYAKU_COORDINATOR_SCHEDULE_SUSPECTS_H
#define HIKYAKU_COORDINATOR_SCHEDULE_SUSPECTS_H

#include "coordinator/schedule/ready.h"

/** Batches known at once; others are seen again when these are through. */
#define SUSPECTS_MAX 1024
/** One that is not seen again for so long is not due any more. */
#define SUSPECTS_SEEN_MS 5000
#define SUSPECTS_TURN_MS 5000
#define SUSPECTS_ASK_MS 1000
/** After a part: so long for the same turn's next one to be seen. */
#define SUSPECTS_NEXT_MS 1500
#define SUSPECTS_PATIENCE_MS 15000
#define SUSPECTS_PATIENCE_MAX_MS (15 * 60 * 1000)
#define SUSPECTS_REST_MIN_MS 1000
/** A part has at most so many rows (the store's script says how many). */
#define SUSPECTS_PART_ROWS 50

struct suspects;

struct suspect {
    unsigned char campaign[READY_ID_SIZE];
    uint32_t number;
    uint32_t rows; /* open ones */
    enum ready_lane lane;
    const char *pool; /* copied */
};

struct suspects *suspects_create(void);
void suspects_destroy(struct suspects **suspects);

/** A suspect batch is free and due. @return true when it was not known */
bool suspects_see(struct suspects *suspects, const struct suspect *suspect, uint64_t now_ms);
size_t suspects_count(const struct suspects *suspects);

enum suspects_action {
    SUSPECTS_WAIT,
    SUSPECTS_TAKE_RIGHT,
    SUSPECTS_GIVE_RIGHT,
    SUSPECTS_OFFER, /* suspects_first(), to the turn's worker */
};
enum suspects_action suspects_next(struct suspects *suspects, uint64_t now_ms, bool has_right);
/** Whose turn it is, borrowed until the next call. NULL: nobody's. */
const struct suspect *suspects_first(const struct suspects *suspects);
/** No worker serves its pool: the next one's turn. */
void suspects_skip(struct suspects *suspects);

/** The worker claimed the next part of it. */
void suspects_on_claimed(struct suspects *suspects, const unsigned char campaign[READY_ID_SIZE],
                         uint32_t number, uint64_t now_ms);
/** It is not to be had: taken, not due, not suspect any more, its campaign stands. */
void suspects_on_refused(struct suspects *suspects, const unsigned char campaign[READY_ID_SIZE],
                         uint32_t number);
/** What is being worked on, and since when; NULL: nothing. */
const struct suspect *suspects_working(const struct suspects *suspects, uint64_t *ret_since_ms);
/** The part ended. @param has_died  with its worker: nobody else waited for that */
void suspects_on_end(struct suspects *suspects, uint64_t now_ms, bool has_died);

#endif
