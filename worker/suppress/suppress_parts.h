/* What the files of this folder share. */
#ifndef HIKYAKU_WORKER_SUPPRESS_SUPPRESS_PARTS_H
#define HIKYAKU_WORKER_SUPPRESS_SUPPRESS_PARTS_H

#include "common/base/arena.h"
#include "common/base/table.h"
#include "common/policy/suppression_record.h"
#include "worker/suppress/suppress.h"

/* A claim that was looked up, or is. Outlives its claim while it is asked for. */
struct suppress_check {
    struct suppress *suppress;
    struct claim *claim; /* NULL: it has ended */
    struct suppress_watch *watch;
    struct suppress_check *prev;
    struct suppress_check *next;
    uint64_t asked_ms; /* monotonic */
    bool is_asking;
    bool is_asked;                          /* answered: what comes later stands in the log */
    uint16_t positions[ROWS_PER_BATCH_MAX]; /* of the letters asked for */
};

/* A tenant of which claims are held: how far its log is read. */
struct suppress_watch {
    struct suppress *suppress;
    char *tenant; /* owned */
    struct suppress_check *checks;
    uint64_t number;   /* of the last addition that is known */
    uint64_t read_ms;  /* monotonic: when the log was read last */
    uint64_t asked_ms; /* monotonic: when the reading under way began */
    uint64_t known_ms; /* monotonic: all that was added until then is known; 0: nothing yet */
    bool has_number;
    bool is_reading;
};

struct suppress {
    struct suppress_settings settings;
    struct table *watches; /* by tenant */
    struct arena *arena;
    struct buffer hashes;
    struct loop_timer *timer;
};

/** Nothing is said of it that cannot be withheld any more, or it may take another turn: at another
 *  server, on another connection. */
static inline bool suppress_may_be_sent(const struct letter *letter)
{
    return letter->suppressed == SUPPRESSION_NONE &&
           (letter_is_unstarted(letter) || letter->place == LETTER_ON_WIRE);
}

/** Somebody on a list: what has not started is withdrawn, what is on the wire takes no other turn.
 */
static inline void suppress_tell(struct suppress_check *check, struct letter *letter,
                                 enum suppression_reason reason)
{
    letter->suppressed = (uint8_t)reason;
    if (check->claim->is_checked) {
        check->suppress->settings.on_added(check->suppress->settings.context, letter);
    }
}

#endif
