#include "cli/z85.h"

#include "common/base/bytes.h"

#include <assert.h>

static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

void z85_encode(const unsigned char *data, size_t size, char *ret_text)
{
    assert(size % 4 == 0);
    for (size_t at = 0; at < size; at += 4) {
        uint32_t value = bytes_get_u32(data + at);
        for (int place = 4; place >= 0; place--) {
            ret_text[place] = digits[value % 85];
            value /= 85;
        }
        ret_text += 5;
    }
    *ret_text = '\0';
}
