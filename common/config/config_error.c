#include "common/config/config_error.h"

#include <stdarg.h>
#include <stdio.h>

void config_error_add_problem(struct config_errors *errors, struct config_place place,
                              const struct problem *problem)
{
    if (errors->count < CONFIG_ERRORS_MAX) {
        errors->items[errors->count++] = (struct config_error){place, *problem};
    }
    errors->total++;
}

void config_error_add(struct config_errors *errors, struct config_place place, const char *path,
                      const char *rule, const char *format, ...)
{
    char message[sizeof((struct problem *)0)->message];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    struct problem problem;
    problem_set(&problem, path, rule, "%s", message);
    config_error_add_problem(errors, place, &problem);
}

static void render(const struct config_errors *errors, const struct config_error *error,
                   struct buffer *out)
{
    buffer_append_string(out, errors->file == NULL ? "configuration" : errors->file);
    if (error->place.line > 0) {
        buffer_printf(out, ":%u:%u", error->place.line, error->place.column);
    }
    buffer_append_string(out, ": ");
    if (error->problem.field[0] != '\0') {
        buffer_printf(out, "%s: ", error->problem.field);
    }
    buffer_printf(out, "%s [%s]\n", error->problem.message, error->problem.rule);
}

void config_error_render(const struct config_errors *errors, struct buffer *out)
{
    for (size_t i = 0; i < errors->count; i++) {
        render(errors, &errors->items[i], out);
    }
    if (errors->total > errors->count) {
        buffer_printf(out, "%s: and %zu more\n",
                      errors->file == NULL ? "configuration" : errors->file,
                      errors->total - errors->count);
    }
}
