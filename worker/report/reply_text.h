/* What a server said, made fit for events (I8): no addresses, no control characters, valid UTF-8,
 * at most 512 bytes. Pure. */
#ifndef HIKYAKU_WORKER_REPORT_REPLY_TEXT_H
#define HIKYAKU_WORKER_REPORT_REPLY_TEXT_H

#include "common/base/text.h"

#define REPLY_TEXT_BYTES 512

/** @param ret_text  at most REPLY_TEXT_BYTES and a NUL. @return its length */
size_t reply_text_clean(struct text reply, char ret_text[REPLY_TEXT_BYTES + 1]);

#endif
