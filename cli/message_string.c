#include "cli/message_string.h"

#include <stddef.h>

char *message_string(const char *string)
{
    union {
        const char *given;
        char *field;
    } bridge = {.given = string == NULL ? "" : string};
    return bridge.field;
}
