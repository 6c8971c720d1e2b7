/* What template_parse.c makes and template.c runs: a flat list of steps. */
#ifndef HIKYAKU_COMMON_MAIL_TEMPLATE_PROGRAM_H
#define HIKYAKU_COMMON_MAIL_TEMPLATE_PROGRAM_H

#include "common/mail/template.h"

enum template_step_kind {
    TEMPLATE_STEP_TEXT,
    TEMPLATE_STEP_VALUE, /* escaped in HTML */
    TEMPLATE_STEP_RAW_VALUE,
    TEMPLATE_STEP_SECTION,
    TEMPLATE_STEP_INVERTED,
    TEMPLATE_STEP_END, /* of a section of either kind */
};

struct template_step {
    enum template_step_kind kind;
    uint32_t line; /* of the tag, from 1 */
    uint32_t column;
    uint32_t part_count;      /* 0: the name is "." */
    struct text text;         /* TEXT: the bytes; else the name as written */
    const struct text *parts; /* of the dotted name */
    size_t partner;           /* SECTION, INVERTED: its END; END: its opening step */
};

struct template
{
    enum template_kind kind;
    const struct template_step *steps;
    size_t step_count;
    const struct text *names;
    size_t name_count;
};

#endif
