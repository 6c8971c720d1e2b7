/* Enhanced status codes (RFC 3463) in the 24 bits a row has for them: 4 bits of class, 10 of
 * subject, 10 of detail. All that RFC 3463 allows fits, Microsoft's 5.7.515 and 4.7.650 as well. */
#ifndef HIKYAKU_COMMON_MAIL_ENHANCED_CODE_H
#define HIKYAKU_COMMON_MAIL_ENHANCED_CODE_H

#include "common/base/text.h"

#define ENHANCED_CODE(class, subject, detail) \
    ((uint32_t)(class) << 20 | (uint32_t)(subject) << 10 | (uint32_t)(detail))
#define ENHANCED_CODE_CLASS(code) ((code) >> 20)
#define ENHANCED_CODE_SUBJECT(code) ((code) >> 10 & 0x3ffU)
#define ENHANCED_CODE_DETAIL(code) ((code)&0x3ffU)
/** "5.999.999" and a NUL, and room for what a damaged row may hold. */
#define ENHANCED_CODE_TEXT_SIZE 16

/**
 * Read the code that stands first in a reply's text, "5.1.1 No such user".
 *
 * @param ret_size  bytes it takes, without the space behind it; 0 when there is none
 * @return the packed code; 0 unless the first token is class (2, 4, 5), subject and detail of one
 *         to three digits (E9)
 * @source RFC 2034, 4; RFC 3463, 2
 */
uint32_t enhanced_code_read(struct text text, size_t *ret_size);

/** Write "5.1.1" with a NUL; "" for 0. @return its length */
size_t enhanced_code_print(uint32_t code, char ret_text[ENHANCED_CODE_TEXT_SIZE]);

#endif
