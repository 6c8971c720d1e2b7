/* Paths that are suspended or resume while a campaign is watched: the last lines of its screen. */
#ifndef HIKYAKU_CLI_WATCH_PATHS_H
#define HIKYAKU_CLI_WATCH_PATHS_H

#include "cli/api_client.h"

#define WATCH_PATHS_LINES 3

/** Start with {0}; finish frees what it holds. */
struct watch_paths {
    struct buffer cursor;                   /* where reading goes on; empty: it has not begun */
    struct buffer lines[WATCH_PATHS_LINES]; /* a ring, each ends with a line feed */
    size_t count;                           /* lines ever */
    size_t told;                            /* of them, taken by watch_paths_append_new() */
    bool is_silent;                         /* the key may not read events: nothing is asked */
};

/** Ask what happened since the last look; what goes wrong is not told. */
void watch_paths_look(struct watch_paths *paths, struct api_client *client,
                      const Hikyaku__V1__Campaign *campaign);
/** The last lines, oldest first: "! 14:21:07 docomo x 203.0.113.7 suspended ...". */
void watch_paths_append(const struct watch_paths *paths, struct buffer *out);
/** Those that were not appended so yet. */
void watch_paths_append_new(struct watch_paths *paths, struct buffer *out);
void watch_paths_finish(struct watch_paths *paths);

#endif
