#include "common/wire/wire_path.h"

#include <stdio.h>
#include <string.h>

#define FRAMES_MAX 32

/* Appends one frame; a path that does not fit is cut. */
static size_t append_frame(const struct wire_path *frame, char *text, size_t used, size_t size)
{
    const char *joint = used > 0 ? "." : "";
    int length = frame->index == WIRE_PATH_NO_INDEX
                     ? snprintf(text + used, size - used, "%s%s", joint, frame->name)
                     : snprintf(text + used, size - used, "%s%s[%u]", joint, frame->name,
                                (unsigned int)frame->index);
    size_t end = used + (length > 0 ? (size_t)length : 0);
    return end < size ? end : size - 1;
}

void wire_path_to_text(const struct wire_path *path, char *ret_text, size_t size)
{
    const struct wire_path *frames[FRAMES_MAX];
    size_t count = 0;
    for (; path != NULL && count < FRAMES_MAX; path = path->parent) {
        if (path->name != NULL) {
            frames[count++] = path;
        }
    }
    size_t used = 0;
    ret_text[0] = '\0';
    while (count > 0) {
        used = append_frame(frames[--count], ret_text, used, size);
    }
}
