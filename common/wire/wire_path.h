/* Where in a message something is wrong: "recipients[17].address". A path is a chain of frames on
 * the stack of whoever walks the message; text is made only when there is an error. */
#ifndef HIKYAKU_COMMON_WIRE_WIRE_PATH_H
#define HIKYAKU_COMMON_WIRE_WIRE_PATH_H

#include "common/base/text.h"

#define WIRE_PATH_NO_INDEX UINT32_MAX

struct wire_path {
    const struct wire_path *parent; /* borrowed; NULL at the outermost message */
    const char *name;               /* borrowed; field name, NULL for the message itself */
    uint32_t index;                 /* of a repeated field, or WIRE_PATH_NO_INDEX */
};

/** Write the path as text, cut to fit; always ends in NUL. `path` may be NULL (""). */
void wire_path_to_text(const struct wire_path *path, char *ret_text, size_t size);

#endif
