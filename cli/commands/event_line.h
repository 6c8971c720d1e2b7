/* Events as `hikyaku events --json` prints them, one a line: the replies of mail servers in them.
 */
#ifndef HIKYAKU_CLI_COMMANDS_EVENT_LINE_H
#define HIKYAKU_CLI_COMMANDS_EVENT_LINE_H

#include "common/base/problem.h"
#include "common/policy/path_replay.h"

struct event_line {
    struct path_replay_reply reply; /* borrows from `json` */
    void *json;
};

/**
 * Read one line.
 *
 * @param ret_event  out: event_line_finish() it
 * @return 0; -ENOENT: an event without a mail server's reply; -EINVAL: no such event (problem)
 */
MUST_USE int event_line_read(struct text line, struct event_line *ret_event,
                             struct problem *problem);
void event_line_finish(struct event_line *event);

#endif
