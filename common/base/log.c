#include "common/base/log.h"

#include "common/base/buffer.h"
#include "common/base/clock.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static const struct {
    const char *name;
    enum log_level level;
    const char *meaning;
} events[LOG_EVENT_COUNT] = {
#define LOG_EVENT(identifier, event_name, event_level, event_meaning) \
    [LOG_##identifier] = {event_name, LOG_LEVEL_##event_level, event_meaning},
#include "common/base/log_events.def"
#undef LOG_EVENT
};

static const char *const level_names[] = {"debug", "info", "warn", "error"};

static const char *log_program = "hikyaku";
static _Atomic int log_least = LOG_LEVEL_INFO;
static bool log_as_text;

void log_open(const char *program, enum log_level least, enum log_form form)
{
    log_program = program;
    log_set_level(least);
    log_as_text = form == LOG_FORM_TEXT || (form == LOG_FORM_AUTO && isatty(STDERR_FILENO) == 1);
}

void log_set_level(enum log_level least)
{
    atomic_store(&log_least, (int)least);
}

bool log_is_enabled(enum log_level level)
{
    return (int)level >= atomic_load(&log_least);
}

int log_parse_level(struct text name, enum log_level *ret_level)
{
    for (int i = LOG_LEVEL_DEBUG; i <= LOG_LEVEL_ERROR; i++) {
        if (text_equal(name, text_of(level_names[i]))) {
            *ret_level = (enum log_level)i;
            return 0;
        }
    }
    return -EINVAL;
}

struct log_field log_string(const char *name, const char *value)
{
    return log_text(name, text_of(value));
}

struct log_field log_text(const char *name, struct text value)
{
    return (struct log_field){.name = name, .text = value, .kind = LOG_KIND_TEXT};
}

struct log_field log_number(const char *name, int64_t value)
{
    return (struct log_field){.name = name, .number = value, .kind = LOG_KIND_NUMBER};
}

struct log_field log_flag(const char *name, bool value)
{
    return (struct log_field){.name = name, .number = value, .kind = LOG_KIND_FLAG};
}

/* JSON string content; bytes that are not UTF-8 become U+FFFD so that the line always parses. */
static void append_escaped(struct buffer *line, struct text text)
{
    bool clean = text_is_utf8(text);
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte == '"' || byte == '\\') {
            buffer_append_byte(line, '\\');
            buffer_append_byte(line, (char)byte);
        } else if (byte < 0x20 || byte == 0x7f) {
            buffer_printf(line, "\\u%04x", byte);
        } else if (byte >= 0x80 && !clean) {
            buffer_append_string(line, "\xef\xbf\xbd");
        } else {
            buffer_append_byte(line, (char)byte);
        }
    }
}

static void append_value(struct buffer *line, const struct log_field *field)
{
    if (field->kind == LOG_KIND_NUMBER) {
        buffer_printf(line, "%lld", (long long)field->number);
    } else if (field->kind == LOG_KIND_FLAG) {
        buffer_append_string(line, field->number != 0 ? "true" : "false");
    } else if (log_as_text && field->text.size > 0 &&
               !text_has_any(field->text, TEXT(" =\"\\\n\r\t"))) {
        append_escaped(line, field->text);
    } else {
        buffer_append_byte(line, '"');
        append_escaped(line, field->text);
        buffer_append_byte(line, '"');
    }
}

static void append_field(struct buffer *line, const struct log_field *field)
{
    if (log_as_text) {
        buffer_printf(line, " %s=", field->name);
    } else {
        buffer_printf(line, ",\"%s\":", field->name);
    }
    append_value(line, field);
}

static void append_scope(struct buffer *line, const struct log_scope *scope)
{
    for (; scope != NULL; scope = scope->parent) {
        size_t capacity = sizeof scope->fields / sizeof scope->fields[0];
        for (size_t i = 0; i < capacity && scope->fields[i].name != NULL; i++) {
            append_field(line, &scope->fields[i]);
        }
    }
}

static void append_head(struct buffer *line, enum log_event event)
{
    int64_t now_ms = clock_unix_ms();
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm utc = {0};
    char stamp[32] = "";
    if (gmtime_r(&seconds, &utc) != NULL) {
        (void)strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
    }
    const char *level = level_names[events[event].level];
    int ms = (int)(now_ms % 1000);
    if (log_as_text) {
        buffer_printf(line, "%s.%03dZ %-5s %s %s", stamp, ms, level, log_program,
                      events[event].name);
    } else {
        buffer_printf(line,
                      "{\"time\":\"%s.%03dZ\",\"level\":\"%s\",\"program\":\"%s\",\"event\":\"%s\"",
                      stamp, ms, level, log_program, events[event].name);
    }
}

void log_write(enum log_event event, const struct log_scope *scope, const struct log_field *fields)
{
    if (!log_is_enabled(events[event].level)) {
        return;
    }
    struct buffer line = {0};
    append_head(&line, event);
    for (; fields->name != NULL; fields++) {
        append_field(&line, fields);
    }
    append_scope(&line, scope);
    buffer_append_string(&line, log_as_text ? "\n" : "}\n");
    ssize_t written = 0;
    do {
        written = write(STDERR_FILENO, line.data, line.size); /* one write: lines never mix */
    } while (written < 0 && errno == EINTR);
    buffer_finish(&line);
}

const char *log_event_name(enum log_event event)
{
    return events[event].name;
}

const char *log_event_meaning(enum log_event event)
{
    return events[event].meaning;
}

enum log_level log_event_level(enum log_event event)
{
    return events[event].level;
}

const char *log_level_name(enum log_level level)
{
    return level_names[level];
}
