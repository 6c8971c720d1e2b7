#include "cli/commands/event_line.h"

#include "common/mail/enhanced_code.h"
#include "common/policy/classify_line.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

static struct text string_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value)
               ? (struct text){json_string_value(value), json_string_length(value)}
               : TEXT("");
}

/* 64-bit numbers are strings where JSON follows protobuf. */
static int64_t number_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? strtoll(json_string_value(value), NULL, 10)
                                 : (int64_t)json_integer_value(value);
}

static uint8_t class_of(struct text name)
{
    uint8_t reply_class = REPLY_CLASS_NONE;
    return name.size > 0 && reply_class_parse(name, &reply_class) == 0 ? reply_class
                                                                       : REPLY_CLASS_NONE;
}

static uint8_t blame_of(struct text name)
{
    for (unsigned int blame = 0; blame < REPLY_BLAME_LIMIT; blame++) {
        if (text_equal(name, text_of(reply_class_blame_name((uint8_t)blame)))) {
            return (uint8_t)blame;
        }
    }
    return REPLY_BLAME_NONE;
}

static void take(const json_t *json, struct path_replay_reply *reply)
{
    size_t size = 0;
    *reply = (struct path_replay_reply){
        .at_unix_ms = number_of(json, "occurred_unix_ms"),
        .site = string_of(json, "site"),
        .mx_host = string_of(json, "mx_host"),
        .sending_ip = string_of(json, "sending_ip"),
        .stage = classify_line_stage(string_of(json, "stage")),
        .smtp = (uint16_t)number_of(json, "smtp_code"),
        .enhanced = enhanced_code_read(string_of(json, "enhanced_code"), &size),
        .text = string_of(json, "reply_text"),
        .old_class = class_of(string_of(json, "reply_class")),
        .old_blame = blame_of(string_of(json, "blame")),
        .smtp_ms = (uint64_t)number_of(json, "smtp_ms"),
    };
}

int event_line_read(struct text line, struct event_line *ret_event, struct problem *problem)
{
    json_error_t error;
    json_t *json = json_loadb(line.data, line.size, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(json) || !json_is_string(json_object_get(json, "type"))) {
        problem_set(problem, "", "event", "is no event as \"hikyaku events --json\" prints it");
        json_decref(json);
        return -EINVAL;
    }
    int64_t code = number_of(json, "smtp_code");
    struct text type = string_of(json, "type");
    bool is_decision = text_equal(type, TEXT("THROTTLE")) || text_equal(type, TEXT("SHADOW"));
    if (is_decision || code < 200 || code > 599 || number_of(json, "occurred_unix_ms") <= 0) {
        json_decref(json);
        return -ENOENT;
    }
    ret_event->json = json;
    take(json, &ret_event->reply);
    return 0;
}

void event_line_finish(struct event_line *event)
{
    json_decref(event->json);
    event->json = NULL;
}
