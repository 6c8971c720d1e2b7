/* A few lines on the terminal that are drawn again and again; where stdout is no terminal nothing
 * is redrawn and lines just follow each other. */
#ifndef HIKYAKU_CLI_SCREEN_H
#define HIKYAKU_CLI_SCREEN_H

#include "common/base/buffer.h"

struct screen {
    bool is_terminal;
    size_t lines; /* drawn by the last screen_draw() */
};

struct screen screen_open(void);
/** Replace what was drawn before; lines are cut to the terminal's width. */
void screen_draw(struct screen *screen, const struct buffer *lines);
/** What was drawn stays; the next drawing begins below it. */
void screen_keep(struct screen *screen);

/** Take keys one by one, without Enter; stdin must be a terminal. @return false when it is not */
bool screen_keys_open(void);
void screen_keys_close(void);
/** Wait for a key. @return the key, or 0 when `wait_ms` have passed. Works without keys too. */
char screen_wait(uint64_t wait_ms);

#endif
