/* One JSON line per event on stderr; text when stderr is a terminal. Never an address, a body, a
 * key or a token: recipients are (campaign, index). Parsers and base/ do not log. */
#ifndef HIKYAKU_COMMON_BASE_LOG_H
#define HIKYAKU_COMMON_BASE_LOG_H

#include "common/base/text.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_form { LOG_FORM_AUTO, LOG_FORM_JSON, LOG_FORM_TEXT };

enum log_event {
#define LOG_EVENT(identifier, name, level, meaning) LOG_##identifier,
#include "common/base/log_events.def"
#undef LOG_EVENT
    LOG_EVENT_COUNT
};

/** One field of a line; made by log_string, log_text, log_number, log_flag. */
struct log_field {
    const char *name; /* NULL ends the list */
    struct text text;
    int64_t number;
    enum { LOG_KIND_TEXT, LOG_KIND_NUMBER, LOG_KIND_FLAG } kind;
};

/** Fields that lines inherit (request id, campaign, index, worker); scopes nest by `parent`. */
struct log_scope {
    const struct log_scope *parent; /* borrowed; NULL at the top */
    struct log_field fields[4];     /* the first with name NULL ends them */
};

/** Set up once, before threads. @param program  shown in every line; borrowed for good */
void log_open(const char *program, enum log_level least, enum log_form form);
/** Change the least level (reload). */
void log_set_level(enum log_level least);
bool log_is_enabled(enum log_level level);
/** @return 0, or -EINVAL unless `name` is debug, info, warn or error. */
MUST_USE int log_parse_level(struct text name, enum log_level *ret_level);

struct log_field log_string(const char *name, const char *value);
struct log_field log_text(const char *name, struct text value);
struct log_field log_number(const char *name, int64_t value);
struct log_field log_flag(const char *name, bool value);

/** Write one line; safe from any thread. `fields` ends with a zeroed entry. Use LOG(). */
void log_write(enum log_event event, const struct log_scope *scope, const struct log_field *fields);

/** LOG(LOG_READY, NULL, log_number("port", 8460)); */
#define LOG(event, scope, ...) \
    log_write((event), (scope), (const struct log_field[]){__VA_ARGS__, {.name = NULL}})

/** Name, level and meaning of an event, for the generated reference. */
const char *log_event_name(enum log_event event);
const char *log_event_meaning(enum log_event event);
enum log_level log_event_level(enum log_event event);
const char *log_level_name(enum log_level level);

#endif
