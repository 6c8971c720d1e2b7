/* What the mail tests share: JSON in the columns of tables. */
#ifndef HIKYAKU_TESTS_UNIT_COMMON_MAIL_MAIL_DATA_H
#define HIKYAKU_TESTS_UNIT_COMMON_MAIL_MAIL_DATA_H

#include "common/mail/fields.h"
#include "tests/unit/data_file.h"

/* Any JSON. */
static inline const struct fields_value *mail_data_json(struct text json, struct arena *arena)
{
    static const struct fields_limits limits = {
        .size_bytes = 1024 * 1024, .depth = 20, .allows_any = true};
    const struct fields_value *value = NULL;
    struct problem problem = {0};
    if (fields_parse(json, &limits, arena, &value, &problem) != 0) {
        print_error("%s: %.*s\n", problem.message, TEXT_PRINT(json));
        fail();
    }
    return value;
}

#endif
