#include "common/base/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void problem_set(struct problem *problem, const char *field, const char *rule, const char *format,
                 ...)
{
    if (problem == NULL) {
        return;
    }
    (void)snprintf(problem->field, sizeof problem->field, "%s", field);
    (void)snprintf(problem->rule, sizeof problem->rule, "%s", rule);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(problem->message, sizeof problem->message, format, arguments);
    va_end(arguments);
}

void problem_prefix(struct problem *problem, const char *prefix)
{
    if (problem == NULL) {
        return;
    }
    char field[sizeof problem->field];
    memcpy(field, problem->field, sizeof field);
    const char *joint = field[0] == '[' || field[0] == '\0' ? "" : ".";
    int length = snprintf(problem->field, sizeof problem->field, "%s%s%s", prefix, joint, field);
    if (length < 0) { /* a path that does not fit is cut: the message still says what is wrong */
        problem->field[0] = '\0';
    }
}

void problem_list_add(struct problem_list *list, const struct problem *problem)
{
    if (list->count < PROBLEM_LIST_MAX) {
        list->items[list->count++] = *problem;
    }
    list->total++;
}
