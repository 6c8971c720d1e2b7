#include "common/base/json_write.h"

void json_write_string(struct buffer *out, struct text text)
{
    buffer_append_byte(out, '"');
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte == '"' || byte == '\\') {
            buffer_append_byte(out, '\\');
            buffer_append_byte(out, (char)byte);
        } else if (byte < 0x20 || byte == 0x7f) {
            buffer_printf(out, "\\u%04x", byte);
        } else {
            buffer_append_byte(out, (char)byte);
        }
    }
    buffer_append_byte(out, '"');
}
