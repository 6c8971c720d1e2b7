/* Makes a text from HTML for readers without HTML: links as "text <url>", lists with "* ",
 * paragraphs apart, tables by rows, entities resolved, script and style dropped. Takes any bytes;
 * one pass, no tree. Pure. */
#ifndef HIKYAKU_COMMON_MAIL_HTML_TEXT_H
#define HIKYAKU_COMMON_MAIL_HTML_TEXT_H

#include "common/base/buffer.h"

/**
 * Append the text form with LF line ends; lines are not wrapped.
 *
 * @param limit_bytes  most bytes to append; the rest of the page is cut off at a character
 */
void html_text_append(struct buffer *out, struct text html, size_t limit_bytes);

#endif
