/* A receiver refuses a tenant or a From domain, whichever IP brings its mail: at that site the
 * identity is left alone for a while, each time longer, and comes back slowly. Pure.
 *
 * One reply is no proof (a forwarder, a list with rules of its own): it takes a few more that blame
 * it than were taken. While it comes back one is enough. */
#ifndef HIKYAKU_COMMON_POLICY_IDENTITY_PAUSE_H
#define HIKYAKU_COMMON_POLICY_IDENTITY_PAUSE_H

#include <stdbool.h>
#include <stdint.h>

/** Blames more than a message that was taken takes away, before the first pause. */
#define IDENTITY_PAUSE_BLAMES 5
#define IDENTITY_PAUSE_FIRST_MS 60000
#define IDENTITY_PAUSE_MOST_MS 3600000
/** Of its return: a message in the first step, twice as many in each that follows, then all. */
#define IDENTITY_PAUSE_STEP_MS 3000
#define IDENTITY_PAUSE_STEPS 10

/** All zero: nothing was ever said against it. */
struct identity_pause {
    uint32_t blames;    /* less those taken */
    uint32_t times;     /* pauses so far, forgotten when it was well for long */
    uint64_t until_ms;  /* of the last pause; 0: none */
    uint64_t blamed_ms; /* last */
    uint32_t step;      /* of its return, */
    uint32_t started;   /* and the messages that began in it */
};

/**
 * A reply blamed it. What comes in while it pauses was on its way before and says nothing new.
 * @return the pause that begins now, in ms; 0: none does
 */
uint64_t identity_pause_on_blame(struct identity_pause *pause, uint64_t now_ms);
/** A server took a message of it. */
void identity_pause_on_taken(struct identity_pause *pause);
/** Another worker was told: a pause of so long began there. */
void identity_pause_close(struct identity_pause *pause, uint64_t pause_ms, uint64_t now_ms);

/** How long none of its messages may start; 0: one may. */
uint64_t identity_pause_wait_ms(const struct identity_pause *pause, uint64_t now_ms);
/** One of its messages starts: identity_pause_wait_ms() said that it may. */
void identity_pause_start(struct identity_pause *pause, uint64_t now_ms);
/** Nothing that is worth keeping stands in it any more. */
bool identity_pause_is_over(const struct identity_pause *pause, uint64_t now_ms);

#endif
