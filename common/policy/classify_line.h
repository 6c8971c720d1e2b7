/* A reply written as one line, "550 5.1.1 No such user": how files of replies and the examples of
 * rules have it. Pure. */
#ifndef HIKYAKU_COMMON_POLICY_CLASSIFY_LINE_H
#define HIKYAKU_COMMON_POLICY_CLASSIFY_LINE_H

#include "common/policy/classify.h"

/**
 * Take reply code and enhanced code off a line, as the dialogue does. A line without reply code
 * gets 0: the text of a bounce message, or what a mail system says of itself.
 *
 * @param line       borrowed by `ret_reply`
 * @param ret_reply  out: smtp, enhanced and text are set
 */
void classify_line_read(struct text line, struct classify_reply *ret_reply);

/** The stage that a name means: those of reply_class.h, and what others call them ("data-end",
 *  "helo"). @return enum reply_stage; REPLY_STAGE_NONE for a name that means none */
uint8_t classify_line_stage(struct text name);

#endif
