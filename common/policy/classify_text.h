/* A reply's text in the plain form that rules are written for. Internal to this folder. Pure. */
#ifndef HIKYAKU_COMMON_POLICY_CLASSIFY_TEXT_H
#define HIKYAKU_COMMON_POLICY_CLASSIFY_TEXT_H

#include "common/base/text.h"

/** Rules see no more of a reply than this. */
#define CLASSIFY_TEXT_MAX 1024

/**
 * Lower-case letters, Latin ones without their accents (UTF-8 and Latin-1 alike), plain quotes and
 * dashes, white space and control characters as one space, and an '@' for each address, so that no
 * rule is misled by somebody's name.
 *
 * @return the size of `ret_text`
 */
size_t classify_text_plain(struct text text, char ret_text[CLASSIFY_TEXT_MAX]);

#endif
